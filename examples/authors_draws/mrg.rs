//! Generator of the authors' noise: `MRG31k3p` (P. L'Ecuyer and R. Touzin, *Fast combined multiple recursive generators
//! with multipliers of the form a = ±2^q ± 2^r*, 2000), arranged as in Theano's `MRG_RandomStreams`.

use rayon::prelude::*;

const M1: u64 = (1 << 31) - 1;
const M2: u64 = (1 << 31) - 21_069;
type Transition = [[u64; 3]; 3];
/// One step of each of the two recurrences, as a matrix acting on its last three numbers.
const A1: Transition = [[0, 1 << 22, (1 << 7) + 1], [1, 0, 0], [0, 1, 0]];
const A2: Transition = [[1 << 15, 0, (1 << 15) + 1], [1, 0, 0], [0, 1, 0]];

/// Number of streams that Theano uses for a tensor, unless the tensor is small.
const STREAMS: usize = 15_360;
/// Number of streams per parallel task.
const BLOCK: usize = 512;
/// Distance between neighbouring streams, as log2 of a number of steps.
const BETWEEN_STREAMS: u32 = 72;
/// Distance between the streams of one tensor and those of the next, as log2 of a number of steps.
const BETWEEN_TENSORS: u32 = 134;

/// The last three numbers of both recurrences, newest first.
#[derive(Debug, Clone, Copy)]
struct State([u64; 3], [u64; 3]);

/// Transition matrices of both recurrences over 2^k steps.
#[derive(Debug, Clone, Copy)]
struct Jump(Transition, Transition);

impl Jump {
    fn over(log2: u32) -> Self {
        let square =
            |matrix: Transition, modulus| (0..log2).fold(matrix, |matrix, _| product(&matrix, &matrix, modulus));
        Self(square(A1, M1), square(A2, M2))
    }

    fn from(&self, State(x, y): State) -> State {
        State(image(&self.0, x, M1), image(&self.1, y, M2))
    }
}

fn product(left: &Transition, right: &Transition, modulus: u64) -> Transition {
    // Each term is below 2^62 and is reduced before the addition.
    let entry = |i: usize, j: usize| (0..3).map(|k| left[i][k] * right[k][j] % modulus).sum::<u64>() % modulus;
    std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
}

fn image(matrix: &Transition, vector: [u64; 3], modulus: u64) -> [u64; 3] {
    std::array::from_fn(|i| (0..3).map(|k| matrix[i][k] * vector[k] % modulus).sum::<u64>() % modulus)
}

impl State {
    /// The next uniform number, in (0, 1].
    fn next(&mut self) -> f32 {
        let State(x, y) = self;
        *x = [((x[1] << 22) + 129 * x[2]) % M1, x[0], x[1]];
        *y = [(((y[0] + y[2]) << 15) + y[2]) % M2, y[0], y[1]];
        let difference = if x[0] <= y[0] { x[0] + M1 - y[0] } else { x[0] - y[0] };
        difference as f32 * (1.0 / 2_147_483_648.0)
    }
}

/// Random number generator of a layer.
#[derive(Debug)]
pub struct Generator(State);

impl Generator {
    /// The generator of a layer with this seed.
    pub fn new(seed: u32) -> Self {
        Self(State([u64::from(seed); 3], [u64::from(seed); 3]))
    }

    /// Noise of the next tensor, with `count` numbers; `count` must be even.
    pub fn normals(&mut self, count: usize) -> Normals {
        let step = Jump::over(BETWEEN_STREAMS);
        let streams = std::iter::successors(Some(self.0), |state| Some(step.from(*state))).take(STREAMS).collect();
        self.0 = Jump::over(BETWEEN_TENSORS).from(self.0);
        Normals { streams, count }
    }
}

/// Standard normal noise of one tensor.
#[derive(Debug)]
pub struct Normals {
    streams: Vec<State>,
    count: usize,
}

impl Normals {
    /// Draws new numbers by the Box-Muller transform: the first half uses the cosine, the second half the sine.
    pub fn draw(&mut self) -> Vec<f32> {
        let mut values = self.uniforms();
        let (first, second) = values.split_at_mut(self.count / 2);
        first.par_iter_mut().zip(second).for_each(|(first, second)| {
            let (radius, angle) = ((-2.0 * first.ln()).sqrt(), std::f32::consts::TAU * *second);
            let (sine, cosine) = angle.sin_cos();
            (*first, *second) = (radius * cosine, radius * sine);
        });
        values
    }

    /// Draws uniform numbers: number `i` comes from stream `i` modulo the number of streams.
    fn uniforms(&mut self) -> Vec<f32> {
        let count = self.count;
        let drawn: Vec<Vec<f32>> = self
            .streams
            .par_chunks_mut(BLOCK)
            .enumerate()
            .map(|(block, states)| {
                let mut drawn = Vec::with_capacity(count / STREAMS * BLOCK + BLOCK);
                for row in 0..count.div_ceil(STREAMS) {
                    let left = count.saturating_sub(row * STREAMS + block * BLOCK).min(states.len());
                    drawn.extend(states[..left].iter_mut().map(State::next));
                }
                drawn
            })
            .collect();
        let mut values = vec![0.0; count];
        values.par_chunks_mut(STREAMS).enumerate().for_each(|(row, values)| {
            for (values, drawn) in values.chunks_mut(BLOCK).zip(&drawn) {
                values.copy_from_slice(&drawn[row * BLOCK..][..values.len()]);
            }
        });
        values
    }
}
