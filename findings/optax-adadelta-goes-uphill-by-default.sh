#!/usr/bin/env bash
# Optax: adadelta() without a rate goes uphill
#
# Versions: optax 0.2.8, jax 0.10.2
#
# Expected: The learning rate of optax.adadelta may be left out, since Adadelta needs none. Then it
# should go downhill, as it does with learning_rate=1.0.
#
# Seen: It goes uphill: on w², from w = 1, three steps lead to 1.01 instead of 0.99.
#
# Why: The minus sign of the step is part of the factor −rate. Without a rate there is no factor,
# so there is no sign either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet optax==0.2.8 jax==0.10.2 jaxlib==0.10.2

environment/bin/python - >seen 2>errors <<'END'
import jax
import jax.numpy as jnp
import optax

for name, optimizer in {"no rate": optax.adadelta(), "rate 1": optax.adadelta(1.0)}.items():
    w = jnp.array(1.0)
    state = optimizer.init(w)
    for _ in range(3):
        update, state = optimizer.update(jax.grad(lambda w: w**2)(w), state, w)
        w = optax.apply_updates(w, update)
    print(f"{name}: {w:.3f}")
END

cat seen
diff seen - <<'END'
no rate: 1.010
rate 1: 0.990
END
