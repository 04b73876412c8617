"""What all peers share: the setting, its data, and a line protocol to be measured by.

The first line on standard output describes the peer. Every line `measure SECONDS` on standard
input is answered by `{"steps": ..., "seconds": ...}`, in which nothing but stepping is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

PEER = Path(sys.argv[0]).stem.replace("_", " ")


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def unavailable(why: object) -> NoReturn:
    """Says that this peer cannot run here, or not in this setting."""
    lines = str(why).strip().splitlines() or [repr(why)]
    say(peer=PEER, missing=lines[0])
    sys.exit(3)


try:
    import numpy as np
except Exception as error:
    unavailable(error)

MOST_STEPS = 8192  # in one go
MOST_WORK = 1 << 27  # entries of samples visited in one go


@dataclass
class Problem:
    """Samples `data` [m, n] and starts [R, k, n]; the loss of one is `|x - W^T phi(W x)|^2 / 2`.

    A step is `w <- w - eta * (sum of the gradients of a batch)`.
    """

    data: np.ndarray
    starts: np.ndarray
    eta: float
    activation: str
    full_batch: bool
    batch: int

    @property
    def relu(self) -> bool:
        return self.activation == "relu"


class Peer:
    """Takes steps. `many`: whether it can train several replicas at once; `wide`: several neurons."""

    many = False
    wide = False

    def __init__(self, problem: Problem) -> None:
        raise NotImplementedError

    def prepare(self, batches: np.ndarray) -> Any:
        """Brings batches, [K, R, b], to the form that `advance` wants; not timed.

        With a full batch they are [K, R, 0]: there is nothing to choose.
        """
        raise NotImplementedError

    def advance(self, batches: Any) -> None:
        """Takes K steps, and returns when they are done."""
        raise NotImplementedError

    def weights(self) -> np.ndarray:
        """[R, k, n], or less where R or k is 1."""
        raise NotImplementedError


def draw(
    rng: np.random.Generator, steps: int, replicas: int, samples: int, batch: int
) -> np.ndarray:
    """Batches [K, R, b], uniform without replacement (Floyd's algorithm, all of them at once)."""
    chosen = np.empty((batch, steps, replicas), dtype=np.int64)
    for k, last in enumerate(range(samples - batch, samples)):
        pick = rng.integers(last + 1, size=(steps, replicas))
        taken = (chosen[:k] == pick).any(axis=0)
        chosen[k] = np.where(taken, last, pick)
    return np.ascontiguousarray(np.moveaxis(chosen, 0, -1))


def random_problem(options: argparse.Namespace, rng: np.random.Generator) -> Problem:
    """Orthonormal samples, and neurons of norm 1/2."""
    m, n, b = options.samples, options.dim, options.batch
    data = np.ascontiguousarray(np.linalg.qr(rng.standard_normal((n, m)))[0].T)
    starts = rng.standard_normal((options.replicas, options.neurons, n))
    starts *= 0.5 / np.linalg.norm(starts, axis=2, keepdims=True)
    return Problem(data, starts, options.step_size / b, options.activation, b == m, b)


def measure(peer: Peer, options: argparse.Namespace, rng: np.random.Generator) -> None:
    m, b, replicas = options.samples, options.batch, options.replicas
    work = replicas * b * options.dim * options.neurons
    most = min(max(MOST_WORK // work, 16), MOST_STEPS)
    chunk = 1 << (most.bit_length() - 1)
    drawn = 0 if b == m else b

    def steps() -> float:
        batches = peer.prepare(draw(rng, chunk, replicas, m, drawn))
        clock = time.perf_counter()
        peer.advance(batches)
        return time.perf_counter() - clock

    steps()  # whatever has to be compiled or found once
    say(peer=PEER, versions=options.versions, threads=options.threads)
    for line in sys.stdin:
        match line.split():
            case ["measure", text]:
                count, seconds = 0, 0.0
                while seconds < float(text):
                    seconds += steps()
                    count += chunk
                say(steps=count, seconds=seconds)
            case _:
                sys.exit(f"expected `measure SECONDS`, got {line!r}")


def check(make: type[Peer], directory: Path) -> None:
    """Replays a recorded run and compares where it ends: one neuron or a tied layer of several, of
    several replicas the first. A peer for many trains two beside each other: one from the double of
    the start on the batches in reverse order, and the one that is compared, which is the second."""
    config = json.loads((directory / "config.json").read_text())
    data, starts, ends, batches = (
        np.load(directory / f"{name}.npy") for name in ("data", "w0", "w", "batches")
    )
    m, n = data.shape
    b = batches.shape[1]
    eta = config["step_size"] / (b if config["reduction"] == "mean" else 1)
    full_batch = b == m and bool((np.sort(batches, axis=1) == np.arange(m)).all())
    name, _, width = config["model"].partition(":")  # "neuron", or "shallow:k"
    if name not in ("neuron", "shallow") or not (width or "1").isdecimal():
        unavailable(f"trains no {config['model']}")
    k = int(width or 1)
    if k > 1 and not make.wide:
        unavailable("trains one neuron only")
    start, end = starts.reshape(-1, k, n)[:1], ends.reshape(-1, k, n)[0]
    if make.many:
        start = np.concatenate([2.0 * start, start])
    peer = make(Problem(data, start, eta, config["activation"], full_batch, b))
    batches = batches[:, None, : 0 if full_batch else b]
    if make.many:
        batches = np.concatenate([batches[::-1], batches], axis=1)
    peer.advance(peer.prepare(batches))
    weights = peer.weights().reshape(len(start), k, n)[-1]
    say(largest_deviation=float(np.abs(weights - end).max()))


def main(make: type[Peer], versions: dict[str, str], threads: int | None = None) -> None:
    parser = argparse.ArgumentParser(description=f"{PEER}: measured line by line")
    parser.add_argument("--samples", type=int, default=100, help="m")
    parser.add_argument("--dim", type=int, default=100, help="n, at least m")
    parser.add_argument("--batch", type=int, default=1, help="b; m is the full batch")
    parser.add_argument("--replicas", type=int, default=1, help="R")
    parser.add_argument("--neurons", type=int, default=1, help="k of a tied layer")
    parser.add_argument("--step-size", type=float, default=0.01, help="divided by b a sample")
    parser.add_argument("--activation", choices=["relu", "linear"], default="relu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", type=Path, metavar="DIR", help="replay a run that `train` left")
    options = parser.parse_args()
    if options.check:
        return check(make, options.check)
    if not 1 <= options.batch <= options.samples <= options.dim or min(options.replicas, options.neurons) < 1:
        parser.error("1 <= batch <= samples <= dim and 1 <= replicas, neurons are needed")
    if options.replicas > 1 and not make.many:
        unavailable("trains one replica only")
    if options.neurons > 1 and not make.wide:
        unavailable("trains one neuron only")
    options.threads = threads  # none, where a library does not say
    common = {"python": platform.python_version(), "numpy": np.__version__}
    options.versions = common | versions
    rng = np.random.default_rng(options.seed)
    measure(make(random_problem(options, rng)), options, rng)
