//! Tests of the documentation: every fenced block of commands in the Markdown files is run, and the target of every
//! relative link exists. A block of commands is marked `sh` or `console`, or has a line that begins with `sparsegate`
//! or `cargo`.
//!
//! Blocks run in order of appearance, README first, in one temporary folder with a copy of `experiments/` and
//! `datasets/`, so a later block may use the results of an earlier one. Two things differ from what a reader types:
//! `cargo run --release --` is the binary under test, and every spec trains one epoch. A comment right above a block
//! states an exception:
//!
//! - `<!-- not-run: why -->` the block is not run, because it downloads, takes hours or needs another machine;
//! - `<!-- exit: 2 -->` the block shows an error and ends with this exit code.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time limit; a block that takes longer hangs, or should be marked `not-run`.
const LIMIT: Duration = Duration::from_mins(5);

/// Replaces `cargo` in a block: runs the built binary, and rejects everything else.
const CARGO: &str = r#"#!/bin/sh
if [ "$1 $2" = "run --release" ]; then
    shift 2
    if [ "$1" = --locked ]; then shift; fi
    if [ "$1" = -- ]; then shift; exec sparsegate "$@"; fi
fi
echo "cargo $* is not run here: mark the block <!-- not-run: why -->" >&2
exit 99
"#;

/// Replaces `just`: only checks that the recipe exists; the recipes' commands are tested by CI.
const JUST: &str = r#"#!/bin/sh
if [ $# -eq 0 ] || grep -Eq "^$1( |:)" "$PROJECT/justfile"; then exit 0; fi
echo "the justfile has no recipe $1" >&2
exit 99
"#;

/// Replaces programs with effects outside the folder.
const REFUSE: &str = r#"#!/bin/sh
echo "$(basename "$0") $* is not run here: mark the block <!-- not-run: why -->" >&2
exit 99
"#;

/// A fenced block of a Markdown file.
#[derive(Debug)]
struct Block {
    /// File and line of the fence, as `FILE:LINE`.
    place: String,
    /// The commands, one per line.
    script: String,
    /// Reason not to run it.
    not_run: Option<String>,
    /// Expected exit code.
    exit: i32,
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files in a folder of the project, relative to the project, sorted.
fn markdown_in(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path.strip_prefix(project()).unwrap().to_path_buf());
            }
        }
    }
    let mut pages = Vec::new();
    walk(&project().join(folder), &mut pages);
    pages.sort();
    pages
}

/// The Markdown files whose commands are run, relative to the project, README first.
fn pages() -> Vec<PathBuf> {
    ["README.md", "CONTRIBUTING.md"].map(PathBuf::from).into_iter().chain(markdown_in("docs")).collect()
}

/// The text between `<!-- key:` and `-->`.
fn marker<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.trim().strip_prefix("<!--")?.trim().strip_prefix(key)?.strip_suffix("-->").map(str::trim)
}

/// The blocks of commands of a page.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim().strip_prefix("```") else {
            if line.trim().starts_with("<!--") {
                above.push(line);
            } else if !line.trim().is_empty() {
                above.clear();
            }
            continue;
        };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !line.trim().starts_with("```")).collect();
        let script = match language.trim() {
            "sh" | "bash" | "shell" => body.join("\n"),
            "console" => prompts(&body),
            // Commands in blocks of other languages are tested too.
            _ if body.iter().any(|line| line.starts_with("sparsegate ") || line.starts_with("cargo ")) => {
                body.join("\n")
            }
            _ => {
                above.clear();
                continue;
            }
        };
        let find = |key| above.iter().find_map(|line| marker(line, key));
        found.push(Block {
            place: format!("{page}:{}", number + 1),
            script,
            not_run: find("not-run:").map(str::to_owned),
            exit: find("exit:").map_or(0, |code| code.parse().expect("a number after `exit:`")),
        });
        above.clear();
    }
    found
}

/// The lines of a console block after `$ `, with their continuation lines; the other lines are output.
fn prompts(body: &[&str]) -> String {
    let mut script = String::new();
    let mut continued = false;
    for line in body {
        let command = line.trim_start().strip_prefix("$ ");
        if let Some(text) = command.or(continued.then_some(*line)) {
            continued = text.ends_with('\\');
            script.push_str(text);
            script.push('\n');
        }
    }
    script
}

