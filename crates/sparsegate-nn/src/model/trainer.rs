//! A network with its optimiser: the implementation of [`Trainer`].

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use burn::tensor::Tensor;

use super::evaluate::evaluate;
use super::gradients::{KlTermAndNorm, StepGradients};
use super::host::{host_tensors, load_tensor, named};
use super::live::LiveParts;
use super::metrics::{DeviceMetrics, MetricsQueue};
use super::network::Network;
use super::noise::NoiseSource;
use super::posterior::with_posterior;
use crate::baselines::{Pruning, PruningStep, WeightMatrices, WeightMatrixKind, mask_moments};
use crate::engine::{AdamStep, Moments, Ops};
use crate::variational::kl_of_noise;
use sparsegate_core::Adam;
use sparsegate_core::DropDead;
use sparsegate_core::Evaluation;
use sparsegate_core::Schedule;
use sparsegate_core::trainer::{NamedTensor, NonFinite, StepMetrics, Trainer};
use sparsegate_core::{Batch, BatchSource};
use sparsegate_core::{Counts, Structure};
use sparsegate_prune::Posterior;

/// Training options beside the network.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerOptions {
    /// Seed of the noise.
    pub seed: u64,
    /// Whether a batch starts from the final state of the batch before it.
    pub carry_state: bool,
    /// N of the KL weight 1/N: the number of symbols (or texts) predicted per epoch.
    pub train_size: usize,
    /// Hyperparameters of the optimiser.
    pub adam: Adam,
    /// Limit of the gradient's global norm; `None` for no rescaling.
    pub clip_norm: Option<f64>,
}

/// A network with its optimiser's moments and its carried state.
#[derive(Debug)]
pub struct NetworkTrainer<N> {
    network: N,
    ops: &'static dyn Ops,
    options: TrainerOptions,
    schedule: Schedule,
    /// In the order of [`Network::visit`].
    moments: Vec<Moments>,
    /// The pruning baseline, if any; exact zeros then count as pruned.
    pruning: Option<Pruning>,
    /// The parts that are left in the tensors, if dead ones are dropped.
    live: Option<LiveParts>,
    /// In the order of [`sparsegate_core::cells::Cell::states`].
    carried: Option<Vec<Tensor<2>>>,
    pending_metrics: MetricsQueue,
}

/// The gradient of a parameter, with the parameter's name.
type NamedGradient = (String, Tensor<2>);

/// Result of a forward and backward pass.
struct ForwardBackward {
    numbers: DeviceMetrics,
    gradients: StepGradients,
    /// The states that the next batch starts from; `None` if states are not carried.
    states: Option<Vec<Tensor<2>>>,
}

impl<N: Network> NetworkTrainer<N> {
    /// A network before its first step.
    pub fn new(network: N, ops: &'static dyn Ops, options: TrainerOptions) -> Self {
        let zeros = |tensor: &Tensor<2>| tensor.zeros_like();
        let tensors = network.tensors().into_iter();
        let moments = tensors.map(|(_, tensor)| Moments { first: zeros(&tensor), second: zeros(&tensor) }).collect();
        Self {
            network,
            ops,
            options,
            schedule: Schedule::default(),
            moments,
            pruning: None,
            live: None,
            carried: None,
            pending_metrics: MetricsQueue::new(1),
        }
    }

    /// Sets the factors of learning rate and KL weight. Default: 1 at every step.
    #[must_use]
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Sets the pruning baseline, if there is one.
    #[must_use]
    pub fn with_pruning(self, pruning: Option<Pruning>) -> Self {
        Self { pruning, ..self }
    }

    /// Drops the parts that are noise as this rule says, if there is one.
    #[must_use]
    pub fn with_drop_dead(self, rule: Option<DropDead>) -> Self {
        Self { live: rule.map(|rule| LiveParts::all(&self.network, rule)), ..self }
    }

    /// Sets the number of steps whose metrics are read together; see [`crate::engine::Engine::metrics_interval`].
    #[must_use]
    pub fn read_metrics_every(self, steps: usize) -> Self {
        Self { pending_metrics: MetricsQueue::new(steps), ..self }
    }

