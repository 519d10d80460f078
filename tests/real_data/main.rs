//! Reads the data sets of the shipped manifests with their actual readers, and takes the first training steps on one.
//!
//! The data are not in this repository: `SPARSEGATE_MIRROR` names a folder that has them under the manifests' paths.
//! Data sets that it lacks are listed as ignored.

mod first_steps;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Arguments, Failed, Trial};
use sparsegate_data::{Corpus, Manifest, Parts, Survey, Texts};
use sparsegate_spec::types::Reading;

fn main() {
    let mirror = std::env::var("SPARSEGATE_MIRROR").ok().map(Utf8PathBuf::from);
    let trial = |name: &'static str, dataset: &'static str, test: fn(&FetchedDataset) -> Result<(), Failed>| {
        let manifest = Manifest::load(project(), dataset);
        let there = mirror.as_deref().is_some_and(|mirror| {
            manifest.as_ref().is_ok_and(|manifest| {
                manifest
                    .files_in_order()
                    .all(|(_, file)| mirror.join(&file.path).metadata().is_ok_and(|found| file.has_size(found.len())))
            })
        });
        let mirror = mirror.clone().unwrap_or_default();
        Trial::test(name, move || test(&FetchedDataset::new(dataset, &mirror)?)).with_ignored_flag(!there)
    };
    let trials = vec![
        trial("imdb has the words of Keras's data set", "imdb", imdb_keras),
        trial("imdb has 53,784 words as written in more than one text", "imdb", imdb_as_written),
        trial("imdb with the ids of the paper's authors", "imdb", imdb_shifted),
        trial("agnews-part loads, and loses a row a table if asked", "agnews-part", agnews_part),
        trial("agnews loads", "agnews", agnews),
        trial("word-ptb starts as the paper's program does", "word-ptb", word_ptb),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn project() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project folder with one fetched data set.
struct FetchedDataset {
    folder: tempfile::TempDir,
    dataset: &'static str,
}

impl FetchedDataset {
    fn new(dataset: &'static str, mirror: &Utf8Path) -> Result<Self, Failed> {
        let here = Self { folder: tempfile::tempdir()?, dataset };
        fs_err::create_dir(here.root().join("datasets"))?;
        let name = format!("datasets/{dataset}.yaml");
        fs_err::copy(project().join(&name), here.root().join(&name))?;
        sparsegate_data::fetch(here.root(), &here.manifest()?, Some(mirror.as_str()), &())?;
        Ok(here)
    }

    fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).expect("a UTF-8 path")
    }

    fn manifest(&self) -> Result<Manifest, Failed> {
        Ok(Manifest::load(self.root(), self.dataset)?)
    }

    fn load(&self, reading: Reading) -> Result<(Corpus, Survey), Failed> {
        let (corpus, survey) = sparsegate_data::survey(self.root(), &self.manifest()?, reading)?;
        Ok((corpus, survey.ok_or("labelled texts are surveyed")?))
    }

    /// Replaces `from` by `to` in the manifest.
    fn edit(&self, from: &str, to: &str) -> Result<(), Failed> {
        let file = self.root().join(format!("datasets/{}.yaml", self.dataset));
        let text = fs_err::read_to_string(&file)?;
        assert!(text.contains(from), "{from}");
        Ok(fs_err::write(file, text.replace(from, to))?)
    }
}

fn texts(corpus: &Corpus) -> [&Texts; 3] {
    match &corpus.parts {
        Parts::Texts { train, valid, test, .. } => [train, valid, test],
        Parts::Streams { .. } => panic!("these are no texts"),
    }
}

fn sizes(corpus: &Corpus) -> [usize; 3] {
    texts(corpus).map(Texts::len)
}

fn by_class(texts: &[&Texts]) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    for label in texts.iter().flat_map(|texts| texts.labels()) {
        *counts.entry(label).or_default() += 1;
    }
    counts.into_values().collect()
}

/// Keras's word index of the data set has 88,584 words.
fn imdb_keras(here: &FetchedDataset) -> Result<(), Failed> {
    let (corpus, survey) = here.load(Reading::default())?;
    assert_eq!(survey.words, 88_584);
    assert_eq!(sizes(&corpus), [21_250, 3_750, 25_000]);
    assert_eq!(corpus.vocabulary.len(), 20_002);
    assert_eq!(corpus.vocabulary[..5], ["<unk>", "<start>", "the", "and", "a"]);
    let [train, valid, test] = texts(&corpus);
    assert_eq!(by_class(&[train, valid]), [12_500, 12_500]);
    assert_eq!(by_class(&[test]), [12_500, 12_500]);
    assert!((0..test.len()).all(|text| test.text(text).len() <= 200 && test.text(text)[0] == 1));
    // The second time, the encoded data are read from the cache.
    let (again, _) = here.load(Reading::default())?;
    assert_eq!(texts(&again), texts(&corpus));
    Ok(())
}

/// Words are runs of letters, numbers and `_`: what `\w+` finds in Python.
fn imdb_as_written(here: &FetchedDataset) -> Result<(), Failed> {
    here.edit("tokens: keras", r"tokens: { split: '[^\p{L}\p{N}_]+' }")?;
    assert_eq!(here.load(Reading::default())?.1.words_in_several_texts, 53_784);
    Ok(())
}

fn imdb_shifted(here: &FetchedDataset) -> Result<(), Failed> {
    let (corpus, _) = here.load(Reading { shift_ids: true, ..Reading::default() })?;
    assert_eq!((corpus.vocabulary.len(), corpus.vocabulary[4].as_str()), (20_003, "the"));
    let ids = texts(&corpus).into_iter().flat_map(|texts| (0..texts.len()).flat_map(|text| texts.text(text).iter()));
    let mut ids: Vec<u32> = ids.copied().collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.first(), ids.contains(&3), ids.last()), (Some(&1), false, Some(&19_999)));
    assert!(
        sparsegate_data::load(here.root(), &here.manifest()?, Reading { lose_first_row: true, shift_ids: true })
            .is_err()
    );
    Ok(())
}

fn agnews_part(here: &FetchedDataset) -> Result<(), Failed> {
    let (corpus, survey) = here.load(Reading::default())?;
    let [train, valid, test] = texts(&corpus);
    assert_eq!(by_class(&[train, valid]), [15_453, 15_630, 15_699, 15_467]);
    assert_eq!((valid.len(), by_class(&[test])), (3_112, vec![1_900; 4]));
    assert_eq!(survey.empty_texts, 0);
    let (corpus, _) = here.load(Reading { lose_first_row: true, shift_ids: false })?;
    let [train, valid, test] = sizes(&corpus);
    assert_eq!((train + valid, test), (62_248, 7_599));
    Ok(())
}

fn agnews(here: &FetchedDataset) -> Result<(), Failed> {
    let (corpus, _) = here.load(Reading::default())?;
    assert_eq!(sizes(&corpus), [114_000, 6_000, 7_600]);
    let (corpus, _) = here.load(Reading { lose_first_row: true, shift_ids: false })?;
    assert_eq!(sizes(&corpus), [113_999, 6_000, 7_599]);
    Ok(())
}

fn word_ptb(here: &FetchedDataset) -> Result<(), Failed> {
    first_steps::word_ptb(here.root(), &here.manifest()?)
}
