//! Training without the dead parts of a network: `train.drop_dead`.
//!
//! Words, embedding dimensions and hidden units that have been pruned for several epochs are removed from the tensors
//! permanently. The result is an ordinary smaller network, so that layers, ops and backends need not know about it. A
//! word without a row is read as zeros ([`super::symbols`]). Single preactivations, on request, lose their columns in
//! the weights; the recurrence knows which ones these are ([`crate::engine::RecurrenceInputs::columns`]). The
//! parameters that the trainer returns have their original sizes, except for those of a checkpoint: a removed parameter
//! is returned with mean zero, and so counts as pruned.
//!
//! | file | contents |
//! |---|---|
//! | `axis` | what rows and columns of each tensor stand for |
//! | `part` | the parts of one kind that have not been removed, and for how many epochs each has been noise |

mod axis;
mod part;

use std::borrow::Cow;

use burn::tensor::Tensor;

use self::axis::Axis;
use self::part::{Parts, read_whole_numbers, whole_numbers};
use super::host::host_tensors;
use super::network::Network;
use super::posterior::with_posterior;
use super::recurrent::{InputKind, RecurrentConfig};
use super::symbols::{NO_ROW, indices};
use crate::engine::Moments;
use crate::variational::INITIAL_LOG_SIGMA;
use sparsegate_core::Batch;
use sparsegate_core::DropDead;
use sparsegate_core::trainer::NamedTensor;
use sparsegate_prune::Masks;

/// Name of the number of finished epochs at the last judgement, in checkpoints.
const EPOCHS: &str = "drop_dead/epochs";

/// The parts of a network that have not been removed from its tensors.
#[derive(Debug, Clone)]
pub(super) struct LiveParts {
    rule: DropDead,
    vocabulary: Parts,
    /// Dimensions of the embedding, if there is one.
    inputs: Option<Parts>,
    neurons: Parts,
    /// Preactivations, kind-major, if they are judged on their own.
    preactivations: Option<Parts>,
    /// Finished epochs at the last judgement.
    epochs: u32,
    /// Names and shapes of the whole network's tensors.
    whole: Vec<(String, [usize; 2])>,
    /// The row of each symbol of the whole network, or [`NO_ROW`]; `None` while all symbols have a row.
    rows: Option<Vec<u32>>,
}

impl LiveParts {
    /// All parts of a whole network.
    pub(super) fn all(network: &impl Network, rule: DropDead) -> Self {
        let whole: Vec<_> = network.tensors().into_iter().map(|(name, tensor)| (name, tensor.dims())).collect();
        let embedding = whole.iter().find(|(name, _)| name == "embedding/w/mean").map(|(_, shape)| *shape);
        let read = network.recurrent().inputs.count();
        Self {
            rule,
            vocabulary: Parts::all("vocabulary", embedding.map_or(read, |[vocabulary, _]| vocabulary)),
            inputs: embedding.map(|[_, dimensions]| Parts::all("inputs", dimensions)),
            neurons: Parts::all("neurons", network.recurrent().units.hidden),
            preactivations: rule
                .preactivations
                .then(|| Parts::all("preactivations", network.recurrent().units.width())),
            epochs: 0,
            whole,
            rows: None,
        }
    }

    /// Judges all parts after `epochs` finished epochs by the rules for counting, with the rule's margin in place of
    /// the limit of pruning, and removes those that have been noise for long enough from the network and the
    /// optimiser's moments. Returns whether any was. An epoch that has been judged before changes nothing.
    pub(super) fn judge(&mut self, network: &mut impl Network, moments: &mut [Moments], epochs: u32) -> bool {
        if epochs <= self.epochs {
            return false;
        }
        self.epochs = epochs;
        let units = network.recurrent().units;
        let (masks, reached) = self.masks(network);
        let after = self.rule.after;
        let stay = Stay {
            vocabulary: self.vocabulary.judge(&masks.vocabulary, after),
            inputs: self.inputs.as_mut().zip(masks.inputs).and_then(|(parts, live)| parts.judge(&live, after)),
            neurons: self.judge_neurons(&masks.neurons, after),
            preactivations: self.judge_preactivations(&reached, after),
            are_columns_judged: self.rule.preactivations,
        };
        if stay.is_all() {
            return false;
        }
        let has_embedding = self.inputs.is_some();
        let mut moments = moments.iter_mut();
        network.visit(|name, tensor| {
            let axes = Axis::of(name, has_embedding);
            if let Some(moments) = moments.next() {
                moments.first = stay.select(&moments.first, axes, units.hidden);
                moments.second = stay.select(&moments.second, axes, units.hidden);
            }
            *tensor = stay.select(tensor, axes, units.hidden);
        });
        self.resize(network);
        self.rows = self.symbol_rows();
        true
    }

