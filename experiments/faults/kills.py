"""`kill -9` at random moments, at scale: `kills.py --kills 500 --seed 1`.

Each case takes one of the jobs of `common.py`, kills it again and again, and goes on each time as the book says: `train` and `reproduce` with
`--resume`, `sweep` by the same command, one process or three shards at a time. After some kills the job is left in peace until it has ended. What
lies there then must be, byte by byte, what an undisturbed run leaves, and nothing else. Where another run, or the same one with fewer
steps, was in the place before, that is looked for after every kill: it must be there as it was until the new one has taken its place.

The moments are of three kinds, so that all stages are hit:

- a time, uniform over the most of an undisturbed run;
- a file or directory appears (a lock, a checkpoint, `.run.partial`, its manifest, the run itself), and then some milliseconds pass;
- an operation on files, counted by `tracer.c`: uniform over the first half of a run, or over all from the first write to `.run.partial` on,
  where the run takes its place; every second write that is struck so is done in half before.
"""

import sys
import time

from common import REPRODUCE, SWEEP, TRAIN, Bench, chosen, options, stage

MARKS = [".run*.lock", ".run*.checkpoint", ".run*.checkpoint/job.json", ".run*.checkpoint/*-0", ".run.partial", ".run.partial/figures",
         ".run.partial/manifest.json", "run/manifest.json"]


class Killer:
    """One process that will be killed, at a moment that is drawn."""

    def __init__(self, bench, job, command, directory, environment=()):
        draw = bench.random
        self.directory, self.seconds = directory, bench.reference(job)[2]
        self.kind = draw.choices(["time", "file", "operation"], [4, 4, 5])[0]
        before = ()
        if self.kind == "operation":
            seen = bench.operations(job)
            action, count = ("killend", seen["end"]) if draw.random() < 0.6 else ("kill", sum(seen[kind] for kind in "wser") // 2)
            at, tear = draw.randint(1, count), draw.randint(0, 1)
            self.told = f"{action} {at} {tear}"
            before = [bench.built("tracer"), "/dev/null", action, str(at), str(tear), "--"]
        elif self.kind == "time":
            self.delay = draw.uniform(0, 0.8 * self.seconds)
            self.told = f"{self.delay:.4f} s"
        else:
            self.mark = draw.choice(MARKS)
            self.delay = draw.expovariate(1 / 0.006)
            self.told = f"{self.delay:.4f} s after {self.mark}"
        self.was_there = self.kind == "file" and any(directory.glob(self.mark))
        self.threads = draw.choice([1, 2, 3])
        self.began = time.monotonic()
        self.started = bench.start(command, directory, before=before, threads=self.threads)

    def is_due(self):
        if self.kind == "operation":
            return False
        if self.kind == "time":
            return time.monotonic() - self.began >= self.delay
        # What was there before tells nothing: then it is a time after the start.
        return self.was_there or any(self.directory.glob(self.mark))

    def end(self):
        """Waits for the moment, or the end."""
        while self.started.process.poll() is None and not self.is_due():
            if self.kind == "operation":
                break
            time.sleep(0.0005)
        if self.kind == "file":
            time.sleep(self.delay + (self.seconds / 4 if self.was_there else 0))
        if self.kind != "operation":
            self.started.process.kill()
        return self.started.end()


def note(bench, job, killer, ended, directory, before):
    """Counts a kill, and looks for what was there before; or says what came instead of it."""
    if ended.was_killed:
        bench.count("kills")
        bench.count("kills by what was left", stage(directory))
        bench.count("kills by moment", killer.kind)
        bench.count("kills by program", job.program)
        if any(directory.glob(".run*.checkpoint/job.json")):
            bench.count("kills with a checkpoint on disk")
        if (directory / ".run.partial").exists():
            bench.count("kills while .run.partial was there")
        if before:
            bench.count("kills after which the earlier run was looked for")
            if not bench.is_kept(job, directory, before):
                bench.failed(job.name, "what was in the place before is lost", directory, moment=killer.told)
                return False
        return True
    if ended.code in (0, 1):
        bench.count("processes that had ended before their kill")
        return True
    bench.failed(job.name, "refused", directory, moment=killer.told, **ended.told())
    return False


def killed_again_and_again(bench, job, kills):
    """One case; whether all is well so far."""
    directory, before = bench.prepared(job)
    bench.reference(job)
    moments = []
    for _ in range(kills):
        killer = Killer(bench, job, job.resumed(), directory)
        ended = killer.end()
        moments.append(killer.told)
        if not note(bench, job, killer, ended, directory, before):
            return directory, moments, False
        if not ended.was_killed:
            break
    return directory, moments, True


def shards_killed(bench, job, kills):
    """Three shards at a time, some of which are killed."""
    directory, _ = bench.prepared(job)
    bench.reference(job)
    moments = []
    for _ in range(max(kills // 2, 1)):
        begun = []
        for k in (1, 2, 3):
            # Each says what it has to say in files of its own.
            command = f"{job.resumed()} --shard {k}/3"
            if bench.random.random() < 0.7:
                begun.append(Killer(bench, job, command, directory))
            else:
                begun.append(bench.start(command, directory))
        for one in begun:
            ended = one.end()
            if isinstance(one, Killer):
                moments.append(one.told)
                if not note(bench, job, one, ended, directory, {}):
                    return directory, moments, False
            elif ended.code != 0:
                bench.failed(job.name, "a shard that was left in peace failed", directory, moments=moments, **ended.told())
                return directory, moments, False
    for k in (1, 2, 3):
        ended = bench.run(f"{job.resumed()} --shard {k}/3", directory)
        if ended.code != 0:
            bench.failed(job.name, "a shard does not go on", directory, moments=moments, **ended.told())
            return directory, moments, False
    return directory, moments, True


def case(bench, job, kills):
    kill = shards_killed if job.shards else killed_again_and_again
    directory, moments, is_well = kill(bench, job, kills)
    if not is_well:
        return
    ended = bench.run(job.resumed(), directory)
    if ended.code != bench.reference(job)[3] and " is complete: " not in ended.stdout:
        bench.failed(job.name, "it does not go on", directory, moments=moments, **ended.told())
    elif bench.compare(job, directory, job.name, moments=moments):
        bench.count("jobs completed and compared")
        bench.count("files compared", by=len(bench.reference(job)[1]))


def main():
    given = options(__doc__, kills=(500, "how often to kill"))
    jobs = chosen(TRAIN + REPRODUCE + SWEEP + SWEEP, given)
    with Bench(given) as bench:
        rounds = 0
        while bench.counts.get("kills", 0) < given.kills:
            job = jobs[rounds % len(jobs)]
            case(bench, job, bench.random.randint(3, 8))
            rounds += 1
            if rounds % len(jobs) == 0:
                print(f"{bench.counts.get('kills', 0)} kills, {len(bench.failures)} failures", flush=True)
        return bench.conclude()


if __name__ == "__main__":
    sys.exit(main())
