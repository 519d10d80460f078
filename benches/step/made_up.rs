//! Made-up data, for where a data set is not in the cache.

use sparsegate::data::{Corpus, Parts, Texts, Unit};

/// Lengths of texts below which lie 0, 10, ... 100 % of the training texts, as the readers cut them.
const IMDB: [usize; 11] = [37, 92, 124, 141, 159, 186, 200, 200, 200, 200, 200];
const AGNEWS: [usize; 11] = [14, 27, 32, 35, 37, 39, 41, 44, 47, 53, 100];

/// A number from 0 to 1 that looks random, a function of `index` alone (the fractional part of multiples of the golden
/// ratio, shuffled by a multiplication).
fn uniform(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A symbol: rank r is drawn about as often as r^(-2/3), so that frequent symbols repeat within a batch, as words do.
fn symbol(index: usize, vocabulary: usize) -> u32 {
    ((uniform(index).powi(3) * vocabulary as f64) as usize).min(vocabulary - 1) as u32
}

/// A training stream of `count` symbols.
pub fn streams(vocabulary: usize, count: usize) -> Parts {
    let train = (0..count).map(|index| symbol(index, vocabulary)).collect();
    Parts::Streams { train, valid: Vec::new(), test: Vec::new() }
}

/// `count` training texts of the task, with lengths distributed like those of its data set.
pub fn texts(task: &str, vocabulary: usize, count: usize) -> Parts {
    let (deciles, classes) = if task == "imdb" { (IMDB, 2) } else { (AGNEWS, 4) };
    let mut train = Texts::new();
    for text in 0..count {
        let place = uniform(text) * 10.0;
        let (low, high) = (deciles[place as usize], deciles[(place as usize + 1).min(10)]);
        let length = low + ((high - low) as f64 * place.fract()).round() as usize;
        let ids: Vec<u32> = (0..length).map(|at| symbol(text * 1000 + at, vocabulary)).collect();
        train.push(&ids, (text % classes) as u32);
    }
    let classes = (0..classes).map(|class| class.to_string()).collect();
    Parts::Texts { classes, train, valid: Texts::new(), test: Texts::new() }
}

/// A corpus of these parts.
pub fn corpus(name: &str, vocabulary: usize, parts: Parts) -> Corpus {
    let unit = if matches!(parts, Parts::Texts { .. }) { Unit::Text } else { Unit::Word };
    let vocabulary = (0..vocabulary).map(|id| id.to_string()).collect();
    Corpus { name: name.to_owned(), hash: String::new(), unit, vocabulary, informative: None, parts }
}