    /// The network in its current state, without the parts that were dropped.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// The states that the next batch starts from; `None` means zeros.
    pub fn carried_states(&self) -> Option<&[Tensor<2>]> {
        self.carried.as_deref()
    }

    /// Replaces the states that the next batch starts from, each `[B, H]`, in the order of
    /// [`sparsegate_core::cells::Cell::states`].
    pub fn set_carried_states(&mut self, states: Option<Vec<Tensor<2>>>) {
        self.carried = states;
    }

    /// Makes one step with the given noise and waits for its metrics.
    ///
    /// # Errors
    /// A loss, KL term or gradient that is not finite.
    pub fn step_with(&mut self, batch: &Batch, step: u64, noise: &NoiseSource) -> Result<StepMetrics, NonFinite> {
        let (report, found) = self.differentiate_checked(batch, step, noise)?;
        self.update(found, step);
        Ok(report)
    }

    /// Computes the metrics and gradients of a batch. Advances the carried state and leaves the parameters unchanged.
    ///
    /// # Errors
    /// A loss, KL term or gradient that is not finite.
    pub fn gradients(
        &mut self,
        batch: &Batch,
        step: u64,
        noise: &NoiseSource,
    ) -> Result<(StepMetrics, Vec<NamedGradient>), NonFinite> {
        let (report, found) = self.differentiate_checked(batch, step, noise)?;
        self.carried = found.states;
        Ok((report, found.gradients.total(&self.network, self.ops)))
    }

    /// Runs a forward and backward pass, waits for its metrics and checks that they are finite.
    fn differentiate_checked(
        &self,
        batch: &Batch,
        step: u64,
        noise: &NoiseSource,
    ) -> Result<(StepMetrics, ForwardBackward), NonFinite> {
        let found = self.differentiate(batch, step, noise);
        let report = found.numbers.to_host(step);
        self.check_finite(&report, &found.gradients)?;
        Ok((report, found))
    }

    /// Runs a forward and backward pass without reading anything from the device.
    fn differentiate(&self, batch: &Batch, step: u64, noise: &NoiseSource) -> ForwardBackward {
        let batch = &*self.with_rows(batch);
        let states = self.initial_states(batch.rows);
        let mut leaves = self.network.leaves();
        let forward = leaves.forward(self.ops, batch, states, Some(noise));
        let data_loss = leaves.loss(self.ops, forward.outputs, &batch.targets);
        let found = data_loss.backward();
        let gradients = StepGradients::new(&mut leaves, found, batch, self.pruning.is_some(), self.kl_weight(step));
        let KlTermAndNorm { kl_term, square_sum } = gradients.kl_term_and_norm(&self.network, self.ops);
        // The parts that were dropped are pure noise, and their KL divergence is a constant.
        let dropped = self.live.as_ref().map_or(0, LiveParts::dropped_variational);
        let kl_term = match kl_term {
            Some(kl) if dropped > 0 => Some(kl.add_scalar(dropped as f64 * kl_of_noise() * self.kl_weight(step))),
            kl => kl,
        };
        let data_loss = data_loss.inner();
        let gradient_norm = square_sum.map_or_else(|| data_loss.zeros_like(), Tensor::sqrt);
        let numbers = DeviceMetrics { data_loss, kl_term, gradient_norm };
        ForwardBackward { numbers, gradients, states: self.options.carry_state.then_some(forward.last) }
    }

