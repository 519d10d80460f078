//! Exports a model as dense tensors with the names and gate order of PyTorch's modules, as safetensors.
//!
//! | tensor | shape | module |
//! |---|---|---|
//! | `embedding.weight` | `[symbols + 1, D]` | `nn.Embedding`; the last row is zero, for a step with zero input |
//! | `rnn.weight_ih_l0`, `rnn.weight_hh_l0` | `[gates * H, D]`, `[gates * H, H]` | `nn.LSTM`, `nn.GRU` or `nn.RNN` |
//! | `rnn.bias_ih_l0`, `rnn.bias_hh_l0` | `[gates * H]` | the same |
//! | `output.weight`, `output.bias` | `[O, H]`, `[O]` | `nn.Linear` |
//! | `state_factor` | `[H]` | none: factors of the new state of a `gru-zhstate` |

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sparsegate_runtime::{CellKind, Model};

use super::dense::DenseLayer;
use super::{ExportError, description};
use sparsegate_compact::Details;

/// Gates in PyTorch's order, given as kinds of [`CellKind::preactivations`].
struct Gates {
    input: &'static [usize],
    recurrent: &'static [usize],
    state_bias: &'static [Option<usize>],
}

fn gates(cell: CellKind) -> Gates {
    match cell {
        // PyTorch's order i, f, g, o, which is ours.
        CellKind::Lstm => Gates { input: &[0, 1, 2, 3], recurrent: &[0, 1, 2, 3], state_bias: &[None; 4] },
        // PyTorch's order r, z, n; ours is n_in, r, z, n_hn.
        CellKind::Gru | CellKind::GruState => {
            Gates { input: &[1, 2, 0], recurrent: &[1, 2, 3], state_bias: &[None, None, Some(3)] }
        }
        CellKind::Rnn => Gates { input: &[0], recurrent: &[0], state_bias: &[None] },
    }
}

/// Encodes the tensors.
///
/// # Errors
/// [`ExportError::TooLarge`], [`ExportError::NoModule`] for a cell that is described by its formula, or
/// [`ExportError::NoInt8`].
pub fn write(model: &Model<f32>, details: Option<&Details>) -> Result<Vec<u8>, ExportError> {
    if model.int8.is_some() {
        return Err(ExportError::NoInt8);
    }
    let Some(cell) = model.cell.built_in() else {
        return Err(ExportError::NoModule { cell: model.cell.name().to_owned() });
    };
    let dense = DenseLayer::new(model)?;
    let gates = gates(cell);
    let (units, rows) = (dense.units, gates.input.len() * dense.units);
    let input_bias: Vec<Option<usize>> = gates.input.iter().copied().map(Some).collect();
    let mut tensors = vec![
        ("embedding.weight", vec![model.symbols.total as usize + 1, dense.inputs], embedding(model, &dense)),
        ("rnn.weight_ih_l0", vec![rows, dense.inputs], dense.input(gates.input)),
        ("rnn.weight_hh_l0", vec![rows, units], dense.recurrent(gates.recurrent)),
        ("rnn.bias_ih_l0", vec![rows], dense.bias(&input_bias)),
        ("rnn.bias_hh_l0", vec![rows], dense.bias(gates.state_bias)),
        ("output.weight", vec![model.outputs(), units], dense.output()),
        ("output.bias", vec![model.outputs()], model.output_bias.clone()),
    ];
    if let Some(factor) = dense.state_factor() {
        tensors.push(("state_factor", vec![units], factor));
    }
    let tensors: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    // Only one metadata entry, because the library writes several in an unspecified order.
    let metadata = [(description::ENTRY.to_owned(), description::json(model, &dense, details)?)].into();
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// The vector of every symbol, zeros for symbols without a row, and a final row of zeros: `[symbols + 1, D]`.
fn embedding(model: &Model<f32>, dense: &DenseLayer<'_>) -> Vec<f32> {
    let mut vectors = vec![0.0; (model.symbols.total as usize + 1) * dense.inputs];
    for (row, symbol) in model.symbols.stored.iter().enumerate() {
        vectors[*symbol as usize * dense.inputs..][..dense.inputs].copy_from_slice(&dense.vector(row));
    }
    vectors
}
