//! The interface between the models and an engine.

use std::fmt::Debug;

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

use super::noise::Noise;
use sparsegate_core::GateActivation;
use sparsegate_core::cells::Cell;

/// Inputs of a recurrence over T steps of B sequences with H units, for a cell with P preactivations. `P * H` columns
/// are preactivation-major: `kind * H + unit`.
///
/// The sequences are aligned at their ends, so a shorter one starts later. Step t processes `active[t]` sequences,
/// always the first ones. N is the sum of `active`; an `[N, ...]` tensor has the rows of step 0, then those of step 1,
/// and so on.
#[derive(Debug, Clone)]
pub struct RecurrenceInputs<'a> {
    /// Input products `x W`, `[N, P * H]`.
    pub input: Tensor<2>,
    /// Recurrent weights U, `[H, P * H]`.
    pub recurrent: Tensor<2>,
    /// Group factors of the preactivations, `[B, P * H]`.
    pub z_gates: Tensor<2>,
    /// Biases, `[1, biases * H]`.
    pub bias: Tensor<2>,
    /// Group factors of the hidden units, `[B, H]`.
    pub z_neurons: Tensor<2>,
    /// The initial states of each sequence, each `[B, H]`, in the order of [`Cell::states`]; not differentiable.
    pub states: Vec<Tensor<2>>,
    /// Number of active sequences at each step: at least 1, non-decreasing, B at the last step.
    pub active: &'a [usize],
    /// The preactivations that have a column in `input`, `recurrent` and `z_gates`, ascending, which then have C
    /// columns instead of `P * H`; `None` if all have. The products of the others are zero, so that they equal their
    /// biases.
    pub columns: Option<&'a [u32]>,
    /// Activation function of the gates.
    pub activation: GateActivation,
}

impl RecurrenceInputs<'_> {
    /// The same with a column for every preactivation, of zeros for those that had none.
    #[must_use]
    pub fn with_all_columns(self, cell: &dyn Cell) -> Self {
        let Some(columns) = self.columns else { return self };
        let width = cell.preactivations().len() * self.z_neurons.dims()[1];
        let places: Vec<i64> = columns.iter().map(|place| i64::from(*place)).collect();
        let spread = |narrow: Tensor<2>| {
            let device = narrow.device();
            let places = TensorData::new(places.clone(), [columns.len()]);
            let places = Tensor::<1, Int>::from_data(places, &device.clone().inner());
            let zeros = Tensor::zeros([narrow.dims()[0], width], (&device, narrow.dtype()));
            zeros.select_assign(1, places, narrow, IndexingUpdateOp::Add)
        };
        Self {
            input: spread(self.input),
            recurrent: spread(self.recurrent),
            z_gates: spread(self.z_gates),
            columns: None,
            ..self
        }
    }
}

/// Adam's moments: running means of a parameter's gradient and of its square.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean of the gradient.
    pub first: Tensor<2>,
    /// Mean of the squared gradient.
    pub second: Tensor<2>,
}

/// The constants of one Adam step, the same for every parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// Learning rate times `sqrt(1 - beta2^t) / (1 - beta1^t)`.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the square root of the second moment, before the bias correction.
    pub epsilon: f64,
}

/// The gradients of the data loss with respect to a variational parameter of shape `[R, C]`, detached from autodiff.
#[derive(Debug, Clone)]
pub struct DataGradients {
    /// With respect to the means: `[R, C]`, or only the U rows listed in `rows`, `[U, C]`.
    pub mean: Tensor<2>,
    /// With respect to the log sigmas, same shape.
    pub log_sigma: Tensor<2>,
    /// Sorted indices of the rows that the gradients contain, all others being zero; `None` if they contain all rows.
    pub rows: Option<Vec<u32>>,
}

/// The KL divergence of a variational parameter, and its contribution to the squared gradient norm.
#[derive(Debug, Clone)]
pub struct KlAndNorm {
    /// Sum of the KL divergences of all elements, without the KL weight, `[1]`.
    pub kl: Tensor<1>,
    /// Sum of squares of the total gradients (data loss and weighted KL divergence), `[1]`.
    pub square_sum: Tensor<1>,
}

