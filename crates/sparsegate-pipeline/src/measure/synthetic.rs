//! Synthetic data with the sizes of a known data set: number of symbols, their repetition within a batch, and text
//! lengths.

use std::ops::Range;

use sparsegate_data::{Corpus, Parts, Texts, Unit};

/// A data set whose sizes are not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sizes of data set `{dataset}` are not known; known data sets are {}", known().join(", "))]
pub struct UnknownSizes {
    /// Name of the data set.
    pub dataset: String,
}

/// Lengths of a classifier's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// Distributed as in the data set.
    Unequal,
    /// All as long as the longest, as in a program that pads.
    Equal,
}

/// The sizes of a data set that affect the time of a step.
#[derive(Clone, Copy)]
struct DataSizes {
    dataset: &'static str,
    unit: Unit,
    symbols: usize,
    /// Training symbols of a stream, or training texts.
    size: usize,
    texts: Option<TextSizes>,
}

impl DataSizes {
    /// Validation symbols or texts: enough for some batches, fewer than in the data sets.
    fn valid(&self) -> usize {
        self.size / 50
    }
}

#[derive(Clone, Copy)]
struct TextSizes {
    classes: usize,
    /// Deciles (0, 10, ..., 100 %) of the lengths of the training texts, after truncation by the readers.
    deciles: [usize; 11],
}

/// Sizes of the data sets (docs/data.md). The number of symbols of the classifiers is that of the authors' embedding.
const SHAPES: [DataSizes; 4] = [
    DataSizes { dataset: "word-ptb", unit: Unit::Word, symbols: 10_000, size: 929_589, texts: None },
    DataSizes { dataset: "char-ptb", unit: Unit::Character, symbols: 50, size: 5_017_482, texts: None },
    DataSizes {
        dataset: "imdb",
        unit: Unit::Text,
        symbols: 20_003,
        size: 21_250,
        texts: Some(TextSizes { classes: 2, deciles: [37, 92, 124, 141, 159, 186, 200, 200, 200, 200, 200] }),
    },
    DataSizes {
        dataset: "agnews",
        unit: Unit::Text,
        symbols: 20_003,
        size: 114_000,
        texts: Some(TextSizes { classes: 4, deciles: [14, 27, 32, 35, 37, 39, 41, 44, 47, 53, 100] }),
    },
];

fn known() -> Vec<&'static str> {
    SHAPES.iter().map(|shape| shape.dataset).collect()
}

/// Synthetic training data with the sizes of `dataset`, and a smaller set that serves as both validation and test data.
/// Deterministic.
///
/// # Errors
/// [`UnknownSizes`].
pub fn synthetic_corpus(dataset: &str, lengths: Lengths) -> Result<Corpus, UnknownSizes> {
    synthetic_corpus_sized(dataset, lengths, None, None)
}

/// Like [`synthetic_corpus`], with another number of symbols, or of training symbols or texts.
///
/// # Errors
/// [`UnknownSizes`].
pub fn synthetic_corpus_sized(
    dataset: &str,
    lengths: Lengths,
    symbols: Option<usize>,
    size: Option<usize>,
) -> Result<Corpus, UnknownSizes> {
    let unknown = || UnknownSizes { dataset: dataset.to_owned() };
    let shape = *SHAPES.iter().find(|shape| shape.dataset == dataset).ok_or_else(unknown)?;
    let shape = &DataSizes { symbols: symbols.unwrap_or(shape.symbols), size: size.unwrap_or(shape.size), ..shape };
    let (train, rest) = (0..shape.size, shape.size..shape.size + shape.valid());
    let parts = match &shape.texts {
        None => {
            let stream = |indices: Range<usize>| -> Vec<u32> { indices.map(|i| symbol(i, shape.symbols)).collect() };
            Parts::Streams { train: stream(train), valid: stream(rest.clone()), test: stream(rest) }
        }
        Some(texts) => {
            let made = |indices: Range<usize>| synthetic_texts(shape, texts, lengths, indices);
            Parts::Texts {
                classes: (0..texts.classes).map(|class| class.to_string()).collect(),
                train: made(train),
                valid: made(rest.clone()),
                test: made(rest),
            }
        }
    };
    Ok(Corpus {
        name: shape.dataset.to_owned(),
        hash: String::new(),
        unit: shape.unit,
        vocabulary: (0..shape.symbols).map(|id| id.to_string()).collect(),
        informative: None,
        parts,
    })
}

fn synthetic_texts(shape: &DataSizes, texts: &TextSizes, lengths: Lengths, indices: Range<usize>) -> Texts {
    let mut made = Texts::new();
    let mut drawn = indices.start;
    for index in indices {
        let length = match lengths {
            Lengths::Equal => texts.deciles[10],
            Lengths::Unequal => {
                let place = uniform(index) * 10.0;
                let (low, high) = (texts.deciles[place as usize], texts.deciles[place as usize + 1]);
                low + ((high - low) as f64 * place.fract()).round() as usize
            }
        };
        let ids: Vec<u32> = (drawn..drawn + length).map(|i| symbol(i, shape.symbols)).collect();
        drawn += length;
        made.push(&ids, (index % texts.classes) as u32);
    }
    made
}

/// Symbol ids with frequency proportional to r^(-2/3) for rank r, so that frequent symbols repeat within a batch as
/// words do.
fn symbol(index: usize, symbols: usize) -> u32 {
    ((uniform(index).powi(3) * symbols as f64) as u32).min(symbols as u32 - 1)
}

/// A number in [0, 1) that is spread evenly over neighbouring indices (multiplicative hashing, Knuth 6.4).
fn uniform(index: usize) -> f64 {
    (index.wrapping_mul(2_654_435_761) % 1_000_003) as f64 / 1_000_003.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(dataset: &str, lengths: Lengths) -> Vec<usize> {
        let Parts::Texts { train, .. } = synthetic_corpus(dataset, lengths).unwrap().parts else { panic!("texts") };
        let mut all: Vec<usize> = (0..train.len()).map(|index| train.text(index).len()).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn texts_are_about_as_long_as_the_data_sets() {
        let reviews = lengths("imdb", Lengths::Unequal);
        assert_eq!((reviews.len(), reviews.last()), (21_250, Some(&200)));
        let median = reviews[reviews.len() / 2];
        assert!((180..192).contains(&median) && reviews[100] < 80, "{median}, {}", reviews[100]);
        let news = lengths("agnews", Lengths::Unequal);
        assert!((37..43).contains(&news[news.len() / 2]) && news[200] < 30, "{:?}", &news[200..210]);
        assert!(lengths("imdb", Lengths::Equal).iter().all(|length| *length == 200));
    }

    #[test]
    fn every_symbol_is_in_the_vocabulary_and_frequent_ones_are_low() {
        for (dataset, symbols) in [("word-ptb", 10_000), ("char-ptb", 50)] {
            let made = synthetic_corpus(dataset, Lengths::Unequal).unwrap();
            let Parts::Streams { train, .. } = made.parts else { panic!("a stream") };
            assert!(train.iter().all(|id| *id < symbols) && made.vocabulary.len() == symbols as usize);
            let low = train.iter().filter(|id| **id < symbols / 8).count();
            assert!((low as f64 / train.len() as f64 - 0.5).abs() < 0.08, "{low}");
        }
    }

    #[test]
    fn an_unknown_data_set_is_told_with_the_known_ones() {
        let error = synthetic_corpus("planted-words", Lengths::Equal).unwrap_err().to_string();
        assert_eq!(
            error,
            "the sizes of data set `planted-words` are not known; known data sets are word-ptb, char-ptb, imdb, agnews"
        );
    }
}
