"""Two machines on one directory: `two_machines.py --rounds 40 --seed 1`. Needs root, `unshare` and `nsenter`.

Each "machine" is a set of namespaces: mounts, processes, host name and System V objects of its own. They see one directory, each at another path, and
nothing of each other: a process number means nothing, or another process, on the other machine.

- `train`, twice at once, the second at a random moment of the first; in every second round one of the two is killed with `kill -9`. One of them
  trains, the other is refused because the directory is being written, or finds the run complete, or takes over what the killed one left.
- `train --force` in place of another run, likewise. The other run stays as it is until the new one has taken its place.
- `sweep`, one study: shards 1 and 2 of 3 here, 2 and 3 of 3 there; or halves here and thirds there, whose runs overlap; or the whole here and shards there;
  in every second round some are killed. Then each machine starts its own again, until the study is complete.

Every process that is not killed must exit with 0, or with 2 because another one writes at the same place. At the end the files are those of an
undisturbed run, and nothing else is left.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import SWEEP, TRAIN, Bench, options

BUSY = "is being written by another process"
PLANS = {
    "thirds that overlap": (["1/3", "2/3"], ["2/3", "3/3"]),
    "halves and thirds": (["1/2", "2/2"], ["1/3", "2/3", "3/3"]),
    "the whole and shards": ([""], ["1/3", "2/3", "3/3"]),
    "the whole, twice": ([""], [""]),
}


class Machine:
    """Namespaces that live until it is closed; at `path` they see a directory that they share."""

    def __init__(self, name, shared, path):
        self.path = Path(path)
        self.path.mkdir(parents=True)
        script = f"hostname {name} && mount --bind '{shared}' '{path}' && echo ready && exec sleep infinity"
        unshare = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script]
        self.process = subprocess.Popen(unshare, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("no namespaces: this needs root")
        self.first = child_of(self.process.pid)

    def start(self, bench, command, directory):
        """Starts a command of puremix there, in a directory of the shared one."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--uts", "--ipc", "--pid", f"--wdns={self.path / directory.name}"]
        return bench.start(command, directory, before=enter)

    def close(self):
        self.process.kill()
        self.process.wait()


def child_of(pid, limit=5):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return None
        if children:
            return int(children[0])
        time.sleep(0.001)
    return None


