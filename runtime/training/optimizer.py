"""Adagrad with one learning rate per table row."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class RowAdagrad:
    """Adagrad whose accumulator is one number per row, so its state is 1 / dimensions of the model.

    Only rows with a gradient are touched: a step costs the batch, not the vocabulary. Written here rather than taken
    from torch.optim because that imports the compiler stack (torch._dynamo, over a second) when an optimizer is
    created, and has no row-wise variant.
    """

    def __init__(self, tables: Iterable[tuple[nn.Parameter, Tensor]], learning_rate: float) -> None:
        """`tables`: parameters, each with its accumulator, float32 [rows], which steps change in place."""
        self.tables = list(tables)
        self.learning_rate = learning_rate

    def step(self) -> None:
        """Moves the parameters against their gradients and clears these."""
        with torch.no_grad():
            for parameter, sums in self.tables:
                if parameter.grad is None:
                    continue
                if parameter.grad.is_sparse:
                    gradient = parameter.grad.coalesce()
                    rows = gradient.indices()[0]
                    sums[rows] += _size(gradient.values())
                    parameter[rows] -= self._change(gradient.values(), sums[rows])
                else:
                    sums += _size(parameter.grad)
                    parameter -= self._change(parameter.grad, sums)
                parameter.grad = None

    def _change(self, gradient: Tensor, sums: Tensor) -> Tensor:
        rate = self.learning_rate / (sums.sqrt() + 1e-8)
        return gradient * (rate.unsqueeze(1) if gradient.dim() > 1 else rate)


def _size(gradient: Tensor) -> Tensor:
    """float32 [rows]: the mean square of each row."""
    return gradient.pow(2).flatten(1).mean(1) if gradient.dim() > 1 else gradient.pow(2)
