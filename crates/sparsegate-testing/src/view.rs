//! A folder as another host or container sees it: below another path, with another host name and other process ids.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};

/// Names the host, mounts the folder, and starts the program. The arguments are the host's name, the folder, where it
/// is mounted, a list of mounts to show in place of the real one or nothing, and the program with its arguments.
const ENTER: &str = r#"hostname "$1" && mount --bind "$2" "$3" || exit 99
if [ -n "$4" ]; then mount --bind "$4" "/proc/$$/mountinfo" || exit 99; fi
cd "$3" && shift 4 && exec "$@""#;

/// A view of a folder: namespaces of Linux for mounts, processes and the host name, as containers have them.
#[derive(Debug, Clone)]
pub struct View {
    /// The name of its host.
    pub host: String,
    /// The folder that it shows.
    pub folder: Utf8PathBuf,
    /// Where the folder is mounted in this view; must exist.
    pub point: Utf8PathBuf,
    /// A file with the lines that the program shall find in `/proc/self/mountinfo`, instead of the real ones.
    pub mounts: Option<Utf8PathBuf>,
}

impl View {
    /// A view of `folder`, mounted at `point`, which is created.
    pub fn new(host: &str, folder: &Utf8Path, point: &Utf8Path) -> Self {
        fs_err::create_dir_all(point).expect("a folder to mount to");
        Self { host: host.to_owned(), folder: folder.to_owned(), point: point.to_owned(), mounts: None }
    }

    /// Whether this process may make views; else the reason is printed.
    pub fn is_possible() -> bool {
        let why = options().as_ref().err();
        if let Some(why) = why {
            println!("skipped: two views of one folder, because unshare is not permitted here: {why}");
        }
        why.is_none()
    }

    /// The command in this view, in the mounted folder. All of its processes end with it.
    pub fn command(&self, command: &Command) -> Command {
        let options = options().as_ref().expect("a system that permits views").iter().copied();
        self.enter(options, command)
    }

    fn enter<'a>(&self, options: impl Iterator<Item = &'a str>, command: &Command) -> Command {
        let mut inside = Command::new("unshare");
        inside.args(options).args(["--mount", "--pid", "--fork", "--uts", "--mount-proc", "--kill-child"]);
        inside.args(["sh", "-c", ENTER, "sh", &self.host, self.folder.as_str(), self.point.as_str()]);
        inside.arg(self.mounts.as_deref().unwrap_or(Utf8Path::new("")));
        inside.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }
}

/// The options with which `unshare` works for this user, or its error.
fn options() -> &'static Result<Vec<&'static str>, String> {
    static OPTIONS: OnceLock<Result<Vec<&'static str>, String>> = OnceLock::new();
    OPTIONS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a UTF-8 path");
        let view = View::new("a-view", folder, &folder.join("point"));
        let mut why = String::new();
        let ways: [&[&'static str]; 2] = [&[], &["--user", "--map-root-user"]];
        for options in ways {
            match view.enter(options.iter().copied(), &Command::new("true")).output() {
                Ok(output) if output.status.success() => return Ok(options.to_vec()),
                Ok(output) => String::from_utf8_lossy(&output.stderr).trim().clone_into(&mut why),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    })
}
