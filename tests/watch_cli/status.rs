//! `status --watch` and `report --watch`.

use std::io::Read as _;
use std::process::Stdio;

use sparsegate_testing::stored::run_with_epochs;
use sparsegate_testing::{Project, wait_for};

use crate::terminal::Terminal;
use crate::{Background, project};

#[test]
fn a_pipe_gets_the_table_when_it_changes_until_nothing_runs() {
    let project = project("W+G+N", 100_000);
    let run = Background::start(&project, &["run", "t.yaml"]);
    run_with_epochs(&project, 1);
    let mut command = project.command(&["status", "t.yaml", "--watch=0.1"]);
    let mut watch = command.env("LC_ALL", "C").stdout(Stdio::piped()).spawn().unwrap();
    let mut output = watch.stdout.take().unwrap();
    let mut text = String::new();
    wait_for("second table", || {
        let mut piece = [0; 4096];
        let count = output.read(&mut piece).unwrap();
        text.push_str(&String::from_utf8_lossy(&piece[..count]));
        (text.matches("1 run: 0 done, 1 running").count() >= 2).then_some(())
    });
    assert_eq!(run.interrupt().code, Some(130));
    output.read_to_string(&mut text).unwrap();
    assert!(watch.wait().unwrap().success(), "it ends by itself");
    let last = text.rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("1 run: 0 done, 0 running\n") && last.contains("interrupted"), "{text}");
    assert!(text.contains("valid perplexity") && text.contains("live gates") && text.contains("t on small"), "{text}");
    assert!(text.is_ascii() && !text.contains('\x1b'), "no block elements where the locale has none: {text}");
    let tables: Vec<&str> = text.split("\n\n").collect();
    assert!(tables.windows(2).all(|two| two[0] != two[1]), "a table is printed only if it has changed: {text}");
}

#[test]
fn a_terminal_is_redrawn_and_restored() {
    let project = project("dense", 100_000);
    let run = Background::start(&project, &["run", "t.yaml"]);
    run_with_epochs(&project, 3);
    let mut terminal = Terminal::start(&project, "status t.yaml --watch=0.1");
    wait_for("third frame", || (Terminal::shown(&project).matches("\x1b[H").count() > 2).then_some(()));
    terminal.press("\x03");
    let (code, shown) = terminal.end(&project);
    assert_eq!(code, "130", "{shown}");
    let (_, view) = shown.split_once("\x1b[?1049h\x1b[?25l").expect("the alternate screen without a cursor");
    let (view, rest) = view.split_once("\x1b[?25h\x1b[?1049l").expect("the screen before, with a cursor");
    assert!(
        rest.contains("valid") && rest.contains("interrupted; the runs go on") && !rest.contains("?1049h"),
        "{rest}"
    );
    for frame in view.split("\x1b[H").skip(1).filter(|frame| frame.ends_with("\x1b[J")) {
        let plain = frame.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[J", "");
        let lines: Vec<&str> =
            plain.split("\x1b[K").map(str::trim_end).map(|line| line.trim_start_matches(['\r', '\n'])).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
        assert!(lines[0].starts_with("1 run: 0 done") && lines[1] == "t on small", "{lines:?}");
        assert!(lines.iter().any(|line| line.contains('█')), "a curve: {lines:?}");
    }
    let holder = run_with_epochs(&project, 1).holder().unwrap();
    assert!(holder.is_some(), "the runs go on");
    assert_eq!(run.interrupt().code, Some(130));
}

#[test]
fn a_watch_ends_at_once_if_nothing_runs() {
    let project = project("dense", 1);
    for epochs in [0, 1] {
        if epochs == 1 {
            project.go(&["run", "t.yaml"]).expect(0, &[]);
        }
        let watch = project.go(&["status", "t.yaml", "--watch"]);
        let once = project.go(&["status", "t.yaml"]);
        assert_eq!((watch.code, &watch.out), (Some(0), &once.out), "{watch:?}");
    }
    project.go(&["status", "t.yaml", "--watch=0"]).expect(2, &["must be between 0.1 and 86400 seconds"]);
    project.go(&["status", "t.yaml", "--watch", "--wait"]).expect(2, &["cannot be used with"]);
}

/// The page of the report; empty if there is none.
fn page(project: &Project) -> String {
    fs_err::read_to_string(project.path("reports/t/index.html")).unwrap_or_default()
}

#[test]
fn a_report_is_renewed_while_runs_go_on() {
    let project = project("W+G+N", 100_000);
    let watch = Background::start(&project, &["report", "t.yaml", "--watch=0.1"]);
    let run = Background::start(&project, &["run", "t.yaml"]);
    let epochs = |page: &str| page.contains("http-equiv=\"refresh\"").then(|| page.to_owned());
    let first = wait_for("report", || epochs(&page(&project)));
    wait_for("another report", || epochs(&page(&project)).filter(|page| *page != first));
    watch
        .interrupt()
        .expect(130, &["no epoch is stored yet; waiting for one", "UTC  0 of 1 runs done", "the runs go on"]);
    assert!(!page(&project).is_empty() && !page(&project).contains("refresh"), "the page that stays does not reload");
    assert_eq!(run.interrupt().code, Some(130));
}

#[test]
fn the_report_of_finished_runs_is_written_once() {
    let project = project("dense", 1);
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    let once = project.go(&["report", "t.yaml"]);
    let bytes = page(&project);
    let watch = project.go(&["report", "t.yaml", "--watch"]);
    assert_eq!((watch.code, watch.out, watch.err), (Some(0), once.out, once.err));
    assert_eq!(page(&project), bytes);
}
