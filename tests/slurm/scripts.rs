//! Scripts in the place of Slurm's commands, and a project with them.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::project::{Answer, Project, text};

/// Submits all runs of the project's experiment.
pub const RUN: &str = "run t.yaml --executor slurm";

/// Notes its arguments and gives out numbers from 7 on; refuses the partition `none`.
const SBATCH: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
echo "$@" >>"$STAND_IN/sbatch.log"
case "$*" in *partition=none*) echo 'sbatch: error: invalid partition specified: none' >&2; exit 1 ;; esac
# A limit of submitted jobs.
tasks=$(($(echo "$@" | sed 's/.*--array=0-\([0-9]*\).*/\1/') + 1))
if [ -e "$STAND_IN/limit" ]; then
    if [ $(($(wc -l <"$STAND_IN/queue" 2>/dev/null || echo 0) + tasks)) -gt "$(cat "$STAND_IN/limit")" ]; then
        echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2
        echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)' >&2
        exit 1
    fi
fi
# An answer that is lost before the job is accepted.
if [ -e "$STAND_IN/deaf" ]; then echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1; fi
number=$(($(cat "$STAND_IN/number" 2>/dev/null || echo 6) + 1))
echo $number >"$STAND_IN/number"
# Every task waits from now on.
name=$(echo "$@" | sed 's/.*--job-name=\([^ ]*\).*/\1/')
last=$(echo "$@" | sed 's/.*--array=0-\([0-9]*\).*/\1/')
for index in $(seq 0 "$last"); do echo "$name|$number|$index|PENDING||Priority" >>"$STAND_IN/queue"; done
# One that is lost afterwards.
if [ -e "$STAND_IN/slow" ]; then echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1; fi
if [ -e "$STAND_IN/banner" ]; then cat "$STAND_IN/banner"; fi
echo $number
"#;
/// Fails where the environment would change the answer.
const SQUEUE: &str = r#"#!/bin/sh
if [ -n "$SQUEUE_ACCOUNT" ]; then exit 0; fi
echo "$@" >>"$STAND_IN/squeue.log"
cat "$STAND_IN/queue" 2>/dev/null || true
"#;
/// Refuses the jobs in a file.
const SCANCEL: &str = r#"#!/bin/sh
echo "$@" >>"$STAND_IN/scancel.log"
if [ -e "$STAND_IN/refuse" ]; then echo 'scancel: error: Access/permission denied' >&2; exit 1; fi
"#;
/// Does not answer as often as a file says.
const SCONTROL: &str = r#"#!/bin/sh
case "$1" in
show) echo 'MaxArraySize            = 3' ;;
requeue)
    echo "$@" >>"$STAND_IN/scontrol.log"
    down=$(cat "$STAND_IN/down" 2>/dev/null || echo 0)
    if [ "$down" -gt 0 ]; then
        echo $((down - 1)) >"$STAND_IN/down"
        echo 'slurm_requeue error: Unable to contact slurm controller (connect failure)' >&2
        exit 1
    fi ;;
esac
"#;
const SACCT: &str = "#!/bin/sh\necho 'Slurm accounting storage is disabled' >&2\nexit 1\n";

/// A project with the scripts.
pub struct StandIn(pub Project);

impl StandIn {
    pub fn new(spec: &str) -> Self {
        let project = Project::new(spec);
        let folder = project.root.join("bin");
        fs_err::create_dir(&folder).unwrap();
        for (name, script) in
            [("sbatch", SBATCH), ("squeue", SQUEUE), ("scancel", SCANCEL), ("scontrol", SCONTROL), ("sacct", SACCT)]
        {
            fs_err::write(folder.join(name), script).unwrap();
            fs_err::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(project)
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = self.0.command(arguments);
        let path = format!("{}:{}", self.0.root.join("bin"), std::env::var("PATH").unwrap());
        command.env("PATH", path).env("STAND_IN", &self.0.root);
        command
    }

    pub fn go(&self, arguments: &str) -> Answer {
        Answer::to(self.command(arguments))
    }

    pub fn log(&self, name: &str) -> Vec<String> {
        text(&self.0.root.join(name)).lines().map(str::to_owned).collect()
    }
}
