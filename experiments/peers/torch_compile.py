"""PyTorch, compiled: gather, loss, gradient and update in one graph, several steps a call."""

from protocol import Peer, Problem, main, unavailable

try:
    import numpy as np
    import torch
except Exception as error:
    unavailable(error)

UNROLL = 32  # steps a call, where a step takes less time than a call
SMALL = 100_000  # entries of a batch


class TorchCompile(Peer):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.x = torch.from_numpy(problem.data)
        self.w = torch.tensor(problem.starts[0, 0])
        self.unroll = UNROLL if problem.batch * problem.data.shape[1] <= SMALL else 1

        def loss(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            c = x @ w
            reconstruction = torch.outer(torch.relu(c) if problem.relu else c, w)
            return 0.5 * (reconstruction - x).square().sum()

        gradient = torch.func.grad(loss)

        def step(w: torch.Tensor, x: torch.Tensor, batches: torch.Tensor) -> torch.Tensor:
            for batch in batches.unbind():
                w = w - problem.eta * gradient(w, x if problem.full_batch else x[batch])
            return w

        self.step = torch.compile(step, fullgraph=True, dynamic=False)

    def prepare(self, batches: np.ndarray) -> list[torch.Tensor]:
        return list(torch.from_numpy(batches[:, 0]).split(self.unroll))

    def advance(self, batches: list[torch.Tensor]) -> None:
        x, w, step = self.x, self.w, self.step
        with torch.no_grad():
            for some in batches:
                w = step(w, x, some)
        self.w = w

    def weights(self) -> np.ndarray:
        return self.w.numpy()


if __name__ == "__main__":
    try:
        main(TorchCompile, {"torch": torch.__version__}, torch.get_num_threads())
    except torch._dynamo.exc.TorchDynamoException as error:
        unavailable(error)  # no C++ compiler, for example
