//! The manifests that an experiment's runs use: the data set and the pretrained vectors.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{DataError, Manifest};
use sparsegate_spec::Hashes;
use sparsegate_spec::types::{ModelKind, RunSpec};

/// The data set and the pretrained vectors of an experiment.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The data set.
    pub dataset: Manifest,
    /// The pretrained vectors that the runs start from, by manifest name.
    pub vectors: BTreeMap<String, Manifest>,
}

impl Sources {
    /// Reads the manifest of the data set and those of the vectors that `runs` name.
    ///
    /// # Errors
    /// A manifest that is missing or invalid, a data set that does not fit the runs' kind of model, vectors named as a
    /// data set or the reverse, vectors whose size differs from the embedding's.
    pub fn load<'a>(
        root: &Utf8Path,
        dataset: &str,
        runs: impl IntoIterator<Item = &'a RunSpec>,
    ) -> Result<Self, DataError> {
        let dataset = Manifest::load(root, dataset)?;
        if dataset.reader.vectors().is_some() {
            return Err(DataError::not_a_dataset(&dataset));
        }
        let labelled = dataset.reader.is_labelled();
        let mut vectors: BTreeMap<String, Manifest> = BTreeMap::new();
        for model in runs.into_iter().map(|run| &run.model) {
            if labelled != (model.kind == ModelKind::Classification) {
                return Err(DataError::WrongKind { name: dataset.name, labelled });
            }
            let Some(embedding) = &model.embedding else { continue };
            let Some(name) = embedding.pretrained() else { continue };
            if !vectors.contains_key(name) {
                vectors.insert(name.to_owned(), Manifest::load(root, name)?);
            }
            let manifest = &vectors[name];
            let size = manifest.reader.vectors().ok_or_else(|| DataError::not_vectors(manifest))?.size;
            if size != embedding.size {
                return Err(DataError::VectorSize { name: name.to_owned(), size, wanted: embedding.size });
            }
        }
        Ok(Self { dataset, vectors })
    }

    /// Manifest of the vectors that `run` starts from; `None` for random initialisation.
    pub fn vectors_of(&self, run: &RunSpec) -> Option<&Manifest> {
        self.vectors.get(run.model.embedding.as_ref()?.pretrained()?)
    }

    /// The content hashes that enter the keys of the runs.
    pub fn hashes(&self) -> Hashes {
        let vectors = self.vectors.iter().map(|(name, manifest)| (name.clone(), manifest.content_hash()));
        Hashes { dataset: self.dataset.content_hash(), vectors: vectors.collect() }
    }
}
