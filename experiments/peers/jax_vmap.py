"""JAX: the scan of `jax_scan.py` for many replicas at once, by `jax.vmap`."""

from functools import partial

from protocol import Peer, Problem, main, unavailable

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except Exception as error:
    unavailable(error)

from jax_scan import VERSIONS, train


class JaxVmap(Peer):
    many = True

    def __init__(self, problem: Problem) -> None:
        self.x = jnp.asarray(problem.data)
        self.w = jnp.array(problem.starts)
        replicas = jax.vmap(partial(train, problem, 1), in_axes=(0, None, 1))
        self.train = jax.jit(replicas, donate_argnums=0)

    def prepare(self, batches: np.ndarray) -> jax.Array:
        return jax.block_until_ready(jnp.asarray(batches, dtype=jnp.int32))

    def advance(self, batches: jax.Array) -> None:
        self.w = self.train(self.w, self.x, batches).block_until_ready()

    def weights(self) -> np.ndarray:
        return np.asarray(self.w)


if __name__ == "__main__":
    main(JaxVmap, VERSIONS)
