"""A disk that is full, at random places: `full_disk.py --offsets 50 --seed 1`.

For `train`, `reproduce` and `sweep` each, `tracer.c` lets a process write a random number of bytes in all, cuts short the write that goes beyond, and
fails every write from there on with ENOSPC. Then there are `--others` operations of each further kind that fail once: a write, after which
there is space again; a synchronisation; a new entry (creating, making, renaming); and a removal, which needs space on some file systems. Last,
`--small` file systems in memory are so small, in bytes or in entries, that they do fill up; that needs the right to mount.

What is expected each time: exit code 2, and a message that names a file and the reason; no panic; in the place of the run nothing, or what was
there before, as it was, or the complete run if it had got there already. Then there is space again. Every other time the job goes on until it has a
checkpoint and is killed. Then it ends, and what it leaves is what an undisturbed run leaves. A run that could not be put in its place is renamed, as
the message says.
"""

import ctypes
import errno
import os
import re
import shutil
import sys
import time

from common import REPRODUCE, SWEEP, TRAIN, Bench, chosen, differences, options, tree, write_data

FULL = "No space left on device"
UNPLACED = "could not be put in its place"
KINDS = {"w": "a write fails once", "s": "a synchronisation fails", "e": "an entry is not made", "r": "a removal fails"}
NEW_MOUNTS, PRIVATE = 0x20000, 0x4000 | 0x40000


def struck(bench, job, what, directory, before, ended, told):
    """What must hold right after the failure; whether it does."""
    def fail(why):
        bench.failed(f"{job.program}: {job.name}", f"{what}: {why}", directory, struck=told, **ended.told())
        return False

    if ended.panicked:
        return fail("it panicked")
    complete = not differences(part(bench.reference(job)[1]), part(tree(directory), of=bench.reference(job)[1]))
    bench.count("exit codes", f"{ended.code}")
    if ended.code == bench.reference(job)[3]:
        # What failed is of no consequence to the run.
        bench.count("ended well all the same, with a note" if ended.stderr else "ended well all the same, silently", told)
        return complete or fail("exit code of success, but the run is not there")
    if ended.code != 2:
        return fail(f"exit code {ended.code}")
    message = ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else ""
    bench.count("messages", re.sub(r"\d+", "#", message.replace(str(directory), "DIR")))
    if FULL not in message:
        return fail("the reason is not said")
    if not re.search(r"[\w./-]*run[\w./-]*", message.split(FULL)[0]):
        return fail("no file is named")
    if before and not bench.is_kept(job, directory, before):
        return fail("what was in the place before is lost")
    if not before and (directory / "run").exists() and not complete:
        return fail("something half done is in the place")
    return True


def part(files, of=None):
    """The files of the run itself, as far as they are of one that is known."""
    return {name: content for name, content in files.items() if name.startswith("run/") and (of is None or name in of)}


def placed_by_hand(bench, job, directory, ended):
    """Does what the message says where a finished run could not be put in its place."""
    if UNPLACED not in ended.stderr:
        return
    bench.count("finished, and put in its place by hand or by the next process")
    if (directory / "run").exists():
        shutil.rmtree(directory / "run")
        (directory / ".run.partial").rename(directory / "run")
        for name, content in job.extras().items():
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_bytes(content)


def with_space(bench, job, what, directory, told):
    """There is space again: the job goes on, is perhaps killed once more, and ends."""
    moments = [told]
    if bench.random.random() < 0.5:
        started = bench.start(job.resumed(), directory)
        end = time.monotonic() + bench.reference(job)[2]
        while started.process.poll() is None and time.monotonic() < end:
            if any(directory.glob(".run*.checkpoint/*-[0-9]*")) and bench.random.random() < 0.2:
                break
            time.sleep(0.005)
        started.process.kill()
        ended = started.end()
        moments.append("killed" if ended.was_killed else "ended")
        if ended.was_killed:
            bench.count("killed once more")
        elif ended.code not in (0, 1):
            bench.failed(f"{job.program}: {job.name}", f"{what}: it does not go on", directory, moments=moments, **ended.told())
            return
    anew = not job.is_study and bench.random.random() < 0.25
    command = f"{job.reference()} --force" if anew else job.resumed()
    ended = bench.run(command, directory)
    moments.append("anew" if anew else "on")
    if ended.code != bench.reference(job)[3]:
        bench.failed(f"{job.program}: {job.name}", f"{what}: it does not end", directory, moments=moments, **ended.told())
    elif bench.compare(job, directory, f"{job.program}: {job.name}", what=what, moments=moments):
        bench.count("completed and compared")


