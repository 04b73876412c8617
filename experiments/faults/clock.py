"""Clocks that jump: `clock.py --seed 1`.

Every job of `common.py` runs under each disturbance of `clock.c`, from a random moment on. The wall clock jumps ahead by a year, back to before
the start, to 1970, to before that, to 2100, or shows another time at every look. The monotonic clock stands still, jumps ahead by a year, jumps
ahead at one look in fifty, or, which no system does, goes back by an hour. Every third run is killed on the way and goes on under the same
disturbance, with its files dated 1970 or 2100 meanwhile.

What is expected: no panic, an end in time, the exit code of an undisturbed run, and its files, byte by byte, but for the times.

Last, it is counted how long a run whose monotonic clock stands still takes to end after Ctrl-C (SIGINT): nothing is promised of that.
"""

import json
import os
import shutil
import signal
import sys
import time

from common import REPRODUCE, SWEEP, TRAIN, Bench, chosen, options

YEAR = 365 * 86400
DISTURBANCES = {
    "wall: a year ahead": ("wall", f"by {YEAR}"),
    "wall: back to before the start": ("wall", "by -86400"),
    "wall: to 1970": ("wall", "to 0"),
    "wall: to before 1970": ("wall", "to -1000"),
    "wall: to 2100": ("wall", "to 4102444800"),
    "wall: another time at every look": ("wall", "erratic 0"),
    "monotonic: stands still": ("monotonic", "still 0"),
    "monotonic: a year ahead": ("monotonic", f"by {YEAR}"),
    "monotonic: ahead now and then": ("monotonic", "leaps 0"),
    "monotonic: an hour back": ("monotonic", "by -3600"),
}
DATES = [0, 4102444800]


def disturbed(bench, job, name):
    """One job under one disturbance, in one go or in two."""
    clock, how = DISTURBANCES[name]
    directory, _ = bench.prepared(job)
    seconds, code = bench.reference(job)[2:]
    log = bench.folder / "clock.json"
    log.unlink(missing_ok=True)
    after = int(1000 * bench.random.uniform(0, 0.8 * seconds)) if bench.random.random() < 0.8 else 0
    environment = {
        "LD_PRELOAD": bench.built("clock"), "CLOCK": clock, "CLOCK_HOW": how, "CLOCK_AFTER": str(after), "CLOCK_LOG": str(log),
    }
    details = {"disturbance": name, "after_ms": after}
    commands = [f"{job.resumed()} --shard {k}/3" for k in (1, 2, 3)] if job.shards else [job.resumed()]
    if bench.random.random() < 1 / 3:
        details["killed"] = True
        started = bench.start(commands[0], directory, environment=environment)
        time.sleep(bench.random.uniform(0, seconds))
        started.process.kill()
        ended = started.end()
        bench.count("killed on the way", by=int(ended.was_killed))
        date = bench.random.choice(DATES)
        for path in directory.rglob("*"):
            os.utime(path, (date, date))
    for command in commands:
        ended = bench.run(command, directory, environment=environment)
        if ended.panicked or (ended.code != code and " is complete: " not in ended.stdout):
            why = "it panicked" if ended.panicked else f"it ended with {ended.code}"
            bench.failed(f"{job.program}: {job.name}", why, directory, **details, **ended.told())
            break
    else:
        if bench.compare(job, directory, f"{job.program}: {job.name}", **details):
            bench.count("runs compared, by disturbance", name)
    if log.exists():
        looks = json.loads(log.read_text())
        bench.count("looks at the wall clock", by=looks["wall"])
        bench.count("looks at the monotonic clock", by=looks["monotonic"])
        bench.count("looks at a clock while it was disturbed", by=looks["disturbed"])
    told = directory / "run/summary.json"
    if told.exists() and not (json.loads(told.read_text())["seconds"] or 0) >= 0:
        bench.failed(f"{job.program}: {job.name}", "the seconds of training are negative", directory, **details)
    shutil.rmtree(directory)


def interrupted(bench):
    """Seconds from SIGINT to the end where the monotonic clock stands still, for a job of each program; none if it did not end within ten."""
    took = {}
    environment = {"LD_PRELOAD": bench.built("clock"), "CLOCK": "monotonic", "CLOCK_HOW": "still 0", "CLOCK_AFTER": "100"}
    for job in (TRAIN[0], REPRODUCE[0], SWEEP[0]):
        directory, _ = bench.prepared(job)
        longer = job.resumed().replace("--steps 10000", "--steps 3000000").replace("150000", "15000000").replace("quick", "standard")
        started = bench.start(longer, directory, environment=environment)
        time.sleep(0.7)
        began = time.monotonic()
        started.process.send_signal(signal.SIGINT)
        ended = started.end(10)
        took[job.program] = None if ended.code == "no end" else round(time.monotonic() - began, 2)
    return took


def main():
    given = options(__doc__, rounds=(1, "how often every job meets every disturbance"))
    jobs = chosen(TRAIN + REPRODUCE + SWEEP, given)
    with Bench(given) as bench:
        for job in jobs * given.rounds:
            for name in DISTURBANCES:
                disturbed(bench, job, name)
            print(f"{job.program}, {job.name}: {len(bench.failures)} failures", flush=True)
        took = interrupted(bench)
        return bench.conclude(seconds_from_interrupt_to_end_while_the_monotonic_clock_stands_still=took)


if __name__ == "__main__":
    sys.exit(main())
