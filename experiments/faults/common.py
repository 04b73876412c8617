"""What the four programs of this folder share.

Each of them runs `puremix` in directories of its own, disturbs it, and compares what it leaves with an undisturbed run of the same
job, byte by byte. Left out of the comparison are the times that a run writes down, and the checksums of the files that hold
them, as `tests/common.rs` does; of reports also the words on the page that tell those times.

A job is drawn from `TRAIN`, `REPRODUCE` and `SWEEP` below. They are short, about a second each, and between them use every engine,
schedule and kind of model, several threads, pages, trajectories and curvature.
"""

import argparse
import dataclasses
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# A job that takes longer hangs, on a machine with much other work, too.
LIMIT = 900


@dataclasses.dataclass(frozen=True)
class Job:
    """A command without `--out`, which is always `run`."""

    name: str
    command: str
    # Options in the command, and what they were of the run of the same job that is in the place before, with fewer steps.
    begins_with: tuple = ()
    # Whether another run is in the place, which is to be replaced.
    replaces: bool = False
    # Whether a study is shared by three processes.
    shards: bool = False
    seed: int = 3

    @property
    def program(self):
        return self.command.split()[0]

    @property
    def is_study(self):
        return self.program == "sweep"

    def begun(self):
        """The command that leaves what is in the place before, if anything is."""
        if self.begins_with:
            return f"{self.command.replace(*self.begins_with)} {self.seeded()} --out run"
        other = self.command.replace("--seeds 8", "--seeds 2")
        return f"{other} {self.seeded(self.seed + 100)} --out run" if self.replaces else ""

    def extras(self):
        return EXTRAS if self.replaces else {}

    def seeded(self, seed=None):
        return "" if self.is_study else f"--seed {self.seed if seed is None else seed}"

    def reference(self):
        """The command of a run that is left in peace, in an empty directory."""
        return f"{self.command} {self.seeded()} --out run"

    def resumed(self):
        """The command that begins, goes on, or finds that nothing is left to do."""
        asked = "" if self.is_study else "--resume "
        return f"{self.reference()} {asked}{'--force' if self.replaces else ''}".strip()


# Files of the user in the place of a run that gives way: they stay.
EXTRAS = {"run/notes.txt": b"notes", "run/sub/thing": b"thing"}

