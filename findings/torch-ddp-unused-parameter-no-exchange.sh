#!/usr/bin/env bash
# One unused parameter, and DistributedDataParallel exchanges nothing, without a word
#
# Versions: torch 2.13.0 (CPU, gloo), Python 3.11, two processes on one machine.
#
# Expected: a model with a parameter that the loss does not use either raises an error in backward()
# or still averages the gradients of the parameters that are used.
#
# Seen: with the default find_unused_parameters=False, backward() returns normally, and each process
# keeps its own gradients: 1.0 on one and 9.0 on the other, where both should have 5.0. An optimizer
# step here makes the two copies of the model different. Only the next forward pass raises.
#
# Why: gradients are exchanged in buckets, and a bucket is sent when the gradients of all its
# parameters are there. The gradient of the unused one never comes, so its bucket is never sent. The
# check for that runs at the start of the next forward pass.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.13.0

cat > "$folder/unused.py" <<'PYTHON'
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.used = nn.Parameter(torch.tensor(10.0))
        self.unused = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.used * x


dist.init_process_group("gloo", timeout=timedelta(seconds=60))
rank = dist.get_rank()
model = DistributedDataParallel(Model())
target = torch.tensor([9.0, 1.0])[rank]
(model(torch.tensor(1.0)) - target).square().div(2).backward()
own = model.module.used.grad.item()
try:
    model(torch.tensor(1.0))
    after = "no error"
except RuntimeError as error:
    after = "RuntimeError" if "finished reduction" in str(error) else str(error)
print(f"rank {rank}: gradient {own}, next forward pass: {after}\n", end="")
dist.destroy_process_group()
PYTHON

OMP_NUM_THREADS=1 "$folder/env/bin/torchrun" --standalone --nproc-per-node 2 "$folder/unused.py" \
  2>/dev/null | sort > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
rank 0: gradient 1.0, next forward pass: RuntimeError
rank 1: gradient 9.0, next forward pass: RuntimeError
EXPECTED
