#!/usr/bin/env bash
# MLX: Muon's weight decay moves an unused matrix by a full step, however small the decay is
#
# Versions: mlx 0.32.4, on a processor
#
# Expected: Weight decay takes a part of each weight away: rate × decay × weight, so 0.001 and
# 0.000001 of a weight of 1 at rate 0.1. PyTorch's Muon does that.
#
# Seen: Both decays move the weight of 1 by the same 0.1, which is as far as a gradient would.
#
# Why: The decay is added to the gradient before that is made orthogonal, and what is orthogonal
# has lost its size.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet 'mlx[cpu]==0.32.4'

environment/bin/python - >seen 2>errors <<'END'
import mlx.core as mx
import mlx.optimizers as optim

for decay in 0.01, 0.00001:
    weights = {"w": mx.array([[1.0, 0.0], [0.0, 1.0]])}
    optimizer = optim.Muon(0.1, weight_decay=decay)
    moved = optimizer.apply_gradients({"w": mx.zeros((2, 2))}, weights)
    print(f"decay {decay}: 1 becomes {moved['w'][0, 0].item():.1f}")
END

cat seen
diff seen - <<'END'
decay 0.01: 1 becomes 0.9
decay 1e-05: 1 becomes 0.9
END
