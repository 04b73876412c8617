"""The files of a run directory, as docs/run_directory.md and docs/train.md define them."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from reference_model import Refused


def tensors(path: Path) -> dict:
    """A safetensors file: the length of a JSON header in 8 bytes, the header, then the numbers."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds, p = {"F64": "<f8", "F32": "<f4"}, {}
    for name, entry in sorted(header.items()):
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(raw[8 + length :][begin:end], kinds[entry["dtype"]]).astype(float)
        p[name] = numbers.reshape(entry["shape"])
    return p


def array(run: Path, name: str, why: str) -> np.ndarray:
    if not (run / name).exists():
        raise Refused(f"there is no {name}: {why}")
    return np.load(run / name)


def table(path: Path) -> dict:
    """Rows of a CSV file by step; empty fields are NaN."""
    rows = defaultdict(list)
    for row in csv.DictReader(path.open()) if path.exists() else []:
        words = {"": "nan", "true": "1", "false": "0"}
        row = {key: float(words.get(field, field)) for key, field in row.items()}
        rows[int(row["step"])].append(row)
    return dict(rows)


def observed(every: int | str, last: int) -> list:
    """The steps of the rows: multiples of a number, or every step up to the 65th and then a hundred a decade; and the end."""
    steps, t = {last}, 0
    while t < last:
        steps.add(t)
        t = t + every if every != "log" else max(t + 1, round(t * 10**0.01))
    return sorted(steps)


def check_rows(config: dict, summary: dict, tables: dict, neurons: int) -> None:
    """Refuses tables that lack rows or have others, and a summary that does not count the rows of replicas.csv."""
    for name, rows in tables.items():
        option = "sharpness" if name == "sharpness" else "every"
        every = config[option]
        due = observed(every, summary["steps"]) if every else []
        if sorted(rows) != due or any(len(at) != (neurons if name == "neurons" else 1) for at in rows.values()):
            raise Refused(f"{name}.csv has not the rows that --{option} {every} asks for")
