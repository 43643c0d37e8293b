#!/usr/bin/env bash
# Keras on TensorFlow: the derivative of celu at 0 is 2
#
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0, jax 0.10.2
#
# Expected: celu with α = 1 is x above 0 and exp(x) − 1 below, so its derivative at 0 is 1 from
# both sides. There is no kink.
#
# Seen: It is 2 on the TensorFlow backend, and 1 on the JAX backend.
#
# Why: The backend writes celu as maximum(x, 0) plus α · expm1(minimum(x, 0) / α). TensorFlow gives
# the whole gradient of a tie to the first argument, so both terms count at 0. JAX gives half to
# each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 jaxlib==0.10.2

export TF_CPP_MIN_LOG_LEVEL=3
KERAS_BACKEND=tensorflow environment/bin/python - >seen 2>errors <<'END'
import keras
import tensorflow as tf

x = tf.constant([-1e-6, 0.0, 1e-6])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.ops.celu(x)
print("tensorflow:", *[f"{slope:.3f}" for slope in tape.gradient(y, x).numpy()])
END
KERAS_BACKEND=jax environment/bin/python - >>seen 2>>errors <<'END'
import jax
import keras

print("jax:", *[f"{jax.grad(keras.ops.celu)(x):.3f}" for x in (-1e-6, 0.0, 1e-6)])
END

cat seen
diff seen - <<'END'
tensorflow: 1.000 2.000 1.000
jax: 1.000 1.000 1.000
END
