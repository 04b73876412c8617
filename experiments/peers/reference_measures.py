"""The measures of a neuron `w` over samples `x_i`, `c_i = ⟨w, x_i⟩`, as docs/run_directory.md defines them, and their deviations."""

import math
from dataclasses import dataclass, field

import numpy as np

# Sizes of what is bounded, to which deviations are relative even where the values are small.
BOUNDED = {"max_cos": 1.0, "cos_init": 1.0, "hoyer": 1.0}


@dataclass
class Samples:
    """What neurons are measured against: samples `[m, n]`, an orthonormal basis of their span, and atoms `[q, n]`, if any."""

    x: np.ndarray
    activation: str
    atoms: np.ndarray | None
    basis: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.basis = span(self.x)

    def active(self, w0: np.ndarray) -> np.ndarray:
        return self.x @ w0 > 0 if self.activation == "relu" else self.x @ w0 != 0


def cosines(w: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`⟨w, d_j⟩ / (‖w‖ ‖d_j‖)`; 0 where one of the two is 0."""
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(w)
    return np.divide(rows @ w, lengths, out=np.zeros(len(rows)), where=lengths > 0)


def span(rows: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the span of the rows, `[rank, n]`, by decreasing singular value."""
    _, values, basis = np.linalg.svd(rows, full_matrices=False)
    return basis[values > 1e-12 * values[0]]


def alignment(w: np.ndarray, w0: np.ndarray, samples: Samples) -> dict:
    """Columns of neurons.csv; `overlaps` are the cosines of which `max_cos` is the largest."""
    c = samples.x @ w
    energy, m = c @ c, len(c)
    share = c * c / energy if energy else np.zeros(m)
    overlaps = cosines(w, samples.x)
    overlaps = np.abs(overlaps) if samples.activation in ("linear", "tanh") else overlaps
    hoyer = (m**0.5 - np.abs(c).sum() / energy**0.5) / (m**0.5 - 1) if energy and m > 1 else float(m == 1)
    return {
        "norm": np.linalg.norm(w),
        "overlaps": overlaps,
        "max_cos": overlaps.max(),
        "participation_ratio": 1 / (share @ share) if energy else 0.0,
        "hoyer": hoyer,
        "effective_support": np.exp(-np.sum(share[share > 0] * np.log(share[share > 0]))) if energy else 0.0,
        "cos_init": cosines(w, w0[None])[0],
        "dead": float(not w.any() or samples.activation == "relu" and c.max() <= 0),
    }


def rest_share(c: np.ndarray, active: np.ndarray) -> float:
    """`e^-R`, the sum of all active `|c_i|` but the largest, over the largest; NaN of none."""
    sizes = np.sort(np.abs(c[active]))
    return sizes[:-1].sum() / sizes[-1] if len(sizes) else np.nan


def principal_angles(neurons: np.ndarray, samples: Samples) -> np.ndarray:
    """Angles between the span of K neurons and that of the K leading right singular vectors of the samples, ascending."""
    a, b = span(neurons), samples.basis[: len(neurons)]
    cosine = np.linalg.svd(a @ b.T, compute_uv=False)
    sine = np.linalg.svd(a - a @ b.T @ b, compute_uv=False)[::-1]
    return np.arctan2(sine, cosine)


def improvement(overlaps: np.ndarray, atoms: np.ndarray) -> float:
    """By how much a better match of neurons to atoms raises `Σ |cos|`, given `overlaps`, `[K, q]`, and the match, NaN of a neuron
    left over. Rows and columns of zeros make it square; a match is best if no cycle of exchanges gains."""
    size = max(overlaps.shape)
    square = np.zeros((size, size))
    square[: overlaps.shape[0], : overlaps.shape[1]] = overlaps
    match = [int(atom) for atom in atoms if atom == atom]
    if len(set(match)) < min(overlaps.shape):
        return np.inf
    free = iter(sorted(set(range(size)) - set(match)))
    match = [int(atom) if atom == atom else next(free) for atom in [*atoms, *[np.nan] * (size - len(atoms))]]
    gain = square[:, match] - np.diag(square[:, match])[:, None]  # neuron i takes the atom of neuron j
    best = 0.0
    for k in range(size):
        gain = np.maximum(gain, gain[:, k, None] + gain[k])
        best = max(best, np.diag(gain).max())
        np.fill_diagonal(gain, 0.0)  # or rounding would be doubled again and again
    return best


class Deviations:
    """The largest deviation of every quantity, and its largest size in the run."""

    def __init__(self) -> None:
        self.found, self.matched = {}, np.array([])

    def add(self, name: str, ours, theirs, size: float | None = None) -> None:
        ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        with np.errstate(invalid="ignore"):
            gap = np.nan_to_num(np.where(same, 0.0, np.abs(ours - theirs)), nan=np.inf).max(initial=0.0)
        size = np.abs(theirs)[np.isfinite(theirs)].max(initial=0.0) if size is None else size
        before = self.found.get(name, (0.0, 0.0))
        self.found[name] = (max(gap, before[0]), max(size, before[1]))

    def report(self) -> dict:
        relative = lambda gap, size: gap / size if size else math.inf if gap else 0.0
        return {name: {"absolute": float(gap), "relative": float(relative(gap, size))} for name, (gap, size) in self.found.items()}

    def first(self, row: dict, w: np.ndarray, w0: np.ndarray, samples: Samples) -> None:
        """A row of trajectory.csv, or the summary, which has the same keys: the first neuron."""
        ours = alignment(w, w0, samples)
        for name in ("norm", "max_cos", "cos_init", "participation_ratio"):
            self.add(name, ours[name], row[name], BOUNDED.get(name))
        self.add("argmax", ours["overlaps"][int(row["argmax"])], ours["max_cos"], 1.0)
        self.add("residual", np.linalg.norm(w - (samples.basis @ w) @ samples.basis), row["residual"], row["norm"])
        if row["R"] is not None:  # In JSON infinite and NaN alike.
            self.add("exp(-R)", rest_share(samples.x @ w, samples.active(w0)), math.exp(-row["R"]))

    def neurons(self, rows: list, w: np.ndarray, w0: np.ndarray, samples: Samples) -> None:
        """The rows of neurons.csv at one step, one a neuron."""
        for row, neuron, origin in zip(rows, w, w0, strict=True):
            ours = alignment(neuron, origin, samples)
            for name in ("norm", "max_cos", "cos_init", "participation_ratio", "hoyer", "effective_support", "dead"):
                self.add(f"neurons {name}", ours[name], row[name], BOUNDED.get(name))
            self.add("neurons argmax", ours["overlaps"][int(row["argmax"])], ours["max_cos"], 1.0)
        column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        if samples.atoms is not None:
            overlaps = np.abs([cosines(neuron, samples.atoms) for neuron in w])
            chosen = lambda atoms: [o[int(atom)] if atom == atom else np.nan for o, atom in zip(overlaps, atoms)]
            self.add("max_cos_atom", overlaps.max(1), column["max_cos_atom"])
            self.add("atom", chosen(column["atom"]), overlaps.max(1), 1.0)
            matched = np.array(chosen(column["matched_atom"]))
            self.matched = matched[~np.isnan(matched)]
            self.add("matched_cos", matched, column["matched_cos"])
            self.add("matched_atom", improvement(overlaps, column["matched_atom"]), 0.0, 1.0)
        if not np.isnan(column["pca_angle"]).any():
            self.add("pca_angle", principal_angles(w, samples), column["pca_angle"], math.pi / 2)

    def sharpness(self, row: dict, H: np.ndarray) -> None:
        """A row of sharpness.csv; an estimated trace in its standard errors."""
        if not math.isnan(row["largest"]):
            self.add("largest eigenvalue", np.linalg.eigvalsh(H)[-1], row["largest"])
        if row["sem"]:
            self.add("trace / sem", np.trace(H) / row["sem"], row["trace"] / row["sem"])
        else:
            self.add("trace", np.trace(H), row["trace"])

    def distance(self, summary: dict, w: np.ndarray, w0: np.ndarray, samples: Samples) -> None:
        """Distance to the mixture of the active samples in the proportions of the start, or to the nearest of them, orthonormal."""
        c, x = np.where(samples.active(w0), samples.x @ w0, 0.0), samples.x
        mixture = summary["predicted_limit"] == "mixture"
        points = [c @ x / np.linalg.norm(c)] if mixture else (np.sign(c)[:, None] * x)[c != 0]
        self.add("distance", min(np.linalg.norm(w - point) for point in points), summary["distance"], 1.0)

    def summary(self, summary: dict, w: np.ndarray, w0: np.ndarray, samples: Samples) -> None:
        """What summary.json says of all neurons."""
        if "dead_neurons" in summary:
            dead = sum(alignment(neuron, origin, samples)["dead"] for neuron, origin in zip(w, w0))
            self.add("dead_neurons", dead, summary["dead_neurons"])
        if "mean_matched_cos" in summary:
            # The match itself is that of the last row of neurons.csv.
            self.add("mean_matched_cos", self.matched.mean(), summary["mean_matched_cos"])
            self.add("recovered_atoms", (self.matched >= 0.99).sum(), summary["recovered_atoms"])
        if "pca_angle_min" in summary:
            angles = principal_angles(w, samples)
            self.add("pca_angle", angles[[0, -1]], [summary["pca_angle_min"], summary["pca_angle_max"]], math.pi / 2)
