//! Networks whose dead words, dimensions and units were removed from the tensors, compared with the whole networks.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};
use sparsegate_core::cells::CELLS;
use sparsegate_core::trainer::{NamedTensor, Trainer};
use sparsegate_core::{Batch, BatchSource, DropDead, GateActivation, OutputNoise};
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};
use sparsegate_nn::model::{Network, NoiseSource, NoiseStream};

use crate::matrix::{HostMatrix, assert_close, host};
use crate::small_model::{SMALL, saved_bits};
use crate::texts::small;
use crate::tiny::{EMBEDDING, HIDDEN, NONE, VOCABULARY, classifier, language_model, streams, texts, trainer};

const RULE: DropDead = DropDead { after: 1, margin: 5.0, preactivations: false };
/// The same, and single preactivations are judged, too.
const WITH_GATES: DropDead = DropDead { preactivations: true, ..RULE };

/// What dies in the tests.
#[derive(Clone, Copy)]
struct Dead {
    words: &'static [usize],
    dimensions: &'static [usize],
    units: &'static [usize],
    /// Preactivations, kind-major; a cell has those of them that are below its width.
    gates: &'static [usize],
}

const SOME: Dead = Dead { words: &[1, 5], dimensions: &[2], units: &[1], gates: &[] };
/// No symbol of the batches is left.
const ALL_WORDS: Dead = Dead { words: &[0, 1, 2, 3, 4, 5], ..SOME };
const SOME_GATES: Dead = Dead { gates: &[0, HIDDEN + 2, 2 * HIDDEN, 2 * HIDDEN + 1], ..SOME };
const ONLY_GATES: Dead = Dead { words: &[], dimensions: &[], units: &[], ..SOME_GATES };

/// The elements along one dimension that are dead; `H` units of each kind are one after the other.
fn dead_along(what: &str, size: usize, dead: Dead, hidden: usize) -> Vec<bool> {
    (0..size)
        .map(|place| match what {
            "words" => dead.words.contains(&place),
            "dimensions" => dead.dimensions.contains(&place),
            "units" | "biases" => dead.units.contains(&(place % hidden)),
            "columns" => dead.units.contains(&(place % hidden)) || dead.gates.contains(&place),
            _ => false,
        })
        .collect()
}

/// What rows and columns of a tensor are, from its name.
fn meaning(name: &str, has_embedding: bool) -> [&'static str; 2] {
    let read = if has_embedding { "dimensions" } else { "words" };
    let path = name.trim_end_matches("/mean").trim_end_matches("/log_sigma");
    match path.rsplit('/').next().unwrap_or_default() {
        "w" if path.starts_with("embedding") => ["words", "dimensions"],
        "w" => ["units", ""],
        "w_input" => [read, "columns"],
        "w_hidden" => ["units", "columns"],
        "z_gates" => ["", "columns"],
        "z_vocabulary" => ["", "words"],
        "z_inputs" => ["", "dimensions"],
        "bias" if path.starts_with("output") => ["", ""],
        _ => ["", "units"],
    }
}

/// The elements of a row-major matrix that are not dead.
fn alive(values: &[f64], shape: [usize; 2], meaning: [&str; 2], dead: Dead, hidden: usize) -> HostMatrix {
    let [rows, columns] = [0, 1].map(|dim| dead_along(meaning[dim], shape[dim], dead, hidden));
    let left = |dead: &[bool]| dead.iter().filter(|dead| !**dead).count();
    let places = (0..values.len()).filter(|place| !rows[place / shape[1]] && !columns[place % shape[1]]);
    HostMatrix { shape: [left(&rows), left(&columns)], values: places.map(|place| values[place]).collect() }
}

/// Whether a network has an embedding.
fn has_embedding(network: &impl Network) -> bool {
    network.tensors().iter().any(|(name, _)| name.starts_with("embedding/"))
}

