//! Flipped bits, truncated and missing files of finished runs, against every command that shows a number.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_testing::Answer;

use crate::subject::{Files, RUN, Subject};
use crate::tally::{Dice, Outcome, Tally, rounds};

/// Files that may be deleted: a report then lacks what they would add.
const EXTRAS: [&str; 5] =
    ["classes.json", "speed.json", "compact.safetensors", "checkpoint/state.safetensors", "times.jsonl"];

/// What a command answers: exit code, standard output, and files that it writes.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    answer: Answer,
    /// Hash of what it writes.
    written: String,
}

struct Commands {
    subject: Subject,
    /// Arguments, the file or folder that the command writes, and whether its output is repeatable.
    commands: Vec<(Vec<String>, Option<&'static str>, bool)>,
}

impl Commands {
    fn new() -> Self {
        let subject = Subject::new();
        subject.go(&RUN).expect(0, &[]);
        let classifier = "c:sparsity=W";
        subject.go(&["bench", classifier, "--samples", "1", "--batch", "1", "--threads", "1"]).expect(0, &[]);
        subject.go(&["runs", "note", classifier, "a note"]).expect(0, &[]);
        subject.go(&["verify"]).expect(0, &[]);
        let command = |line: &str, written, repeatable| {
            (line.split(' ').map(str::to_owned).collect::<Vec<_>>(), written, repeatable)
        };
        let commands = vec![
            command("plan t.yaml c.yaml", None, true),
            command("run t.yaml c.yaml", None, true),
            command("status t.yaml c.yaml", None, true),
            command("report c.yaml", Some("reports/c"), true),
            command("check t.yaml c.yaml", None, true),
            command("predict c:sparsity=W w1 lovely", None, true),
            command("predict t w1 w2", None, true),
            command("export c:sparsity=W --format onnx --out m.onnx", Some("m.onnx"), true),
            command("bench c:sparsity=W --samples 1 --batch 1 --threads 1", None, false),
            command("verify", None, true),
            command("runs list", None, true),
            command("runs show c:sparsity=W", None, true),
            command("runs compare c:sparsity=W c:sparsity=dense", None, true),
        ];
        Self { subject, commands }
    }

