//! What the process of a run used: time, memory, and energy where the machine counts it; and what a Slurm job was given.

use std::time::Instant;

use camino::Utf8Path;

use sparsegate_store::format::{Allocation, ResourceUsage};

/// Where Linux shows the energy counters of Intel's and AMD's processors (RAPL). Usually only root may read them.
const POWER: &str = "/sys/class/powercap";

/// The unit of CPU times in `/proc`, which Linux fixes at a hundredth of a second whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The clocks and counters when a run began.
#[derive(Debug)]
pub(super) struct UsageMeter {
    begun: Instant,
    cpu_seconds: Option<f64>,
    counters: Vec<Counter>,
}

/// The counter of one processor package, in microjoules. It begins again at 0 above its range.
#[derive(Debug, PartialEq)]
struct Counter {
    name: String,
    value: u64,
    range: u64,
}

impl UsageMeter {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), cpu_seconds: own_cpu_seconds(), counters: read_counters(Utf8Path::new(POWER)) }
    }

    /// What was used since the meter started. The memory is that of this process since it began; the energy is that of
    /// all processors of the machine, for whomever they worked.
    pub(super) fn usage(&self) -> ResourceUsage {
        ResourceUsage {
            seconds: Some(self.begun.elapsed().as_secs_f64()),
            cpu_seconds: own_cpu_seconds().zip(self.cpu_seconds).map(|(now, before)| now - before),
            peak_memory: peak_memory(&fs_err::read_to_string("/proc/self/status").unwrap_or_default()),
            energy_joules: energy(&self.counters, &read_counters(Utf8Path::new(POWER))),
            allocation: allocation(|name| std::env::var(name).ok()),
        }
    }
}

fn own_cpu_seconds() -> Option<f64> {
    cpu_seconds(&fs_err::read_to_string("/proc/self/stat").ok()?)
}

/// User and system time of all threads, seconds, from the text of `/proc/self/stat`.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the program's name in brackets, which may contain blanks and brackets. User and system time are
    // the fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

/// What Slurm says to a job in its environment; `None` outside a job.
fn allocation(variable: impl Fn(&str) -> Option<String>) -> Option<Allocation> {
    variable("SLURM_JOB_ID")?;
    let number = |name: &str| variable(name)?.parse::<u64>().ok();
    let cpus = number("SLURM_CPUS_PER_TASK").or_else(|| number("SLURM_CPUS_ON_NODE"));
    let per_cpu = || number("SLURM_MEM_PER_CPU")?.checked_mul(number("SLURM_CPUS_ON_NODE").or(cpus)?);
    let mebibytes = number("SLURM_MEM_PER_NODE").or_else(per_cpu);
    let limit = number("SLURM_JOB_END_TIME").zip(number("SLURM_JOB_START_TIME"));
    Some(Allocation {
        cpus,
        // A job without a memory limit of its own has the whole node, and 0 here.
        memory: mebibytes.filter(|size| *size > 0).and_then(|size| size.checked_mul(1 << 20)),
        seconds: limit.and_then(|(end, start)| end.checked_sub(start)).map(|seconds| seconds as f64),
    })
}

/// The largest resident memory in bytes, from the text of `/proc/self/status`.
fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The counters of the packages, `intel-rapl:0` and so on; those of parts of a package are not counted again.
fn read_counters(folder: &Utf8Path) -> Vec<Counter> {
    let Ok(entries) = folder.read_dir_utf8() else { return Vec::new() };
    let number = |path: &Utf8Path| fs_err::read_to_string(path).ok()?.trim().parse().ok();
    let counter = |entry: camino::Utf8DirEntry| {
        let name = entry.file_name().to_owned();
        let is_package = name.starts_with("intel-rapl:") && name.matches(':').count() == 1;
        let value = number(&entry.path().join("energy_uj")).filter(|_| is_package)?;
        Some(Counter { value, range: number(&entry.path().join("max_energy_range_uj"))?, name })
    };
    let mut counters: Vec<Counter> = entries.flatten().filter_map(counter).collect();
    counters.sort_by(|a, b| a.name.cmp(&b.name));
    counters
}

