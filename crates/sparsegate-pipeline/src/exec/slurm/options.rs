//! What the user asks of Slurm: in a configuration file or by `--slurm KEY=VALUE`.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use super::SlurmError;
use super::warning::seconds;
use sparsegate_spec::nearest;

/// Seconds before the time limit at which a job is warned, if the user states none.
const WARNING: u32 = 120;
/// How often a job that was killed is tried again, if the user states nothing.
const RETRIES: u32 = 2;

/// Resources and surroundings of the job of one run. What is not stated is left to Slurm's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmOptions {
    /// Partition (queue).
    #[serde(deserialize_with = "word")]
    pub partition: Option<String>,
    /// Account that is charged.
    #[serde(deserialize_with = "word")]
    pub account: Option<String>,
    /// Quality of service.
    #[serde(deserialize_with = "word")]
    pub qos: Option<String>,
    /// Features that the node must have.
    #[serde(deserialize_with = "word")]
    pub constraint: Option<String>,
    /// Time limit of a job as sbatch takes it, such as `4:00:00` or `90` (minutes). A run that takes longer goes on in
    /// the next job.
    #[serde(deserialize_with = "word")]
    pub time: Option<String>,
    /// Processors, which are also the threads that a new run computes with.
    pub cpus: Option<u32>,
    /// Memory of the job, such as `4G`.
    #[serde(deserialize_with = "word")]
    pub memory: Option<String>,
    /// Generic resources, such as `gpu:1`.
    #[serde(deserialize_with = "word")]
    pub gres: Option<String>,
    /// Modules to load before the program starts.
    #[serde(deserialize_with = "words")]
    pub modules: Vec<String>,
    /// Lines of shell before the program starts, after the modules.
    #[serde(deserialize_with = "word")]
    pub preamble: Option<String>,
    /// A folder on the node for the data cache; variables such as `$TMPDIR` are those of the job.
    #[serde(deserialize_with = "word")]
    pub scratch: Option<String>,
    /// How often a run whose process was killed is tried again.
    pub retries: Option<u32>,
    /// Seconds before the time limit at which the run saves and is requeued.
    pub warning: Option<u32>,
    /// Most tasks of one array, where the site allows fewer than it says.
    #[serde(rename = "max-tasks")]
    pub max_tasks: Option<u32>,
    /// Further options of sbatch, such as `--exclusive`.
    #[serde(deserialize_with = "words")]
    pub sbatch: Vec<String>,
}

/// Long options of sbatch that would break what the program relies on, or that `--slurm` or `--jobs` has, with their
/// short forms.
const REFUSED: [(&str, Option<char>); 16] = [
    ("array", Some('a')),
    ("chdir", Some('D')),
    ("clusters", Some('M')),
    ("dependency", Some('d')),
    ("help", Some('h')),
    ("hold", Some('H')),
    ("job-name", Some('J')),
    ("no-requeue", None),
    ("open-mode", None),
    ("output", Some('o')),
    ("signal", None),
    ("test-only", None),
    ("usage", None),
    ("version", Some('V')),
    ("wait", Some('W')),
    ("wrap", None),
];
/// Short options of sbatch that take no value, so that others may follow in the same word.
const WITHOUT_VALUE: &str = "HhkOQsvVW";

/// The option of [`REFUSED`] that a word has. sbatch accepts the beginning of a long option, too.
fn refused(word: &str) -> Option<&'static str> {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        let is_it = |(refused, _): &&(&'static str, _)| !name.is_empty() && refused.starts_with(name);
        return REFUSED.iter().find(is_it).map(|(refused, _)| *refused);
    }
    for letter in word.trim_start_matches('-').chars() {
        if let Some((refused, _)) = REFUSED.iter().find(|(_, short)| *short == Some(letter)) {
            return Some(refused);
        }
        if !WITHOUT_VALUE.contains(letter) {
            return None;
        }
    }
    None
}

