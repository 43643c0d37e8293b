#!/usr/bin/env bash
# Keras on JAX: ops.max_pool and ops.average_pool fail with their default strides
#
# Versions: keras 3.15.1, jax 0.10.2, torch 2.13.0
#
# Expected: The strides of keras.ops.max_pool default to the size of the pool, on every backend.
#
# Seen: On the JAX backend the default raises a TypeError; given the same strides by hand, the call
# works. On the PyTorch backend both work.
#
# Why: The backend first turns the size of the pool into one that counts the axes of rows and
# channels too, and takes that for the strides. Then it does the same to the strides once more,
# so they count four axes too many.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 torch==2.13.0

for backend in jax torch; do
  KERAS_BACKEND=$backend environment/bin/python - 2>>errors <<'END'
import keras
import numpy as np

x = np.ones((1, 4, 4, 1), np.float32)
for pool in keras.ops.max_pool, keras.ops.average_pool:
    for strides in {}, {"strides": 2}:
        try:
            answer = tuple(pool(x, 2, **strides).shape)
        except TypeError as error:
            answer = type(error).__name__
        print(keras.backend.backend(), pool.__name__, strides, answer)
END
done >seen

cat seen
diff seen - <<'END'
jax max_pool {} TypeError
jax max_pool {'strides': 2} (1, 2, 2, 1)
jax average_pool {} TypeError
jax average_pool {'strides': 2} (1, 2, 2, 1)
torch max_pool {} (1, 2, 2, 1)
torch max_pool {'strides': 2} (1, 2, 2, 1)
torch average_pool {} (1, 2, 2, 1)
torch average_pool {'strides': 2} (1, 2, 2, 1)
END
