"""The models and update rules of `train` in NumPy: gradient and Hessian by hand, and JAX's Hessian to hold them to.

A model is a chain of layers `z_l = h_{l-1} A_l + b_l`, `h_l = φ(z_l)`, `h_0 = x`, without φ and b in the last one; `A_l = W_lᵀ`
in the encoder and `W_l` in the decoder, and tied layers share `W_l`. With `L = r Σ_i ½‖h_L(x_i) − x_i‖²`, `δ_L = r (h_L − x)`,

    ∂L/∂A_l = h_{l-1}ᵀ δ_l,   ∂L/∂b_l = Σ_i δ_l,   δ_{l-1} = (δ_l A_lᵀ) φ'(z_{l-1}),

and the Hessian is the derivative of all this along every parameter, forward over reverse; with a dot for it,

    ż_l = ḣ_{l-1} A_l + h_{l-1} Ȧ_l + ḃ_l,   ḣ_l = φ'(z_l) ż_l,   d/dt ∂L/∂A_l = ḣ_{l-1}ᵀ δ_l + h_{l-1}ᵀ δ̇_l,
    δ̇_{l-1} = (δ̇_l A_lᵀ + δ_l Ȧ_lᵀ) φ'(z_{l-1}) + (δ_l A_lᵀ) φ''(z_{l-1}) ż_{l-1}.
"""

import math

import numpy as np


class Refused(Exception):
    """The directory does not determine what is to be computed."""


erfc = np.vectorize(math.erfc, otypes=[float])
step = lambda c: (c > 0) * 1.0
normal = lambda c: np.exp(-0.5 * c * c) / math.sqrt(2 * math.pi)
# φ, φ', φ''.
ACTIVATIONS = {
    "linear": (lambda c: c, np.ones_like, np.zeros_like),
    "relu": (lambda c: c * step(c), step, np.zeros_like),
    "leaky-relu": (lambda c: np.where(c < 0, 0.01 * c, c), lambda c: np.where(c < 0, 0.01, 1.0), np.zeros_like),
    "gelu": (
        lambda c: c * 0.5 * erfc(-c / math.sqrt(2)),
        lambda c: 0.5 * erfc(-c / math.sqrt(2)) + c * normal(c),
        lambda c: (2 - c * c) * normal(c),
    ),
    "tanh": (np.tanh, lambda c: np.cosh(c) ** -2, lambda c: -2 * np.tanh(c) * np.cosh(c) ** -2),
}
IDENTITY = ACTIVATIONS["linear"]


def layers(model: str, p: dict, phi: tuple) -> list:
    """`(weight, whether it encodes, bias or None, activation)` of every layer, in order."""
    kind, _, widths = model.split("+")[0].partition(":")
    if kind in ("neuron", "shallow"):
        chain = [("weight", True, "bias", phi), ("weight", False, None, IDENTITY)]
    elif kind in ("deep", "untied"):
        depth = len(widths.split("-"))
        decoder, bias = ("encoder", "decoder_bias.{1}") if kind == "deep" else ("decoder", "decoder.{0}.bias")
        chain = [(f"encoder.{l}.weight", True, f"encoder.{l}.bias", phi) for l in range(depth)]
        for l in reversed(range(depth)):
            chain.append((f"{decoder}.{l}.weight", False, bias.format(l, l - 1), phi if l else IDENTITY))
    else:
        raise Refused(f"the model {model} is unknown")
    return [(weight, encodes, bias if bias in p else None, act) for weight, encodes, bias, act in chain]


def reconstruct(p: dict, chain: list, x: np.ndarray) -> tuple:
    """`h_0, …, h_L` and `z_1, …, z_L`, each `[b, width]`; of NumPy or of PyTorch, as the parameters are."""
    h, z = [x], []
    for weight, encodes, bias, act in chain:
        z.append(h[-1] @ (p[weight].T if encodes else p[weight]) + (p[bias] if bias else 0.0))
        h.append(act[0](z[-1]))
    return h, z


def loss(p: dict, chain: list, x: np.ndarray) -> float:
    return 0.5 * np.sum((reconstruct(p, chain, x)[0][-1] - x) ** 2) / len(x)


def gradient(p: dict, chain: list, x: np.ndarray, r: float) -> dict:
    """`∂L/∂p` by name."""
    h, z = reconstruct(p, chain, x)
    g = {name: np.zeros_like(value) for name, value in p.items()}
    delta = r * (h[-1] - x)
    for (weight, encodes, bias, act), below, at in zip(chain[::-1], h[-2::-1], z[::-1]):
        delta = delta * act[1](at)
        g[weight] += delta.T @ below if encodes else below.T @ delta
        if bias:
            g[bias] += delta.sum(0)
        delta = delta @ (p[weight] if encodes else p[weight].T)
    return g


