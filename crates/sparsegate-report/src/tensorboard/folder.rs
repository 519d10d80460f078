//! Names of the folders of event files, which TensorBoard shows as the names of runs.

use camino::{Utf8Path, Utf8PathBuf};

/// Digits of a key in the name of a folder: enough to tell the runs of a project apart.
const DIGITS: usize = 8;

/// The folder for the event file of the run `key` below `to`: `EXPERIMENT/LABEL-KEY`, with the first eight digits of the
/// key. If the run has a folder there already, under whatever label, it is that one.
pub fn event_folder(to: &Utf8Path, experiment: &str, label: &str, key: &str) -> Utf8PathBuf {
    let experiment = to.join(plain(experiment));
    let ending = format!("-{}", key.get(..DIGITS).unwrap_or(key));
    let known = experiment.read_dir_utf8().into_iter().flatten().flatten().map(|entry| entry.file_name().to_owned());
    let known = known.filter(|name| name.ends_with(&ending)).min();
    experiment.join(known.unwrap_or_else(|| format!("{}{ending}", plain(label))))
}

/// A text as a part of a path: letters, digits and a few signs; what lies between them becomes one underscore.
fn plain(text: &str) -> String {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || "-+.=_".contains(c))).filter(|part| !part.is_empty());
    let name = parts.collect::<Vec<_>>().join("_");
    // A name of dots would be another folder.
    if name.trim_matches('.').is_empty() { "run".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_readably_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let to = Utf8Path::from_path(folder.path()).unwrap();
        let name =
            |label: &str| event_folder(to, "quick", label, "0123456789abcdef").strip_prefix(to).unwrap().to_owned();
        assert_eq!(name("W+N, gru, lr 0.002, seed 1"), "quick/W+N_gru_lr_0.002_seed_1-01234567");
        assert_eq!(event_folder(to, "../x", "..", "k"), to.join(".._x/run-k"));
        fs_err::create_dir_all(to.join("quick/W+N-01234567")).unwrap();
        assert_eq!(name("another label"), "quick/W+N-01234567");
    }
}
