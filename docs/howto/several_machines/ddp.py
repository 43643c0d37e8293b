"""The same average in PyTorch, for two processes that have three examples and one."""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Model(nn.Module):
    """Three numbers: the first is used by both processes, the second by one, the third by none."""

    def __init__(self):
        super().__init__()
        self.by_both = nn.Parameter(torch.tensor(10.0))
        self.by_one = nn.Parameter(torch.tensor(0.0))
        self.by_none = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        """Return a number for each entry of x."""
        return self.by_both * x + self.by_one * x if dist.get_rank() == 1 else self.by_both * x


def gradients(weighted, find_unused):
    """Return the three gradients after one backward pass, as this process sees them."""
    model = DistributedDataParallel(Model(), find_unused_parameters=find_unused)
    target = [torch.tensor([9.0, 9.0, 9.0]), torch.tensor([1.0])][dist.get_rank()]
    loss = ((model(torch.ones_like(target)) - target) ** 2 / 2).mean()
    if weighted:
        # DDP divides by the number of processes; this counts every example once instead.
        examples = torch.tensor(len(target))
        dist.all_reduce(examples)
        loss = loss * len(target) * dist.get_world_size() / examples
    loss.backward()
    return [None if p.grad is None else p.grad.item() for p in model.parameters()]


if __name__ == "__main__":
    if "RANK" not in os.environ:
        raise SystemExit("start it with: torchrun --standalone --nproc-per-node 2 ddp.py")
    dist.init_process_group("gloo")
    for words, *options in [
        ("mean of the means", False, True),
        ("every example once", True, True),
        ("unused ones not looked for", False, False),
    ]:
        print(f"rank {dist.get_rank()}, {words}: {gradients(*options)}\n", end="")
    dist.destroy_process_group()
