//! A project folder.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Answer, command_in, manifests};

/// A project in a temporary folder, which is deleted with this value.
#[derive(Debug)]
pub struct Project {
    _folder: tempfile::TempDir,
    /// The project's folder.
    pub root: Utf8PathBuf,
}

impl Project {
    /// An empty project.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("a UTF-8 path");
        Self { _folder: folder, root }
    }

    /// A project with these files: paths in the folder, and contents.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (path, content) in files {
            project.write(path, content);
        }
        project
    }

    /// A project with the data set `small` ([`manifests::small_words`]) and the experiment `t.yaml`.
    pub fn small(spec: &str) -> Self {
        Self::with(&[("datasets/small.yaml", &manifests::small_words()), ("t.yaml", spec)])
    }

    /// A path in the project.
    pub fn path(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.root.join(path)
    }

    /// Writes a file, and creates its folders.
    pub fn write(&self, path: impl AsRef<Utf8Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs_err::create_dir_all(path.parent().expect("a folder")).expect("a folder that can be created");
        fs_err::write(path, content).expect("a file that can be written");
    }

    /// A text file of the project.
    pub fn read(&self, path: impl AsRef<Utf8Path>) -> String {
        fs_err::read_to_string(self.path(path)).expect("a text file")
    }

    /// The bytes of a file of the project.
    pub fn bytes(&self, path: impl AsRef<Utf8Path>) -> Vec<u8> {
        fs_err::read(self.path(path)).expect("a file")
    }

    /// The program in the project's folder, as [`command_in`] makes it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command_in(&self.root, arguments)
    }

    /// Starts the program; its output is collected.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
    }

    /// Runs the program to its end.
    pub fn go(&self, arguments: &[&str]) -> Answer {
        Answer::to(self.command(arguments))
    }

    /// Runs the program to its end, with `input` as standard input.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Answer {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        // A program that ends early closes the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        Answer::of(child)
    }
}
