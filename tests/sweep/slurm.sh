#!/usr/bin/env bash
# Slurm on this machine alone, for tests. `slurm.sh start DIR` writes a configuration into DIR, starts munged, slurmctld and slurmd on loopback, and returns
# when they answer; commands of Slurm then need SLURM_CONF=DIR/slurm.conf. `slurm.sh stop DIR` ends all jobs, and then the daemons.
set -euo pipefail
action=$1 dir=$2
PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF=$dir/slurm.conf

# Waits until a command succeeds, for half a minute at most.
until_true() {
    for _ in $(seq 300); do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    echo "waited in vain: $*"
    tail -n 20 "$dir"/*.log /dev/null
    return 1
}
is_idle() { sinfo -h -o %T 2>/dev/null | grep -q idle; }
has_no_job() { [ -z "$(squeue -h 2>/dev/null)" ]; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }

# A port that nobody listens to.
free_port() {
    local port
    while port=$(shuf -i 20000-32000 -n 1) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

if [ "$action" = stop ]; then
    scancel --me && until_true has_no_job || true
    for name in slurmd slurmctld munged; do
        if [ -s "$dir/$name.pid" ]; then
            pid=$(cat "$dir/$name.pid")
            kill "$pid" && until_true has_ended "$pid" || true
        fi
    done
    exit 0
fi

host=$(uname -n)
host=${host%%.*}
mkdir -p "$dir"/{state,spool}
head -c 1024 /dev/urandom >"$dir/munge.key"
chmod 600 "$dir/munge.key"
munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munged.seed"
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES State=UP
END
slurmctld
slurmd
until_true is_idle