def hessian(p: dict, chain: list, x: np.ndarray) -> np.ndarray:
    """The Hessian of the loss over all samples `x`, `[P, P]`, parameters in the order of `p`."""
    size, turn = sum(value.size for value in p.values()), lambda a: np.swapaxes(a, -1, -2)
    units = np.split(np.eye(size), np.cumsum([value.size for value in p.values()])[:-1], axis=1)
    dp = {name: unit.reshape(size, *value.shape) for unit, (name, value) in zip(units, p.items())}
    (h, z), dh, dz = reconstruct(p, chain, x), [np.zeros((size, *x.shape))], []
    for l, (weight, encodes, bias, act) in enumerate(chain):
        a, da = (p[weight].T, turn(dp[weight])) if encodes else (p[weight], dp[weight])
        dz.append(dh[l] @ a + h[l] @ da + (dp[bias][:, None] if bias else 0.0))
        dh.append(act[1](z[l]) * dz[l])
    dg = {name: np.zeros_like(value) for name, value in dp.items()}
    delta, ddelta = (h[-1] - x) / len(x), dh[-1] / len(x)
    for l, (weight, encodes, bias, act) in reversed(list(enumerate(chain))):
        a, da = (p[weight].T, turn(dp[weight])) if encodes else (p[weight], dp[weight])
        delta, ddelta = delta * act[1](z[l]), ddelta * act[1](z[l]) + delta * act[2](z[l]) * dz[l]
        along = h[l].T @ ddelta + turn(dh[l]) @ delta
        dg[weight] += turn(along) if encodes else along
        if bias:
            dg[bias] += ddelta.sum(1)
        delta, ddelta = delta @ a.T, ddelta @ a.T + delta @ turn(da)
    return np.concatenate([value.reshape(size, -1) for value in dg.values()], axis=1)


def jax_hessian(p: dict, activation: str, x: np.ndarray):
    """`jax.hessian` of a loss written sample by sample, as a function of the parameters in a row; None without JAX."""
    try:
        import jax
        import jax.numpy as jnp
        from jax.flatten_util import ravel_pytree
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    nn = {"relu": jax.nn.relu, "leaky-relu": jax.nn.leaky_relu, "gelu": lambda c: jax.nn.gelu(c, approximate=False)}
    phi = {"linear": lambda c: c, "tanh": jnp.tanh, **nn}[activation]
    restore = ravel_pytree(p)[1]

    def sample_loss(q: dict, sample):
        depth = sum(name.startswith("encoder.") and name.endswith(".weight") for name in q)
        names = [f"encoder.{l}" for l in range(depth)] or [""]
        encoder = [q.get(f"{name}.weight", q.get("weight")) for name in names]
        decoder = [q.get(f"decoder.{l}.weight", w) for l, w in enumerate(encoder)]
        code = sample
        for name, w in zip(names, encoder):
            code = phi(w @ code + q.get(f"{name}.bias", q.get("bias", 0.0)))
        for l in range(len(names) - 1, 0, -1):
            code = phi(decoder[l].T @ code + q.get(f"decoder.{l}.bias", q.get(f"decoder_bias.{l - 1}", 0.0)))
        return 0.5 * jnp.sum((sample - decoder[0].T @ code) ** 2)

    return jax.jit(jax.hessian(lambda flat: jax.vmap(lambda sample: sample_loss(restore(flat), sample))(x).mean()))


def step_size(schedule: str, eta: float, t: int) -> float:
    """`η_t` at `t = 0, 1, …`."""
    for part in [] if schedule == "constant" else schedule.split("+"):
        name, _, T = part.partition(":")
        if name not in ("warmup", "cosine", "inverse-sqrt"):
            raise Refused(f"the step schedule {part} is unknown")
        s = t / int(T)
        if name == "warmup":
            eta *= min(1.0, (t + 1) / int(T))
        else:
            eta *= (1 + s) ** -0.5 if name == "inverse-sqrt" else math.cos(min(s, 1.0) * math.pi / 2) ** 2
    return eta


def direction(rule: str, g: np.ndarray, state: dict, t: int) -> np.ndarray:
    """`u` of the step `p ← p − η_t u` for the `t`-th gradient, `t = 1, 2, …`; the averages are kept in `state`."""
    name, _, numbers = rule.partition(":")
    a, b, eps = ([float(number) for number in numbers.split(",") if number] + [0.0] * 3)[:3]

    def average(key: str, kept: float, new: np.ndarray) -> np.ndarray:
        state[key] = kept * state.get(key, 0.0) + new
        return state[key]

    if name == "sgd":
        return g
    if name == "sign":
        return np.sign(g)
    if name == "heavy-ball":
        return average("v", a, g)
    if name == "nesterov":
        return g + a * average("v", a, g)
    if name == "rmsprop":
        return g / (np.sqrt(average("s", a, (1 - a) * g * g)) + b)
    if name in ("adam", "adamw"):
        mean, square = average("m", a, (1 - a) * g), average("s", b, (1 - b) * g * g)
        return mean / (1 - a**t) / (np.sqrt(square / (1 - b**t)) + eps)
    raise Refused(f"the update rule {rule} is unknown")