    fn say(&self, at: usize) -> Said {
        let (arguments, written, _) = &self.commands[at];
        let target = written.map(|path| self.subject.0.path(path));
        if let Some(path) = &target {
            let _ = fs_err::remove_file(path);
            let _ = fs_err::remove_dir_all(path);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = self.subject.go(&arguments);
        Said { answer, written: target.map(|path| hash_of(&path)).unwrap_or_default() }
    }
}

/// Hash of a file, or of the tables and figures of a report.
fn hash_of(path: &Utf8Path) -> String {
    let hash = |bytes: &[u8]| sparsegate_store::checksum_of(bytes).blake3;
    if !path.is_dir() {
        return hash(&fs_err::read(path).unwrap_or_default());
    }
    let mut files: Vec<_> = path.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    files.sort();
    files.retain(|file| file.extension() != Some("png"));
    let content = |file: &Utf8PathBuf| [file.as_str().as_bytes(), &fs_err::read(file).unwrap()].concat();
    hash(&files.iter().flat_map(content).collect::<Vec<_>>())
}

/// A fault of a file's content; `None` removes the file.
fn damage(dice: &mut Dice, files: &Files, name: &str) -> (&'static str, Option<Vec<u8>>) {
    let mut bytes = files[name].clone();
    if bytes.is_empty() {
        return ("appended bytes", Some(vec![b'x']));
    }
    let at = dice.below(bytes.len());
    match dice.below(10) {
        0 => ("missing", None),
        1 => ("cut", Some(bytes[..at].to_vec())),
        2 => ("empty", Some(Vec::new())),
        3 => {
            bytes[at..].fill(0);
            ("zeros at the end", Some(bytes))
        }
        4 => {
            bytes.extend_from_slice(b"\0more");
            ("appended bytes", Some(bytes))
        }
        5 => {
            let other = |other: &&String| *other != name && other.rsplit('/').next() == name.rsplit('/').next();
            let other = files.keys().find(other).map(|other| files[other].clone());
            ("the file of another run", Some(other.filter(|other| *other != bytes).unwrap_or(Vec::new())))
        }
        _ => {
            bytes[at] ^= 1 << dice.below(8);
            ("a flipped bit", Some(bytes))
        }
    }
}

fn judge(command: &Commands, at: usize, name: &str, before: &Said, now: &Said) -> Outcome {
    let (arguments, _, repeatable) = &command.commands[at];
    let all = format!("{}{}", now.answer.out, now.answer.err);
    let wrong = |what: &str| Outcome::Wrong(format!("{}, {name}: {what}: {all}", arguments.join(" ")));
    if all.contains("panicked") || now.answer.code.is_none() {
        return wrong("crashed");
    }
    if before == now {
        return Outcome::Survived;
    }
    // What a person wrote about a run has no checksum, and no number depends on it.
    if name.ends_with("notes.json") && now.answer.code == before.answer.code {
        return Outcome::Survived;
    }
    let gone = !command.subject.runs().join(name).exists();
    if gone && now.answer.code == before.answer.code && EXTRAS.iter().any(|file| name.ends_with(file)) {
        return Outcome::Survived;
    }
    let file = name.rsplit('/').next().unwrap();
    let named = all.contains(file) && now.answer.code != Some(0);
    // `plan`, `status`, `report`, `check` and `runs list` show the state in place of the run's numbers.
    if named || all.contains("damaged") || all.contains("newer sparsegate") {
        return Outcome::Noticed;
    }
    // `check` of an experiment without claims says less about a run that it does not need.
    let lines = |said: &Said| -> Vec<String> {
        format!("{}{}", said.answer.out, said.answer.err).lines().map(str::to_owned).collect()
    };
    let known = lines(before);
    let says_less = before.written == now.written && lines(now).iter().all(|line| known.contains(line));
    if now.answer.code == before.answer.code && says_less {
        return Outcome::Survived;
    }
    // Messages may differ, such as that of a compact model that is made again; numbers may not.
    let same = before.answer.out == now.answer.out && before.written == now.written;
    if now.answer.code == before.answer.code && (same || !repeatable) {
        return Outcome::Survived;
    }
    wrong("other numbers than before")
}

#[test]
fn damaged_files_of_finished_runs() {
    let (mut dice, mut tally) = (Dice::new(7), Tally::new("damage of"));
    let commands = Commands::new();
    let files = commands.subject.files();
    // `bench` stores its times.
    let say = |at: usize| {
        let said = commands.say(at);
        commands.subject.restore(&files);
        said
    };
    let before: Vec<Said> = (0..commands.commands.len()).map(say).collect();
    assert!(before.iter().all(|said| matches!(said.answer.code, Some(0 | 3))), "{before:#?}");
    for at in (0..before.len()).filter(|at| commands.commands[*at].2) {
        assert_eq!(say(at), before[at], "a command whose output cannot be compared");
    }
    let names: Vec<&String> = files.keys().filter(|name| *name != ".experiments/lock").collect();
    let few = names.len() * 2;
    for round in 0..rounds(few) {
        let name = names[round % names.len()].as_str();
        let (fault, bytes) = damage(&mut dice, &files, name);
        let path = commands.subject.runs().join(name);
        // Three commands; over many rounds each of them meets each file.
        for _ in 0..3 {
            match &bytes {
                Some(bytes) => fs_err::write(&path, bytes).unwrap(),
                None => fs_err::remove_file(&path).unwrap(),
            }
            let at = dice.below(before.len());
            let now = commands.say(at);
            let outcome = match judge(&commands, at, name, &before[at], &now) {
                Outcome::Wrong(what) => Outcome::Wrong(format!("{fault}: {what}")),
                other => other,
            };
            let parts: Vec<_> = name.split('/').collect();
            let kind = if name.starts_with('.') { name.to_owned() } else { parts[1..].join("/") };
            tally.add(&format!("{kind}: {fault}"), outcome);
            commands.subject.restore(&files);
        }
    }
    tally.end();
}
