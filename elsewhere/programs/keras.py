"""Keras, on the backend that ``KERAS_BACKEND`` names."""

import math

import keras
import numpy as np
from keras import losses, ops

BACKEND = keras.backend.backend()
if BACKEND == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)  # for float64


# ## Derivatives: each backend has its own way
def gradients(function, variables):
    """Return the gradients of the sum of what a function gives, towards Keras variables."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = ops.sum(function(*variables))
        return tape.gradient(total, [variable.value for variable in variables])
    if BACKEND == "torch":
        for variable in variables:
            variable.value.grad = None
        ops.sum(function(*[variable.value for variable in variables])).backward()
        return [variable.value.grad for variable in variables]
    import jax

    values = [variable.value for variable in variables]
    return jax.grad(lambda *x: ops.sum(function(*x)), argnums=range(len(values)))(*values)


def listed(gradient):
    if gradient is None:
        return [None]
    return np.ravel(ops.convert_to_numpy(ops.convert_to_tensor(gradient))).tolist()


def slopes(function, *point):
    x = [keras.Variable(np.array(number, np.float32)) for number in point]
    return [slope for one in gradients(function, x) for slope in listed(one)]


def compiled(function, *point):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return slopes(tf.function(function, jit_compile=True), *point)
    if BACKEND == "torch":
        import torch

        torch._dynamo.reset()
        return slopes(torch.compile(function), *point)
    import jax

    return slopes(jax.jit(function), *point)


MODES = {"reverse": slopes, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of):
    w, v = keras.Variable(1.5), keras.Variable(1.0)
    return listed(gradients(loss_of, [w, v])[0])[0]


def rows(steps=1):
    table = keras.Variable(np.ones((2, 1), np.float32))
    optimizer = keras.optimizers.Adam(0.1)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        back = gradients(lambda table, row=row: ops.take(table, np.array(row), axis=0), [table])
        before = ops.convert_to_numpy(table.value).copy()
        optimizer.apply(back, [table])
    moved = (ops.convert_to_numpy(table.value) - before)[1, 0]
    return moved if steps > 1 else listed(back[0])[1]


# ## Optimisers
def moves(make, gradients):
    w, v = (keras.Variable(np.ones((2, 2), np.float32), name=name) for name in ("w", "v"))
    optimizer = make(0.1)
    optimizer.build([w, v])
    found = []
    for gradient in gradients:
        before = ops.convert_to_numpy(w.value)[0, 0].item()
        given = None if gradient is None else ops.full((2, 2), gradient)
        optimizer.apply([given, ops.ones((2, 2))], [w, v])
        found.append(ops.convert_to_numpy(w.value)[0, 0].item() - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer):
    layer = keras.layers.Embedding(3, 2, embeddings_initializer="ones")
    layer.build()
    table = layer.embeddings
    found = []
    for row in 1, 0:
        # TensorFlow gives a gradient that names the rows that were looked up, and no others.
        back = gradients(lambda value, row=row: ops.take(value, np.array([row]), axis=0), [table])
        before = ops.convert_to_numpy(table.value).copy()
        optimizer.apply(back, [table])
        found.append((ops.convert_to_numpy(table.value) - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(labels, weights=None, **options):
    loss_function = losses.SparseCategoricalCrossentropy(from_logits=True, **options)

    def loss(z):
        return loss_function(np.array(labels), z, sample_weight=weights)

    z = keras.Variable(np.zeros((4, 2), np.float32))
    value = ops.convert_to_numpy(loss(z.value))
    return [value / math.log(2), listed(gradients(loss, [z])[0])[0]]


def weighted(loss_function, weights):
    y = np.zeros((4, 1), np.float32)

    def loss(output):
        return loss_function(y, output, sample_weight=np.array(weights, np.float32))

    output = keras.Variable(np.ones((4, 1), np.float32))
    value = ops.convert_to_numpy(loss(output.value))
    return [value, listed(gradients(loss, [output])[0])[1]]


def parts():
    w = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(1.0, gradient_accumulation_steps=2)
    for x in [4.0], [0.0, 0.0, 0.0]:
        back = gradients(lambda w, x=x: ops.mean(w * ops.convert_to_tensor(x)), [w])
        optimizer.apply(back, [w])
    return -float(ops.convert_to_numpy(w.value))


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = keras.Variable(np.array([[gap, 0.0] for gap in gaps]), dtype=dtype)

    def loss(z):
        labels = np.zeros(len(gaps), int)
        return losses.sparse_categorical_crossentropy(labels, z, from_logits=True)

    back = ops.cast(ops.convert_to_tensor(gradients(loss, [z])[0]), "float32")
    return ops.convert_to_numpy(back).tolist()


def tanh(x, dtype):
    y = ops.cast(ops.tanh(ops.cast(np.array(x), dtype)), "float64")
    return ops.convert_to_numpy(y).tolist()


def sigmoid(x, dtype):
    y = ops.cast(ops.sigmoid(ops.cast(np.array(x), dtype)), "float64")
    return ops.convert_to_numpy(y).tolist()


def step(w, rate, gradient, dtype):
    weight = keras.Variable(w, dtype=dtype)
    optimizer = keras.optimizers.SGD(rate)
    optimizer.apply([ops.cast(gradient, dtype)], [weight])
    return float(ops.convert_to_numpy(ops.cast(weight.value, "float64")))


KINKS = {
    "relu-at-0": keras.activations.relu,
    "relu6-at-6": keras.activations.relu6,
    "hard-tanh-at-1": keras.activations.hard_tanh,
    "clip-at-bound": lambda x: ops.clip(x, 0, 6),
    "leaky-relu-at-0": keras.activations.leaky_relu,
    "elu-at-0": keras.activations.elu,
    "celu-at-0": keras.activations.celu,
    "selu-at-0": keras.activations.selu,
    "hard-sigmoid-at-3": keras.activations.hard_sigmoid,
    "abs-at-0": ops.abs,
    "maximum-tie": ops.maximum,
    "minimum-tie": ops.minimum,
    "max-tie": ops.max,
    "min-tie": ops.min,
    "max-pool-tie": lambda x: ops.max_pool(ops.reshape(x, (1, 2, 1)), 2, 2),
    "sort-tie": lambda x: ops.sort(x)[0],
    "median-tie": ops.median,
    "hinge-at-margin": lambda x: losses.hinge(ops.ones((1, 1)), ops.reshape(x, (1, 1))),
    "multi-hinge-at-margin": lambda x: losses.categorical_hinge(np.array([[0.0, 1.0]]), x[None]),
    "l1-at-0": lambda x: losses.mean_absolute_error(ops.zeros((1, 1)), ops.reshape(x, (1, 1))),
    "logistic-at-0": lambda x: losses.binary_crossentropy(
        ops.ones((1, 1)), ops.reshape(x, (1, 1)), from_logits=True
    ),
    "sqrt-at-0": ops.sqrt,
    "where-sqrt-at-0": lambda x: ops.where(x > 0, ops.sqrt(x), 0.0),
    "norm-at-0": ops.norm,
    "distance-at-0": lambda x: ops.norm(x - ops.zeros(2)),
    "std-of-equal": ops.std,
    "prod-with-0": ops.prod,
    "power-0-at-0": lambda x: ops.power(x, 0.0),
    "logaddexp-cancels": lambda x: ops.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v + 0),
    "detached": lambda: gradient(lambda w, v: ops.stop_gradient(w + 0) + v),
    "half-cut": lambda: gradient(lambda w, v: w * ops.stop_gradient(w + 0) + v),
    "all-cut": lambda: gradient(lambda w, v: ops.stop_gradient(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: ops.cast(ops.cast(w, "int32"), "float32") + v),
    "round": lambda: gradient(lambda w, v: ops.round(w) + v),
    "floor": lambda: gradient(lambda w, v: ops.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: ops.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: ops.cast(w > 0, "float32") + v),
    "argmax": lambda: gradient(
        lambda w, v: ops.cast(ops.argmax(ops.stack([w + 0, 0 * w])), "float32") + v
    ),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": keras.optimizers.SGD,
    "SGD, momentum 0.9": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "SGD, weight decay 0.1": lambda rate: keras.optimizers.SGD(rate, weight_decay=0.1),
    "Adam": keras.optimizers.Adam,
    "AdamW": keras.optimizers.AdamW,
    "Adamax": keras.optimizers.Adamax,
    "NAdam": keras.optimizers.Nadam,
    "Adagrad": keras.optimizers.Adagrad,
    "Adadelta": keras.optimizers.Adadelta,
    "Adafactor": keras.optimizers.Adafactor,
    "RMSprop": keras.optimizers.RMSprop,
    "Ftrl": keras.optimizers.Ftrl,
    "Lion": keras.optimizers.Lion,
    "LAMB": keras.optimizers.Lamb,
    "Muon": keras.optimizers.Muon,
    "Schedule-free AdamW": lambda rate: keras.optimizers.ScheduleFreeAdamW(rate),
}

ROWS = {
    "SGD": lambda: rows_moved(keras.optimizers.SGD(0.1)),
    "SGD, momentum 0.9": lambda: rows_moved(keras.optimizers.SGD(0.1, momentum=0.9)),
    "SGD, weight decay 0.1": lambda: rows_moved(keras.optimizers.SGD(0.1, weight_decay=0.1)),
    "Adam": lambda: rows_moved(keras.optimizers.Adam(0.1)),
    "AdamW": lambda: rows_moved(keras.optimizers.AdamW(0.1)),
    "Adamax": lambda: rows_moved(keras.optimizers.Adamax(0.1)),
    "NAdam": lambda: rows_moved(keras.optimizers.Nadam(0.1)),
    "Adagrad": lambda: rows_moved(keras.optimizers.Adagrad(0.1)),
    "Adadelta": lambda: rows_moved(keras.optimizers.Adadelta(0.1)),
    "RMSprop": lambda: rows_moved(keras.optimizers.RMSprop(0.1)),
    "Ftrl": lambda: rows_moved(keras.optimizers.Ftrl(0.1)),
    "Lion": lambda: rows_moved(keras.optimizers.Lion(0.1)),
    "LAMB": lambda: rows_moved(keras.optimizers.Lamb(0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 5], ignore_class=5)[0],
    "all-ignored": lambda: cross_entropy([5] * 4, ignore_class=5),
    "class-weights": lambda: cross_entropy([0, 0, 1, 1], weights=np.array([1.0, 1.0, 3.0, 3.0]))[0],
    "sample-weights": lambda: weighted(losses.MeanSquaredError(), [0.0, 1.0, 2.0, 4.0])[0],
    "sample-weights-huber": lambda: 2 * weighted(losses.Huber(), [0.0, 1.0, 2.0, 4.0])[0],
    "all-weights-0": lambda: weighted(losses.MeanSquaredError(), [0.0] * 4),
    "uneven-parts": parts,
}

TYPES = {
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float32": "float32",
    "float64": "float64",
}
