//! Options of the training loop in experiment files: what is read, what is refused, and what leaves a run as it was.

use camino::Utf8Path;
use sparsegate_core::schedule::{RateCurve, Schedule};
use sparsegate_spec::types::{DropDead, EarlyStop, Kl, RateSchedule, RunSpec, Select, StartFrom, WarmUp};
use sparsegate_spec::{Experiment, SpecError, from_text, label, matching};

const MODEL: &str = "name: t\ndataset: d\nmodel: { kind: language-model, hidden: 4 }\n";
const TRAIN: &str = "epochs: 10, batch: 2, sequence: 3, carry_state: true, optimizer: { adam: { lr: 2e-3 } }";

fn load(train: &str, rest: &str, set: &[&str]) -> Result<Experiment, SpecError> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    from_text(Utf8Path::new("t.yaml"), &format!("{MODEL}train: {{ {TRAIN}{train} }}\n{rest}\n"), &set, &[])
}

/// The only run with these options of `train`, at a level.
fn run_at(level: &str, train: &str) -> RunSpec {
    load(&format!(", {train}"), &format!("sparsity: {level}"), &[]).expect("a valid spec").runs.remove(0)
}

fn run(train: &str) -> RunSpec {
    run_at("W", train)
}

fn plain() -> RunSpec {
    load("", "sparsity: W", &[]).expect("a valid spec").runs.remove(0)
}

fn json(run: &RunSpec) -> String {
    serde_json::to_string(run).expect("JSON")
}

#[test]
fn every_option_is_read_and_comes_back_from_json() {
    let found = run("kl: { weight: 0.1, warm_up: 5 }, schedule: { cosine: { to: 0.01 } }, lr_warm_up: { steps: 7 }, \
         select: best, early_stop: { patience: 3 }, drop_dead: { after: 5, margin: 4.5 }");
    assert_eq!(found.train.kl, Some(Kl { weight: 0.1, warm_up: WarmUp::Epochs(5) }));
    assert_eq!((found.train.lr_warm_up, found.train.select), (WarmUp::Steps(7), Select::Best));
    assert_eq!(found.train.early_stop, Some(EarlyStop { patience: 3 }));
    assert_eq!(found.train.drop_dead, Some(DropDead { after: 5, margin: 4.5, preactivations: false }));
    assert_eq!(serde_json::from_str::<RunSpec>(&json(&found)).expect("a run"), found);
    let wanted = Schedule {
        rate: RateCurve::Cosine { to: 0.01 },
        rate_warm_up: 7,
        kl_weight: 0.1,
        kl_warm_up: 500,
        total_steps: 1000,
    };
    assert_eq!(found.train.schedule(100), wanted);
    assert_eq!(found.settled_after(100), 500);
    let step = run("schedule: { step: { period: 2, factor: 0.5 } }").train.schedule(100);
    assert_eq!(step.rate, RateCurve::Step { period: 200, factor: 0.5 });
    let linear = run("max_steps: 60, schedule: { linear: { to: 0 } }").train.schedule(100);
    assert_eq!((linear.rate, linear.total_steps), (RateCurve::Linear { to: 0.0 }, 60));
}

#[test]
fn a_warm_up_has_three_spellings() {
    let warm_up = |text: &str| run(&format!("kl: {{ warm_up: {text} }}")).train.kl.map(|kl| kl.warm_up);
    for five in ["5", "5.0", "{ epochs: 5 }"] {
        assert_eq!(warm_up(five), Some(WarmUp::Epochs(5)), "{five}");
    }
    assert_eq!(warm_up("{ steps: 40 }"), Some(WarmUp::Steps(40)));
}

/// The key of a run is a hash of its JSON, so equal JSON is an equal key.
#[test]
fn what_changes_nothing_leaves_the_run_as_it_was() {
    let plain = plain();
    assert_eq!(plain.train.schedule(9), Schedule { total_steps: 90, ..Schedule::default() });
    for absent in ["kl", "schedule", "lr_warm_up", "select", "early_stop", "drop_dead"] {
        assert!(!json(&plain).contains(absent), "{absent} in {}", json(&plain));
    }
    let idle = [
        "kl: {}",
        "kl: { weight: 1 }",
        "kl: { weight: 1, warm_up: 0 }",
        "kl: { warm_up: { steps: 0 } }",
        "kl: null",
        "schedule: constant",
        "lr_warm_up: 0",
        "select: last",
        "early_stop: null",
        "drop_dead: null",
    ];
    for idle in idle {
        assert_eq!(json(&run(idle)), json(&plain), "{idle}");
    }
    for option in [
        "kl: { weight: 0.5 }",
        "kl: { warm_up: 1 }",
        "schedule: { linear: { to: 1 } }",
        "select: best",
        "drop_dead: { after: 1, margin: 3 }",
        "drop_dead: { after: 1, margin: 3, preactivations: true }",
    ] {
        assert_ne!(json(&run(option)), json(&plain), "{option}");
    }
}

