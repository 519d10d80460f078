//! The job script of a submission and the arguments of sbatch.

use std::fmt::Write as _;

use camino::Utf8Path;

use super::SlurmOptions;
use sparsegate_data::CACHE_VARIABLE;

/// Name of the environment variable that tells the job its folder for the data cache.
pub(super) const SCRATCH_VARIABLE: &str = "SPARSEGATE_SCRATCH";

/// The script that Slurm starts for each task of the array. `folder` is that of the submission. The program replaces
/// the shell, so that it is the process that gets the signals. `cache` is the folder of the data cache, if it is not
/// the project's.
pub(super) fn script(
    options: &SlurmOptions,
    program: &str,
    root: &Utf8Path,
    folder: &Utf8Path,
    cache: Option<&Utf8Path>,
) -> String {
    // Modules are shell functions that a login shell defines; a preamble may use them, too.
    let login = if options.modules.is_empty() && options.preamble.is_none() { "" } else { " -l" };
    let mut text = format!("#!/bin/bash{login}\n# Written by sparsegate, which submits it as a job array.\n");
    for module in &options.modules {
        let _ = writeln!(text, "module load {module} || exit 1");
    }
    if let Some(preamble) = &options.preamble {
        let _ = writeln!(text, "{}", preamble.trim_end());
    }
    if let Some(cache) = cache {
        let _ = writeln!(text, "export {CACHE_VARIABLE}={}", quoted(cache.as_str()));
    }
    if let Some(scratch) = &options.scratch {
        let _ = writeln!(text, "export {SCRATCH_VARIABLE}=\"{scratch}\"");
    }
    let (program, root, folder) = (quoted(program), quoted(root.as_str()), quoted(folder.as_str()));
    let _ = writeln!(text, "exec {program} --root {root} slurm-task {folder} \"$SLURM_ARRAY_TASK_ID\"");
    text
}

/// A text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The job array to submit.
pub(super) struct JobArray<'a> {
    /// Name of the jobs.
    pub name: &'a str,
    /// Number of its tasks, at least 1.
    pub tasks: usize,
    /// Tasks at once; `None` for all.
    pub at_once: Option<usize>,
    /// Jobs that must have ended before the first task starts.
    pub after: &'a [String],
    /// Folder of the submission, which has the script and gets what the jobs print.
    pub folder: &'a Utf8Path,
    /// The project folder.
    pub root: &'a Utf8Path,
}

/// The arguments of sbatch.
pub(super) fn arguments(options: &SlurmOptions, array: &JobArray<'_>) -> Vec<String> {
    let limit = array.at_once.map(|count| format!("%{count}")).unwrap_or_default();
    let mut arguments = vec![
        "--parsable".to_owned(),
        format!("--job-name={}", array.name),
        format!("--array=0-{}{limit}", array.tasks - 1),
        format!("--chdir={}", array.root),
        // In this option % begins a placeholder.
        format!("--output={}/job-%a.out", array.folder.as_str().replace('%', "%%")),
        // A requeued job goes on in the same file.
        "--open-mode=append".to_owned(),
        "--requeue".to_owned(),
        // Limits of the login node's shells (`ulimit`) are none of the jobs'.
        "--propagate=NONE".to_owned(),
        // B: to the process that replaces the shell, and to no other.
        format!("--signal=B:USR1@{}", options.warning()),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        format!("--cpus-per-task={}", options.threads()),
    ];
    let stated = [
        ("partition", &options.partition),
        ("account", &options.account),
        ("qos", &options.qos),
        ("constraint", &options.constraint),
        ("time", &options.time),
        ("mem", &options.memory),
        ("gres", &options.gres),
    ];
    arguments.extend(stated.iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?))));
    if !array.after.is_empty() {
        // Whether those runs are done is judged by the job itself, which then says why it does not start.
        arguments.push(format!("--dependency=afterany:{}", array.after.join(":")));
    }
    arguments.extend(options.sbatch.iter().cloned());
    arguments.push(array.folder.join("job.sh").into_string());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[&str]) -> SlurmOptions {
        let mut options = SlurmOptions::default();
        for pair in pairs {
            options.set(pair).unwrap();
        }
        options
    }

    #[test]
    fn the_script_is_replaced_by_the_program() {
        let text =
            script(&SlurmOptions::default(), "/a b/sparsegate", Utf8Path::new("/it's"), Utf8Path::new("/f"), None);
        let last = "exec '/a b/sparsegate' --root '/it'\\''s' slurm-task '/f' \"$SLURM_ARRAY_TASK_ID\"\n";
        assert!(text.starts_with("#!/bin/bash\n") && text.ends_with(last), "{text}");
        let options = options(&["modules=gcc/12 cuda", "preamble=ulimit -v 1\nx=1", "scratch=$TMPDIR/cache"]);
        let text = script(&options, "s", Utf8Path::new("/r"), Utf8Path::new("/f"), Some(Utf8Path::new("/d/c")));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "#!/bin/bash -l");
        let before = ["module load gcc/12 || exit 1", "module load cuda || exit 1", "ulimit -v 1", "x=1"];
        assert_eq!(lines[2..6], before);
        assert_eq!(lines[6], "export SPARSEGATE_CACHE='/d/c'");
        assert_eq!(lines[7], "export SPARSEGATE_SCRATCH=\"$TMPDIR/cache\"");
    }

    #[test]
    fn what_is_stated_is_passed_on_and_nothing_else() {
        let (root, folder) = (Utf8Path::new("/r"), Utf8Path::new("/r/slurm/50%t-1"));
        let array = JobArray { name: "t-1", tasks: 12, at_once: Some(2), after: &[], folder, root };
        let plain = arguments(&SlurmOptions::default(), &array).join(" ");
        for expected in [
            "--array=0-11%2 ",
            "--signal=B:USR1@120 ",
            "--requeue ",
            "--propagate=NONE ",
            "--cpus-per-task=1 ",
            " /r/slurm/50%t-1/job.sh",
        ] {
            assert!(plain.contains(expected), "{expected} in {plain}");
        }
        assert!(plain.contains("--output=/r/slurm/50%%t-1/job-%a.out "), "{plain}");
        for absent in ["--partition", "--time", "--mem", "--dependency"] {
            assert!(!plain.contains(absent), "{absent} in {plain}");
        }
        let after = ["7".to_owned(), "8_3".to_owned()];
        let array = JobArray { at_once: None, after: &after, tasks: 1, ..array };
        let options =
            options(&["time=1:00:00", "cpus=4", "memory=2G", "gres=gpu:1", "warning=30", "sbatch=--exclusive"]);
        let all = arguments(&options, &array).join(" ");
        for expected in [
            "--array=0-0 ",
            "--time=1:00:00 ",
            "--cpus-per-task=4 ",
            "--mem=2G ",
            "--gres=gpu:1 ",
            "--signal=B:USR1@30 ",
            "--dependency=afterany:7:8_3 --exclusive /r",
        ] {
            assert!(all.contains(expected), "{expected} in {all}");
        }
    }
}
