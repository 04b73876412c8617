"""JAX: a scan over the steps for many replicas at once, by `jax.vmap`."""

from functools import partial

from protocol import Peer, Problem, main, unavailable

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except Exception as error:
    unavailable(error)

from jax_scan import VERSIONS, train


def train_layer(problem: Problem, w: jax.Array, x: jax.Array, batches: jax.Array) -> jax.Array:
    """The weights [k, n] of a tied layer after the steps on `batches`, [K, b]."""

    def loss(w, x):
        c = x @ w.T
        reconstruction = (jax.nn.relu(c) if problem.relu else c) @ w
        return 0.5 * jnp.sum((reconstruction - x) ** 2)

    def step(w, batch):
        gradient = jax.grad(loss)(w, x if problem.full_batch else x[batch])
        return w - problem.eta * gradient, None

    return jax.lax.scan(step, w, batches)[0]


class JaxVmap(Peer):
    many = True
    wide = True

    def __init__(self, problem: Problem) -> None:
        self.x = jnp.asarray(problem.data)
        single = problem.starts.shape[1] == 1
        self.w = jnp.array(problem.starts[:, 0] if single else problem.starts)
        one = partial(train, problem, 1) if single else partial(train_layer, problem)
        self.train = jax.jit(jax.vmap(one, in_axes=(0, None, 1)), donate_argnums=0)

    def prepare(self, batches: np.ndarray) -> jax.Array:
        return jax.block_until_ready(jnp.asarray(batches, dtype=jnp.int32))

    def advance(self, batches: jax.Array) -> None:
        self.w = self.train(self.w, self.x, batches).block_until_ready()

    def weights(self) -> np.ndarray:
        return np.asarray(self.w)


if __name__ == "__main__":
    main(JaxVmap, VERSIONS)
