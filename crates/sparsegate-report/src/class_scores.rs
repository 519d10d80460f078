//! Scores of a classifier by class, from its confusion matrix on the test set.

use sparsegate_store::classes::ClassResults;

/// Scores of one class. A fraction without a denominator is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassScore {
    /// Texts of the class.
    pub texts: u64,
    /// Texts for which the class was predicted.
    pub predicted: u64,
    /// Texts of the class for which it was predicted.
    pub correct: u64,
}

impl ClassScore {
    /// The fraction of the class's texts that were recognised.
    pub fn recall(&self) -> Option<f64> {
        fraction(self.correct, self.texts)
    }

    /// The fraction of the predictions of the class that were correct.
    pub fn precision(&self) -> Option<f64> {
        fraction(self.correct, self.predicted)
    }

    /// The harmonic mean of precision and recall, 2 correct / (texts + predicted); `None` for a class that neither
    /// occurs nor is predicted.
    pub fn f1(&self) -> Option<f64> {
        fraction(2 * self.correct, self.texts + self.predicted)
    }
}

fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The scores of each class, in the order of the classes.
pub fn scores(results: &ClassResults) -> Vec<ClassScore> {
    let confusion = &results.confusion;
    let of_class = |class: usize| ClassScore {
        texts: confusion[class].iter().sum(),
        predicted: confusion.iter().map(|row| row[class]).sum(),
        correct: confusion[class][class],
    };
    (0..confusion.len()).map(of_class).collect()
}

/// The mean F1 of the classes that occur in the test set or among the predictions; `None` without texts.
pub fn macro_f1(results: &ClassResults) -> Option<f64> {
    let known: Vec<f64> = scores(results).iter().filter_map(ClassScore::f1).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(confusion: &[&[u64]]) -> ClassResults {
        ClassResults {
            format: 1,
            classes: (0..confusion.len()).map(|class| format!("c{class}")).collect(),
            confusion: confusion.iter().map(|row| row.to_vec()).collect(),
            words: Vec::new(),
        }
    }

    /// The example of scikit-learn's `f1_score`: true 0 1 2 0 1 2, predicted 0 2 1 0 0 1; its macro F1 is 0.2666....
    #[test]
    fn the_macro_f1_is_that_of_scikit_learn() {
        let example = results(&[&[2, 0, 0], &[1, 0, 1], &[0, 2, 0]]);
        assert!((macro_f1(&example).unwrap() - 0.266_666_666_666_7).abs() < 1e-12);
        let first = scores(&example)[0];
        assert_eq!((first.recall(), first.precision()), (Some(1.0), Some(2.0 / 3.0)));
        assert_eq!(scores(&example)[1].f1(), Some(0.0));
    }

    #[test]
    fn a_class_without_texts_and_predictions_does_not_count() {
        let scores_of = results(&[&[3, 1, 0], &[0, 4, 0], &[0, 0, 0]]);
        assert_eq!(scores(&scores_of)[2].f1(), None);
        let expected = (2.0 * 3.0 / 7.0 + 2.0 * 4.0 / 9.0) / 2.0;
        assert!((macro_f1(&scores_of).unwrap() - expected).abs() < 1e-15);
        assert_eq!(macro_f1(&results(&[&[0, 0], &[0, 0]])), None);
    }
}