/// Makes everything that belongs to dead parts exactly noise: mean zero, and a standard deviation too small to be seen.
fn kill(network: &mut impl Network, dead: Dead) {
    let embedded = has_embedding(network);
    network.visit(|name, tensor| {
        if name.ends_with("bias") {
            return;
        }
        let (shape, mut values) = (tensor.dims(), host(tensor));
        let [rows, columns] = meaning(name, embedded).map(|what| move |size| dead_along(what, size, dead, HIDDEN));
        let (rows, columns) = (rows(shape[0]), columns(shape[1]));
        for (place, value) in values.iter_mut().enumerate() {
            if rows[place / shape[1]] || columns[place % shape[1]] {
                *value = if name.ends_with("/log_sigma") { -40.0 } else { 0.0 };
            }
        }
        *tensor = Tensor::from_data(TensorData::new(values, shape), (&tensor.device(), tensor.dtype()));
    });
}

/// Explicit noise of a whole network, and the part of it that a network without the dead parts reads.
fn noise(network: &impl Network, batch: &Batch, outputs: [usize; 2], dead: Dead) -> [NoiseSource; 2] {
    let wide = network.recurrent().units.width();
    let embedded = has_embedding(network);
    let read = if embedded { EMBEDDING } else { VOCABULARY };
    let (rows, input) = (batch.rows, if embedded { "dimensions" } else { "words" });
    let outputs_are = if outputs[0] == HIDDEN && !embedded { ["units", ""] } else { ["", ""] };
    let streams = [
        (NoiseStream::WInput, [read, wide], [input, "columns"]),
        (NoiseStream::WHidden, [HIDDEN, wide], ["units", "columns"]),
        (NoiseStream::ZVocabulary, [rows, VOCABULARY], ["", "words"]),
        (NoiseStream::ZNeurons, [rows, HIDDEN], ["", "units"]),
        (NoiseStream::ZGates, [rows, wide], ["", "columns"]),
        (NoiseStream::Output, outputs, outputs_are),
        (NoiseStream::Embedding, [VOCABULARY, EMBEDDING], ["words", "dimensions"]),
        (NoiseStream::ZInputs, [rows, EMBEDDING], ["", "dimensions"]),
    ];
    let dtype = network.device_and_dtype().1;
    let (mut whole, mut left) = (BTreeMap::new(), BTreeMap::new());
    for (seed, (stream, shape, meaning)) in streams.into_iter().enumerate() {
        let all = HostMatrix::random(shape, [-1.5, 1.5], 100 + seed as u64);
        left.insert(stream, alive(&all.values, shape, meaning, dead, HIDDEN).tensor(dtype));
        whole.insert(stream, all.tensor(dtype));
    }
    [NoiseSource::Given(whole), NoiseSource::Given(left)]
}

/// Objective and gradients of a network without its dead parts are those of the whole network, in which the dead parts
/// are zeros.
fn same_gradients<N: Network>(what: &str, mut network: N, batch: &Batch, outputs: [usize; 2], dead: Dead) {
    kill(&mut network, dead);
    let embedded = has_embedding(&network);
    let [of_whole, of_left] = noise(&network, batch, outputs, dead);
    for ops in [&ReferenceOps as &dyn Ops, &FusedOps] {
        let what = format!("{what} {ops:?}");
        let (wanted, gradients) = trainer(network.clone(), ops).gradients(batch, 1, &of_whole).expect("finite");
        let rule = if dead.gates.is_empty() { RULE } else { WITH_GATES };
        let mut reduced = trainer(network.clone(), ops).with_drop_dead(Some(rule));
        assert_eq!(reduced.trained_share(), Some(1.0), "{what}");
        reduced.drop_dead(1);
        assert!(reduced.trained_share() < Some(0.95), "{what}: {:?}", reduced.trained_share());
        assert_eq!(reduced.network().recurrent().units.hidden, HIDDEN - dead.units.len());
        let (found, left) = reduced.gradients(batch, 1, &of_left).expect("finite");
        let [wanted_objective, objective] = [wanted, found].map(|report| report.data_loss + report.kl_term);
        assert!((objective - wanted_objective).abs() < 1e-9, "{what}: {found:?} is not {wanted:?}");
        assert_eq!(left.len(), gradients.len(), "{what}");
        for ((name, whole), (_, left)) in gradients.iter().zip(&left) {
            let wanted = alive(&host(whole), whole.dims(), meaning(name, embedded), dead, HIDDEN);
            assert_eq!(left.dims(), wanted.shape, "{what} {name}");
            assert_close(&host(left), &wanted.values, 1e-9, &format!("{what} {name}"));
        }
    }
}

