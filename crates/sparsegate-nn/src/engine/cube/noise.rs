//! The noise of [`crate::engine::noise`] on the device. The random words are identical; the normals that Box-Muller
//! makes of them agree to about 1e-6.

use cubecl::prelude::*;

use crate::engine::noise::NoiseKey;

/// A [`NoiseKey`] as a kernel argument; `low` and `high` are the halves of the seed.
#[derive(CubeLaunch, CubeType)]
pub(super) struct NoiseKeyArg {
    low: u32,
    high: u32,
    stream: u32,
    step: u32,
}

impl NoiseKeyArg {
    /// Converts a key to a kernel argument.
    pub(super) fn argument(key: NoiseKey) -> NoiseKeyArgLaunch {
        NoiseKeyArgLaunch::new(key.seed as u32, (key.seed >> 32) as u32, key.stream, key.step)
    }
}

/// The four normals of one counter; [`column`] gives their columns.
#[derive(CubeType)]
pub(super) struct Normals {
    pub(super) first: f32,
    pub(super) second: f32,
    pub(super) third: f32,
    pub(super) fourth: f32,
}

/// Number of counters for a row of `columns` normals.
pub(super) fn counters(columns: usize) -> usize {
    columns.div_ceil(64) * 16
}

/// Column of normal number `normal` (0 to 3) of a counter. Neighbouring counters write neighbouring columns.
#[cube]
pub(super) fn column(counter: usize, normal: usize) -> usize {
    counter / 16 * 64 + counter % 16 + normal * 16
}

/// The four standard normals of a counter: Philox4x32 with ten rounds, then Box-Muller.
#[cube]
pub(super) fn normals(key: &NoiseKeyArg, row: usize, counter: usize) -> Normals {
    let mut c0 = counter as u32;
    let mut c1 = row as u32;
    let mut c2 = key.stream;
    let mut c3 = key.step;
    let mut k0 = key.low;
    let mut k1 = key.high;
    for _ in 0..10u32 {
        let first = c0 * 0xD251_1F53u32;
        let second = c2 * 0xCD9E_8D57u32;
        let first_high = c0.mul_hi(0xD251_1F53u32);
        let second_high = c2.mul_hi(0xCD9E_8D57u32);
        c0 = second_high ^ c1 ^ k0;
        c1 = second;
        c2 = first_high ^ c3 ^ k1;
        c3 = first;
        k0 += 0x9E37_79B9u32;
        k1 += 0xBB67_AE85u32;
    }
    let near = radius(c0);
    let far = radius(c2);
    let turn = sine_cosine(c1);
    let turn2 = sine_cosine(c3);
    Normals { first: near * turn.cosine, second: near * turn.sine, third: far * turn2.cosine, fourth: far * turn2.sine }
}

/// Radius of Box-Muller, `sqrt(-2 ln u)`, where u in (0, 1) is uniform and made of the upper 23 bits of `word`.
#[cube]
fn radius(word: u32) -> f32 {
    let uniform = (f32::cast_from(word >> 9u32) + 0.5f32) * (1.0f32 / 8_388_608.0f32);
    f32::sqrt(-2.0f32 * logarithm(uniform))
}

/// High part of ln 2, exact in few bits, so that multiples by an exponent are exact.
#[expect(clippy::excessive_precision, reason = "all digits of the exact value")]
const LN2_HIGH: f32 = 0.693_359_375;

/// Natural logarithm of a positive normal number by the polynomial of Cephes' `logf`. The device's own function may
/// have an error of 5e-7 near one, where that makes an error of a thousandth in the square root.
#[cube]
fn logarithm(x: f32) -> f32 {
    let bits = u32::reinterpret(x);
    let exponent = f32::cast_from(i32::cast_from(bits >> 23u32) - 126i32);
    let mantissa = f32::reinterpret((bits & 0x007f_ffffu32) | 0x3f00_0000u32);
    let low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let m = select(low, mantissa + mantissa - 1.0f32, mantissa - 1.0f32);
    let e = select(low, exponent - 1.0f32, exponent);
    let z = m * m;
    let mut p = fma(7.037_683_6e-2f32, m, -0.115_146_1f32);
    p = fma(p, m, 0.116_769_99f32);
    p = fma(p, m, -0.124_201_41f32);
    p = fma(p, m, 0.142_493_23f32);
    p = fma(p, m, -0.166_680_58f32);
    p = fma(p, m, 0.200_007_15f32);
    p = fma(p, m, -0.249_999_94f32);
    p = fma(p, m, 0.333_333_3f32);
    let tail = fma(-0.5f32, z, fma(e, -2.121_944_4e-4f32, p * m * z));
    fma(e, LN2_HIGH, m + tail)
}

#[derive(CubeType)]
struct SinCos {
    sine: f32,
    cosine: f32,
}

/// Sine and cosine of the angle `2 pi word / 2^32`. The nearest quarter turn is split off in integer arithmetic, which
/// no compiler can round differently; the rest, at most an eighth of a turn, is evaluated with Cephes' polynomials.
#[cube]
fn sine_cosine(word: u32) -> SinCos {
    let quarter = (word + 0x2000_0000u32) >> 30u32;
    let rest = i32::reinterpret(word - (quarter << 30u32));
    let angle = f32::cast_from(rest) * (std::f32::consts::TAU / 4_294_967_296.0f32);
    let square = angle * angle;
    let mut sine = fma(-1.951_529_6e-4f32, square, 8.332_161e-3f32);
    sine = fma(sine, square, -0.166_666_55f32);
    sine = fma(sine * square, angle, angle);
    let mut cosine = fma(2.443_315_7e-5f32, square, -1.388_731_6e-3f32);
    cosine = fma(cosine, square, 4.166_664_6e-2f32);
    cosine = fma(cosine * square, square, fma(-0.5f32, square, 1.0f32));
    let swap = quarter % 2u32 == 1u32;
    let s = select(swap, cosine, sine);
    let c = select(swap, sine, cosine);
    SinCos { sine: select(quarter / 2u32 == 1u32, -s, s), cosine: select(quarter == 1u32 || quarter == 2u32, -c, c) }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Tensor};

    use crate::engine::{FusedOps, Noise, NoiseKey, Ops};

    /// With mean zero and standard deviation one the sample is the noise itself. A million draws cover logarithms of
    /// numbers near one, every quarter turn, and all four words of the counters.
    #[test]
    fn the_stream_is_the_hosts() {
        let device = crate::engine::cube::open(None).expect("a graphics adapter").device;
        let shape @ [rows, columns] = [1000, 1003];
        let zeros = || Tensor::<2>::zeros(shape, (&device, DType::F32));
        let key = NoiseKey { seed: 0x1234_5678_9abc_def0, step: u32::MAX, stream: 8 };
        let found = FusedOps
            .sample_weights(zeros(), zeros(), &Noise::Counter(key))
            .into_data()
            .try_into_vec::<f32>()
            .expect("f32");
        let wanted = key.matrix(rows, columns);
        let worst = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 5e-6, "off by up to {worst}");
    }
}
