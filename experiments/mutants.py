"""Mutation testing of `crates/dynamics` by its own unit tests, on a seeded random sample of what `cargo mutants` lists.

    python3 experiments/mutants.py WORK [--seed 1] [--count 300] [--until HH:MM] [--only NAMES]

The crate is copied into WORK/tree as a workspace of its own, where every mutant is written into its file, built and tested, in the order of the draw, so
that what a run stopped early has tested is a fair sample too. Tests run from the nearest to the slowest: the quick ones of the mutated module, the other
quick ones, then one by one those of more than 0.3 s; the first failure ends them. Limits are of processor time, so that a busy machine turns no mutant into
a timeout. Outcomes go to WORK/outcomes.jsonl, a line a mutant: caught (by which test), missed, timeout, or unviable where it does not compile. What is
there is not tested again. `--only` tests the mutants that a file names instead, one a line.
"""

import argparse
import datetime
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
CRATE = "crates/dynamics"
QUICK = 0.3  # Seconds of processor time up to which a test counts as quick.
QUICK_LIMIT = 12  # Seconds for all quick tests, which take about three.
MEMORY = 6 << 30  # Bytes that a test may map.
PROFILE = """
[profile.mutants]
inherits = "dev"
opt-level = 1
debug = false
[profile.mutants.package."*"]
opt-level = 3
"""
BUILD = "cargo test --package puremix-dynamics --lib --no-run --profile mutants --jobs 1 --message-format=json".split()


def prepare(tree):
    """The crate as the one member of a workspace; what else belongs to its manifest is that of the repository."""
    shutil.copytree(HOME / CRATE / "src", tree / CRATE / "src")
    shutil.copy(HOME / CRATE / "Cargo.toml", tree / CRATE)
    shutil.copy(HOME / "Cargo.lock", tree)
    manifest = (HOME / "Cargo.toml").read_text()
    package = manifest.split("[workspace.package]")[1].split("\n[")[0]
    (tree / "Cargo.toml").write_text(f'[workspace]\nmembers = ["{CRATE}"]\nresolver = "3"\n[workspace.package]{package}{PROFILE}')


def build(tree):
    """The test program, or nothing if the mutant does not compile."""
    ran = subprocess.run(BUILD, cwd=tree, capture_output=True, text=True)
    if ran.returncode != 0:
        return None
    messages = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return [message["executable"] for message in messages if message.get("executable")][-1]


def run(program, arguments, seconds):
    """The outcome, which test decided it, and the processor time of tests that pass."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    command = [program, "--test-threads=1", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=limit)
    failed = None
    for line in child.stdout:
        if line.startswith("test ") and line.rstrip().endswith("FAILED"):
            failed = line.split()[1]
            child.kill()
            break
    _, status, used = os.wait4(child.pid, 0)
    child.stdout.close()
    if failed:
        return "caught", failed, None
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "timeout", None, None
    return ("passed", None, used.ru_utime + used.ru_stime) if code == 0 else ("caught", f"exit status {code}", None)


def baseline(program):
    """The tests that are not quick, with the seconds that each takes; all must pass."""
    listed = subprocess.run([program, "--list", "--format=terse"], capture_output=True, text=True, check=True).stdout
    slow = {}
    for name in (line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test")):
        outcome, _, seconds = run(program, ["--exact", name], 3600)
        if outcome != "passed":
            sys.exit(f"{name}: {outcome} without any mutant")
        if seconds > QUICK:
            slow[name] = round(seconds, 2)
    return slow


def judge(program, path, slow):
    """Tests from the nearest to the slowest."""
    parts = list(Path(path).relative_to(f"{CRATE}/src").with_suffix("").parts)
    own = "::".join(parts[:-1] if parts[-1] in ("mod", "lib") else parts)
    skips = [word for name in slow for word in ("--skip", name)]
    far = {name: not (name.startswith(own) or own.startswith(name.split("::tests")[0])) for name in slow}
    stages = [([f"{own}::", *skips], QUICK_LIMIT), (skips, QUICK_LIMIT)]
    stages += [(["--exact", name], int(2 + 3 * slow[name])) for name in sorted(slow, key=lambda name: (far[name], slow[name]))]
    for arguments, seconds in stages:
        outcome, by, _ = run(program, arguments, seconds)
        if outcome != "passed":
            return outcome, by
    return "missed", None


def mutated(text, mutant):
    """The text of a file with the span of a mutant replaced."""
    lines = text.splitlines(keepends=True)
    start, end = (sum(map(len, lines[: at["line"] - 1])) + at["column"] - 1 for at in (mutant["span"]["start"], mutant["span"]["end"]))
    return text[:start] + mutant["replacement"] + text[end:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--until", default="")
    parser.add_argument("--only", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that the file of a mutant is put back.

    tree, outcomes = options.work.resolve() / "tree", options.work / "outcomes.jsonl"
    if not tree.exists():
        prepare(tree)
    os.environ.setdefault("CARGO_TARGET_DIR", str(options.work.resolve() / "target"))
    command = ["cargo", "mutants", "--list", "--json", "--package", "puremix-dynamics"]
    listed = json.loads(subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout)
    listed.sort(key=lambda mutant: mutant["name"])
    if options.only:
        names = set(options.only.read_text().splitlines())
        sample = [mutant for mutant in listed if mutant["name"] in names]
    else:
        sample = random.Random(options.seed).sample(listed, options.count)
    program = build(tree)
    if program is None:
        sys.exit("the crate does not compile")
    slow = baseline(program)
    print(f"{len(listed)} mutants, {len(sample)} of them to test; tests that are not quick: {slow}", flush=True)

    done = {json.loads(line)["name"] for line in outcomes.read_text().splitlines()} if outcomes.exists() else set()
    for mutant in (mutant for mutant in sample if mutant["name"] not in done):
        if options.until and datetime.datetime.now().strftime("%H:%M") >= options.until:
            break
        path = tree / mutant["file"]
        original = path.read_text()
        try:
            path.write_text(mutated(original, mutant))
            program = build(tree)
            outcome, by = judge(program, mutant["file"], slow) if program else ("unviable", None)
        finally:
            path.write_text(original)
        print(f"{outcome:9} {mutant['name']}", flush=True)
        with outcomes.open("a") as file:
            file.write(json.dumps({"name": mutant["name"], "outcome": outcome, "by": by}, ensure_ascii=False) + "\n")


main()