    /// A batch with the rows of its symbols in the tensors in place of their ids.
    fn with_rows<'a>(&self, batch: &'a Batch) -> Cow<'a, Batch> {
        self.live.as_ref().map_or(Cow::Borrowed(batch), |live| live.batch(batch))
    }

    /// Calls `with` with the posterior of the whole network.
    fn posterior<R>(&self, with: impl FnOnce(&Posterior<'_, f32>) -> R) -> R {
        with_posterior(self.network.recurrent().units, &self.parameters(), self.pruning.is_some(), with)
    }

    /// Weight of the KL term at a step: 1/N times the schedule's factor. Without a schedule the factor is exactly 1,
    /// so the weight has the bits of 1/N.
    fn kl_weight(&self, step: u64) -> f64 {
        1.0 / self.options.train_size as f64 * self.schedule.kl_factor(step)
    }

    /// Learning rate at a step.
    fn learning_rate(&self, step: u64) -> f64 {
        self.options.adam.lr * self.schedule.rate_factor(step)
    }

    /// Rejects metrics that are not finite, and names the tensor responsible: the first non-finite parameter, otherwise
    /// the data loss, the KL term or a gradient.
    fn check_finite(&self, report: &StepMetrics, gradients: &StepGradients) -> Result<(), NonFinite> {
        let StepMetrics { step, data_loss, kl_term, gradient_norm } = *report;
        if data_loss.is_finite() && kl_term.is_finite() && gradient_norm.is_finite() {
            return Ok(());
        }
        let broken = |tensor: &Tensor<2>| !self.ops.square_sum(tensor).into_scalar::<f64>().is_finite();
        let parameter = self.network.tensors().into_iter().find(|(_, tensor)| broken(tensor)).map(|(name, _)| name);
        let tensor = parameter.unwrap_or_else(|| match (data_loss.is_finite(), kl_term.is_finite()) {
            (false, _) => "the data loss".to_owned(),
            (true, false) => "the KL term".to_owned(),
            (true, true) => {
                let gradients = gradients.total(&self.network, self.ops);
                match gradients.iter().find(|(_, gradient)| broken(gradient)) {
                    Some((name, _)) => format!("the gradient of {name}"),
                    None => "the gradient's norm".to_owned(),
                }
            }
        });
        Err(NonFinite { step, tensor })
    }

    /// The initial states for a batch of `rows` sequences.
    fn initial_states(&self, rows: usize) -> Vec<Tensor<2>> {
        match &self.carried {
            Some(states) if self.options.carry_state => states.clone(),
            _ => self.network.zero_states(rows),
        }
    }

    /// Applies Adam in Lasagne's form to the rescaled gradients, then the pruning baseline.
    fn update(&mut self, found: ForwardBackward, step: u64) {
        let scale = found.numbers.gradient_scale(self.options.clip_norm);
        self.carried = found.states;
        self.adam(found.gradients, step, &scale);
        self.prune(step);
    }

    fn adam(&mut self, gradients: StepGradients, step: u64, scale: &Tensor<1>) {
        let Adam { lr: _, beta1, beta2, epsilon } = self.options.adam;
        let lr = self.learning_rate(step);
        let time = step as f64;
        let step =
            AdamStep { rate: lr * (1.0 - beta2.powf(time)).sqrt() / (1.0 - beta1.powf(time)), beta1, beta2, epsilon };
        gradients.adam(&mut self.network, &mut self.moments, self.ops, scale, &step);
    }

    /// Applies the pruning baseline after an optimiser step.
    fn prune(&mut self, step: u64) {
        let Some(Pruning { baseline, total_steps }) = &self.pruning else { return };
        let mut weights = WeightMatrices::new();
        self.network.visit(|name, tensor| {
            weights.extend(WeightMatrixKind::from_path(name).map(|matrix| (matrix, tensor.clone())));
        });
        let now = PruningStep { step, total_steps: *total_steps, learning_rate: self.learning_rate(step) };
        if !baseline.after_step(now, &mut weights) {
            return;
        }
        let mut moments = self.moments.iter_mut();
        self.network.visit(|name, tensor| {
            let Some(moments) = moments.next() else { return };
            if let Some(pruned) = WeightMatrixKind::from_path(name).and_then(|matrix| weights.remove(&matrix)) {
                *moments = mask_moments(&pruned, moments.clone());
                *tensor = pruned;
            }
        });
    }

    /// Checkpoint names of the carried states, in the order of [`sparsegate_core::cells::Cell::states`].
    fn state_names(&self) -> impl Iterator<Item = String> {
        self.network.recurrent().units.cell.states().iter().map(|state| format!("state/{state}"))
    }
}

