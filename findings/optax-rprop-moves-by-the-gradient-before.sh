#!/usr/bin/env bash
# Optax: rprop is one gradient late
#
# Versions: optax 0.2.8, jax 0.10.2, torch 2.13.0
#
# Expected: Rprop moves a weight against the sign of its gradient: a first gradient of 1 moves it
# down by the rate. A later gradient of 0 does not move it. PyTorch's Rprop does both.
#
# Seen: A first gradient does not move the weight, and the 0 that follows moves it by the whole
# rate.
#
# Why: The step is made from the sign of the gradient that is kept in the state, which is the one
# of the call before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 torch==2.13.0

environment/bin/python - >seen 2>errors <<'END'
import jax.numpy as jnp
import optax
import torch

w, moved = jnp.array(1.0), []
optimizer = optax.rprop(0.1)
state = optimizer.init(w)
for gradient in 1.0, 0.0:
    update, state = optimizer.update(jnp.array(gradient), state, w)
    moved.append(f"{float(update) + 0:.2f}")
print("optax:", *moved)

w, moved = torch.nn.Parameter(torch.tensor(1.0)), []
optimizer = torch.optim.Rprop([w], lr=0.1)
for gradient in 1.0, 0.0:
    before = w.item()
    w.grad = torch.tensor(gradient)
    optimizer.step()
    moved.append(f"{w.item() - before + 0:.2f}")
print("torch:", *moved)
END

cat seen
diff seen - <<'END'
optax: 0.00 -0.10
torch: -0.10 0.00
END
