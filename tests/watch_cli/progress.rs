//! Progress of `run`: no stale lines on a terminal, no long ones in a log.

use sparsegate_testing::{Project, wait_for};

use crate::project;
use crate::screen::screen;
use crate::terminal::Terminal;

#[test]
fn ctrl_c_leaves_no_bar() {
    let project = project("dense, W, W+N, W+G+N", 100_000);
    let mut terminal = Terminal::start(&project, "run t.yaml --jobs 3");
    wait_for("bars", || (Terminal::shown(&project).matches("epoch 3/").count() > 2).then_some(()));
    terminal.press("\x03");
    let (code, shown) = terminal.end(&project);
    assert_eq!(code, "130", "{shown}");
    assert!(shown.contains("^C"), "the terminal echoes the key: {shown}");
    let screen = screen(&shown);
    let is_bar = |line: &String| line.contains("/100000") || line.contains("so far") || line.contains("starting");
    assert!(!screen.iter().any(is_bar), "{screen:#?}");
    assert_eq!(screen.iter().filter(|line| line.ends_with("interrupted, state saved")).count(), 3, "{screen:#?}");
    assert!(screen.iter().any(|line| line == "t on small"), "{screen:#?}");
}

#[test]
fn lines_of_a_log_fit_eighty_columns() {
    let spec = "name: t\ndataset: small\nmodel: { kind: language-model, hidden: 12 }\n\
        train: { epochs: 2, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n\
        sweep: { product: { cell: [lstm, gru-zhstate], \
        sparsity: [{ name: a-level-with-a-rather-long-name, weights: log-uniform, output: log-uniform }], lr: [0.002, 0.004], \
        train.clip_norm: [1, 2], model.forget_bias: [1] } }\n";
    let project = Project::small(spec);
    let answer = project.go(&["run", "t.yaml", "--progress", "counter"]);
    answer.expect(0, &["epoch 1/2", "  done", "perplexity"]);
    assert!(answer.err.lines().count() >= 8 * 3, "{}", answer.err);
    for line in answer.err.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
