//! Whether locks in a folder hold on other nodes, as far as the options of its mount tell.

use camino::Utf8Path;

/// Says that locks in `folder` are seen by this node only; `None` if they reach others, or nothing tells.
pub(super) fn local_locks(folder: &Utf8Path) -> Option<String> {
    judge(&fs_err::read_to_string("/proc/self/mounts").ok()?, folder)
}

fn judge(mounts: &str, folder: &Utf8Path) -> Option<String> {
    let parse = |line: &str| {
        let mut words = line.split(' ').skip(1).map(|word| word.replace("\\040", " "));
        Some((words.next()?, words.next()?, words.next()?))
    };
    let holds = |(point, _, _): &(String, String, String)| folder.starts_with(point);
    // Of mounts on one folder, the last one counts.
    let (point, kind, options) =
        mounts.lines().filter_map(parse).filter(holds).max_by_key(|(point, _, _)| point.len())?;
    let has = |names: &[&str]| options.split(',').find(|option| names.contains(option)).map(str::to_owned);
    let why = match kind.as_str() {
        "nfs" | "nfs4" => has(&["local_lock=all", "local_lock=flock", "nolock"])?,
        "lustre" if has(&["flock"]).is_none() => has(&["localflock", "noflock"]).unwrap_or("no flock".to_owned()),
        _ => return None,
    };
    Some(format!(
        "note: locks on {point} ({kind}, {why}) do not reach other nodes, so that two people who submit at once may \
         submit a run twice; docs/cluster.md says how to mount it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_with_local_locks_are_named() {
        let mounts = "/dev/sda / ext4 rw 0 0\nserver:/a /home nfs4 rw,vers=4.2,local_lock=none 0 0\n\
                      server:/b /home/my\\040project nfs rw,nolock,local_lock=all 0 0\n\
                      x /scratch lustre rw,localflock,lazystatfs 0 0\nx /work lustre rw,flock 0 0\n";
        let note = |folder| judge(mounts, Utf8Path::new(folder));
        for fine in ["/tmp/x", "/home/x", "/work/x", "/homes"] {
            assert_eq!(note(fine), None, "{fine}");
        }
        assert!(note("/home/my project/a").unwrap().contains("/home/my project (nfs, nolock)"));
        assert!(note("/scratch/x").unwrap().contains("(lustre, localflock)"));
        assert_eq!(judge("", Utf8Path::new("/x")), None);
    }
}