impl SlurmOptions {
    const KEYS: [&'static str; 15] = [
        "partition",
        "account",
        "qos",
        "constraint",
        "time",
        "cpus",
        "memory",
        "gres",
        "modules",
        "preamble",
        "scratch",
        "retries",
        "warning",
        "max-tasks",
        "sbatch",
    ];

    /// Sets the option in `pair`, `KEY=VALUE`. Words of a list are separated by blanks; an empty value unsets an
    /// option.
    ///
    /// # Errors
    /// [`SlurmError::Option`]: no `=`, an unknown key with the nearest known one, or a value that is no number.
    pub fn set(&mut self, pair: &str) -> Result<(), SlurmError> {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(SlurmError::Option(format!("`--slurm {pair}` is not KEY=VALUE, such as --slurm time=4:00:00")));
        };
        let number = || -> Result<Option<u32>, SlurmError> {
            let wrong = |_| SlurmError::Option(format!("`--slurm {pair}`: `{value}` is no whole number"));
            if value.is_empty() { Ok(None) } else { value.parse().map(Some).map_err(wrong) }
        };
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let list = || value.split_whitespace().map(str::to_owned).collect();
        match key {
            "partition" => self.partition = text(),
            "account" => self.account = text(),
            "qos" => self.qos = text(),
            "constraint" => self.constraint = text(),
            "time" => self.time = text(),
            "cpus" => self.cpus = number()?,
            "memory" => self.memory = text(),
            "gres" => self.gres = text(),
            "modules" => self.modules = list(),
            "preamble" => self.preamble = text(),
            "scratch" => self.scratch = text(),
            "retries" => self.retries = number()?,
            "warning" => self.warning = number()?,
            "max-tasks" => self.max_tasks = number()?,
            "sbatch" => self.sbatch = list(),
            _ => {
                let hint = match nearest(key, Self::KEYS) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("there are {}", Self::KEYS.join(", ")),
                };
                return Err(SlurmError::Option(format!("`--slurm {pair}`: unknown key `{key}`; {hint}")));
            }
        }
        Ok(())
    }

    /// Refuses values that the job script or sbatch would misread.
    ///
    /// # Errors
    /// [`SlurmError::Option`].
    pub fn check(&self) -> Result<(), SlurmError> {
        let bad = |key: &str, why: &str| Err(SlurmError::Option(format!("slurm option `{key}` {why}")));
        if self.cpus == Some(0) {
            return bad("cpus", "is 0; a run needs at least one processor");
        }
        if let Some(option) = self.sbatch.iter().find(|option| !option.starts_with('-')) {
            return bad("sbatch", &format!("has `{option}`, which is no option; write --name=value as one word"));
        }
        if let Some((option, name)) = self.sbatch.iter().find_map(|option| Some((option, refused(option)?))) {
            return bad(
                "sbatch",
                &format!(
                    "has `{option}`; --{name} of sbatch cannot be changed, since status, cancel \
                and going on after the time limit depend on it"
                ),
            );
        }
        if self.max_tasks == Some(0) {
            return bad("max-tasks", "is 0; an array has at least one task");
        }
        let warning = self.warning();
        if let Some(time) = self.time.as_ref().filter(|time| seconds(time).is_some_and(|all| all <= warning.into())) {
            let why = format!(
                "is {time}, no longer than the warning {warning} seconds before its end: ask for more, or set \
                 --slurm warning=SECONDS to less"
            );
            return bad("time", &why);
        }
        if self.scratch.as_ref().is_some_and(|scratch| scratch.contains(['"', '`', '\\', '\n'])) {
            return bad("scratch", "has a quote, a backslash or a line end");
        }
        if let Some(module) = self.modules.iter().find(|name| !name.chars().all(is_plain)) {
            return bad("modules", &format!("has `{module}`, which is no name of a module"));
        }
        Ok(())
    }

    /// Threads that a new run computes with.
    pub fn threads(&self) -> usize {
        self.cpus.map_or(1, |cpus| cpus as usize)
    }

    /// Seconds before the time limit at which the run saves and is requeued.
    pub fn warning(&self) -> u32 {
        self.warning.unwrap_or(WARNING)
    }

    /// How often a run whose process was killed is tried again.
    pub fn retries(&self) -> u32 {
        self.retries.unwrap_or(RETRIES)
    }
}

