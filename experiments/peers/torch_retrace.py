"""Retraces a run of `train` with PyTorch's own models, gradients and optimisers, in double precision.

    torch_retrace.py RUN --start RUN0

RUN holds `config.json`, `data.npy` and `batches.npy` (`--record-batches`); RUN0 is a run of the same
model with `--steps 0`, whose `model.safetensors` is the start. The largest deviation of any final
parameter is printed as JSON.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from reference_model import layers, reconstruct

ACTIVATIONS = {
    "linear": lambda c: c,
    "relu": torch.relu,
    "leaky-relu": lambda c: torch.nn.functional.leaky_relu(c, 0.01),
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
}


def optimiser(config: dict, parameters: list) -> torch.optim.Optimizer:
    """PyTorch's optimiser of a rule as `config.json` writes it."""
    name, _, numbers = config["update"].partition(":")
    numbers = [float(number) for number in numbers.split(",")] if numbers else []
    common = {"lr": config["step_size"], "weight_decay": config["weight_decay"]}
    if name in ("sgd", "heavy-ball", "nesterov"):
        momentum = numbers[0] if numbers else 0.0
        return torch.optim.SGD(parameters, momentum=momentum, nesterov=name == "nesterov", **common)
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, alpha=numbers[0], eps=numbers[1], **common)
    rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return rule(parameters, betas=(numbers[0], numbers[1]), eps=numbers[2], **common)


def schedule(text: str):
    """`t -> eta_t / eta`."""

    def factor(t: int) -> float:
        value = 1.0
        for part in [] if text == "constant" else text.split("+"):
            name, steps = part.split(":")
            steps = int(steps)
            if name == "warmup":
                value *= min(1.0, (t + 1) / steps)
            elif name == "cosine":
                value *= 0.5 * (1.0 + math.cos(math.pi * t / steps)) if t < steps else 0.0
            else:
                value *= 1.0 / math.sqrt(1.0 + t / steps)
        return value

    return factor


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--start", type=Path, required=True)
    options = arguments.parse_args()
    config = json.loads((options.run / "config.json").read_text())
    if config["label_noise"] or config["gradient_noise"]:
        raise SystemExit("noise comes from streams that only puremix has")
    data = torch.from_numpy(np.load(options.run / "data.npy"))
    batches = torch.from_numpy(np.load(options.run / "batches.npy"))
    start = load_file(options.start / "model.safetensors")
    p = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in start.items()}
    chain = layers(config["model"], p, (ACTIVATIONS[config["activation"]],))
    weight = 1.0 / config["batch"] if config["reduction"] == "mean" else 1.0
    is_sign = config["update"] == "sign"
    rule = None if is_sign else optimiser(config, list(p.values()))
    factor = schedule(config["step_schedule"])
    pace = None if is_sign else torch.optim.lr_scheduler.LambdaLR(rule, factor)
    for t, batch in enumerate(batches):
        x = data[batch]
        loss = 0.5 * weight * ((reconstruct(p, chain, x)[0][-1] - x) ** 2).sum()
        for value in p.values():
            value.grad = None
        loss.backward()
        if is_sign:
            with torch.no_grad():
                for value in p.values():
                    direction = torch.sign(value.grad + config["weight_decay"] * value)
                    value -= config["step_size"] * factor(t) * direction
        else:
            rule.step()
            pace.step()
    end = load_file(options.run / "model.safetensors")
    # Of NumPy, whose largest number is NaN if any is.
    deviation = np.max([np.abs(end[name] - p[name].detach().numpy()).max() for name in end])
    way = np.max([np.abs(end[name] - start[name]).max() for name in end])
    summary = json.loads((options.run / "summary.json").read_text())
    assert len(batches) == summary["steps"], "batches of every step"
    print(json.dumps({"largest_deviation": float(deviation), "way": float(way), "steps": len(batches)}))


if __name__ == "__main__":
    main()