    /// What the rules for counting keep of the whole network with the rule's margin, and whether a live weight reaches
    /// each preactivation, if these are judged on their own. Removed parts count as noise.
    ///
    /// A dead group factor is not enough to remove a preactivation: by the authors' rules its weights are counted as
    /// long as they are live themselves.
    fn masks(&self, network: &impl Network) -> (Masks, Vec<bool>) {
        let units = RecurrentConfig { hidden: self.neurons.total, ..network.recurrent().units };
        let tensors = host_tensors(network).into_iter().map(|tensor| self.at_full_size(tensor));
        with_posterior(units, &tensors.collect::<Vec<_>>(), false, |posterior| {
            let posterior = posterior.with_log_alpha_limit(self.rule.margin);
            let mut reached = Vec::new();
            if self.rule.preactivations {
                let layer = sparsegate_prune::layer_masks(&posterior);
                reached = vec![false; units.width()];
                for row in layer.w_input.chunks(units.width()).chain(layer.w_hidden.chunks(units.width())) {
                    reached.iter_mut().zip(row).for_each(|(reached, live)| *reached |= live);
                }
            }
            (sparsegate_prune::masks(&posterior), reached)
        })
    }

    /// Judges the hidden units. If the preactivations are judged on their own, some of a unit that stays must have a
    /// column, since a tensor cannot be empty; otherwise no unit is removed in this epoch.
    fn judge_neurons(&mut self, live: &[bool], after: u32) -> Option<Vec<usize>> {
        let mut judged = self.neurons.clone();
        let stay = judged.judge(live, after);
        let total = judged.total as u32;
        let has_unit = |place: &u32| judged.kept.binary_search(&(place % total)).is_ok();
        if self.preactivations.as_ref().is_some_and(|parts| !parts.kept.iter().any(has_unit)) {
            return None;
        }
        self.neurons = judged;
        stay
    }

    /// Judges the preactivations, if they are judged on their own; those of removed units go with them. Returns the
    /// places of the columns that stay, if not all do.
    fn judge_preactivations(&mut self, live: &[bool], after: u32) -> Option<Vec<usize>> {
        let parts = self.preactivations.as_mut()?;
        let (total, units) = (self.neurons.total as u32, &self.neurons.kept);
        let before = parts.kept.len();
        let with_unit = parts.retain(|place| units.binary_search(&(place % total)).is_ok());
        let of_unit = with_unit.unwrap_or_else(|| (0..before).collect());
        let stay = parts.judge(live, after);
        let stay: Vec<usize> = match stay {
            Some(stay) => stay.into_iter().map(|place| of_unit[place]).collect(),
            None => of_unit,
        };
        (stay.len() < before).then_some(stay)
    }

    /// Gives a network whose tensors have the sizes of the parts that have not been removed these sizes.
    pub(super) fn resize(&self, network: &mut impl Network) {
        let width = network.recurrent().units.cell.preactivations().len() * self.hidden();
        let layer = network.recurrent_mut();
        layer.units.hidden = self.hidden();
        layer.inputs = match &self.inputs {
            Some(inputs) => InputKind::Vectors(inputs.kept.len()),
            None => InputKind::Symbols(self.vocabulary.kept.len()),
        };
        layer.columns = self.columns().filter(|columns| columns.len() < width);
    }