def failing(bench, job, what, action):
    """One case under the tracer; whether something failed at all."""
    directory, before = bench.prepared(job)
    ended, log = bench.traced(job.resumed(), directory, action)
    if not log["struck"]:
        return False
    told = f"{log['struck']['kind']} {re.sub('/.*/', '', log['struck']['path'])}"
    bench.count("failures struck", job.program, what)
    if struck(bench, job, what, directory, before, ended, told):
        placed_by_hand(bench, job, directory, ended)
        with_space(bench, job, what, directory, {**log["struck"], "action": action})
    shutil.rmtree(directory)
    return True


def small(bench, job):
    """One case on a file system in memory that is too small; whether it was."""
    draw = bench.random
    directory = bench.directory()
    most = sum((len(content) >> 12) + 1 for content in bench.reference(job)[1].values())
    pages = draw.randint(3, most + most // 4)
    entries = draw.randint(6, len(bench.reference(job)[1]) + 8)
    size = f"size={4 * pages}k" if draw.random() < 0.6 else f"size=256m,nr_inodes={entries}"
    mount(directory, f"{size},mode=755")
    try:
        write_data(directory / "data.npy")
        if job.begun():
            shutil.copytree(bench.prepared(job)[0], directory, dirs_exist_ok=True)
    except (OSError, shutil.Error):
        # Not even what was there before has room.
        return unmount(directory)
    before = tree(directory) if job.begun() else {}
    ended = bench.run(job.resumed(), directory)
    if ended.code == bench.reference(job)[3]:
        return unmount(directory)
    what = "a small file system"
    bench.count("failures struck", job.program, what)
    if struck(bench, job, what, directory, before, ended, size):
        mount(directory, "remount,size=256m,nr_inodes=10000,mode=755")
        placed_by_hand(bench, job, directory, ended)
        with_space(bench, job, what, directory, size)
    unmount(directory)
    return True


LIBC = ctypes.CDLL(None, use_errno=True)


def mount(directory, how):
    flags = 32 if how.startswith("remount,") else 0
    if LIBC.mount(b"none", os.fsencode(directory), b"tmpfs", flags, how.removeprefix("remount,").encode()):
        raise OSError(ctypes.get_errno(), f"mount {how}")


def unmount(directory):
    LIBC.umount2(os.fsencode(directory), 2)
    return False


def may_mount():
    """Mounts of this process are seen by nobody else."""
    return not LIBC.unshare(NEW_MOUNTS) and not LIBC.mount(b"none", b"/", None, PRIVATE, None)


def main():
    given = options(
        __doc__, offsets=(50, "numbers of bytes for each program"), others=(25, "failures of each other kind for each program"),
        small=(10, "small file systems for each program"),
    )
    groups = (TRAIN, REPRODUCE, [job for job in SWEEP if not job.shards])
    wanted_jobs = chosen(sum(groups, []), given)
    mounts = may_mount()
    with Bench(given) as bench:
        for group in groups:
            jobs = [job for job in group if job in wanted_jobs]
            if not jobs:
                continue
            plans = [(given.offsets, "the disk is full", None)]
            plans += [(given.others, what, kind) for kind, what in KINDS.items()]
            plans += [(given.small, "a small file system", "mount")] if mounts else []
            for wanted, what, kind in plans:
                reached = tried = 0
                while reached < wanted and tried < 6 * wanted:
                    job = jobs[tried % len(jobs)]
                    tried += 1
                    bench.reference(job)
                    if kind == "mount":
                        reached += small(bench, job)
                        continue
                    seen = bench.operations(job)
                    if kind is None:
                        action = ["space", bench.random.randrange(seen["bytes"]), errno.ENOSPC]
                    else:
                        action = ["fail", kind, bench.random.randint(1, seen[kind]), errno.ENOSPC, 1]
                    reached += failing(bench, job, what, action)
                print(f"{jobs[0].program}, {what}: {reached} of {wanted}; {len(bench.failures)} failures", flush=True)
                if reached < wanted:
                    bench.count("not reached", f"{jobs[0].program}: {what}", by=wanted - reached)
        return bench.conclude(may_mount=mounts)


if __name__ == "__main__":
    sys.exit(main())
