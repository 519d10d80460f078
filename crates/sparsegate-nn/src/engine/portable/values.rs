//! A wrapper with operators for a backend's primitive tensors.

use std::ops::{Add, Div, Mul, Neg, Range, Sub};

use burn::backend::Backend;
use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{FloatDType, Shape, TensorData};

/// A tensor outside autodiff. Operators broadcast; a clone shares the buffer. Operands are taken by value, so that the
/// result may overwrite an unshared one.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Primitive<B: Backend>(pub(in crate::engine) FloatTensor<B>);

macro_rules! operator {
    ($trait:ident, $method:ident, $between:ident, $with_scalar:ident) => {
        impl<B: Backend> $trait for Primitive<B> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self(B::$between(self.0, other.0))
            }
        }

        impl<B: Backend> $trait<f64> for Primitive<B> {
            type Output = Self;

            fn $method(self, other: f64) -> Self {
                Self(B::$with_scalar(self.0, other.into()))
            }
        }
    };
}

operator!(Add, add, float_add, float_add_scalar);
operator!(Sub, sub, float_sub, float_sub_scalar);
operator!(Mul, mul, float_mul, float_mul_scalar);
operator!(Div, div, float_div, float_div_scalar);

impl<B: Backend> Neg for Primitive<B> {
    type Output = Self;

    fn neg(self) -> Self {
        Self(B::float_neg(self.0))
    }
}

macro_rules! elementwise {
    ($($(#[$doc:meta])* $name:ident: $op:ident;)*) => {
        $($(#[$doc])* pub(super) fn $name(self) -> Self {
            Self(B::$op(self.0))
        })*
    };
}

impl<B: Backend> Primitive<B> {
    elementwise! {
        /// Exponential.
        exp: float_exp;
        /// Natural logarithm.
        log: float_log;
        /// Natural logarithm of one plus the value.
        log1p: float_log1p;
        /// Hyperbolic tangent.
        tanh: float_tanh;
        /// Absolute value.
        abs: float_abs;
        /// Sign: -1, 0 or 1.
        sign: float_sign;
        /// `1 / (1 + exp(-x))`.
        sigmoid: sigmoid;
        /// Transpose.
        transpose: float_transpose;
        /// Sum of all elements, `[1]`.
        sum: float_sum;
    }

    /// Uploads numbers from the host, to the device and in the float type of `like`.
    pub(super) fn upload(values: Vec<f32>, shape: [usize; 2], like: &Self) -> Self {
        let data = TensorData::new(values, shape).convert_dtype(like.0.dtype());
        Self(B::float_from_data(data, &like.0.device()))
    }

    /// A constant tensor on the device and of the float type of `like`.
    pub(super) fn full(value: f64, shape: [usize; 2], like: &Self) -> Self {
        let dtype: FloatDType = like.0.dtype().into();
        Self(B::float_full(Shape::from(shape), value.into(), &like.0.device(), dtype))
    }

    /// Number of rows and columns.
    pub(super) fn dims(&self) -> [usize; 2] {
        let shape = self.0.shape();
        [shape[0], shape[1]]
    }

    /// The given rows.
    pub(super) fn rows(&self, rows: Range<usize>) -> Self {
        self.part([rows, 0..self.dims()[1]])
    }

    /// The given columns.
    pub(super) fn columns(&self, columns: Range<usize>) -> Self {
        self.part([0..self.dims()[0], columns])
    }

    fn part(&self, ranges: [Range<usize>; 2]) -> Self {
        if ranges == self.dims().map(|size| 0..size) {
            return self.clone();
        }
        Self(B::float_slice(self.0.clone(), &ranges.map(Into::into)))
    }

    /// The same values in another shape.
    pub(super) fn reshape<const D: usize>(self, shape: [usize; D]) -> Self {
        Self(B::float_reshape(self.0, Shape::from(shape)))
    }

    /// Broadcasts dimensions of size one to a larger shape.
    pub(super) fn expand<const D: usize>(self, shape: [usize; D]) -> Self {
        Self(B::float_expand(self.0, Shape::from(shape)))
    }

    /// Concatenates along a dimension: rows (0) or columns (1).
    pub(super) fn cat(parts: Vec<Self>, dim: usize) -> Self {
        Self(B::float_cat(parts.into_iter().map(|part| part.0).collect(), dim))
    }

    /// Sum over a dimension, which is kept with size one.
    pub(super) fn sum_over(self, dim: usize) -> Self {
        Self(B::float_sum_dim(self.0, dim))
    }

    /// The matrix product.
    pub(super) fn matmul(self, other: Self) -> Self {
        Self(B::float_matmul(self.0, other.0))
    }

    /// Clamps to a range; NaN stays NaN.
    pub(super) fn clamp(self, low: f64, high: f64) -> Self {
        Self(B::float_clamp(self.0, low.into(), high.into()))
    }

    /// Elementwise maximum with a number.
    pub(super) fn at_least(self, low: f64) -> Self {
        Self(B::float_clamp_min(self.0, low.into()))
    }

    /// The square.
    pub(super) fn square(self) -> Self {
        self.clone() * self
    }

    /// One minus the value.
    pub(super) fn one_minus(self) -> Self {
        -self + 1.0
    }
}