/// Writes an executable file.
fn program(path: &Path, text: &str) {
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// Copies YAML files, and sets the epochs of specs to one, so that commands need not change.
fn copy_specs(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "cache") {
                copy_specs(&path, &target);
            }
        } else if path.extension().is_some_and(|e| e == "yaml") {
            fs_err::write(target, one_epoch(&fs_err::read_to_string(&path).unwrap())).unwrap();
        } else {
            fs_err::copy(&path, &target).unwrap();
        }
    }
}

/// The text of a spec with one epoch and, because a warm-up must not be longer than the training, without one.
fn one_epoch(text: &str) -> String {
    with_number(&with_number(text, "epochs", 1), "warm_up", 0)
}

/// The text with the number after each `key:` replaced.
fn with_number(text: &str, key: &str, number: u32) -> String {
    let mark = format!("{key}:");
    let mut parts = text.split(&mark);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(' ').trim_start_matches(|c: char| c.is_ascii_digit());
        let _ = write!(replaced, "{mark} {number}{rest}");
    }
    replaced
}

/// Exit status of a process; `None` if it exceeds the time limit.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Runs a block in `root`; an error describes an unexpected exit.
fn run(block: &Block, root: &Path, bin: &Path) -> Result<(), String> {
    let log = root.join("block.log");
    let output = fs_err::File::create(&log).unwrap().into_file();
    let mut child = Command::new("/bin/sh")
        .args(["-e", "-c", &block.script])
        .current_dir(root)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("PROJECT", project())
        .env("SPARSEGATE_CACHE", root.join("datasets/cache"))
        .env("NO_COLOR", "1")
        .env("HOME", root)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("SPARSEGATE_CONFIG")
        .env_remove("SPARSEGATE_MIRROR")
        .stdin(Stdio::null())
        .stderr(Stdio::from(output.try_clone().unwrap()))
        .stdout(Stdio::from(output))
        .spawn()
        .unwrap();
    let complaint = match wait(&mut child) {
        None => format!("still running after {} s", LIMIT.as_secs()),
        Some(status) if status.code() == Some(block.exit) => return Ok(()),
        Some(status) => format!("{status}, expected exit code {}", block.exit),
    };
    let log = String::from_utf8_lossy(&fs_err::read(&log).unwrap()).into_owned();
    Err(format!("{}: {complaint}\n{}\n{log}", block.place, block.script))
}

#[test]
fn commands_do_what_the_pages_say() {
    let folder = tempfile::tempdir().unwrap();
    let (root, bin) = (folder.path().join("project"), folder.path().join("bin"));
    fs_err::create_dir_all(&bin).unwrap();
    copy_specs(&project().join("experiments"), &root.join("experiments"));
    copy_specs(&project().join("datasets"), &root.join("datasets"));
    fs_err::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sparsegate"), bin.join("sparsegate")).unwrap();
    program(&bin.join("cargo"), CARGO);
    program(&bin.join("just"), JUST);
    for name in ["git", "curl", "wget", "pip", "apt-get", "sudo", "rustup"] {
        program(&bin.join(name), REFUSE);
    }

    let mut failures = String::new();
    let (mut passed, mut skipped) = (0, 0);
    for page in pages() {
        let text = fs_err::read_to_string(project().join(&page)).unwrap();
        for block in blocks(&page.display().to_string(), &text) {
            if let Some(why) = &block.not_run {
                skipped += 1;
                println!("{}: not run: {why}", block.place);
                if why.is_empty() {
                    writeln!(failures, "{}: `not-run` without a reason", block.place).unwrap();
                }
                continue;
            }
            let start = Instant::now();
            match run(&block, &root, &bin) {
                Ok(()) => passed += 1,
                Err(complaint) => writeln!(failures, "{complaint}").unwrap(),
            }
            println!("{}: {:.1} s", block.place, start.elapsed().as_secs_f64());
        }
    }
    println!("{passed} blocks ran, {skipped} are marked not to");
    assert!(failures.is_empty(), "\n{failures}");
    assert!(passed > 0, "no block was run at all");
}