RUN = "--checkpoint-every 0.02 --record-batches --every 900"
PLAIN = f"{RUN} --no-page"
SELDOM = "--checkpoint-every 0.02 --record-batches --every 20000 --no-page"
TRAIN = [
    Job("autodiff sgd", f"train --samples 7 --dim 9 --batch 3 --schedule sgd --engine autodiff --tolerance 0 --steps 10000 --sharpness 5000 {RUN}"),
    Job("autodiff cyclic f32", f"train --samples 7 --dim 9 --batch 1 --schedule cyclic --engine autodiff --precision f32 --tolerance 0 --steps 16000 {PLAIN}"),
    Job("autodiff deep reshuffle", f"train --samples 5 --dim 8 --batch 2 --model deep:3-2+bias --activation tanh --schedule reshuffle --tolerance 0 --steps 3000 --sharpness 700 {PLAIN}"),
    Job("autodiff shallow replacement", f"train --samples 6 --dim 8 --batch 2 --model shallow:4 --activation gelu --schedule replacement --update heavy-ball:0.9 --step-size 0.02 --tolerance 0 --steps 6000 {PLAIN}"),
    Job("autodiff untied gd", f"train --samples 5 --dim 7 --model untied:3 --schedule gd --update adam --step-size 0.01 --tolerance 0 --steps 2500 --sharpness 500 {PLAIN}"),
    Job("analytic sgd", f"train --samples 7 --dim 11 --batch 2 --schedule sgd --engine analytic --replicas 4 --tolerance 0 --steps 40000 {PLAIN}"),
    Job("analytic replacement", f"train --samples 7 --dim 11 --batch 2 --schedule replacement --engine analytic --replicas 4 --tolerance 0 --steps 40000 --sharpness 7000 {PLAIN}"),
    Job("analytic cyclic", f"train --samples 6 --dim 9 --batch 2 --schedule cyclic --update nesterov:0.8 --step-size 0.05 --engine analytic --replicas 3 --tolerance 0 --steps 40000 {PLAIN}"),
    Job("analytic gd", f"train --samples 6 --dim 9 --schedule gd --engine analytic --activation relu --tolerance 0 --steps 60000 --sharpness 9000 {PLAIN}"),
    Job("analytic reshuffle", f"train --data data.npy --batch 2 --schedule reshuffle --step-size 1e-3 --engine analytic --replicas 2 --tolerance 0 --steps 40000 {PLAIN}"),
    Job("reduced sgd", f"train --samples 500 --batch 1 --schedule sgd --step-size 0.15 --engine reduced --replicas 77 --tolerance 1e-9 --steps 1000000 {SELDOM}"),
    Job("reduced reshuffle", f"train --samples 50 --batch 3 --schedule reshuffle --engine reduced --replicas 150 --tolerance 0 --steps 40000 {PLAIN}"),
    Job("reduced replacement", f"train --samples 9 --batch 2 --schedule replacement --engine reduced --replicas 70 --tolerance 0 --steps 80000 {PLAIN}"),
    Job("reduced cyclic", f"train --samples 8 --batch 1 --schedule cyclic --engine reduced --replicas 5 --tolerance 0 --steps 600000 {SELDOM}"),
    Job("reduced gd", f"train --samples 8 --schedule gd --engine reduced --replicas 3 --tolerance 0 --steps 800000 {SELDOM}"),
    Job("reduced Gram", f"train --data data.npy --batch 2 --schedule sgd --engine reduced --replicas 3 --step-size 1e-4 --tolerance 1e-13 --steps 400000 {PLAIN}"),
    Job("more steps", f"train --samples 7 --dim 9 --batch 3 --engine autodiff --tolerance 0 --steps 16000 {PLAIN}", begins_with=("--steps 16000", "--steps 5000")),
    Job("another run gives way", f"train --samples 7 --dim 9 --batch 3 --engine analytic --replicas 4 --tolerance 0 --steps 20000 {PLAIN}", replaces=True),
]
REPRODUCE = [
    Job("claims", "reproduce --effort quick --only landscape,cyclic_limit"),
    Job("another report gives way", "reproduce --effort quick --only landscape,cyclic_limit --no-page", replaces=True),
]
GRID = "--seeds 8 --samples 4 --dim 5 --tolerance 0"
SWEEP = [
    Job("one process", f"sweep --grid batch=1,2,3 --grid step-size=0.1,0.2 {GRID} --engine reduced --steps 150000"),
    Job("stacks", f"sweep --grid engine=autodiff,analytic --grid step-size=0.1,0.2 --grid model=neuron {GRID} --batch 2 --steps 1500 --no-page"),
    Job("directories", f"sweep --grid batch=2,4 --seeds 4 --samples 5 --dim 6 --steps 2000 --tolerance 0 --engine autodiff --keep runs --no-page"),
    Job("shards", f"sweep --grid batch=1,2,3 --grid step-size=0.1,0.2 {GRID} --engine reduced --steps 150000", shards=True),
    Job("another study gives way", f"sweep --grid batch=1,2,3 --grid step-size=0.1,0.2 {GRID} --engine reduced --steps 100000 --no-page", replaces=True),
]


