//! The number of threads does not change the training of a network.

use rayon::ThreadPoolBuilder;
use sparsegate_core::OutputNoise;
use sparsegate_core::trainer::Trainer;

use crate::small_model::{SMALL, SmallModel, saved_bits};

/// The sizes are large enough for every matrix product to be split among threads.
#[test]
fn whole_steps_do_not_depend_on_the_number_of_threads() {
    for output_noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
        let large = SmallModel { vocabulary: 1003, hidden: 130, rows: 33, steps: 11, output_noise, ..SMALL };
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| {
                let mut trainer = large.trainer(|_, _| {});
                large.train(&mut trainer, 1, 3);
                trainer.state()
            })
        };
        let one = with(1);
        for threads in [2, 3] {
            let several = with(threads);
            for (found, wanted) in saved_bits(&several).iter().zip(&saved_bits(&one)) {
                let differing = found.2.iter().zip(&wanted.2).filter(|(a, b)| a != b).count();
                assert!(
                    found == wanted,
                    "{output_noise:?}: {} of {} elements of {} differ between 1 and {threads} threads",
                    differing,
                    wanted.2.len(),
                    wanted.0
                );
            }
        }
    }
}
