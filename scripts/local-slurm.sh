#!/usr/bin/env bash
# A Slurm of one node on this machine, for the tests that submit jobs (`.ci/run slurm`).
#
#   local-slurm.sh start DIR     starts it and prints the path of its configuration, to be exported as SLURM_CONF
#   local-slurm.sh restart DIR   stops the controller and starts it again; jobs go on
#   local-slurm.sh stop DIR      stops it
#
# Needs slurmctld, slurmd and munge (Debian: slurm-wlm, munge) and root. DIR keeps state and logs.
set -euo pipefail
verb=${1:?start, restart or stop} dir=${2:?a folder for state and logs}
host=$(hostname -s)
export SLURM_CONF="$dir/slurm.conf"

configuration() {
    # Ports of its own, so that it stands beside an installed Slurm. A job that is requeued may start again once its
    # credential has expired. Jobs that ignore a warning are killed soon. Those of `urgent` take the place of others.
    cat <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
CONF
}

# Waits until a command succeeds, for at most 20 seconds.
wait_for() {
    for _ in $(seq 80); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.25
    done
    echo "local-slurm: \`$*\` did not succeed; see $dir/log" >&2
    return 1
}

is_idle() { sinfo --noheader --format=%T | grep -q idle; }

end() { # PIDFILE
    [[ -f $1 ]] || return 0
    local pid
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || true
    wait_for test ! -e "/proc/$pid"
}

case $verb in
start)
    mkdir -p "$dir"/{state,spool,log} /run/munge
    if ! munge --no-input >/dev/null 2>&1; then
        chown munge:munge /run/munge
        runuser -u munge -- /usr/sbin/munged
        wait_for munge --no-input
    fi
    configuration >"$SLURM_CONF"
    slurmctld
    slurmd
    wait_for is_idle
    echo "$SLURM_CONF"
    ;;
restart)
    end "$dir/slurmctld.pid"
    slurmctld
    wait_for scontrol ping
    ;;
stop)
    end "$dir/slurmd.pid"
    end "$dir/slurmctld.pid"
    ;;
*)
    echo "local-slurm: start, restart or stop" >&2
    exit 2
    ;;
esac
