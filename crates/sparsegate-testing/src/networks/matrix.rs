//! Host matrices, conversion to tensors, and comparison with a tolerance.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A row-major matrix whose values are exact in single precision.
#[derive(Debug, Clone)]
pub struct HostMatrix {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Elements.
    pub values: Vec<f64>,
}

/// Memory layout of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLayout {
    /// Contiguous, in its own buffer.
    Plain,
    /// The first rows of a larger buffer.
    FirstRows,
    /// The last rows of a larger buffer.
    LastRows,
    /// A range of columns in the middle of wider rows.
    Columns,
    /// The transpose of a buffer.
    Transposed,
}

/// All layouts except [`MemoryLayout::Plain`].
pub const VIEWS: [MemoryLayout; 4] =
    [MemoryLayout::FirstRows, MemoryLayout::LastRows, MemoryLayout::Columns, MemoryLayout::Transposed];

impl HostMatrix {
    /// Uniform random values between two limits.
    pub fn random(shape: [usize; 2], limits: [f64; 2], seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let draw = |_| f64::from(random.random_range(limits[0] as f32..limits[1] as f32));
        Self { shape, values: (0..shape[0] * shape[1]).map(draw).collect() }
    }

    /// The matrix of some of the columns.
    #[must_use]
    pub fn columns(&self, columns: &[u32]) -> Self {
        let row = |row: &[f64]| columns.iter().map(|column| row[*column as usize]).collect::<Vec<_>>();
        let values = self.values.chunks(self.shape[1]).flat_map(row).collect();
        Self { shape: [self.shape[0], columns.len()], values }
    }

    /// As a tensor on flex, outside autodiff.
    pub fn tensor(&self, dtype: DType) -> Tensor<2> {
        self.view(dtype, MemoryLayout::Plain)
    }

    /// As a view of a larger buffer, whose other elements are 7.
    pub fn view(&self, dtype: DType, layout: MemoryLayout) -> Tensor<2> {
        self.place(&Device::flex(), dtype, layout)
    }

    /// As a tensor on any device, outside autodiff.
    pub fn place(&self, device: &Device, dtype: DType, layout: MemoryLayout) -> Tensor<2> {
        let plain = || Tensor::from_data(TensorData::new(self.values.clone(), self.shape), (device, dtype));
        let [rows, columns] = self.shape;
        let junk = |shape: [usize; 2]| Tensor::<2>::full(shape, 7.0, (device, dtype));
        match layout {
            MemoryLayout::Plain => plain(),
            MemoryLayout::FirstRows => Tensor::cat(vec![plain(), junk([3, columns])], 0).narrow(0, 0, rows),
            MemoryLayout::LastRows => Tensor::cat(vec![junk([3, columns]), plain()], 0).narrow(0, 3, rows),
            MemoryLayout::Columns => {
                Tensor::cat(vec![junk([rows, 2]), plain(), junk([rows, 3])], 1).narrow(1, 2, columns)
            }
            MemoryLayout::Transposed => {
                let turned = (0..columns).flat_map(|c| (0..rows).map(move |r| (r, c)));
                let values = turned.map(|(r, c)| self.values[r * columns + c]).collect();
                Self { shape: [columns, rows], values }.place(device, dtype, MemoryLayout::Plain).transpose()
            }
        }
    }
}

/// Ids as a tensor on flex.
pub fn ids(ids: &[u32]) -> Tensor<1, Int> {
    ids_on(&Device::flex(), ids)
}

/// Ids as a tensor.
pub fn ids_on(device: &Device, ids: &[u32]) -> Tensor<1, Int> {
    let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::from_data(TensorData::new(values, [ids.len()]), device)
}

/// Random ids below a limit; some repeat, and if there are fewer ids than the limit, some are missing.
pub fn random_ids(count: usize, limit: usize, seed: u64) -> Vec<u32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(0..limit as u32)).collect()
}

/// A tensor's elements, row-major.
pub fn host(tensor: &Tensor<2>) -> Vec<f64> {
    tensor.to_data().convert::<f64>().try_into_vec().expect("converted to f64")
}

/// The bits of the values: comparing them distinguishes 0 from -0, and NaN equals itself.
pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Fails unless every pair differs by at most `tolerance` times the largest expected magnitude, or times one if that is
/// larger.
pub fn assert_close(found: &[f64], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: number of elements");
    let scale = wanted.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
    for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let off = (found - wanted).abs();
        assert!(off <= tolerance * scale, "{what}: element {place} is {found}, not {wanted} (scale {scale})");
    }
}
