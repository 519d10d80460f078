//! The number of multiply-adds per token of a model, for comparison with its time.

use sparsegate_runtime::model::Task;
use sparsegate_runtime::{Matrix, Model};

use sparsegate_store::speed::Work;

/// The work of a model for sequences of `steps` symbols. A classifier computes its output layer once per sequence.
pub fn work(model: &Model<f32>, steps: usize) -> Work {
    let symbols = model.symbols.stored.len().max(1) as f64;
    let input = match &model.embedding {
        // Each non-zero element of a symbol's vector is multiplied by the weights that read its dimension.
        Some(embedding) => {
            let mut met = vec![0_usize; embedding.columns];
            let all = (0..embedding.rows).flat_map(|row| embedding.row(row));
            all.filter(|(_, value)| *value != 0.0).for_each(|(dimension, _)| met[dimension] += 1);
            let weights = |(dimension, met): (usize, &usize)| met * count(&model.input, dimension);
            met.iter().enumerate().map(weights).sum::<usize>()
        }
        None => model.input.count_nonzero(),
    };
    let output = model.output.count_nonzero() as f64;
    let outputs = match model.task {
        Task::LanguageModel => output,
        Task::Classification => output / steps.max(1) as f64,
    };
    Work { macs: input as f64 / symbols + model.recurrent.count_nonzero() as f64 + outputs }
}

fn count(matrix: &Matrix<f32>, row: usize) -> usize {
    matrix.row(row).filter(|(_, value)| *value != 0.0).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_runtime::model::Sizes;
    use sparsegate_runtime::synthetic::ModelShape;
    use sparsegate_runtime::{Activation, CellKind};

    #[test]
    fn a_dense_network_does_what_its_sizes_say() {
        let macs = |task, dimensions| {
            let sizes = Sizes { symbols: 10, dimensions, units: 6, outputs: 5 };
            format!("{}", work(&ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, task, sizes).model(0), 8).macs)
        };
        assert_eq!(macs(Task::LanguageModel, 0), "198", "24 + 6 * 24 + 30");
        assert_eq!(macs(Task::Classification, 3), "219.75", "3 * 24 + 6 * 24 + 30 / 8");
    }
}
