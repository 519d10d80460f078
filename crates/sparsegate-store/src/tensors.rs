//! Named tensors as safetensors bytes, with a single metadata entry. The library writes several entries in hash order,
//! so more of them would make the bytes depend on chance.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;

use safetensors::{Dtype, SafeTensors, View};

use sparsegate_core::trainer::NamedTensor;

/// The one metadata key; its value is JSON.
const KEY: &str = "sparsegate";

struct TensorBytes<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for TensorBytes<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// Encodes `tensors`, sorted by name, with the JSON text `metadata`.
///
/// # Errors
/// A tensor whose number of values does not fit its shape.
pub(super) fn encode(tensors: &[NamedTensor], metadata: String) -> Result<Vec<u8>, String> {
    let views = tensors.iter().map(|t| (t.name.as_str(), TensorBytes { shape: &t.shape, values: &t.values }));
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), metadata)]))).map_err(|e| e.to_string())
}

/// Decodes the output of [`encode`]; tensors are in order of name.
///
/// # Errors
/// A description of what is wrong with the bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<(Vec<NamedTensor>, String), String> {
    let metadata = metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name} is not f32"));
        }
        let values = view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((tensors, metadata))
}

fn metadata(bytes: &[u8]) -> Result<String, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let entry = header.metadata().as_ref().and_then(|entries| entries.get(KEY));
    entry.cloned().ok_or_else(|| format!("its header has no entry `{KEY}`"))
}

/// Reads only the metadata, from the header of a file.
///
/// # Errors
/// A description of what is wrong with the header.
pub(super) fn read_metadata(mut file: impl Read) -> Result<String, String> {
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|e| e.to_string())?;
    let mut header = Vec::new();
    // `take` bounds the read, so that a corrupt length does not allocate all memory.
    file.take(u64::from_le_bytes(length)).read_to_end(&mut header).map_err(|e| e.to_string())?;
    let header: HeaderMetadata = serde_json::from_slice(&header).map_err(|e| e.to_string())?;
    header.metadata.get(KEY).cloned().ok_or_else(|| format!("its header has no entry `{KEY}`"))
}

#[derive(serde::Deserialize)]
struct HeaderMetadata {
    #[serde(rename = "__metadata__")]
    metadata: HashMap<String, String>,
}

/// Hash of the metadata and of all names, shapes and values, as lower-case hex. It does not depend on the order of the
/// tensors.
pub(super) fn checksum(tensors: &[NamedTensor], metadata: &str) -> String {
    let mut order: Vec<&NamedTensor> = tensors.iter().collect();
    order.sort_by(|a, b| a.name.cmp(&b.name));
    let mut hash = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(metadata.as_bytes());
    for tensor in order {
        part(tensor.name.as_bytes());
        part(&tensor.shape.iter().flat_map(|n| (*n as u64).to_le_bytes()).collect::<Vec<u8>>());
        part(&tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    }
    hash.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_tensors_same_bytes_whatever_the_order() {
        let a = NamedTensor { name: "a".into(), shape: vec![2, 1], values: vec![1.0, f32::MIN_POSITIVE] };
        let b = NamedTensor { name: "b/c".into(), shape: vec![], values: vec![-0.0] };
        let one = encode(&[b.clone(), a.clone()], "{}".into()).unwrap();
        let two = encode(&[a.clone(), b.clone()], "{}".into()).unwrap();
        assert_eq!(one, two);
        assert_eq!(read_metadata(one.as_slice()).unwrap(), "{}");
        let (back, metadata) = decode(&one).unwrap();
        assert_eq!(metadata, "{}");
        assert_eq!(back, vec![a.clone(), b.clone()]);
        assert_eq!(checksum(&[a.clone(), b.clone()], ""), checksum(&[b.clone(), a.clone()], ""));
        assert_ne!(checksum(std::slice::from_ref(&a), ""), checksum(&[a, b], ""));
    }

    #[test]
    fn shape_and_values_must_agree() {
        let wrong = NamedTensor { name: "a".into(), shape: vec![3], values: vec![1.0] };
        assert!(encode(&[wrong], "{}".into()).is_err());
    }
}
