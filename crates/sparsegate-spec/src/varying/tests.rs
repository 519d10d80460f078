//! Tests of what varies in a sweep.

use super::*;
use crate::types::{Decay, Kl, RateSchedule, StepDecay, WarmUp};

fn runs(sweep: &str) -> Vec<RunSpec> {
    let text = format!(
        "name: t\ndataset: d\nsparsity: W\nmodel: {{ kind: language-model, hidden: 4 }}\n\
         train: {{ epochs: 2, batch: 2, sequence: 3, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
         sweep: {{ product: {{ {sweep} }} }}\n"
    );
    crate::experiment::from_text("t.yaml".into(), &text, &[], &[]).unwrap().runs
}

fn labels(sweep: &str) -> Vec<String> {
    let runs = runs(sweep);
    let varying = VaryingKeys::of(&runs);
    runs.iter().map(|run| varying.label(run)).collect()
}

/// The definition: the settings of all runs, compared.
fn varying_by_definition(runs: &[RunSpec]) -> Vec<String> {
    let all: Vec<BTreeMap<String, Value>> = runs.iter().map(settings).collect();
    let mut keys: Vec<String> = all.iter().flat_map(|one| one.keys().cloned()).collect();
    keys.retain(|key| {
        let values = all.iter().map(|one| known(one.get(key)));
        let mut values = values.filter(|value| value.is_some() || !OPTIONS.contains(&key.as_str()));
        values.next().is_some_and(|first| values.any(|other| other != first))
    });
    keys.sort();
    keys.dedup();
    keys.sort_by_key(|key| rank(key));
    keys
}

#[test]
fn the_short_ways_to_settings_agree_with_the_long_ones() {
    let sweeps = [
        "seed: [0, 1]",
        "sparsity: [dense, W, W+N], seed: [0, 1], model.cell: [lstm, gru]",
        "train.clip_norm: [null, 5], train.optimizer.adam.lr: [1e-3, 2e-3], backend: [flex]",
        "sparsity: [dense, W], train.kl: [{ weight: 0.1 }, { weight: 1, warm_up: 1 }]",
        "sparsity: [dense, W], train.kl.weight: [0.1, 1], train.start_from: [dense, init]",
        "train.schedule: [constant, { linear: { to: 0.1 } }, { cosine: { to: 0 } }], train.epochs: [2, 3]",
        "train.select: [best, last], train.early_stop: [null, { patience: 1 }]",
    ];
    for sweep in sweeps {
        let runs = runs(sweep);
        assert_eq!(VaryingKeys::of(&runs).keys(), varying_by_definition(&runs), "{sweep}");
        for run in &runs {
            let all = settings(run);
            for key in all.keys().map(String::as_str).chain(KEYS.iter().copied()) {
                assert_eq!(setting(run, key).as_ref(), all.get(key), "{key} of {sweep}");
                let node = Node::from(serde_json::to_value(run).unwrap());
                assert_eq!(filter::label(run, key), filter::label_in(&node, run, key), "{key} of {sweep}");
            }
        }
    }
}

#[test]
fn labels_name_what_varies_and_nothing_else() {
    assert_eq!(labels("sparsity: [W, W+N]"), ["W", "W+N"]);
    assert_eq!(labels("sparsity: [dense, W], seed: [0, 1]")[3], "W, seed 1");
    assert_eq!(labels("train.optimizer.adam.lr: [1e-3, 2e-2]"), ["lr 0.001", "lr 0.02"]);
    assert_eq!(labels("seed: [0, 1], train.batch: [2, 3]")[3], "batch 3, seed 1");
    assert_eq!(labels("seed: [0, 1]"), ["seed 0", "seed 1"]);
    assert_eq!(labels("seed: [3]"), ["W"], "a single run is named by its level");
    assert_eq!(labels("sparsity: [W, W+N], model.cell: [lstm, gru]")[1], "W, gru");
    assert_eq!(labels("train.clip_norm: [null, 5]"), ["clip_norm none", "clip_norm 5.0"]);
}

