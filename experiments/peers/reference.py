"""A second implementation of `train` in NumPy that shares nothing with it: computes again what a run directory holds.

    reference.py RUN [--start RUN0]

Nothing random is drawn: data, start and batches (`--record-batches`) are read, and from them follow the parameters after every step
`p ← p − η_t u`, hence the numbers of trajectory.csv, correlations.csv, neurons.csv, sharpness.csv and summary.json, and the weights
at the end. Rows must be those of the steps that `--every` and `--sharpness` ask for. Gradients and Hessians are derived by hand (reference_model.py); where JAX is installed, the Hessians are held to its own.

The start is `w0.npy`, with biases of 0. Models of more parameters, and biases under `--from`, take it from `model.safetensors` of RUN0:
the run that `--from` names, or else one of the same options with `--steps 0`. Of several replicas the first is examined.

Prints one JSON object. `deviations` has the largest deviation of every quantity, `absolute` and `relative` to the largest size that the
quantity has in the run; of cosines and of Hoyer's sparsity, to 1, and of correlations and residuals, to the largest norm. `R` is compared as `e^-R`, since near a
datapoint its logarithm magnifies rounding. The deviation of `argmax`, `atom` and `matched_atom` is the cosine that is lost by the choice in
the file. Estimated traces deviate in units of their standard errors. Rows of sharpness.csv at a kink are counted, not compared: differences
across a kink are no second derivatives. `way` and `nudged` are distances at the end, relative to the largest parameter: from the start, and
between two retraces whose starts differ in the last bit, which is how far rounding alone may lead two programs apart.

Not computed are the outcome, the kind of the limit, the rest of the way where it is estimated, and the distance to limits of other than
orthonormal data or unequal sampling weights; whether a row of sharpness.csv is at a kink, and how its numbers were found; replicas but the
first, of which replicas.csv must repeat the summary; and curvature of more than 2000 parameters. Exit code 2 says that the directory does not determine what is to be computed.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from reference_files import array, check_rows, table, tensors
from reference_measures import Deviations, Samples
from reference_model import ACTIVATIONS, Refused, direction, gradient, hessian, jax_hessian, layers, loss, step_size

# Parameters beyond which sharpness.csv is left out.
LARGEST_HESSIAN = 2000


def start_of(run: Path, other: Path | None, config: dict, dim: int) -> dict:
    """All parameters at step 0, of replica 0."""
    w0 = array(run, "w0.npy", "over implicit data there are no weights")
    w0 = (w0[0] if config["replicas"] > 1 else w0).reshape(-1, dim)
    model = config["model"]
    if model.startswith(("neuron", "shallow")) and (not config["from"] or "+bias" not in model):
        return {"bias": np.zeros(len(w0)), "weight": w0} if "+bias" in model else {"weight": w0}
    if other is None:
        raise Refused(f"w0.npy is not the whole start of {model}: --start takes a run that has it")
    p = tensors(other / "model.safetensors")
    if not np.array_equal(first_layer(p), w0):
        raise Refused(f"{other} does not hold the start of {run}: its first layer is not w0.npy")
    return p


def first_layer(p: dict) -> np.ndarray:
    return p["weight" if "weight" in p else "encoder.0.weight"]


def compare_replicas(found: Deviations, run: Path, summary: dict) -> None:
    """The first row of replicas.csv, which the summary repeats, and the number of rows by outcome."""
    rows = list(csv.DictReader((run / "replicas.csv").open()))
    counted = {outcome: count for outcome, count in summary["replicas"].items() if count}
    if Counter(row["outcome"] for row in rows) != counted or rows[0]["outcome"] != summary["outcome"]:
        raise Refused("summary.json does not count the rows of replicas.csv")
    for name in rows[0].keys() - {"replica", "outcome"}:
        ours, theirs = float(rows[0][name]), summary[name]
        found.add("first replica", ours if np.isfinite(ours) else np.nan, np.nan if theirs is None else theirs, 1.0)


def check(config: dict, summary: dict) -> None:
    """Refuses what was drawn and not recorded, and what is no number."""
    if config["label_noise"] or config["gradient_noise"]:
        raise Refused("label and gradient noise are not recorded")
    if summary["outcome"] == "diverged":
        raise Refused("the run diverged: its numbers mean nothing")
    if config["activation"] not in ACTIVATIONS:
        raise Refused(f"the activation {config['activation']} is unknown")


def trajectory(p: dict, x: np.ndarray, batches: np.ndarray, config: dict):
    """The parameters after 0, 1, … steps of `p ← p − η_t u`."""
    p, state, rule, decay = dict(p), {name: {} for name in p}, config["update"], config["weight_decay"]
    chain, decoupled = layers(config["model"], p, ACTIVATIONS[config["activation"]]), rule.startswith("adamw")
    yield p
    for t, batch in enumerate(batches):
        eta = step_size(config["step_schedule"], config["step_size"], t)
        g = gradient(p, chain, x[batch], 1 / len(batch) if config["reduction"] == "mean" else 1.0)
        if not decoupled:
            g = {name: g[name] + decay * p[name] for name in p}
        u = {name: direction(rule, g[name], state[name], t + 1) for name in p}
        p = {name: p[name] - eta * u[name] - (eta * decay * p[name] if decoupled else 0.0) for name in p}
        yield p


def compare_end(found: Deviations, run: Path, config: dict, summary: dict, p: dict, samples: Samples, w0: np.ndarray) -> None:
    """Parameters at the end, and what only the summary holds."""
    w = first_layer(p)
    if (run / "model.safetensors").exists():
        stored = tensors(run / "model.safetensors")
        if stored.keys() != p.keys():
            raise Refused(f"model.safetensors has {sorted(stored)} where the start has {sorted(p)}")
        for name, value in stored.items():
            found.add("parameters at the end", p[name], value.reshape(p[name].shape))
    ends = np.load(run / "w.npy")
    found.add("w.npy", w, (ends[0] if config["replicas"] > 1 else ends).reshape(w.shape))
    if is_distance_known(config, summary, samples.x):
        found.distance(summary, w[0], w0[0], samples)
    found.summary(summary, w, w0, samples)
    if config["replicas"] > 1:
        compare_replicas(found, run, summary)


def is_distance_known(config: dict, summary: dict, x: np.ndarray) -> bool:
    orthonormal = np.abs(x @ x.T - np.eye(len(x))).max() < 1e-12
    return orthonormal and not config.get("weights") and summary["predicted_limit"] != "none"


def examine(run: Path, other: Path | None) -> dict:
    config, summary = (json.loads((run / f"{name}.json").read_text()) for name in ("config", "summary"))
    check(config, summary)
    x = array(run, "data.npy", "over implicit data there is nothing to retrace")
    batches = array(run, "batches.npy", "--record-batches writes it")
    if len(batches) != summary["steps"]:
        raise Refused(f"batches.npy has {len(batches)} batches, the run {summary['steps']} steps")
    start = start_of(run, other, config, x.shape[1])
    nudged = {name: np.nextafter(value, np.inf) for name, value in start.items()}
    atoms = np.load(run / "dictionary.npy") if (run / "dictionary.npy").exists() else None
    samples, chain = Samples(x, config["activation"], atoms), layers(config["model"], start, ACTIVATIONS[config["activation"]])
    if not {weight for weight, *_ in chain} <= start.keys():
        raise Refused(f"{other} does not hold the start of a model {config['model']}")
    tables = {name: table(run / f"{name}.csv") for name in ("trajectory", "correlations", "neurons", "sharpness")}
    check_rows(config, summary, tables, len(first_layer(start)))
    if sum(value.size for value in start.values()) > LARGEST_HESSIAN:
        tables["sharpness"].clear()
    jax = jax_hessian(start, config["activation"], x) if tables["sharpness"] else None
    found, w0, kinks, unknown = Deviations(), first_layer(start), 0, 0
    for t, (p, q) in enumerate(zip(*(trajectory(origin, x, batches, config) for origin in (start, nudged)))):
        w = first_layer(p)
        for row in tables["trajectory"].get(t, []) + ([summary] if t == len(batches) else []):
            found.add("loss", loss(p, chain, x), row["loss"])
            found.first(row, w[0], w0[0], samples)
        for row in tables["correlations"].get(t, []):
            found.add("correlations", x @ w[0], [row[f"c_{i}"] for i in range(len(x))], np.linalg.norm(w[0]))
        if t in tables["neurons"]:
            found.neurons(tables["neurons"][t], w, w0, samples)
        for row in tables["sharpness"].get(t, []):
            kinks, unknown = kinks + int(row["kink"]), unknown + int(np.isnan(row["largest"]))
            if not row["kink"]:
                H = hessian(p, chain, x)
                found.sharpness(row, H)
                if jax:
                    found.add("Hessian by JAX", H, jax(np.concatenate([value.ravel() for value in p.values()])))
    compare_end(found, run, config, summary, p, samples, w0)
    report = {"steps": len(batches), "dtype": config["dtype"], "way": distance(p, start), "nudged": distance(p, q)}
    if tables["sharpness"]:
        for name in ("largest", "trace"):
            found.add(f"{name} in the summary", tables["sharpness"][len(batches)][-1][name], summary["sharpness"][name])
        report |= {"rows at a kink": kinks, "rows without an eigenvalue": unknown, "JAX": jax is not None}
    return report | {"deviations": found.report()}


def distance(p: dict, q: dict) -> float:
    """Largest difference of two parameters, relative to the largest parameter."""
    gap, size = max(np.abs(p[name] - q[name]).max() for name in p), max(np.abs(value).max() for value in p.values())
    return float(gap / size) if size else 0.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--start", type=Path)
    options = arguments.parse_args()
    try:
        print(json.dumps(examine(options.run, options.start)))
    except (Refused, FileNotFoundError) as refusal:
        print(f"reference: {refusal}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
