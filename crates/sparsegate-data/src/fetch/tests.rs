use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::manifest::{Licence, Reader};

const TEXT: &[u8] = b"the quick brown fox jumps over the lazy dog\n";
/// Computed with `sha256sum`.
const TEXT_SHA256: &str = "1153a4080f1fcb04425aa0b841c2b14606fe6df25d9076d2a1face2d5af57129";

/// A local server that sends one canned answer to each connection and then stops. Returns its URL and a channel of the
/// requests' `range` headers, empty if absent.
fn server(answers: Vec<Vec<u8>>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (ranges, seen) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut range = String::new();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("range: ") {
                    range = value.to_owned();
                }
            }
            ranges.send(range).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    (url, seen)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn whole() -> Vec<u8> {
    answer("200 OK", &format!("content-length: {}\r\n", TEXT.len()), TEXT)
}

/// An answer that announces the full length but ends after 10 bytes.
fn broken_off() -> Vec<u8> {
    answer("200 OK", &format!("content-length: {}\r\n", TEXT.len()), &TEXT[..10])
}

fn rest(from: usize) -> Vec<u8> {
    let headers = format!(
        "content-length: {}\r\ncontent-range: bytes {from}-{}/{}\r\n",
        TEXT.len() - from,
        TEXT.len() - 1,
        TEXT.len()
    );
    answer("206 Partial Content", &headers, &TEXT[from..])
}

struct Here {
    folder: tempfile::TempDir,
    cache: Cache,
    manifest: Manifest,
}

impl Here {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&Utf8Path::from_path(folder.path()).unwrap().join("cache"));
        let file = DataFile {
            path: "words/train.txt".into(),
            url: Some("http://127.0.0.1:9/train.txt".into()),
            bytes: TEXT.len() as u64,
            sha256: TEXT_SHA256.into(),
            copies: Vec::new(),
        };
        let manifest = Manifest {
            name: "words".into(),
            about: String::new(),
            homepage: None,
            licence: Licence { name: "none".into(), redistribution: false, terms: String::new() },
            reader: Reader::PtbWords,
            files: [("train".to_owned(), file)].into(),
            split: String::new(),
        };
        Self { folder, cache, manifest }
    }

    fn path(&self) -> Utf8PathBuf {
        self.cache.folder().join("words/train.txt")
    }

    fn part(&self) -> Utf8PathBuf {
        self.cache.folder().join("words/train.txt.part")
    }

    fn leave_part(&self, bytes: &[u8]) {
        fs_err::create_dir_all(self.cache.folder().join("words")).unwrap();
        fs_err::write(self.part(), bytes).unwrap();
    }

    fn fetch(&self, mirror: &str) -> Result<Fetched, DataError> {
        fetch_into(&self.cache, &self.manifest, &Origin::new(Some(mirror)), &())
    }

    fn assert_complete(&self) {
        assert_eq!(fs_err::read(self.path()).unwrap(), TEXT);
        assert!(!self.part().exists());
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Utf8PathBuf {
        let file = Utf8Path::from_path(self.folder.path()).unwrap().join(name);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, bytes).unwrap();
        file
    }

    fn mirror(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join("mirror")
    }
}

#[test]
fn a_download_is_verified_and_then_needs_no_work() {
    let here = Here::new();
    let (url, ranges) = server(vec![whole()]);
    assert_eq!(here.fetch(&url).unwrap().new, [here.path()]);
    here.assert_complete();
    assert_eq!(ranges.recv().unwrap(), "");
    let again = here.fetch("http://127.0.0.1:9").unwrap();
    assert_eq!((again.new.len(), again.present), (0, vec![here.path()]));
}

#[test]
fn a_download_that_breaks_off_is_taken_up_where_it_stopped() {
    let here = Here::new();
    let (url, ranges) = server(vec![broken_off(), rest(10)]);
    here.fetch(&url).unwrap();
    here.assert_complete();
    assert_eq!([ranges.recv().unwrap(), ranges.recv().unwrap()], ["", "bytes=10-"]);
}

#[test]
fn a_part_of_an_earlier_command_is_taken_up() {
    let here = Here::new();
    here.leave_part(&TEXT[..20]);
    let (url, ranges) = server(vec![rest(20)]);
    here.fetch(&url).unwrap();
    here.assert_complete();
    assert_eq!(ranges.recv().unwrap(), "bytes=20-");
}

#[test]
fn a_server_that_cannot_resume_sends_it_all() {
    let here = Here::new();
    here.leave_part(&TEXT[..20]);
    let (url, _ranges) = server(vec![whole()]);
    here.fetch(&url).unwrap();
    here.assert_complete();
}

#[test]
fn a_part_of_another_file_is_thrown_away() {
    let here = Here::new();
    here.leave_part(b"something else");
    let (url, ranges) = server(vec![rest(14), whole()]);
    here.fetch(&url).unwrap();
    here.assert_complete();
    assert_eq!([ranges.recv().unwrap(), ranges.recv().unwrap()], ["bytes=14-", ""]);
    let here = Here::new();
    here.leave_part(&[b'x'; 100]);
    let (url, ranges) = server(vec![whole()]);
    here.fetch(&url).unwrap();
    here.assert_complete();
    assert_eq!(ranges.recv().unwrap(), "");
}

