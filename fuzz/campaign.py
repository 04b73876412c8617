#!/usr/bin/env python3
"""Runs every target for a while, one after the other, and writes what came of it.

    cargo +nightly fuzz build -s none --fuzz-dir fuzz
    python3 fuzz/campaign.py --seconds 60 --out fuzz.json

Each target begins with the inputs in tests/corpus/TARGET and those that fuzz/corpus/TARGET has kept from earlier campaigns, and adds what
it finds to the latter. A target that fails leaves its input in fuzz/artifacts/TARGET/. Exits with 1 if one did.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "fuzz/target/x86_64-unknown-linux-gnu/release"
# A second for an input, and resident memory at which libFuzzer stops; what a reader may hold, each target asserts itself.
LIMITS = ["-timeout=1", "-rss_limit_mb=2048"]


def targets():
    return sorted(path.stem for path in (ROOT / "fuzz/targets").glob("*.rs"))


def run(target, seconds, options):
    corpus, artifacts = ROOT / "fuzz/corpus" / target, ROOT / "fuzz/artifacts" / target
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    words = [
        str(options.programs / target), *LIMITS, f"-max_total_time={seconds}", f"-max_len={options.max_len}", "-print_final_stats=1",
        f"-dict={ROOT / 'fuzz/dictionary.txt'}", f"-artifact_prefix={artifacts}/", f"-seed={options.seed}",
        str(corpus), str(ROOT / "tests/corpus" / target),
    ]
    began = time.monotonic()
    process = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=False,
                             env={**os.environ, "RAYON_NUM_THREADS": "1"})
    took = time.monotonic() - began
    edges = [int(found) for found in re.findall(r"\bcov: (\d+)", process.stderr)]
    executed = re.findall(r"stat::number_of_executed_units: (\d+)", process.stderr)
    counted = re.findall(r"^#(\d+)", process.stderr, re.MULTILINE)
    failure = re.search(r"(panicked at .*|ERROR: libFuzzer: .*|fuzz target exited.*)", process.stderr)
    if process.returncode != 0:
        (artifacts / "log.txt").write_text(process.stderr[-20000:])
    return {
        "executions": int(executed[-1] if executed else counted[-1] if counted else 0),
        "seconds": round(took, 1),
        "edges": max(edges, default=0),
        "corpus_files": sum(1 for _ in corpus.iterdir()),
        "failure": None if process.returncode == 0 else failure.group(1) if failure else f"exit code {process.returncode}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--only", help="targets, comma-separated; TARGET=SECONDS gives one a time of its own")
    parser.add_argument("--max-len", type=int, default=4096, help="bytes of an input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programs", type=pathlib.Path, default=PROGRAMS, help="where the targets were built")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    chosen = [word.partition("=") for word in options.only.split(",")] if options.only else [(name, "", "") for name in targets()]
    rows = {}
    for name, _, seconds in chosen:
        rows[name] = run(name, int(float(seconds or options.seconds)), options)
        print(name, rows[name], flush=True)
        options.out.write_text(json.dumps({"seed": options.seed, "targets": rows}, indent=2) + "\n")
    return 1 if any(row["failure"] for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