/// Whether a character needs no quotes in a shell.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_./+@%:,".contains(character)
}

/// A text; a number is one, too, since `time: 90` and `memory: 4000` need no quotes.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Words).map(|words| Some(words.join(" ")).filter(|text| !text.is_empty()))
}

/// A list of words, or a text of words.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = deserializer.deserialize_any(Words)?;
    Ok(words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect())
}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a number")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(vec![value.to_owned()])
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element::<String>()? {
            words.push(word);
        }
        Ok(words)
    }

    // A submission that is read again has `null` for what was not stated.
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    #[test]
    fn options_of_a_file_and_of_the_command_line_are_the_same() {
        let text = "{ partition: main, time: 90, cpus: 2, modules: [a/1, b], sbatch: --exclusive, memory: 4G }";
        let read: SlurmOptions = sparsegate_spec::yaml::parse(Utf8Path::new("c.yaml"), text).unwrap();
        let mut set = SlurmOptions::default();
        for pair in ["partition=main", "time=90", "cpus=2", "modules=a/1 b", "sbatch=--exclusive", "memory=4G"] {
            set.set(pair).unwrap();
        }
        assert_eq!(read, set);
        set.check().unwrap();
        assert_eq!((set.threads(), set.warning(), set.retries()), (2, 120, 2));
        set.set("time=").unwrap();
        assert_eq!(set.time, None);
    }

    #[test]
    fn every_key_can_be_set_and_stored() {
        let mut options = SlurmOptions::default();
        for key in SlurmOptions::KEYS {
            let value = if ["cpus", "retries", "warning", "max-tasks"].contains(&key) { "3" } else { "-x" };
            options.set(&format!("{key}={value}")).unwrap();
        }
        let stored: serde_json::Value = serde_json::to_value(&options).unwrap();
        assert_eq!(stored.as_object().unwrap().len(), SlurmOptions::KEYS.len());
        assert!(stored.as_object().unwrap().values().all(|value| !value.is_null()), "{stored}");
        assert_eq!(serde_json::from_value::<SlurmOptions>(stored).unwrap(), options);
    }

    #[test]
    fn mistakes_are_named() {
        let mut options = SlurmOptions::default();
        let mut error = |pair| options.set(pair).unwrap_err().to_string();
        assert!(error("partitions=x").ends_with("unknown key `partitions`; did you mean `partition`?"));
        assert!(error("cpus=many").contains("`many` is no whole number"));
        assert!(error("time").contains("is not KEY=VALUE"));
        let check = |pair: &str| {
            let mut options = SlurmOptions::default();
            options.set(pair).unwrap();
            options.check().unwrap_err().to_string()
        };
        assert!(check("cpus=0").contains("at least one"));
        assert!(check("sbatch=exclusive").contains("no option"));
        assert!(check("scratch=\"x").contains("quote"));
        assert!(check("max-tasks=0").contains("at least one"));
        for time in ["time=1", "time=0:02:00", "time=2:00"] {
            assert!(check(time).contains("no longer than the warning 120 seconds"), "{time}");
        }
        let words =
            ["--job-name=x", "--job=x", "-Jx", "-a0-3", "--signal=TERM@3", "--no-requeue", "-QW", "--out=x", "-Mc"];
        for word in words {
            assert!(check(&format!("sbatch={word}")).contains("cannot be changed"), "{word}");
        }
        for word in ["--exclusive", "--nice=100", "-pmain", "-C", "-QOmx", "--wait-all-nodes=1", "--mail-type=END"] {
            let mut options = SlurmOptions::default();
            options.set(&format!("sbatch={word}")).unwrap();
            options.check().unwrap();
        }
        assert!(check("modules=a;b").contains("no name of a module"));
    }
}
