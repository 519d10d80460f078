//! Tensors on their way to and from the host.

use burn::tensor::{DType, Device, Tensor, TensorData};

use sparsegate_core::trainee::NamedTensor;

/// The values of a tensor, row-major.
pub(super) fn values(tensor: &Tensor<2>) -> Vec<f32> {
    match tensor.to_data().convert::<f32>().try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("data converted to f32 is f32: {error:?}"),
    }
}

/// A tensor as checkpoints hold it.
pub(super) fn named(name: &str, tensor: &Tensor<2>) -> NamedTensor {
    NamedTensor { name: name.to_owned(), shape: tensor.dims().to_vec(), values: values(tensor) }
}

/// The tensor called `name`, of `shape`, on a device and in a float type.
///
/// # Errors
/// Its name, if it is missing or has another shape.
pub(super) fn find(
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