    /// The places of the preactivations among those of the units that have not been removed; `None` if they are not
    /// judged on their own.
    fn columns(&self) -> Option<Vec<u32>> {
        let (total, units) = (self.neurons.total as u32, &self.neurons.kept);
        let place = |place: &u32| {
            let unit = units.binary_search(&(place % total)).ok()?;
            Some(place / total * units.len() as u32 + unit as u32)
        };
        Some(self.preactivations.as_ref()?.kept.iter().filter_map(place).collect())
    }

    /// Hidden units that are left.
    pub(super) fn hidden(&self) -> usize {
        self.neurons.kept.len()
    }

    /// Shape of the tensor `name` with the parts that are left, given the shape that it has in the whole network.
    fn shape_from(&self, name: &str, whole: [usize; 2]) -> [usize; 2] {
        let axes = Axis::of(name, self.inputs.is_some());
        [0, 1].map(|dim| match axes[dim] {
            Axis::Fixed => whole[dim],
            Axis::Preactivations | Axis::Biases if self.kept(axes[dim]).is_none() => {
                whole[dim] / self.neurons.total * self.hidden()
            }
            axis => self.kept(axis).map_or(whole[dim], <[u32]>::len),
        })
    }

    /// Shape of the tensor `name` with the parts that are left.
    pub(super) fn shape(&self, name: &str) -> [usize; 2] {
        let whole = self.whole.iter().find(|(found, _)| found == name).map_or([0, 0], |(_, whole)| *whole);
        self.shape_from(name, whole)
    }

    fn kept(&self, axis: Axis) -> Option<&[u32]> {
        match axis {
            Axis::Vocabulary => Some(&self.vocabulary.kept),
            Axis::Inputs => self.inputs.as_ref().map(|parts| parts.kept.as_slice()),
            Axis::Neurons => Some(&self.neurons.kept),
            Axis::Preactivations => self.preactivations.as_ref().map(|parts| parts.kept.as_slice()),
            Axis::Biases | Axis::Fixed => None,
        }
    }

    /// The row of each symbol; `None` if none was dropped.
    fn symbol_rows(&self) -> Option<Vec<u32>> {
        let Parts { total, kept, .. } = &self.vocabulary;
        (kept.len() < *total).then(|| {
            let mut rows = vec![NO_ROW; *total];
            for (row, symbol) in (0..).zip(kept) {
                rows[*symbol as usize] = row;
            }
            rows
        })
    }

