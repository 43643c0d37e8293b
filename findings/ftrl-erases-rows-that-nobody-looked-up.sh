#!/usr/bin/env bash
# Keras and TensorFlow: Ftrl sets a weight to 0 in its first step if its gradient is 0
#
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0
#
# Expected: Without weight decay or L1 or L2 terms, a weight whose gradient is 0 stays. So the row
# of an embedding that no example looks up keeps its first numbers, which somebody may have trained
# before. It should not matter whether a gradient lists the zeros or leaves them out.
#
# Seen: keras.optimizers.Ftrl sets every row that is not looked up to 0 in the first step. So does
# TensorFlow's own FtrlOptimizer with a dense gradient. With the sparse gradient that TensorFlow
# makes for the same lookup it leaves those rows alone.
#
# Why: Ftrl computes a weight anew from the sum of its gradients, and the first weights count in that
# sum only as far as a gradient has changed. Where all is 0, the new weight is 0 as well. The sparse
# kernel does not visit those rows; Keras computes all of them, also from a sparse gradient.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet keras==3.15.1 tensorflow-cpu==2.21.0

export TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES=
environment/bin/python - >seen 2>errors <<'END'
import keras
import tensorflow as tf


def after_one_step(make, sparse):
    """Look up row 1 of three rows of ones; return the first number of each row."""
    table = tf.Variable(tf.ones((3, 2)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1]))
    gradient = tape.gradient(loss, table)
    if not sparse:
        gradient = tf.convert_to_tensor(gradient)
    make().apply_gradients([(gradient, table)])
    return " ".join(f"{number:.2f}" for number in table.numpy()[:, 0])


def keras_after_one_step():
    layer = keras.layers.Embedding(3, 2, embeddings_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.Ftrl(0.1), loss=lambda y, out: keras.ops.sum(out))
    model.train_on_batch(keras.ops.array([[1]]), keras.ops.zeros((1, 1, 2)))
    return " ".join(f"{number:.2f}" for number in layer.get_weights()[0][:, 0])


ftrl = tf.compat.v1.train.FtrlOptimizer
print("Keras", keras_after_one_step())
print("TensorFlow, dense", after_one_step(lambda: ftrl(0.1), sparse=False))
print("TensorFlow, sparse", after_one_step(lambda: ftrl(0.1), sparse=True))
END

cat seen
diff seen - <<'END'
Keras 0.00 0.60 0.00
TensorFlow, dense 0.00 0.60 0.00
TensorFlow, sparse 1.00 0.60 1.00
END