def options(description, only=True, **numbers):
    """The options that all four have, `--only` where jobs can be chosen, and numbers of their own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/puremix", help="the program puremix")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything that is drawn")
    if only:
        parser.add_argument("--only", default="", help="only jobs whose name or program contains this")
    parser.add_argument("--out", type=Path, help="JSON file; the results are put in it under the name of this program")
    parser.add_argument("--failures", type=Path, help="folder that keeps the directories of cases that failed")
    for name, (default, meaning) in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=meaning)
    given = parser.parse_args()
    if any(getattr(given, name) < 1 for name in numbers):
        parser.error("a campaign of nothing shows nothing: give numbers from 1 on")
    if not given.program.is_file():
        parser.error(f"there is no program {given.program}: cargo build --release")
    if given.out:
        # Before hours have gone by, not after.
        if not given.out.absolute().parent.is_dir():
            parser.error(f"there is no folder for {given.out}")
        if given.out.exists():
            json.loads(given.out.read_text())
    given.program = given.program.resolve()
    return given


def chosen(jobs, given):
    found = [job for job in jobs if given.only in f"{job.program} {job.name}"]
    return found or sys.exit(f"no job is called {given.only!r}")


class Bench:
    """Builds the disturbers, runs jobs in peace once each, and collects what fails."""

    def __init__(self, given):
        self.given = given
        self.random = random.Random(given.seed)
        self.folder = Path(tempfile.mkdtemp(prefix="puremix-faults-"))
        self.references = {}
        self.begun = {}
        self.counted = {}
        self.failures = []
        self.counts = {}
        self.began = time.time()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def count(self, *path, by=1):
        """Counts something, perhaps as one kind of several."""
        *groups, what = path
        counts = self.counts
        for group in groups:
            counts = counts.setdefault(group, {})
        counts[what] = counts.get(what, 0) + by

    def built(self, source):
        """The tracer as a program, the clock as a library."""
        target = self.folder / source
        if not target.exists():
            flags = ["-shared", "-fPIC"] if source == "clock" else []
            subprocess.run(["cc", "-O2", "-Wall", *flags, "-o", target, HERE / f"{source}.c", "-ldl"], check=True)
        return str(target)

    def directory(self):
        directory = Path(tempfile.mkdtemp(dir=self.folder))
        write_data(directory / "data.npy")
        return directory

    def start(self, command, directory, before=(), environment=(), threads=2, **more):
        """Starts a command of puremix. What it prints is far less than a pipe holds, so that it never waits for a reader."""
        variables = {**os.environ, "RAYON_NUM_THREADS": str(threads), "TMPDIR": str(self.folder), **dict(environment)}
        variables.pop("RUST_BACKTRACE", None)
        process = subprocess.Popen(
            [*before, str(self.given.program), *command.split()],
            cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )
        return Started(process, command)

    def run(self, command, directory, limit=LIMIT, **more):
        return self.start(command, directory, **more).end(limit)

    def traced(self, command, directory, action, **more):
        """Runs a command under the tracer; how it ended, and what the tracer saw."""
        log = self.folder / "traced.json"
        log.unlink(missing_ok=True)
        ended = self.run(command, directory, before=[self.built("tracer"), str(log), *map(str, action), "--"], **more)
        return ended, json.loads(log.read_text())

    def operations(self, job):
        """How many operations on files of each kind a run has that nothing disturbs, and how many bytes it writes."""
        if job not in self.counted:
            ended, log = self.traced(job.resumed(), self.prepared(job)[0], ["count"])
            if ended.code not in (0, 1):
                sys.exit(f"traced, {ended.command} exits with {ended.code}: {ended.stderr}")
            self.counted[job] = log
        return self.counted[job]

    def reference(self, job):
        """What an undisturbed run of a job leaves, how long it took, and its exit code."""
        key = (job.command, job.seed)
        if key not in self.references:
            directory = self.directory()
            began = time.monotonic()
            ended = self.run(job.reference(), directory)
            seconds = time.monotonic() - began
            if ended.code not in (0, 1):
                sys.exit(f"undisturbed, {job.reference()} exits with {ended.code}: {ended.stderr}")
            self.references[key] = (directory, tree(directory), seconds, ended.code)
        return self.references[key]

    def prepared(self, job):
        """A new directory for a job, with the run in the place that it goes on with or replaces, if it does; and the files of that."""
        directory = self.directory()
        if not job.begun():
            return directory, {}
        if job.begun() not in self.begun:
            ended = self.run(job.begun(), directory)
            if ended.code not in (0, 1):
                sys.exit(f"undisturbed, {job.begun()} exits with {ended.code}: {ended.stderr}")
            for name, content in job.extras().items():
                (directory / name).parent.mkdir(exist_ok=True)
                (directory / name).write_bytes(content)
            self.begun[job.begun()] = directory
            directory = self.directory()
        shutil.copytree(self.begun[job.begun()], directory, dirs_exist_ok=True)
        return directory, tree(directory)

    def is_kept(self, job, directory, before):
        """Whether a run that was in the place is still there or aside, as it was, or has given way to the whole new one; and the user's files."""
        now = tree(directory)
        moved = {name.replace("run/", ".run.replaced/", 1): content for name, content in before.items()}
        run = {name: content for name, content in before.items() if name not in EXTRAS}
        aside = {name: content for name, content in moved.items() if name.replace(".run.replaced/", "run/", 1) not in EXTRAS}
        has = lambda files: all(now.get(name) == content for name, content in files.items())
        contents = [(name.rsplit("/", 1)[-1], content) for name, content in now.items()]
        are_there = all((name.rsplit("/", 1)[-1], content) in contents for name, content in job.extras().items())
        return are_there and (has(run) or has(aside) or has(self.reference(job)[1]))

    def failed(self, where, why, directory=None, **details):
        """Records what went wrong."""
        failure = {"where": where, "why": why, **details}
        if directory:
            failure["left"] = names(directory)
            if self.given.failures:
                self.given.failures.mkdir(parents=True, exist_ok=True)
                kept = self.given.failures / f"{Path(sys.argv[0]).stem}-{len(self.failures)}"
                shutil.copytree(directory, kept, dirs_exist_ok=True)
        self.failures.append(failure)
        print("FAILURE", json.dumps(failure, ensure_ascii=False), flush=True)

    def compare(self, job, directory, where, **details):
        """Compares a directory with the undisturbed one; whether it is the same, and nothing else is left."""
        expected, found = {**self.reference(job)[1], **job.extras()}, tree(directory)
        # As `docs/trust.md` says: an empty lock may be another program's, and is left where it is.
        for name in [name for name in found if name.endswith(".lock") and not found[name]]:
            del found[name]
            self.count("empty locks left, of processes that were killed before they wrote into them")
        other = differences(expected, found)
        if other:
            self.failed(where, "the files differ from those of an undisturbed run", directory, files=other, **details)
        return not other

    def conclude(self, **more):
        """Writes the results, and exits with 1 if something failed."""
        configs = [json.loads(path.read_text()) for path in self.folder.glob("*/run/config.json")]
        results = {
            "command": " ".join([f"experiments/faults/{Path(sys.argv[0]).name}", *options_given()]),
            "git_commit": configs[0].get("git_commit") if configs else None,
            "seconds": round(time.time() - self.began),
            **self.counts, **more, "failures": self.failures,
        }
        print(json.dumps({**results, "failures": len(self.failures)}, indent=1, ensure_ascii=False))
        if self.given.out:
            name = Path(sys.argv[0]).stem
            there = json.loads(self.given.out.read_text()) if self.given.out.exists() else {}
            there[name] = results
            self.given.out.write_text(json.dumps(there, indent=1, ensure_ascii=False) + "\n")
        return 1 if self.failures else 0