#[test]
fn gradients_are_those_of_the_whole_network() {
    for cell in CELLS {
        for dead in [SOME, ALL_WORDS, SOME_GATES, ONLY_GATES] {
            for (noise, outputs) in
                [(OutputNoise::Weights, [HIDDEN, VOCABULARY]), (OutputNoise::LocalReparameterization, [2, VOCABULARY])]
            {
                let network = language_model(*cell, noise, NONE);
                same_gradients(&format!("{} {noise:?}", cell.name()), network, &streams(), outputs, dead);
            }
            let network = classifier(*cell, GateActivation::HardSigmoid, 3, NONE);
            same_gradients(cell.name(), network, &texts(3), [5, 3], dead);
        }
    }
}

/// One batch.
struct One(Batch);

impl BatchSource for One {
    fn len(&self) -> usize {
        1
    }
    fn batch(&self, _: usize) -> Batch {
        self.0.clone()
    }
    fn targets(&self) -> usize {
        self.0.targets.len()
    }
    fn carries_state(&self) -> bool {
        false
    }
}

/// Log alpha 7.2 for some group factors, below the limit for all else.
fn dead_groups(name: &str, values: &mut [f64]) {
    let (group, part) = name.rsplit_once('/').unwrap_or_default();
    let places: &[usize] = match group.rsplit('/').next().unwrap_or_default() {
        "z_vocabulary" => &[0, 3, 4, 22],
        "z_inputs" => &[1, 5],
        "z_neurons" => &[0, 2, 8],
        _ => return,
    };
    for place in places {
        values[*place] = if part == "mean" { 0.01 } else { -1.0 };
    }
}

/// Log alpha 7.2 also for all weights of the preactivations 1, 2 and 5, of which a layer has `width`.
fn dead_columns(width: usize) -> impl FnMut(&str, &mut [f64]) {
    move |name, values| {
        dead_groups(name, values);
        let (matrix, part) = name.rsplit_once('/').unwrap_or_default();
        if matrix.ends_with("/w_input") || matrix.ends_with("/w_hidden") {
            for (place, value) in values.iter_mut().enumerate() {
                if [1, 2, 5].contains(&(place % width)) {
                    *value = if part == "mean" { 0.01 } else { -1.0 };
                }
            }
        }
    }
}

/// Tensors with the values of parts that are not in the groups of [`dead_groups`], by name.
fn same_where_left(found: &[NamedTensor], before: &[NamedTensor], what: &str) {
    for (found, before) in found.iter().zip(before) {
        assert_eq!((&found.name, &found.shape), (&before.name, &before.shape), "{what}");
        let dropped =
            found.values.iter().zip(&before.values).filter(|(found, before)| found.to_bits() != before.to_bits());
        let fill = if found.name.ends_with("/log_sigma") { -3.0 } else { 0.0 };
        for (found_value, _) in dropped {
            assert!((found_value - fill).abs() < 1e-6, "{what} {}: {found_value} is not that of noise", found.name);
        }
    }
}

/// Evaluation, counts and structure before and after a drop, and what leaves the trainer.
fn nothing_visible_changes(what: &str, trainer: &mut dyn Trainer, batch: Batch) {
    let source = One(batch);
    let (before, counts, structure) = (trainer.evaluate(&source), trainer.counts(), trainer.structure());
    let parameters = trainer.parameters();
    assert_eq!(trainer.trained_share(), Some(1.0), "{what}");
    trainer.drop_dead(0);
    assert_eq!(trainer.trained_share(), Some(1.0), "{what}: nothing is judged before the first epoch");
    trainer.drop_dead(1);
    let share = trainer.trained_share().expect("the option is on");
    assert!(share < 0.7, "{what}: {share}");
    let after = trainer.evaluate(&source);
    assert!((after.nats - before.nats).abs() < 1e-5, "{what}: {after:?} is not {before:?}");
    assert_eq!((after.accuracy, after.only_class), (before.accuracy, before.only_class), "{what}");
    assert_eq!((trainer.counts(), trainer.structure()), (counts, structure), "{what}");
    same_where_left(&trainer.parameters(), &parameters, what);
}

