"""PyTorch, eager: the loss as written, `backward`, and an update in place."""

from protocol import Peer, Problem, main, unavailable

try:
    import numpy as np
    import torch
    from torch.nn.functional import linear, mse_loss
except Exception as error:
    unavailable(error)


class TorchEager(Peer):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.x = torch.from_numpy(problem.data)
        self.w = torch.tensor(problem.starts[0], requires_grad=True)  # [1, n]

    def prepare(self, batches: np.ndarray) -> list[torch.Tensor]:
        """Samples themselves where no copy is needed, else indices."""
        if self.problem.full_batch:
            return [self.x] * len(batches)
        if self.problem.batch == 1:
            rows = self.x.split(1)
            return [rows[i] for i in batches.ravel().tolist()]
        return list(torch.from_numpy(batches[:, 0]).unbind())

    def advance(self, batches: list[torch.Tensor]) -> None:
        w, eta, relu = self.w, self.problem.eta, self.problem.relu
        gather = not self.problem.full_batch and self.problem.batch > 1
        for batch in batches:
            x = self.x.index_select(0, batch) if gather else batch
            c = linear(x, w)
            reconstruction = (torch.relu(c) if relu else c) @ w
            loss = 0.5 * mse_loss(reconstruction, x, reduction="sum")
            loss.backward()
            with torch.no_grad():
                w.sub_(w.grad, alpha=eta)
            w.grad = None

    def weights(self) -> np.ndarray:
        return self.w.detach().numpy()


if __name__ == "__main__":
    main(TorchEager, {"torch": torch.__version__}, torch.get_num_threads())