#[test]
fn options_of_training_are_named_with_what_holds_without_them() {
    let kl = |weight, warm_up| Some(Kl { weight, warm_up });
    let two = runs("sparsity: [dense, W]");
    let (dense, plain) = (&two[0], &two[1]);
    let (mut steps, mut epochs) = (plain.clone(), plain.clone());
    steps.train.kl = kl(0.5, WarmUp::Steps(30));
    epochs.train.kl = kl(0.1, WarmUp::Epochs(2));
    epochs.train.schedule = RateSchedule::Cosine(Decay { to: 0.25 });
    let runs = [dense, plain, &steps, &epochs];
    let varying = VaryingKeys::of(runs);
    assert_eq!(varying.keys(), ["sparsity", "train.kl.warm_up", "train.kl.weight", "train.schedule"]);
    let labels = runs.map(|run| varying.label(run));
    let wanted = [
        "dense, schedule constant",
        "W, KL warm-up 0, KL weight 1, schedule constant",
        "W, KL warm-up {steps: 30}, KL weight 0.5, schedule constant",
        "W, KL warm-up 2, KL weight 0.1, schedule {cosine: {to: 0.25}}",
    ];
    assert_eq!(labels, wanted);
    assert_eq!(settings(plain)["train.kl.weight"], 1);
    assert_eq!(settings(&epochs)["train.kl.weight"], 0.1);
    assert!(!settings(dense).contains_key("train.kl.weight"));
}

#[test]
fn an_option_that_does_nothing_makes_no_difference() {
    assert_eq!(labels("sparsity: [dense, W]"), ["dense", "W"]);
    let kl = "sparsity: [dense, W], train.kl.weight: [0.1, 1]";
    assert_eq!(labels(kl), ["dense", "W, KL weight 0.1", "W, KL weight 1"]);
    let runs = runs(kl);
    let varying = VaryingKeys::of(&runs);
    let filters: Vec<String> = runs.iter().map(|run| varying.filter(run)).collect();
    assert_eq!(filters, ["sparsity=dense", "sparsity=W,train.kl.weight=0.1", "sparsity=W,train.kl.weight=1"]);
    let drop = "sparsity: [dense, W], train.drop_dead: [null, { after: 2, margin: 4 }]";
    let named = ["dense", "W, drop after none, drop margin none", "W, drop after 2, drop margin 4"];
    assert_eq!(labels(drop), named);
    // Without the level, nothing of the dense run is left to name.
    assert_eq!(varying.without(&["sparsity"]).label(&runs[0]), "dense");
}

#[test]
fn a_value_with_commas_is_not_in_a_filter() {
    let mut runs = runs("seed: [0, 1]");
    runs[1].train.schedule = RateSchedule::Step(StepDecay { period: 2, factor: 0.5 });
    let varying = VaryingKeys::of(&runs);
    assert!(varying.label(&runs[1]).starts_with("schedule {step: {"), "{}", varying.label(&runs[1]));
    let filters: Vec<String> = runs.iter().map(|run| varying.filter(run)).collect();
    assert_eq!(filters, ["schedule=constant,seed=0", "seed=1"]);
}

#[test]
fn a_filter_finds_exactly_its_run() {
    let runs = runs("sparsity: [dense, W+G+N], model.hidden: [4, 8], train.optimizer.adam.lr: [1e-3, 1e-5]");
    let varying = VaryingKeys::of(&runs);
    assert_eq!(varying.filter(&runs[7]), "sparsity=W+G+N,hidden=8,lr=0.00001");
    let all: Vec<&RunSpec> = runs.iter().collect();
    for (index, run) in runs.iter().enumerate() {
        let keep = filter::matching(&all, &[varying.filter(run)]).unwrap();
        assert_eq!(keep.iter().filter(|keep| **keep).count(), 1);
        assert!(keep[index]);
    }
}

#[test]
fn names_are_as_short_as_they_are_unique() {
    assert_eq!(short_name("train.optimizer.adam.lr"), "lr");
    assert_eq!(short_name("seed"), "seed");
    assert_eq!([short_name("train.kl.weight"), short_name("train.schedule")], ["KL weight", "schedule"]);
    assert_eq!(short_name("train.schedule.cosine.to"), "cosine.to", "a linear schedule has a `to`, too");
}

#[test]
fn the_choice_of_an_epoch_that_follows_from_the_level_does_not_vary() {
    let all = runs("sparsity: [dense, W, W+N], seed: [0, 1], train.select: [last, best]");
    let keys = |keep: &dyn Fn(&RunSpec) -> bool| {
        let kept: Vec<&RunSpec> = all.iter().filter(|run| keep(run)).collect();
        VaryingKeys::of(kept).keys().join(" ")
    };
    let is_dense = |run: &RunSpec| run.sparsity.name == "dense";
    assert_eq!(keys(&|run| is_dense(run) != run.train.select.is_last()), "sparsity seed");
    assert_eq!(keys(&|run| !is_dense(run)), "sparsity train.select seed");
    assert_eq!(keys(&is_dense), "train.select seed");
}
