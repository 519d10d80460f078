//! What the reader makes of the data: classes, lengths and some texts with their ids.

use sparsegate_data::{Corpus, Texts, UNKNOWN};

/// Number of texts that are shown.
const SHOWN: usize = 3;
/// Number of symbols of a text that are shown.
const SYMBOLS: usize = 12;
/// Number of classes that are listed.
const CLASSES: usize = 10;

/// The classes with the numbers of their texts in all parts.
pub(super) fn classes(names: &[String], parts: &[&Texts]) -> String {
    let counts = counts(names.len(), parts);
    let mut list: Vec<String> =
        names.iter().zip(counts).take(CLASSES).map(|(class, count)| format!("{class} {count}")).collect();
    if names.len() > CLASSES {
        list.push(format!("and {} more", names.len() - CLASSES));
    }
    list.join(", ")
}

/// Number of texts of each class.
fn counts(classes: usize, parts: &[&Texts]) -> Vec<usize> {
    let mut counts = vec![0; classes];
    parts.iter().flat_map(|texts| texts.labels()).for_each(|&label| counts[label as usize] += 1);
    counts
}

/// Median, 95th percentile and maximum of the lengths.
pub(super) fn lengths(texts: &Texts) -> [usize; 3] {
    let mut lengths: Vec<usize> = (0..texts.len()).map(|index| texts.text(index).len()).collect();
    lengths.sort_unstable();
    let last = lengths.len().saturating_sub(1);
    [last / 2, last * 19 / 20, last].map(|at| lengths.get(at).copied().unwrap_or(0))
}

/// The first texts as they will be read: their symbols and ids.
pub(super) fn texts(corpus: &Corpus, texts: &Texts, classes: &[String]) -> Vec<String> {
    let shown = |index: usize| {
        let ids = texts.text(index);
        let more = if ids.len() > SYMBOLS { " ..." } else { "" };
        let ids = &ids[..ids.len().min(SYMBOLS)];
        format!(
            "text {}:  [{}] {}{more}\n         ids {}{more}",
            index + 1,
            classes[texts.label(index) as usize],
            symbols(corpus, ids),
            ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        )
    };
    (0..texts.len().min(SHOWN)).map(shown).collect()
}

/// The beginning of a stream as it will be read: its symbols and ids.
pub(super) fn stream(corpus: &Corpus, ids: &[u32]) -> String {
    let ids = &ids[..ids.len().min(2 * SYMBOLS)];
    let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("begins:  {} ...\n         ids {} ...", symbols(corpus, ids), numbers.join(" "))
}

fn symbols(corpus: &Corpus, ids: &[u32]) -> String {
    let symbol = |&id: &u32| match corpus.vocabulary[id as usize].as_str() {
        " " => "\u{2423}".to_owned(),
        symbol => symbol.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""),
    };
    ids.iter().map(symbol).collect::<Vec<_>>().join(" ")
}

/// Share of the ids that are `<unk>`, in percent.
pub(super) fn unknown<'a>(corpus: &Corpus, ids: impl Iterator<Item = &'a u32>) -> f64 {
    let unknown = corpus.vocabulary.iter().position(|symbol| symbol == UNKNOWN).map(|id| id as u32);
    let (mut all, mut missing) = (0usize, 0usize);
    for id in ids {
        all += 1;
        missing += usize::from(Some(*id) == unknown);
    }
    100.0 * missing as f64 / all.max(1) as f64
}