#[test]
fn a_level_without_variational_parameters_has_no_kl_term_to_weigh() {
    let kl = "kl: { weight: 0.1, warm_up: 2 }";
    assert_eq!(run_at("dense", kl).train.kl, None);
    assert_eq!(run_at("{ name: m, magnitude: { share: 0.9 } }", kl).train.kl, None);
    assert!(run_at("{ name: gates, gates: log-uniform }", kl).train.kl.is_some());
    let all = run_at("W", "drop_dead: { after: 2, margin: 4, preactivations: true }").train.drop_dead.unwrap();
    assert!(all.preactivations);
    let drop = "drop_dead: { after: 2, margin: 4 }";
    assert_eq!(run_at("dense", drop).train.drop_dead, None, "nothing of a deterministic network is noise");
    assert!(run_at("{ name: gates, gates: log-uniform }", drop).train.drop_dead.is_some());
    let sweep = "sweep: { product: { sparsity: [dense, W], train.kl.weight: [0.1, 1] } }";
    let runs = load("", sweep, &[]).expect("a valid sweep").runs;
    let labels: Vec<_> = runs.iter().map(|run| (run.sparsity.name.as_str(), label(run, "train.kl.weight"))).collect();
    let weight = |weight: &str| Some(weight.to_owned());
    assert_eq!(labels, [("dense", None), ("W", weight("0.1")), ("W", weight("1"))], "dense is trained once");
    assert_eq!(json(&runs[2]), json(&plain()));
    // Writing a point twice is still an error.
    let twice = "sweep: { product: { sparsity: [dense], train.kl.weight: [0.1] }, include: [ { sparsity: dense, \
         train.kl.weight: 0.1 } ] }";
    assert!(load("", twice, &[]).expect_err("twice").message().contains("twice"));
}

#[test]
fn options_can_be_swept_overridden_and_filtered_by() {
    let sweep = "sweep: { product: { sparsity: [W], train.kl.warm_up: [0, 2, { steps: 30 }], train.select: [last, best], \
         train.schedule: [constant, { step: { period: 2, factor: 0.5 } }] } }";
    let runs = load("", sweep, &[]).expect("a valid sweep").runs;
    assert_eq!(runs.len(), 12);
    let all: Vec<&RunSpec> = runs.iter().collect();
    let count = |filter: &str| {
        let kept = matching(&all, &[filter.to_owned()]).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
        kept.into_iter().filter(|keep| *keep).count()
    };
    assert_eq!((count("warm_up=0"), count("train.kl.warm_up=2"), count("train.kl.weight=1")), (4, 4, 12));
    assert_eq!((count("select=last"), count("train.select=best"), count("train.schedule=constant")), (6, 6, 6));
    assert_eq!(count("train.schedule.step.factor=0.5"), 6);
    let drop = "sweep: { product: { sparsity: [W], train.drop_dead: [null, { after: 2, margin: 4 }, { after: 3, margin: 4 }] } }";
    let runs = load("", drop, &[]).expect("a valid sweep").runs;
    let all: Vec<&RunSpec> = runs.iter().collect();
    let kept =
        |filter: &str| matching(&all, &[filter.to_owned()]).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
    assert_eq!(kept("train.drop_dead.after=none"), [true, false, false]);
    assert_eq!(kept("margin=4,train.drop_dead.after=3"), [false, false, true]);
    let set = load("", "sparsity: W", &["train.kl.weight=0.1", "patience=4", "train.schedule.linear.to=0.1"]);
    let train = set.expect("valid overrides").runs.remove(0).train;
    assert_eq!((train.kl.map(|kl| kl.weight), train.early_stop), (Some(0.1), Some(EarlyStop { patience: 4 })));
    assert!(matches!(train.schedule, RateSchedule::Linear(_)));
}