/// The custom ops. All tensors of a call share a device and a float type. Gradients flow to every float tensor unless
/// stated otherwise.
pub trait Ops: Debug + Send + Sync {
    /// The matrix product of `left` (`[N, K]`) and `right` (`[K, C]`), `[N, C]`.
    fn matmul(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2>;

    /// One sample of normal weights: `mean + noise * exp(log_sigma)`, all `[R, C]`.
    fn sample_weights(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2>;

    /// Rows `ids` (`[N]`) of one sample of normal weights `[R, C]`: `[N, C]`. Repeated ids give the same sampled row.
    ///
    /// If no other op reads the leaves, their gradients may contain only the rows read, each once, in ascending order.
    /// This avoids writing and reading a full-size tensor that is nearly all zeros.
    fn sample_weight_rows(
        &self,
        mean: Tensor<2>,
        log_sigma: Tensor<2>,
        ids: Tensor<1, Int>,
        noise: &Noise,
    ) -> Tensor<2>;

    /// The KL divergence from the log-uniform prior (see [`crate::variational`]), summed over a variational parameter
    /// given as its means and log sigmas `[R, C]`, and the sum of squares of the total gradient, which is that of the
    /// data loss plus `kl_weight` (the KL weight, 1/N) times that of the KL divergence. Works outside autodiff,
    /// because the KL divergence depends on the parameters alone.
    fn kl_and_gradient_norm(&self, parameter: [&Tensor<2>; 2], gradients: &DataGradients, kl_weight: f64) -> KlAndNorm;

    /// [`Ops::adam`] for the means and log sigmas of a variational parameter, on the total gradients described at
    /// [`Ops::kl_and_gradient_norm`]. They are recomputed, which is cheaper than storing them.
    fn adam_variational(
        &self,
        parameter: [Tensor<2>; 2],
        gradients: DataGradients,
        kl_weight: f64,
        moments: [Moments; 2],
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> [(Tensor<2>, Moments); 2];

    /// The total gradients (data loss and weighted KL divergence), obtained as Adam's first moments with `beta1` = 0.
    fn total_gradients(&self, parameter: [&Tensor<2>; 2], gradients: DataGradients, kl_weight: f64) -> [Tensor<2>; 2] {
        let zeros = || Moments { first: parameter[0].zeros_like(), second: parameter[0].zeros_like() };
        let step = AdamStep { rate: 0.0, beta1: 0.0, beta2: 0.0, epsilon: 1.0 };
        let scale = Tensor::ones([1], (&parameter[0].device(), parameter[0].dtype()));
        let moved = self.adam_variational(
            parameter.map(Tensor::clone),
            gradients,
            kl_weight,
            [zeros(), zeros()],
            &scale,
            &step,
        );
        moved.map(|(_, moments)| moments.first)
    }

    /// Runs the recurrence of a cell; returns its states after each step, each `[N, H]`, in the order of
    /// [`Cell::states`]. The first, the hidden state, is differentiable; the others are detached from autodiff.
    fn recurrence(&self, cell: &dyn Cell, inputs: RecurrenceInputs<'_>) -> Vec<Tensor<2>>;

    /// Mean over rows of the negative log likelihood, in nats, of `targets` (`[N]`) under softmax(`logits` `[N, V]` +
    /// `bias` `[1, V]`); shape `[1]`.
    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1>;

    /// Mean over rows of the negative log likelihood, in nats, of classes `targets` (`[B]`) given `logits` (`[B, C]`) +
    /// `bias` (`[1, C]`); shape `[1]`. A single column is a sigmoid head with targets 0 and 1; several columns are a
    /// softmax head. Probabilities are clipped to [1e-6, 1 - 1e-6]; where clipped, the gradient is zero.
    fn class_loss(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1>;

    /// Sum of squares of a tensor, outside autodiff; shape `[1]`.
    fn square_sum(&self, values: &Tensor<2>) -> Tensor<1>;

    /// One step of Adam in Lasagne's form, `p - rate * m / (sqrt(v) + epsilon)`, outside autodiff. The gradient is
    /// first multiplied by `scale` (`[1]`), the factor of gradient-norm clipping; as a tensor it need not leave the
    /// device.
    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments);
}
