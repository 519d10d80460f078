//! Peak rates of the machine: arithmetic, and bandwidth of each level of memory.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

/// Measured peak rates of several threads together.
#[derive(Debug, Clone, Copy)]
pub struct Ceilings {
    /// Fused multiply-adds, in 10^9 per second.
    pub multiply_adds: f64,
    /// Multiply-adds of 8-bit integers with AVX-512 VNNI, in 10^9 per second; those of floats without it.
    pub integers: f64,
    /// Read bandwidth of the first-, second- and third-level cache, in GB/s.
    pub caches: [f64; 3],
    /// Read bandwidth of main memory, in GB/s.
    pub memory: f64,
    /// Write bandwidth of main memory, in GB/s.
    pub write: f64,
}

struct MultiplyAdds(usize);

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let factor = simd.splat_f32s(black_box(0.5));
        let mut sums = [simd.splat_f32s(1.0); 12];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, factor);
            }
        }
        black_box(sums);
        12 * self.0 * S::F32_LANES
    }
}

/// Multiplies 8-bit integers with AVX-512 VNNI, 64 at a time.
///
/// # Safety
/// The processor must have the instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
#[expect(unsafe_code, reason = "the instruction whose rate is measured")]
unsafe fn multiply_integers(count: usize) -> usize {
    use core::arch::x86_64::{_mm512_dpbusd_epi32, _mm512_set1_epi32};
    let factor = _mm512_set1_epi32(black_box(0x0102_0304));
    let mut sums = [_mm512_set1_epi32(1); 12];
    for _ in 0..count {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, factor, factor);
        }
    }
    black_box(sums);
    12 * count * 64
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the instruction whose rate is measured")]
fn integers(threads: usize) -> Option<f64> {
    let there = std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni");
    // SAFETY: the processor has the instructions.
    there.then(|| rate(threads, |_| unsafe { multiply_integers(300_000) }))
}

#[cfg(not(target_arch = "x86_64"))]
fn integers(_: usize) -> Option<f64> {
    None
}

struct Read<'a>(&'a [f32], usize);

impl WithSimd for Read<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let vectors = S::as_simd_f32s(self.0).0.as_chunks::<8>().0;
        let mut sums = [simd.splat_f32s(0.0); 8];
        for _ in 0..self.1 {
            for eight in vectors {
                for lane in 0..8 {
                    sums[lane] = simd.add_f32s(sums[lane], eight[lane]);
                }
            }
        }
        black_box(sums);
        self.1 * size_of_val(vectors)
    }
}

/// Amount per nanosecond of all threads together, each thread's best of five trials.
fn rate(threads: usize, run: impl Fn(usize) -> usize + Sync) -> f64 {
    let barrier = std::sync::Barrier::new(threads);
    let one = |thread: usize| {
        let mut best = 0.0_f64;
        run(thread);
        for _ in 0..5 {
            barrier.wait();
            let start = Instant::now();
            let amount = run(thread);
            best = best.max(amount as f64 / start.elapsed().as_nanos() as f64);
        }
        best
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("a measurement")).sum()
    })
}

/// Measures the peak rates of `threads` threads.
pub fn measure(threads: usize) -> Ceilings {
    let arch = Arch::new();
    let read = |bytes: usize| {
        let buffers: Vec<Vec<f32>> = (0..threads).map(|_| vec![1.0; bytes / 4]).collect();
        let aligned = |buffer: &'_ [f32]| buffer.as_ptr().align_offset(64);
        rate(threads, |thread| {
            let buffer = &buffers[thread];
            arch.dispatch(Read(&buffer[aligned(buffer)..], (8 << 20) / bytes + 1))
        })
    };
    let written: Vec<std::sync::Mutex<Vec<f32>>> = (0..threads).map(|_| vec![0.0; 16 << 20].into()).collect();
    let multiply_adds = rate(threads, |_| arch.dispatch(MultiplyAdds(300_000)));
    Ceilings {
        multiply_adds,
        integers: integers(threads).unwrap_or(multiply_adds),
        caches: [24 << 10, 512 << 10, 5 << 20].map(read),
        memory: read(128 << 20),
        write: rate(threads, |thread| {
            let mut buffer = written[thread].lock().expect("no panic");
            let value = black_box(thread as f32);
            buffer.fill(value);
            buffer.len() * 4
        }),
    }
}