def options_given():
    """The options that determine what is drawn, without those that name places."""
    words, told = iter(sys.argv[1:]), []
    for word in words:
        if word.split("=")[0] in ("--program", "--out", "--failures"):
            if "=" not in word:
                next(words, None)
            continue
        told.append(word)
    return told


@dataclasses.dataclass
class Started:
    process: subprocess.Popen
    command: str

    def end(self, limit=LIMIT):
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "no end"
        stdout, stderr = (text.decode(errors="replace") for text in self.process.communicate())
        return Ended(self.command, code, stdout, stderr)


@dataclasses.dataclass
class Ended:
    command: str
    code: object
    stdout: str
    stderr: str

    @property
    def was_killed(self):
        return self.code in (-9, 137)

    @property
    def panicked(self):
        return "panicked" in self.stderr or self.code in (101, -6, 134, -11, 139)

    def told(self):
        return {"command": self.command, "code": self.code, "stderr": self.stderr[-800:]}


def write_data(path):
    """Six correlated samples of nine numbers as NumPy writes them."""
    draw = random.Random(7)
    shared = [draw.uniform(-0.3, 0.3) for _ in range(9)]
    rows = [shared[k % 9] + draw.uniform(-0.5, 0.5) for k in range(54)]
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (6, 9), }"
    header += " " * (-(11 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<54d", *rows))


# Numbers of seconds on the page of a report.
TIMES = re.compile(rb"\d+(\.\d+)?(&nbsp;|\xc2\xa0| )s\b")


def tree(directory):
    """What is in a directory by path, without what depends on the time alone; directories that are empty count, too."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_dir():
            if not any(path.iterdir()):
                found[f"{name}/"] = b""
        elif name != "data.npy":
            found[name] = timeless(path)
    return found


def timeless(path):
    content = path.read_bytes()
    try:
        return without_times(path, content)
    except ValueError:
        # Half a document, as a killed process leaves it beside the place.
        return content


def without_times(path, content):
    folder = path.parent
    timed = ["summary.json"] if path.parent.joinpath("summary.json").exists() else []
    if folder.joinpath("report.json").exists():
        timed += ["report.json", "report.html"]
    if path.name == "manifest.json":
        manifest = json.loads(content)
        manifest.pop("replaces", None)
        # What a configuration says is compared itself.
        for name in [*timed, "config.json"]:
            manifest["files"].get(name, {}).update(bytes=None, crc64=None)
        return json.dumps(manifest, sort_keys=True).encode()
    if path.name in timed and path.suffix == ".json":
        document = json.loads(content)
        for entry in [document, *document.get("claims", []), *document.get("explorations", [])]:
            entry["seconds"] = None
        return json.dumps(document, sort_keys=True).encode()
    if path.name == "config.json":
        # What is asked for besides the job.
        config = json.loads(content)
        config.update(force=None, resume=None)
        return json.dumps(config, sort_keys=True).encode()
    if path.name in timed:
        return TIMES.sub(b"# s", content)
    return content


def differences(expected, found):
    """In words, what two trees differ in."""
    missing = [f"{name} is missing" for name in expected if name not in found]
    more = [f"{name} is left over" for name in found if name not in expected]
    changed = [f"{name} differs" for name in expected if name in found and expected[name] != found[name]]
    return missing + more + changed


def names(directory):
    """Two levels of a directory, for messages."""
    found = sorted(path.relative_to(directory) for path in directory.rglob("*"))
    return [str(path) for path in found if len(path.parts) < 3][:60]


def stage(directory):
    """In which stage a process was when it was killed, by what it left."""
    partial, checkpoint = directory / ".run.partial", directory / ".run.checkpoint"
    locks = list(directory.glob(".run*.lock"))
    if partial.exists():
        if (partial / "manifest.json").exists() and not (partial / ".written").exists():
            return "finishing: the new run is complete, and not in its place"
        return "writing: .partial"
    if (directory / ".run.replaced").exists():
        return "finishing: .replaced"
    stores = [checkpoint, *directory.glob(".run.*-of-*.checkpoint")]
    if (directory / "run").exists() and any(path.exists() for path in stores):
        return "finishing or beginning: the place and a checkpoint"
    if any((path / "job.json").exists() for path in stores):
        return "working: a checkpoint"
    if any(path.exists() for path in stores):
        return "working: a checkpoint without its job"
    return "beginning or ended: a lock" if locks else "beginning or ended: nothing"