    /// A batch with the rows of its symbols in place of their ids.
    pub(super) fn batch<'a>(&self, batch: &'a Batch) -> Cow<'a, Batch> {
        match &self.rows {
            None => Cow::Borrowed(batch),
            Some(rows) => {
                let inputs = batch.inputs.iter().map(|id| rows[*id as usize]).collect();
                Cow::Owned(Batch { inputs, ..batch.clone() })
            }
        }
    }

    /// A tensor at the size of the whole network, with noise in place of what was dropped.
    pub(super) fn at_full_size(&self, tensor: NamedTensor) -> NamedTensor {
        let Some((name, whole)) = self.whole.iter().find(|(name, _)| *name == tensor.name) else { return tensor };
        if tensor.shape == whole {
            return tensor;
        }
        let axes = Axis::of(name, self.inputs.is_some());
        let [rows, columns] = [0, 1].map(|dim| self.places(axes[dim], whole[dim]));
        let fill = if name.ends_with("/log_sigma") { INITIAL_LOG_SIGMA as f32 } else { 0.0 };
        let mut values = vec![fill; whole[0] * whole[1]];
        for (row, kept) in rows.iter().zip(tensor.values.chunks(columns.len())) {
            for (column, value) in columns.iter().zip(kept) {
                values[row * whole[1] + column] = *value;
            }
        }
        NamedTensor { name: tensor.name, shape: whole.to_vec(), values }
    }

    /// Where the elements along a dimension of `size` that are left lie in the whole network.
    fn places(&self, axis: Axis, size: usize) -> Vec<usize> {
        match (axis, self.kept(axis)) {
            (Axis::Preactivations | Axis::Biases, None) => {
                by_kind(self.neurons.kept.iter().map(|unit| *unit as usize), self.neurons.total, size)
            }
            (_, Some(kept)) => kept.iter().map(|place| *place as usize).collect(),
            (_, None) => (0..size).collect(),
        }
    }

    /// The fraction of the parameters of the whole network that are left.
    pub(super) fn trained_share(&self) -> f64 {
        let size = |shape: [usize; 2]| (shape[0] * shape[1]) as f64;
        let left: f64 = self.whole.iter().map(|(name, whole)| size(self.shape_from(name, *whole))).sum();
        left / self.whole.iter().map(|(_, whole)| size(*whole)).sum::<f64>()
    }

    /// The number of variational parameters that were dropped.
    pub(super) fn dropped_variational(&self) -> usize {
        let size = |shape: [usize; 2]| shape[0] * shape[1];
        let variational = self.whole.iter().filter(|(name, _)| name.ends_with("/log_sigma"));
        variational.map(|(name, whole)| size(*whole) - size(self.shape_from(name, *whole))).sum()
    }

    /// The form in which checkpoints store it.
    pub(super) fn state(&self) -> Vec<NamedTensor> {
        let parts = [Some(&self.vocabulary), self.inputs.as_ref(), Some(&self.neurons), self.preactivations.as_ref()];
        let mut state: Vec<_> = parts.into_iter().flatten().flat_map(Parts::state).collect();
        state.push(whole_numbers(EPOCHS.to_owned(), &[self.epochs]));
        state
    }

    /// The parts that a checkpoint stores.
    ///
    /// # Errors
    /// The name of a tensor that is missing or damaged.
    pub(super) fn restored(&self, tensors: &[NamedTensor]) -> Result<Self, String> {
        let epochs = read_whole_numbers(tensors, EPOCHS)?;
        let [epochs] = epochs[..] else { return Err(format!("{EPOCHS} has {} values, not one", epochs.len())) };
        let mut restored = Self {
            vocabulary: self.vocabulary.restored(tensors)?,
            inputs: self.inputs.as_ref().map(|parts| parts.restored(tensors)).transpose()?,
            neurons: self.neurons.restored(tensors)?,
            preactivations: self.preactivations.as_ref().map(|parts| parts.restored(tensors)).transpose()?,
            epochs,
            ..self.clone()
        };
        restored.rows = restored.symbol_rows();
        Ok(restored)
    }
}

/// The places of what stays in the tensors, by kind; `None` where all stay.
struct Stay {
    vocabulary: Option<Vec<usize>>,
    inputs: Option<Vec<usize>>,
    neurons: Option<Vec<usize>>,
    preactivations: Option<Vec<usize>>,
    /// Whether `preactivations` are the columns of the weights that stay, rather than all those of the units that do.
    are_columns_judged: bool,
}

impl Stay {
    fn is_all(&self) -> bool {
        [&self.vocabulary, &self.inputs, &self.neurons, &self.preactivations].into_iter().all(Option::is_none)
    }

    /// What stays of a tensor of a network with `hidden` units.
    fn select(&self, tensor: &Tensor<2>, axes: [Axis; 2], hidden: usize) -> Tensor<2> {
        let device = tensor.device().inner();
        (0..2).fold(tensor.clone(), |tensor, dim| {
            let size = tensor.dims()[dim];
            let places = match axes[dim] {
                Axis::Vocabulary => self.vocabulary.clone(),
                Axis::Inputs => self.inputs.clone(),
                Axis::Neurons => self.neurons.clone(),
                Axis::Preactivations if self.are_columns_judged => self.preactivations.clone(),
                Axis::Preactivations | Axis::Biases => {
                    self.neurons.as_ref().map(|units| by_kind(units.iter().copied(), hidden, size))
                }
                Axis::Fixed => None,
            };
            match places {
                Some(places) => tensor.select(dim, indices(&places, &device)),
                None => tensor,
            }
        })
    }
}

/// The places of `units` out of `hidden` along a kind-major dimension of `size`.
fn by_kind(units: impl Iterator<Item = usize> + Clone, hidden: usize, size: usize) -> Vec<usize> {
    (0..size / hidden).flat_map(|kind| units.clone().map(move |unit| kind * hidden + unit)).collect()
}
