#!/usr/bin/env bash
# PyTorch: Adam on float16 weights makes them −inf in one step, for an ordinary gradient
#
# Versions: torch 2.13.0, on a processor
#
# Expected: Adam's first step is as long as the rate, whatever the gradient: a weight of 1 becomes
# 0.999 at rate 1e-3.
#
# Seen: A gradient of 1e-3 sends the weight to −inf in Adam, AdamW, NAdam and RMSprop. Adagrad and
# RAdam stay finite.
#
# Why: The state has the type of the weight. (1e-3)² × 0.001 is below the smallest float16, so the
# mean square is 0; ε = 1e-8 is 0 in float16 as well. What is left is a division by 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet torch==2.13.0 numpy==2.4.6

environment/bin/python - >seen 2>errors <<'END'
import torch

for name in "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "RAdam":
    w = torch.nn.Parameter(torch.ones(1, dtype=torch.float16))
    optimizer = getattr(torch.optim, name)([w], lr=1e-3)
    w.grad = torch.full_like(w, 1e-3)
    optimizer.step()
    print(name, f"{w.item():.3f}")
END

cat seen
diff seen - <<'END'
Adam -inf
AdamW -inf
NAdam -inf
RMSprop -inf
Adagrad 0.999
RAdam 1.000
END
