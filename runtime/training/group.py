"""Several processes that train one model: the rows of every step are shared out, and all ranks make the same step.

A step of one process and of many is the same step: gradients are summed over the ranks, never averaged over batches of
their own, so that how many machines there are changes the time and not the model (but for the order of additions).
torch's DistributedDataParallel is not used: NCCL does not reduce the sparse gradients of the embedding tables.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor

from runtime.training.data import InputError

#: A port that nothing else in a training container listens at.
PORT = "29400"

#: How long ranks wait for one that says nothing.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Group:
    """One process among `size`; rank 0 writes what is to be kept."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this process writes model, metrics and checkpoints."""
        return self.rank == 0

    def share(self, rows: int) -> slice:
        """This rank's part of the rows of a step; the parts are equal but for one row, and some may be empty."""
        return slice(self.rank * rows // self.size, (self.rank + 1) * rows // self.size)

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums of some numbers over all ranks."""
        if self.size == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(summed)
        return [float(value) for value in summed]

    def any(self, flag: bool) -> bool:
        """Whether any rank says so: all of them then do the same."""
        return self.total([float(flag)])[0] > 0

    def sum_gradients(self, parameters: Sequence[Any]) -> None:
        """Makes every parameter's gradient the sum over all ranks. Each rank has a gradient where any has."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                continue
            if parameter.grad.is_sparse:
                parameter.grad = self._gathered(parameter.grad.coalesce())
            else:
                torch.distributed.all_reduce(parameter.grad)

    def from_first(self, state: Any) -> Any:
        """What rank 0 has, on every rank."""
        if self.size == 1:
            return state
        box = [state]
        torch.distributed.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def leave(self) -> None:
        """To be called when all is done, or nothing can be."""
        if self.size > 1 and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()

    def _gathered(self, gradient: Tensor) -> Tensor:
        """The rows of all ranks in one sparse gradient; ranks send equally many, filled up with rows of zeros."""
        rows, values = gradient.indices()[0], gradient.values()
        counts = [torch.zeros(1, dtype=torch.int64, device=self.device) for _ in range(self.size)]
        torch.distributed.all_gather(counts, torch.tensor([len(rows)], device=self.device))
        most = max(1, max(int(count) for count in counts))
        padded_rows = torch.zeros(most, dtype=rows.dtype, device=self.device)
        padded_values = torch.zeros(most, values.shape[1], dtype=values.dtype, device=self.device)
        padded_rows[: len(rows)], padded_values[: len(rows)] = rows, values
        all_rows = [torch.empty_like(padded_rows) for _ in range(self.size)]
        all_values = [torch.empty_like(padded_values) for _ in range(self.size)]
        torch.distributed.all_gather(all_rows, padded_rows)
        torch.distributed.all_gather(all_values, padded_values)
        kept = [int(count) for count in counts]
        joined_rows = torch.cat([part[:count] for part, count in zip(all_rows, kept, strict=True)])
        joined_values = torch.cat([part[:count] for part, count in zip(all_values, kept, strict=True)])
        return torch.sparse_coo_tensor(joined_rows.unsqueeze(0), joined_values, gradient.shape, check_invariants=False)


def join(environment: Mapping[str, str], device: torch.device) -> Group:
    """The group of this process: torchrun's if it was started by that, else SageMaker's hosts, else nobody's.

    Raises: InputError if the others cannot be reached.
    """
    hosts: list[str] = json.loads(environment.get("SM_HOSTS") or "[]")
    size = int(environment.get("WORLD_SIZE") or len(hosts) or 1)
    if size == 1:
        return Group(device=device)
    rank = _rank(environment, hosts)
    address = environment.get("MASTER_ADDR") or (hosts[0] if hosts else "127.0.0.1")
    interface = environment.get("SM_NETWORK_INTERFACE_NAME")
    for library in ("GLOO", "NCCL"):
        if interface:
            os.environ.setdefault(f"{library}_SOCKET_IFNAME", interface)
    try:
        torch.distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            init_method=f"tcp://{address}:{environment.get('MASTER_PORT') or PORT}",
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"rank {rank} of {size} does not reach the others at {address}: {error}") from error
    return Group(rank, size, device)


def _rank(environment: Mapping[str, str], hosts: Sequence[str]) -> int:
    """Raises: InputError if nobody says which of the processes this one is."""
    host = environment.get("SM_CURRENT_HOST")
    if environment.get("RANK"):
        return int(environment["RANK"])
    if host not in hosts:
        raise InputError("there are several processes, and neither RANK nor SM_CURRENT_HOST says which of them this is")
    return hosts.index(host)