/// Runs the blocks that need Slurm, all of docs/cluster.md, with the one that is set up.
#[test]
#[ignore = "needs a Slurm of its own: .ci/run slurm"]
fn commands_of_the_slurm_page_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    // Jobs see the folder by this path.
    let folder = folder.path().canonicalize().unwrap();
    let (root, bin) = (folder.join("project"), folder.join("bin"));
    fs_err::create_dir_all(&bin).unwrap();
    copy_specs(&project().join("experiments"), &root.join("experiments"));
    copy_specs(&project().join("datasets"), &root.join("datasets"));
    fs_err::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sparsegate"), bin.join("sparsegate")).unwrap();
    let text = fs_err::read_to_string(project().join("docs/cluster.md")).unwrap();
    let blocks = blocks("docs/cluster.md", &text);
    assert!(blocks.iter().all(|block| !block.script.contains("--force")), "the page clears no runs");
    assert!(blocks.iter().all(|block| block.not_run.as_ref().is_some_and(|why| why.starts_with("needs Slurm"))));
    // Before something can be cancelled, something has to be queued again.
    let submit = Block {
        place: "tests/docs.rs".to_owned(),
        script: "sparsegate run experiments/quick.yaml --executor slurm --force --slurm time=1:00:00".to_owned(),
        not_run: None,
        exit: 0,
    };
    let mut complaints: Vec<String> = Vec::new();
    for block in &blocks {
        if block.script.contains("sparsegate cancel") {
            complaints.extend(run(&submit, &root, &bin).err());
        }
        complaints.extend(run(block, &root, &bin).err());
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    // What the page says is there afterwards.
    assert!(root.join("reports/quick/index.html").exists());
    assert!(root.join(".config/sparsegate/config.yaml").exists());
}

#[test]
fn the_readme_opens_with_the_two_commands() {
    let text = fs_err::read_to_string(project().join("README.md")).unwrap();
    let first_screen: Vec<&str> = text.lines().take(50).collect();
    for command in ["cargo run --release -- run experiments/quick.yaml --report", "cargo test --release"] {
        assert!(first_screen.contains(&command), "{command} is not on the README's first screen");
    }
}

#[test]
fn relative_links_lead_somewhere() {
    let mut dead = Vec::new();
    let others = ["crates", "fuzz"].map(markdown_in).into_iter().flatten();
    for page in pages().into_iter().chain(others).chain([PathBuf::from("CHANGELOG.md")]) {
        let text = fs_err::read_to_string(project().join(&page)).unwrap();
        let folder = project().join(page.parent().unwrap());
        for link in links(&text) {
            let path = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || link.starts_with("mailto:");
            if !outside && !path.is_empty() && !folder.join(path).exists() {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

/// The targets of `[text](target)` outside code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim().starts_with("```") {
            fenced = !fenced;
        }
        if !fenced {
            // Odd pieces of a line split at backticks are code.
            for prose in line.split('`').step_by(2) {
                found.extend(prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
            }
        }
    }
    found
}

#[test]
fn blocks_are_found_with_their_markers() {
    let text = "\
# Page
```text
not a command
```
<!-- not-run: takes hours -->
```sh
a
b
```
Words.
<!-- exit: 2 -->

```console
$ c --x \\
    y
output
$ d
```

```
sparsegate e
```
";
    let found = blocks("p.md", text);
    assert_eq!(found.len(), 3);
    assert_eq!(found[2].script, "sparsegate e");
    assert_eq!((found[0].script.as_str(), found[0].not_run.as_deref()), ("a\nb", Some("takes hours")));
    assert_eq!(found[0].place, "p.md:6");
    assert_eq!((found[1].script.as_str(), found[1].exit), ("c --x \\\n    y\nd\n", 2));
    assert_eq!(found[1].not_run, None);
}

#[test]
fn specs_are_cut_to_one_epoch() {
    assert_eq!(one_epoch("train: { epochs: 150, batch: 32 }\n"), "train: { epochs: 1, batch: 32 }\n");
    assert_eq!(one_epoch("train:\n  epochs:  20\n"), "train:\n  epochs: 1\n");
    assert_eq!(one_epoch("epochs: 8, kl: { warm_up: 12 }"), "epochs: 1, kl: { warm_up: 0 }");
    assert_eq!(links("see [a](b.md), `[c](d.md)` and [e](f.md#g)"), ["b.md", "f.md#g"]);
}