/// Joules between two readings; `None` without counters. A counter is taken to have overflowed at most once, which a
/// range of some hours allows only for runs shorter than that, so that longer runs may show too little.
fn energy(before: &[Counter], after: &[Counter]) -> Option<f64> {
    let used = before.iter().zip(after).filter(|(before, after)| before.name == after.name);
    let used: Vec<u64> = used
        .map(|(before, after)| match after.value.checked_sub(before.value) {
            Some(used) => used,
            None => (before.range + after.value).saturating_sub(before.value),
        })
        .collect();
    (!used.is_empty()).then(|| used.iter().sum::<u64>() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_memory_is_in_bytes() {
        assert_eq!(peak_memory("Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t   12 kB\n"), Some(12 * 1024));
        assert_eq!(peak_memory("Name:\tx\n"), None);
        if cfg!(target_os = "linux") {
            let usage = UsageMeter::start().usage();
            assert!(usage.peak_memory.is_some_and(|bytes| bytes > 1 << 20), "{usage:?}");
            assert!(usage.cpu_seconds.is_some_and(|seconds| seconds >= 0.0), "{usage:?}");
        }
    }

    #[test]
    fn the_time_of_a_program_with_a_strange_name() {
        assert_eq!(cpu_seconds("7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20"), Some(3.0));
        assert_eq!(cpu_seconds("7 (a) S 1 2"), None);
    }

    #[test]
    fn a_job_knows_what_it_was_given() {
        let job = |variables: &[(&str, &str)]| {
            let variables: std::collections::BTreeMap<String, String> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            allocation(|name| variables.get(name).cloned())
        };
        assert_eq!(job(&[("SLURM_CPUS_ON_NODE", "2")]), None, "not in a job");
        let id = ("SLURM_JOB_ID", "7");
        assert_eq!(job(&[id]), Some(Allocation::default()));
        let times = [("SLURM_JOB_START_TIME", "1000"), ("SLURM_JOB_END_TIME", "1600")];
        let whole = [&[id, ("SLURM_CPUS_PER_TASK", "2"), ("SLURM_MEM_PER_NODE", "512")], &times[..]].concat();
        let given = Allocation { cpus: Some(2), memory: Some(512 << 20), seconds: Some(600.0) };
        assert_eq!(job(&whole), Some(given));
        let per_cpu = job(&[id, ("SLURM_CPUS_ON_NODE", "4"), ("SLURM_MEM_PER_CPU", "100")]);
        assert_eq!(per_cpu, Some(Allocation { cpus: Some(4), memory: Some(400 << 20), seconds: None }));
        let usage = ResourceUsage {
            seconds: Some(300.0),
            cpu_seconds: Some(450.0),
            peak_memory: Some(128 << 20),
            allocation: Some(given),
            ..ResourceUsage::default()
        };
        let shares = [usage.cpu_efficiency(), usage.memory_efficiency(), usage.time_efficiency()];
        assert_eq!(shares, [Some(0.75), Some(0.25), Some(0.5)]);
        assert_eq!(ResourceUsage { allocation: None, ..usage }.cpu_efficiency(), None);
    }

    #[test]
    fn energy_is_that_of_packages_across_an_overflow() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let write = |name: &str, energy: &str| {
            fs_err::create_dir_all(folder.join(name)).unwrap();
            fs_err::write(folder.join(name).join("energy_uj"), energy).unwrap();
            fs_err::write(folder.join(name).join("max_energy_range_uj"), "10000000\n").unwrap();
        };
        assert_eq!(energy(&read_counters(folder), &read_counters(folder)), None);
        write("intel-rapl:0", "1000000\n");
        write("intel-rapl:1", "9000000\n");
        write("intel-rapl:0:0", "5000000\n");
        write("dtpm", "7\n");
        let before = read_counters(folder);
        assert_eq!(before.len(), 2);
        write("intel-rapl:0", "3500000\n");
        write("intel-rapl:1", "500000\n");
        // 2.5 J, and 1.5 J across the end of the range.
        assert_eq!(energy(&before, &read_counters(folder)), Some(4.0));
    }
}
