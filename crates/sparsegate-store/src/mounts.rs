//! Whether locks in a folder hold on other hosts, as far as the options of its mount tell.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

/// A mounted file system whose locks only this host sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLocks {
    /// Where it is mounted.
    pub point: Utf8PathBuf,
    /// Type of the file system, such as `nfs`.
    pub kind: String,
    /// The option that makes its locks local, or the option that is missing.
    pub why: String,
}

impl fmt::Display for LocalLocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point, kind, why } = self;
        write!(
            f,
            "locks on {point} ({kind}, {why}) do not hold on other hosts, so that commands on two hosts may begin one \
             run at the same time and spoil its files"
        )
    }
}

impl LocalLocks {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.kind.as_str() {
            "lustre" => "mount it with `flock`, or let one host at a time work there; docs/cluster.md has a test",
            _ => {
                "mount it without `nolock` and with `local_lock=none`, or let one host at a time work there; \
                 docs/cluster.md has a test"
            }
        }
    }
}

/// The first of the `folders` whose locks other hosts do not see. `None` if they see those of all, or nothing tells: no
/// folder has to exist, and only Linux lists its mounts.
#[must_use]
pub fn local_locks<'a>(folders: impl IntoIterator<Item = &'a Utf8Path>) -> Option<LocalLocks> {
    let mounts = fs_err::read("/proc/self/mountinfo").ok()?;
    let mounts = String::from_utf8_lossy(&mounts);
    // Links are resolved: `runs` may lead to another file system than the project.
    let real = folders.into_iter().filter_map(|folder| folder.canonicalize_utf8().ok());
    real.filter_map(|folder| mount_of(&mounts, &folder)).find_map(judge)
}

/// A line of `/proc/self/mountinfo`.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: Utf8PathBuf,
    kind: String,
    /// Options of the mount and of its file system, separated by commas.
    options: String,
}

/// The mount that has the absolute path `path`: of those at it or above it, that with the longest path, and of several
/// on one folder the last.
fn mount_of(mounts: &str, path: &Utf8Path) -> Option<Mount> {
    let holds = |mount: &Mount| path.starts_with(&mount.point);
    mounts.lines().filter_map(parse).filter(holds).max_by_key(|mount| mount.point.as_str().len())
}

/// Parses a line: `ID PARENT DEVICE ROOT POINT OPTIONS [OPTIONAL]... - TYPE SOURCE FILE-SYSTEM-OPTIONS`.
fn parse(line: &str) -> Option<Mount> {
    // No field has a blank of its own, and none of those before the hyphen is one.
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(4);
    let (point, own) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    let (kind, _source) = (after.next()?, after.next()?);
    let of_file_system = after.next().unwrap_or_default();
    Some(Mount { point: unescaped(point)?.into(), kind: kind.to_owned(), options: format!("{own},{of_file_system}") })
}

/// Text in which the kernel wrote blanks, tabs, line feeds and backslashes as `\` with three octal digits; `None` if it
/// is not UTF-8.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn judge(mount: Mount) -> Option<LocalLocks> {
    let Mount { point, kind, options } = mount;
    let has = |names: &[&str]| options.split(',').find(|option| names.contains(option)).map(str::to_owned);
    let why = match kind.as_str() {
        "nfs" | "nfs4" => has(&["local_lock=all", "local_lock=flock", "nolock"])?,
        "lustre" if has(&["flock"]).is_none() => has(&["localflock", "noflock"]).unwrap_or("no flock".to_owned()),
        _ => return None,
    };
    Some(LocalLocks { point, kind, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = r"22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 0:50 / /home rw,relatime shared:9 master:2 - nfs4 server:/a rw,vers=4.2,local_lock=none,addr=10.0.0.1
41 40 0:51 / /home/my\040project rw,relatime - nfs server:/b rw,vers=3,nolock,local_lock=all
42 27 0:52 / /flock rw - nfs server:/c rw,local_lock=flock
43 27 0:53 / /posix rw - nfs server:/d rw,local_lock=posix
44 27 0:54 /x /scratch rw - lustre 10.0.0.2@tcp:/s rw,localflock,lazystatfs
45 27 0:54 / /work rw - lustre 10.0.0.2@tcp:/s rw,flock
46 27 0:54 / /never rw - lustre 10.0.0.2@tcp:/s rw,noflock
47 27 0:54 / /old rw - lustre 10.0.0.2@tcp:/s rw
48 42 0:55 / /flock rw - ext4 /dev/vdb rw
49 27 0:56 / /a\134b\011c rw - nfs server:/e ro,nolock
50 27 0:57 / /short rw - nfs server:/f
broken line
51 27 0:58 / /rw nolock - nfs
";

    fn why(folder: &str) -> Option<String> {
        judge(mount_of(MOUNTS, Utf8Path::new(folder)).unwrap()).map(|found| found.why)
    }

    #[test]
    fn the_longest_mount_point_above_a_path_counts_and_the_last_on_it() {
        let of = |path: &str| mount_of(MOUNTS, Utf8Path::new(path)).unwrap().point.into_string();
        assert_eq!(of("/tmp/x"), "/");
        assert_eq!(of("/home/my project/a/b"), "/home/my project");
        assert_eq!(of("/home/my project2"), "/home");
        assert_eq!(of("/homes"), "/");
        assert_eq!(of("/a\\b\tc"), "/a\\b\tc");
        assert_eq!(mount_of(MOUNTS, Utf8Path::new("/flock")).unwrap().kind, "ext4", "mounted over the NFS");
        assert_eq!(mount_of("", Utf8Path::new("/x")), None);
        assert_eq!(parse("51 27 0:58 / /rw nolock - nfs"), None);
    }

    #[test]
    fn mounts_with_local_locks_are_named() {
        for fine in ["/tmp/x", "/home/x", "/work/x", "/posix", "/flock/x", "/short"] {
            assert_eq!(why(fine), None, "{fine}");
        }
        let local = [
            ("/home/my project/a", "nolock"),
            ("/scratch/x", "localflock"),
            ("/never", "noflock"),
            ("/old", "no flock"),
            ("/a\\b\tc", "nolock"),
        ];
        for (folder, option) in local {
            assert_eq!(why(folder).as_deref(), Some(option), "{folder}");
        }
        let open = MOUNTS.replace("/flock rw - ext4", "/other rw - ext4");
        let found = judge(mount_of(&open, Utf8Path::new("/flock/x")).unwrap()).unwrap();
        let text = found.to_string();
        assert!(text.starts_with("locks on /flock (nfs, local_lock=flock) do not hold on other hosts"), "{text}");
        assert!(found.hint().contains("`local_lock=none`"));
    }

    #[test]
    fn only_three_octal_digits_are_an_escape() {
        for (text, plain) in [(r"\040", " "), (r"a\04", r"a\04"), (r"\999", r"\999"), (r"\", r"\"), (r"\\040", r"\ ")] {
            assert_eq!(unescaped(text).as_deref(), Some(plain), "{text}");
        }
        assert_eq!(unescaped(r"\377"), None, "not UTF-8");
    }
}
