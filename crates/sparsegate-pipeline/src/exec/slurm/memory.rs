//! Whether memory ran out: the kernel counts the processes of a job's control group that it killed for it.

use camino::{Utf8Path, Utf8PathBuf};

/// The control groups of this job that limit its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobMemory {
    /// From that of this process to that of the job.
    folders: Vec<Utf8PathBuf>,
    /// Whether they are those of version 1, in which a group does not count what happens in those below.
    is_first_version: bool,
}

impl JobMemory {
    /// Those of this process; `None` where Slurm made no groups for the job.
    pub fn of_this_process() -> Option<Self> {
        Self::parse(&fs_err::read_to_string("/proc/self/cgroup").ok()?, Utf8Path::new("/sys/fs/cgroup"))
    }

    /// Reads the lines of `/proc/PID/cgroup`; the groups are mounted in `mount`.
    fn parse(groups: &str, mount: &Utf8Path) -> Option<Self> {
        let lines: Vec<(&str, &str)> =
            groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':')).collect();
        let first = lines.iter().find(|(controllers, _)| controllers.split(',').any(|name| name == "memory"));
        let (mount, path) = match first {
            Some((_, path)) => (mount.join("memory"), path),
            None => (mount.to_owned(), &lines.iter().find(|(controllers, _)| controllers.is_empty())?.1),
        };
        let mut folders = Vec::new();
        for folder in Utf8Path::new(path).ancestors() {
            folders.push(mount.join(folder.as_str().trim_start_matches('/')));
            if folder.file_name().is_some_and(|name| name.starts_with("job_")) {
                return Some(Self { folders, is_first_version: first.is_some() });
            }
        }
        None
    }

    /// How many of the job's processes were killed for lack of memory so far.
    pub fn kills(&self) -> u64 {
        let (file, counted) = if self.is_first_version {
            ("memory.oom_control", &self.folders[..])
        } else {
            ("memory.events", self.folders.last().map_or(&[][..], std::slice::from_ref))
        };
        let count = |folder: &Utf8PathBuf| {
            let text = fs_err::read_to_string(folder.join(file)).ok()?;
            text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok())
        };
        counted.iter().filter_map(count).sum()
    }

    /// The most bytes that the job had at once, where the kernel tells.
    pub fn peak(&self) -> Option<u64> {
        let file = if self.is_first_version { "memory.max_usage_in_bytes" } else { "memory.peak" };
        fs_err::read_to_string(self.folders.last()?.join(file)).ok()?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_in_the_groups_of_the_job() {
        let folder = tempfile::tempdir().unwrap();
        let mount = Utf8Path::from_path(folder.path()).unwrap();
        let write = |path: &str, text: &str| {
            fs_err::create_dir_all(mount.join(path).parent().unwrap()).unwrap();
            fs_err::write(mount.join(path), text).unwrap();
        };
        let text = "0::/system.slice/slurmstepd.scope/job_7/step_batch/user/task_0\n";
        let memory = JobMemory::parse(text, mount).unwrap();
        assert_eq!((memory.kills(), memory.peak()), (0, None));
        write("system.slice/slurmstepd.scope/job_7/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
        write("system.slice/slurmstepd.scope/job_7/memory.peak", "1048576\n");
        assert_eq!((memory.kills(), memory.peak()), (2, Some(1 << 20)));

        let text = "11:cpuset:/slurm\n4:memory:/slurm/uid_1/job_7/step_batch\n0::/x\n";
        let memory = JobMemory::parse(text, mount).unwrap();
        write(
            "memory/slurm/uid_1/job_7/step_batch/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        );
        write("memory/slurm/uid_1/job_7/memory.max_usage_in_bytes", "5\n");
        assert_eq!((memory.kills(), memory.peak()), (1, Some(5)));

        assert_eq!(JobMemory::parse("0::/user.slice/session.scope\n", mount), None);
        assert_eq!(JobMemory::parse("", mount), None);
    }
}