#[test]
fn a_server_that_goes_away_leaves_a_part_and_no_file() {
    let here = Here::new();
    let (url, _ranges) = server(vec![broken_off()]);
    let error = here.fetch(&url).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }), "{error}");
    assert!(!here.path().exists());
    assert_eq!(fs_err::read(here.part()).unwrap(), &TEXT[..10]);
}

#[test]
fn an_http_error_is_told_with_its_status() {
    let here = Here::new();
    let (url, _ranges) = server(vec![answer("404 Not Found", "content-length: 3\r\n", b"no\n")]);
    let error = here.fetch(&url).unwrap_err();
    let DataError::HttpStatus { status: 404, url, .. } = &error else { panic!("{error}") };
    assert!(url.ends_with("/words/train.txt"));
    assert!(!here.path().exists() && !here.part().exists());
}

#[test]
fn other_contents_are_refused() {
    let other: Vec<u8> = TEXT.iter().rev().copied().collect();
    let here = Here::new();
    let (url, _ranges) = server(vec![answer("200 OK", &format!("content-length: {}\r\n", other.len()), &other)]);
    let error = here.fetch(&url).unwrap_err();
    assert!(matches!(error, DataError::Altered { .. }), "{error}");
    assert!(!here.path().exists() && !here.part().exists());

    let long = [TEXT, TEXT].concat();
    let (url, _ranges) = server(vec![answer("200 OK", &format!("content-length: {}\r\n", long.len()), &long)]);
    let error = here.fetch(&url).unwrap_err();
    assert!(matches!(error, DataError::WrongSize { .. }), "{error}");
    assert!(!here.path().exists() && !here.part().exists());
}

#[test]
fn a_size_that_no_file_has_is_an_early_end() {
    let mut here = Here::new();
    here.manifest.files.get_mut("train").unwrap().bytes = u64::MAX;
    let (url, _ranges) = server(vec![whole()]);
    let error = here.fetch(&url).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }), "{error}");
    assert_eq!(fs_err::read(here.part()).unwrap(), TEXT);
}

#[test]
fn offline_is_an_error_that_names_the_address() {
    let here = Here::new();
    // Nothing listens on the discard port.
    let error = fetch_into(&here.cache, &here.manifest, &Origin::Canonical, &()).unwrap_err();
    assert!(matches!(&error, DataError::Network { url, .. } if url == "http://127.0.0.1:9/train.txt"), "{error}");
}

#[test]
fn a_mirror_folder_is_copied_and_checked() {
    let here = Here::new();
    let error = here.fetch(here.mirror().as_str()).unwrap_err();
    assert!(
        matches!(&error, DataError::NotInMirror { file, .. } if file.ends_with("mirror/words/train.txt")),
        "{error}"
    );

    here.write("mirror/words/train.txt", &TEXT[1..]);
    let error = here.fetch(here.mirror().as_str()).unwrap_err();
    assert!(matches!(error, DataError::WrongSize { expected: 44, actual: 43, .. }), "{error}");
    assert!(!here.path().exists());

    here.write("mirror/words/train.txt", TEXT);
    here.fetch(here.mirror().as_str()).unwrap();
    here.assert_complete();
}

#[test]
fn a_damaged_file_in_the_cache_is_replaced() {
    let here = Here::new();
    here.write("cache/words/train.txt", &TEXT[..5]);
    here.write("mirror/words/train.txt", TEXT);
    assert_eq!(here.fetch(here.mirror().as_str()).unwrap().new, [here.path()]);
    here.assert_complete();
}

#[test]
fn two_at_once_leave_one_good_file() {
    let here = Here::new();
    here.write("mirror/words/train.txt", TEXT);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| here.fetch(here.mirror().as_str()).unwrap());
        }
    });
    here.assert_complete();
}

#[test]
fn progress_adds_up_to_the_size() {
    #[derive(Default)]
    struct Seen(RefCell<(u64, u64, u32)>);
    impl FetchProgress for Seen {
        fn start(&self, _file: &DataFile, _from: &str, done: u64, total: u64) {
            *self.0.borrow_mut() = (done, total, 0);
        }
        fn advance(&self, bytes: u64) {
            self.0.borrow_mut().0 += bytes;
        }
        fn finish(&self, _file: &DataFile) {
            self.0.borrow_mut().2 += 1;
        }
    }
    let here = Here::new();
    let (url, _ranges) = server(vec![broken_off(), rest(10)]);
    let seen = Seen::default();
    fetch_into(&here.cache, &here.manifest, &Origin::new(Some(&url)), &seen).unwrap();
    assert_eq!(*seen.0.borrow(), (44, 44, 1));
}

#[test]
fn origins_are_told_apart() {
    assert_eq!(Origin::new(None), Origin::Canonical);
    assert_eq!(Origin::new(Some("https://host/data/")), Origin::Url("https://host/data".into()));
    assert_eq!(Origin::new(Some("file:///data")), Origin::Folder("/data".into()));
    assert_eq!(Origin::new(Some("../data")), Origin::Folder("../data".into()));
}
