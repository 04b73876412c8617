"""JAX: one jitted scan over the steps, gradients by `jax.grad`."""

from functools import partial

from protocol import Peer, Problem, main, unavailable

try:
    import jax
    import jax.numpy as jnp
    import jaxlib
    import numpy as np
except Exception as error:
    unavailable(error)

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

VERSIONS = {"jax": jax.__version__, "jaxlib": jaxlib.__version__}


def train(
    problem: Problem, unroll: int, w: jax.Array, x: jax.Array, batches: jax.Array
) -> jax.Array:
    """The weights [n] after the steps on `batches`, [K, b]."""

    def loss(w, x):
        c = x @ w
        reconstruction = jnp.outer(jax.nn.relu(c) if problem.relu else c, w)
        return 0.5 * jnp.sum((reconstruction - x) ** 2)

    def step(w, batch):
        gradient = jax.grad(loss)(w, x if problem.full_batch else x[batch])
        return w - problem.eta * gradient, None

    return jax.lax.scan(step, w, batches, unroll=unroll)[0]


class JaxScan(Peer):
    def __init__(self, problem: Problem) -> None:
        self.x = jnp.asarray(problem.data)
        self.w = jnp.array(problem.starts[0, 0])
        self.train = jax.jit(partial(train, problem, 8), donate_argnums=0)

    def prepare(self, batches: np.ndarray) -> jax.Array:
        return jax.block_until_ready(jnp.asarray(batches[:, 0], dtype=jnp.int32))

    def advance(self, batches: jax.Array) -> None:
        self.w = self.train(self.w, self.x, batches).block_until_ready()

    def weights(self) -> np.ndarray:
        return np.asarray(self.w)


if __name__ == "__main__":
    main(JaxScan, VERSIONS)