def number_there(pid):
    """The number that a process has on its own machine."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((line.split()[-1] for line in lines if line.startswith("NSpid:")), None)


def kill(started):
    """`kill -9` of the program itself, not of what started it."""
    pid = child_of(started.process.pid, 0.5)
    if pid:
        subprocess.run(["kill", "-9", str(pid)], stderr=subprocess.DEVNULL)


def is_well(bench, where, ended, directory, details):
    """Whether a process ended as it may; what it said is counted."""
    if ended.was_killed:
        bench.count("processes", "killed")
    elif ended.code == 2 and BUSY in ended.stderr:
        bench.count("processes", "refused: another process writes there")
    elif ended.code == 0 and " is complete: " in ended.stdout:
        bench.count("processes", "found the job complete")
    elif ended.code == 0 and "another process writes the tables" in ended.stdout:
        bench.count("processes", "left the tables to another process")
    elif ended.code == 0 and "of other shards to come" in ended.stdout:
        bench.count("processes", "ended before other shards")
    elif ended.code == 0:
        bench.count("processes", "wrote the run")
    else:
        bench.failed(where, f"exit code {ended.code}", directory, **details, **ended.told())
        return False
    return True


def twice(bench, machines, job, kills):
    """One training on both machines at once."""
    directory, before = bench.prepared(job)
    seconds, draw = bench.reference(job)[2], bench.random
    first, second = draw.sample(machines, 2)
    delay = draw.choice([0.0, draw.uniform(0, 0.05), draw.uniform(0, 1.2 * seconds)])
    details = {"delay": round(delay, 4)}
    started = [first.start(bench, job.resumed(), directory)]
    time.sleep(delay)
    started.append(second.start(bench, job.resumed(), directory))
    numbers = [number_there(child_of(one.process.pid)) for one in started]
    bench.count("pairs of processes with one number", by=int(None not in numbers and numbers[0] == numbers[1]))
    if kills:
        moment = draw.uniform(0, seconds)
        details["killed after"] = round(moment, 4)
        time.sleep(moment)
        kill(draw.choice(started))
    well = [is_well(bench, job.name, one.end(), directory, details) for one in started]
    if before and not bench.is_kept(job, directory, before):
        bench.failed(job.name, "what was in the place before is lost", directory, **details)
        return
    if not all(well):
        return
    # The other machine goes on with what is left, if anything is.
    ended = second.start(bench, job.resumed(), directory).end()
    again = first.start(bench, job.resumed(), directory).end()
    if is_well(bench, job.name, ended, directory, details) and is_well(bench, job.name, again, directory, details):
        if bench.compare(job, directory, job.name, **details):
            bench.count("jobs completed and compared", job.name)


def shared(bench, machines, job, plan, kills):
    """One study on both machines."""
    directory, _ = bench.prepared(job)
    seconds, draw = bench.reference(job)[2], bench.random
    details = {"plan": plan}
    parts = [(machine, part) for machine, parts in zip(machines, PLANS[plan]) for part in parts]
    command = lambda part: f"{job.resumed()} {f'--shard {part}' if part else ''}"
    for round_ in range(3 if kills else 1):
        draw.shuffle(parts)
        started = []
        for machine, part in parts:
            started.append(machine.start(bench, command(part), directory))
            time.sleep(draw.choice([0.0, 0.0, draw.uniform(0, 0.4 * seconds)]))
        if kills:
            moments = sorted(draw.uniform(0, 1.2 * seconds) for _ in range(draw.randint(1, len(started))))
            began = time.monotonic()
            for moment, one in zip(moments, draw.sample(started, len(moments))):
                time.sleep(max(0, moment - (time.monotonic() - began)))
                kill(one)
        for one in started:
            if not is_well(bench, f"{job.name}: {plan}", one.end(), directory, details):
                return
    for machine, part in parts:
        if not is_well(bench, f"{job.name}: {plan}", machine.start(bench, command(part), directory).end(), directory, details):
            return
    ended = machines[0].start(bench, job.resumed(), directory).end()
    if ended.code or " is complete: " not in ended.stdout:
        bench.failed(f"{job.name}: {plan}", "not complete when every part has ended", directory, **details, **ended.told())
    elif bench.compare(job, directory, f"{job.name}: {plan}", **details):
        bench.count("jobs completed and compared", f"{job.name}: {plan}")


def main():
    given = options(__doc__, only=False, rounds=(40, "how often each of the three"))
    trainings = [job for job in TRAIN if job.name in ("autodiff sgd", "analytic sgd", "reduced sgd", "reduced reshuffle", "more steps")]
    replaced = [job for job in TRAIN if job.replaces]
    studies = [job for job in SWEEP if job.name in ("one process", "stacks")]
    with Bench(given) as bench, tempfile.TemporaryDirectory(prefix="puremix-machines-") as places:
        machines = [
            Machine("first", bench.folder, f"{places}/first/home/work"),
            Machine("second", bench.folder, f"{places}/second/scratch"),
        ]
        try:
            for k in range(given.rounds):
                twice(bench, machines, trainings[k // 2 % len(trainings)], kills=k % 2 == 1)
                twice(bench, machines, replaced[k // 2 % len(replaced)], kills=k % 2 == 1)
                plan = list(PLANS)[k // 2 % len(PLANS)]
                shared(bench, machines, studies[k // (2 * len(PLANS)) % len(studies)], plan, kills=k % 2 == 1)
                if k % 10 == 9:
                    print(f"{k + 1} rounds, {len(bench.failures)} failures", flush=True)
        finally:
            for machine in machines:
                machine.close()
        return bench.conclude()


if __name__ == "__main__":
    sys.exit(main())