#[test]
fn a_drop_changes_no_masked_metric_and_no_count() {
    for rule in [RULE, WITH_GATES] {
        for cell in CELLS {
            let texts = small(*cell);
            let width = texts.trainer(|_, _| {}).network().recurrent().units.width();
            let mut trainer = texts.trainer(dead_columns(width)).with_drop_dead(Some(rule));
            nothing_visible_changes(cell.name(), &mut trainer, texts.batch(1));
        }
        for output_noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
            let kind = crate::small_model::SmallModel { output_noise, ..SMALL };
            let width = kind.trainer(|_, _| {}).network().recurrent().units.width();
            let mut trainer = kind.trainer(dead_columns(width)).with_drop_dead(Some(rule));
            nothing_visible_changes(&format!("{output_noise:?}"), &mut trainer, kind.batch(1));
        }
    }
}

/// After some steps no moment is zero, and each stays with its parameter.
#[test]
fn parameters_and_moments_that_are_left_keep_their_values() {
    let mut trainer = SMALL.trainer(dead_groups).with_drop_dead(Some(RULE));
    SMALL.train(&mut trainer, 1, 3);
    let before = trainer.state();
    trainer.drop_dead(1);
    let after = trainer.state();
    let dead = Dead { words: &[0, 3, 4, 22], dimensions: &[], units: &[0, 2, 8], gates: &[] };
    let mut compared = 0;
    for NamedTensor { name, shape, values } in before.iter().filter(|tensor| tensor.shape.len() == 2) {
        if name.starts_with("state/") {
            assert!(after.iter().all(|tensor| tensor.name != *name), "the carried state has the old width");
            continue;
        }
        let values: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        let path = name.trim_start_matches("adam/first/").trim_start_matches("adam/second/");
        let wanted = alive(&values, [shape[0], shape[1]], meaning(path, false), dead, SMALL.hidden);
        let found = after.iter().find(|tensor| tensor.name == *name).expect("it is still stored");
        assert_eq!(found.shape, wanted.shape, "{name}");
        let found: Vec<f64> = found.values.iter().map(|value| f64::from(*value)).collect();
        assert_close(&found, &wanted.values, 0.0, name);
        compared += usize::from(found.len() < values.len());
    }
    // All but the bias of the output layer, each with two moments.
    assert_eq!(compared, 3 * 13);
}

#[test]
fn a_part_is_dropped_after_epochs_of_noise_in_a_row() {
    let rule = DropDead { after: 3, ..RULE };
    let mut trainer = SMALL.trainer(dead_groups).with_drop_dead(Some(rule));
    for epoch in [1, 1, 1, 2, 2] {
        trainer.drop_dead(epoch);
        assert_eq!(trainer.trained_share(), Some(1.0), "after epoch {epoch}");
    }
    trainer.drop_dead(3);
    assert!(trainer.trained_share() < Some(1.0));
    assert_eq!(trainer.network().recurrent().units.hidden, 6);
    // Log alpha is 7.2, and below a larger margin it is no noise.
    let mut trainer = SMALL.trainer(dead_groups).with_drop_dead(Some(DropDead { margin: 8.0, ..RULE }));
    trainer.drop_dead(1);
    assert_eq!(trainer.trained_share(), Some(1.0));
}

/// Single preactivations leave, those of units that stay among them, and the rest of the network knows which.
#[test]
fn a_preactivation_is_dropped_on_its_own() {
    let width = SMALL.trainer(|_, _| {}).network().recurrent().units.width();
    let mut trainer = SMALL.trainer(dead_columns(width)).with_drop_dead(Some(WITH_GATES));
    trainer.drop_dead(1);
    let network = trainer.network().recurrent();
    let left = network.units.width();
    // Units 0, 2 and 8 have left, and of the others the preactivations 1 and 5 of the first kind.
    assert_eq!(network.w_hidden.mean.dims(), [6, left - 2]);
    assert_eq!(network.bias.dims(), [1, left]);
    let mut whole = SMALL.trainer(dead_columns(width)).with_drop_dead(Some(RULE));
    whole.drop_dead(1);
    assert!(trainer.trained_share() < whole.trained_share());
}

