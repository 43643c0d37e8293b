#!/usr/bin/env bash
# Autograd and MLX: a cast to integers and back has the derivative 1
#
# Versions: autograd 1.9.1, numpy 2.4.6, mlx 0.32.4
#
# Expected: A cast to integers cuts the decimals off, as floor does for positive numbers. It is
# flat between integers, so its derivative is 0, as that of floor is in both libraries.
#
# Seen: The derivative of the cast is 1, and that of floor is 0.
#
# Why: Both have one rule for all casts: cast the gradient back. Nothing asks whether the type in
# between holds decimals.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet autograd==1.9.1 numpy==2.4.6 'mlx[cpu]==0.32.4'

environment/bin/python - >seen 2>errors <<'END'
import autograd.numpy as anp
import mlx.core as mx
from autograd import grad

x = anp.array([1.5])
cast = grad(lambda x: anp.sum(x.astype(int).astype(float)))(x)
floor = grad(lambda x: anp.sum(anp.floor(x)))(x)
print(f"autograd: cast {cast[0]:.0f}, floor {floor[0]:.0f}")

x = mx.array([1.5])
cast = mx.grad(lambda x: x.astype(mx.int32).astype(mx.float32).sum())(x)
floor = mx.grad(lambda x: mx.floor(x).sum())(x)
print(f"mlx: cast {cast[0].item():.0f}, floor {floor[0].item():.0f}")
END

cat seen
diff seen - <<'END'
autograd: cast 1, floor 0
mlx: cast 1, floor 0
END
