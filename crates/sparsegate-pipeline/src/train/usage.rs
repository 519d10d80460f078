//! What the process of a run used: memory, and energy where the machine counts it.

use camino::Utf8Path;

use sparsegate_store::format::ResourceUsage;

/// Where Linux shows the energy counters of Intel's and AMD's processors (RAPL). Usually only root may read them.
const POWER: &str = "/sys/class/powercap";

/// The energy counters when a run began.
#[derive(Debug)]
pub(super) struct UsageMeter {
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
        Self { counters: read_counters(Utf8Path::new(POWER)) }
    }

    /// What was used until now. The memory is that of this process since it began; the energy is that of all processors
    /// of the machine since the meter started, for whomever they worked.
    pub(super) fn usage(&self) -> Option<ResourceUsage> {
        let peak_memory = peak_memory(&fs_err::read_to_string("/proc/self/status").unwrap_or_default());
        let energy_joules = energy(&self.counters, &read_counters(Utf8Path::new(POWER)));
        let usage = ResourceUsage { peak_memory, energy_joules };
        (usage != ResourceUsage::default()).then_some(usage)
    }
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
            let usage = UsageMeter::start().usage().expect("Linux tells the memory");
            assert!(usage.peak_memory.is_some_and(|bytes| bytes > 1 << 20), "{usage:?}");
        }
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
