//! The settings of a new experiment, by a rule that was found by experiments on data sets between 500 texts and
//! 270,000 characters. docs/small-data.md has the rule, its reasons and its evidence.

/// Number of texts for which the full KL term prunes best: the weight is the share of it that the data set has.
const TEXTS: f64 = 30_000.0;
/// The same for the words and the characters of a running text.
const WORDS: f64 = 100_000.0;
const CHARACTERS: f64 = 34_000.0;

/// Settings that depend on the size of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    pub(super) batch: usize,
    pub(super) epochs: usize,
    /// Epochs over which the KL weight rises, and patience of early stopping.
    pub(super) warm_up: usize,
    /// `train.kl.weight`, rounded to two significant digits.
    pub(super) kl_weight: f64,
    /// Dimensions of the embedding; 0 for a language model, which has none.
    pub(super) embedding: usize,
}

impl Settings {
    /// For a classifier that is trained on `texts` texts.
    pub(super) fn classifier(texts: usize) -> Self {
        let batch = match texts {
            ..1_200 => 16,
            1_200..4_800 => 32,
            4_800..50_000 => 64,
            50_000.. => 128,
        };
        let epochs = epochs(3_000, texts.div_ceil(batch), [10, 80]);
        let embedding = if texts < 1_000 { 128 } else { 64 };
        Self::new(batch, epochs, (texts as f64 / TEXTS).clamp(0.01, 1.0), embedding)
    }

    /// For a language model that is trained on windows of `sequence` of `symbols` words or characters; the shorter one
    /// of validation and test has `shortest`.
    pub(super) fn language_model(symbols: usize, shortest: usize, words: bool, sequence: usize) -> Self {
        let batch = match symbols {
            ..200_000 => 8,
            200_000..500_000 if words => 16,
            ..1_000_000 if !words => 8,
            _ => 32,
        };
        // At least two symbols per evaluation stream.
        let batch = batch.min(shortest / 2).clamp(1, 32);
        let steps = if words { 3_700 } else { 10_500 };
        let epochs = epochs(steps, symbols / (batch * sequence), [8, 40]);
        let weight = if words {
            (symbols as f64 / WORDS).clamp(0.05, 1.0)
        } else {
            (symbols as f64 / CHARACTERS).clamp(0.3, 4.0)
        };
        Self::new(batch, epochs, weight, 0)
    }

    fn new(batch: usize, epochs: usize, kl_weight: f64, embedding: usize) -> Self {
        Self { batch, epochs, warm_up: epochs / 2, kl_weight: two_digits(kl_weight), embedding }
    }
}

/// Epochs for about `steps` steps with `batches` batches each, within limits.
fn epochs(steps: usize, batches: usize, [least, most]: [usize; 2]) -> usize {
    let epochs = steps as f64 / batches.max(1) as f64;
    (epochs.round() as usize).clamp(least, most)
}

/// Rounds a positive number to two significant digits.
fn two_digits(x: f64) -> f64 {
    let digits = 1 - x.log10().floor() as i32;
    format!("{x:.*}", digits.max(0) as usize).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_those_that_were_tried() {
        for (texts, batch, epochs, warm_up, kl_weight, embedding) in [
            (500, 16, 80, 40, 0.017, 128),
            (1_000, 16, 48, 24, 0.033, 64),
            (2_400, 32, 40, 20, 0.08, 64),
            (10_000, 64, 19, 9, 0.33, 64),
            (30_000, 64, 10, 5, 1.0, 64),
        ] {
            let wanted = Settings { batch, epochs, warm_up, kl_weight, embedding };
            assert_eq!(Settings::classifier(texts), wanted, "{texts} texts");
        }
        for (symbols, words, sequence, epochs, warm_up, kl_weight) in
            [(65_223, true, 35, 16, 8, 0.65), (53_771, false, 64, 40, 20, 1.6), (269_195, false, 64, 20, 10, 4.0)]
        {
            let wanted = Settings { batch: 8, epochs, warm_up, kl_weight, embedding: 0 };
            assert_eq!(Settings::language_model(symbols, 3_000, words, sequence), wanted, "{symbols} symbols");
        }
    }

    #[test]
    fn tiny_and_large_data_get_settings_too() {
        for size in [1, 10, 10_000_000] {
            let texts = Settings::classifier(size);
            assert!(texts.epochs >= 10 && texts.kl_weight >= 0.01, "{texts:?}");
            for words in [true, false] {
                let symbols = Settings::language_model(size, 4, words, 35);
                assert_eq!(symbols.batch, 2, "{symbols:?}");
                assert!(symbols.epochs >= 8 && symbols.kl_weight >= 0.05, "{symbols:?}");
            }
        }
    }
}