impl<N: Network> Trainer for NetworkTrainer<N> {
    fn step(&mut self, batch: &Batch, step: u64) -> Result<Vec<StepMetrics>, NonFinite> {
        let noise = NoiseSource::Counter { seed: self.options.seed, step: step as u32 };
        if self.pending_metrics.is_synchronous() {
            return Ok(vec![self.step_with(batch, step, &noise)?]);
        }
        // Queue the whole step, and the next ones, before reading anything back from the device.
        let found = self.differentiate(batch, step, &noise);
        let numbers = found.numbers.clone();
        self.update(found, step);
        Ok(self.pending_metrics.push(step, numbers))
    }

    fn drain_metrics(&mut self) -> Vec<StepMetrics> {
        self.pending_metrics.finish()
    }

    fn reset_state(&mut self) {
        self.carried = None;
    }

    fn drop_dead(&mut self, finished_epochs: u32) {
        if let Some(live) = &mut self.live
            && live.judge(&mut self.network, &mut self.moments, finished_epochs)
        {
            // They have the old width.
            self.carried = None;
        }
    }

    fn trained_share(&self) -> Option<f64> {
        self.live.as_ref().map(LiveParts::trained_share)
    }

    fn evaluate_unless(&self, stop: &AtomicBool, source: &dyn BatchSource) -> Option<Evaluation> {
        evaluate(&self.network, self.ops, source, self.live.as_ref(), stop)
    }

    fn counts(&self) -> Counts {
        self.posterior(|posterior| sparsegate_prune::counts(&sparsegate_prune::masks(posterior)))
    }

    fn structure(&self) -> Structure {
        self.posterior(|posterior| sparsegate_prune::structure(posterior, &sparsegate_prune::masks(posterior)))
    }

    fn parameters(&self) -> Vec<NamedTensor> {
        let tensors = host_tensors(&self.network);
        match &self.live {
            Some(live) => tensors.into_iter().map(|tensor| live.at_full_size(tensor)).collect(),
            None => tensors,
        }
    }

    fn state(&self) -> Vec<NamedTensor> {
        let mut saved = host_tensors(&self.network);
        for ((name, _), moments) in self.network.tensors().iter().zip(&self.moments) {
            saved.push(named(&format!("adam/first/{name}"), &moments.first));
            saved.push(named(&format!("adam/second/{name}"), &moments.second));
        }
        for (name, state) in self.state_names().zip(self.carried.iter().flatten()) {
            saved.push(named(&name, state));
        }
        saved.extend(self.live.iter().flat_map(LiveParts::state));
        saved
    }

    fn restore_state(&mut self, tensors: &[NamedTensor]) -> Result<(), String> {
        let kind = self.network.device_and_dtype();
        let live = self.live.as_ref().map(|live| live.restored(tensors)).transpose()?;
        let mut loaded = Vec::new();
        for (name, tensor) in self.network.tensors() {
            let shape = live.as_ref().map_or_else(|| tensor.dims(), |live| live.shape(&name));
            let moments = Moments {
                first: load_tensor(tensors, &format!("adam/first/{name}"), shape, &kind)?,
                second: load_tensor(tensors, &format!("adam/second/{name}"), shape, &kind)?,
            };
            loaded.push((load_tensor(tensors, &name, shape, &kind)?, moments));
        }
        let first = self.state_names().next();
        let carried = match tensors.iter().find(|tensor| Some(&tensor.name) == first.as_ref()) {
            Some(hidden) => {
                let rows = hidden.shape.first().copied().unwrap_or_default();
                let hidden = live.as_ref().map_or(self.network.recurrent().units.hidden, LiveParts::hidden);
                let shape = [rows, hidden];
                Some(
                    self.state_names()
                        .map(|name| load_tensor(tensors, &name, shape, &kind))
                        .collect::<Result<_, _>>()?,
                )
            }
            None => None,
        };
        // The network is changed only after all tensors have been found.
        self.carried = carried;
        let (parameters, moments): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
        self.moments = moments;
        let mut parameters = parameters.into_iter();
        self.network.visit(|_, tensor| {
            if let Some(parameter) = parameters.next() {
                *tensor = parameter;
            }
        });
        if let Some(live) = live {
            live.resize(&mut self.network);
            self.live = Some(live);
        }
        Ok(())
    }
}