#[test]
fn without_the_rule_nothing_is_dropped_or_stored() {
    let mut trainer = SMALL.trainer(dead_groups);
    trainer.drop_dead(1);
    assert_eq!(trainer.trained_share(), None);
    assert!(trainer.state().iter().all(|tensor| !tensor.name.starts_with("drop_dead/")));
    // With the rule but before a drop, steps have the same bits.
    let mut ruled =
        SMALL.trainer(dead_groups).with_drop_dead(Some(DropDead { after: 9, margin: 3.0, preactivations: true }));
    ruled.drop_dead(1);
    SMALL.train(&mut trainer, 1, 3);
    SMALL.train(&mut ruled, 1, 3);
    assert_eq!(saved_bits(&ruled.parameters()), saved_bits(&trainer.parameters()));
}

/// A run across two drops, stopped anywhere, goes on bit for bit, also from a state of larger or smaller tensors.
#[test]
fn a_loaded_state_goes_on_bit_for_bit_across_drops() {
    for (cell, preactivations) in CELLS.iter().flat_map(|cell| [(cell, false), (cell, true)]) {
        let rule = DropDead { after: 2, margin: 3.0, preactivations };
        let texts = small(*cell);
        let width = texts.trainer(|_, _| {}).network().recurrent().units.width();
        let fresh = || texts.trainer(dead_columns(width)).with_drop_dead(Some(rule));
        let mut straight = fresh();
        let mut states = vec![straight.state()];
        for epoch in 0..5 {
            straight.drop_dead(epoch);
            texts.train(&mut straight, u64::from(epoch) * 2 + 1, u64::from(epoch) * 2 + 2);
            states.push(straight.state());
        }
        let [first, .., last] = &states[..] else { panic!("states") };
        assert!(last[0].values.len() < first[0].values.len(), "nothing was dropped");
        let mut used = fresh();
        for from in [0, 5, 1, 4, 2, 3] {
            // By a trainer that is whole, and by one from whose tensors parts have left.
            for is_used in [false, true] {
                let mut resumed = if is_used { std::mem::replace(&mut used, fresh()) } else { fresh() };
                resumed.restore_state(&states[from]).expect("what was saved");
                assert_eq!(saved_bits(&resumed.state()), saved_bits(&states[from]));
                for epoch in from as u32..5 {
                    resumed.drop_dead(epoch);
                    texts.train(&mut resumed, u64::from(epoch) * 2 + 1, u64::from(epoch) * 2 + 2);
                }
                assert_eq!(saved_bits(&resumed.state()), saved_bits(last), "{} from {from}", cell.name());
                used = resumed;
            }
        }
    }
}

#[test]
fn a_damaged_list_is_refused_and_changes_nothing() {
    let ruled = || SMALL.trainer(dead_groups).with_drop_dead(Some(WITH_GATES));
    let mut other = ruled();
    other.drop_dead(1);
    let good = other.state();
    let lists = good.iter().filter(|tensor| tensor.name.starts_with("drop_dead/"));
    let names: Vec<_> = lists.map(|tensor| tensor.name.clone()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        for damage in [|_: &mut NamedTensor| {}, |tensor: &mut NamedTensor| tensor.values[0] = -1.0] {
            let mut bad = good.clone();
            let at = bad.iter().position(|tensor| tensor.name == name).expect("it is there");
            damage(&mut bad[at]);
            if bad[at] == good[at] {
                bad.remove(at);
            }
            let mut trainer = ruled();
            let before = trainer.state();
            let message = trainer.restore_state(&bad).expect_err(&name);
            assert!(message.starts_with(&name), "{message}");
            assert_eq!(saved_bits(&trainer.state()), saved_bits(&before));
        }
    }
}