#[test]
fn wrong_values_are_named_with_a_hint() {
    let cases = [
        ("kl: { weight: -0.1 }", "`train.kl.weight`: -0.1 is out of range", "0 or more"),
        ("kl: { weight: .nan }", "`train.kl.weight`: NaN is out of range", "0 or more"),
        ("kl: { weight: .inf }", "`train.kl.weight`: inf is out of range", "0 or more"),
        ("kl: 0.1", "`train.kl`: expected a mapping", "write a mapping"),
        ("kl: { wight: 1 }", "unknown key `wight` in `train.kl`", "did you mean `weight`?"),
        ("kl: { warm_up: 11 }", "the warm-up of 11 epochs is longer than the training", "`train.epochs` is 10"),
        ("kl: { warm_up: 1.5 }", "`train.kl.warm_up`: expected a whole number of epochs", "{ steps: N }"),
        ("kl: { warm_up: -1 }", "`train.kl.warm_up`: expected a whole number of epochs", "{ steps: N }"),
        ("kl: { warm_up: {} }", "`train.kl.warm_up`: expected a whole number of epochs", "{ steps: N }"),
        ("kl: { warm_up: { step: 3 } }", "unknown key `step` in `train.kl.warm_up`", "did you mean `steps`?"),
        ("kl: { warm_up: { steps: 3, epochs: 1 } }", "in epochs or in steps, not both; keep one", ""),
        ("max_steps: 9, lr_warm_up: { steps: 10 }", "`train.lr_warm_up`: the warm-up of 10 steps", "max_steps` is 9"),
        ("select: best, kl: { warm_up: 10 }", "no epoch is left for `train.select: best`", "raise `train.epochs`"),
        ("early_stop: { patience: 1 }, kl: { warm_up: 10 }", "no epoch is left for `train.early_stop`", "shorten it"),
        ("early_stop: { patience: 0 }", "`train.early_stop.patience`: 0 is too small", "write 1 or more"),
        ("drop_dead: { after: 0, margin: 4 }", "`train.drop_dead.after`: 0 is too small", "write 1 or more"),
        ("drop_dead: { after: 2, margin: 2.9 }", "`train.drop_dead.margin`: 2.9 is out of range", "3 or more"),
        ("drop_dead: { after: 2, margin: .inf }", "`train.drop_dead.margin`: inf is out of range", "3 or more"),
        ("drop_dead: { after: 2 }", "the key `margin` is missing", "margin"),
        ("drop_dead: { margin: 4 }", "the key `after` is missing", "after"),
        ("drop_dead: true", "`train.drop_dead`: expected a mapping", "write a mapping"),
        ("drop_dead: { after: 2, magrin: 4 }", "unknown key `magrin` in `train.drop_dead`", "did you mean `margin`?"),
        ("drop_dead: { after: 2.5, margin: 4 }", "`train.drop_dead.after`: expected a whole number", ""),
        ("select: bst", "unknown value `bst` for `train.select`", "did you mean `best`?"),
        ("start_from: dence", "unknown value `dence` for `train.start_from`", "did you mean `dense`?"),
        ("schedule: cosine", "`train.schedule`: `cosine` needs values", "{ cosine: { ... } }"),
        ("schedule: { cosin: { to: 0 } }", "unknown value `cosin` for `train.schedule`", "did you mean `cosine`?"),
        ("schedule: { cosine: { to: 2 } }", "`train.schedule.cosine.to`: 2 is out of range", "0 to 1"),
        ("schedule: { linear: { to: -1 } }", "`train.schedule.linear.to`: -1 is out of range", "0 to 1"),
        ("schedule: { step: { period: 0, factor: 0.5 } }", "`train.schedule.step.period`: 0 is too small", "1 or more"),
        ("schedule: { step: { period: 1, factor: 0 } }", "`train.schedule.step.factor`: 0 is out", "above 0"),
    ];
    for (train, message, hint) in cases {
        let error = load(&format!(", {train}"), "sparsity: W", &[]).expect_err(train);
        assert!(error.message().contains(message), "{train}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{train}: {:?}", error.hint());
        assert!(error.position().is_some(), "{train}: no position");
    }
}

#[test]
fn a_sparse_run_starts_from_the_dense_run_of_its_point() {
    let sweep = "sweep: { product: { sparsity: [dense, W, { name: m, magnitude: { share: 0.9 } }], \
         train.start_from: [init, dense], train.kl.weight: [0.1] } }";
    let runs = load("", sweep, &[]).expect("a valid sweep").runs;
    let start = |run: &RunSpec| (run.sparsity.name.clone(), run.train.start_from);
    let both = |level: &str| [(level.to_owned(), StartFrom::Init), (level.to_owned(), StartFrom::Dense)];
    let wanted = [&both("dense")[..1], &both("W"), &both("m")].concat();
    assert_eq!(runs.iter().map(start).collect::<Vec<_>>(), wanted, "dense is trained once");
    for run in &runs {
        let parent = (run.train.start_from == StartFrom::Dense).then(|| runs[0].clone());
        assert_eq!(run.parent(), parent, "{}", run.sparsity.name);
    }
    let labels: Vec<_> = runs.iter().map(|run| label(run, "start_from")).collect();
    let (init, dense) = (Some("init".to_owned()), Some("dense".to_owned()));
    assert_eq!(labels, [None, init.clone(), dense.clone(), init, dense]);
    assert_eq!(json(&run("start_from: init")), json(&plain()), "the default enters no key");
}
