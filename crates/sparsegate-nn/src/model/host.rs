//! Conversion between device tensors and host arrays.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::network::Network;
use sparsegate_core::trainer::NamedTensor;

/// The elements of a tensor, row-major.
pub(super) fn values(tensor: &Tensor<2>) -> Vec<f32> {
    match tensor.to_data().convert::<f32>().try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("data converted to f32 is f32: {error:?}"),
    }
}

/// A tensor in the form that checkpoints store.
pub(super) fn named(name: &str, tensor: &Tensor<2>) -> NamedTensor {
    NamedTensor { name: name.to_owned(), shape: tensor.dims().to_vec(), values: values(tensor) }
}

/// All tensors of a network.
pub(super) fn host_tensors(network: &impl Network) -> Vec<NamedTensor> {
    network.tensors().iter().map(|(name, tensor)| named(name, tensor)).collect()
}

/// Finds the tensor `name` and puts it on a device, in the given float type.
///
/// # Errors
/// The tensor is missing, has another shape than `shape`, or holds another number of values than its shape says.
pub(super) fn load_tensor(
    tensors: &[NamedTensor],
    name: &str,
    shape: [usize; 2],
    kind: &(Device, DType),
) -> Result<Tensor<2>, String> {
    let found = tensors.iter().find(|tensor| tensor.name == name).ok_or_else(|| format!("{name} is missing"))?;
    if found.shape != shape {
        return Err(format!("{name} has shape {:?}, not {shape:?}", found.shape));
    }
    let (count, wanted) = (found.values.len(), shape[0] * shape[1]);
    if count != wanted {
        return Err(format!("{name} has {count} values, not the {wanted} of its shape {shape:?}"));
    }
    Ok(Tensor::from_data(TensorData::new(found.values.clone(), shape), (&kind.0, kind.1)))
}
