"""TensorFlow. Its optimisers for training are those of Keras; here stand the older ones."""

import math

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


# ## Derivatives
def listed(gradient):
    return np.ravel(tf.convert_to_tensor(gradient).numpy().astype(float)).tolist()


def slopes(function, *point):
    x = [tf.constant(number, tf.float32) for number in point]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(function(*x))
    return [slope for one in tape.gradient(y, x) for slope in listed(one)]


def forward(function, *point):
    x = [tf.constant(number, tf.float32) for number in point]
    found = []
    for at, one in enumerate(x):
        for entry in range(tf.size(one)):
            ones = [tf.zeros_like(other) for other in x]
            direction = tf.one_hot(entry, tf.size(one))
            ones[at] = tf.reshape(direction, one.shape)
            with tf.autodiff.ForwardAccumulator(x, ones) as pushed:
                y = tf.reduce_sum(function(*x))
            found += listed(pushed.jvp(y))
    return found


def compiled(function, *point):
    return slopes(tf.function(function, jit_compile=True), *point)


MODES = {"reverse": slopes, "forward": forward, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of, trainable=True):
    w, v = tf.Variable(1.5, trainable=trainable), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = loss_of(w, v)
    back = tape.gradient(loss, w)
    return None if back is None else back.numpy()


def rows(steps=1):
    table = tf.Variable(tf.ones((2, 1)))
    optimizer = v1.train.AdamOptimizer(0.1)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.embedding_lookup(table, row))
        back = tape.gradient(loss, table)
        before = table.numpy()
        optimizer.apply_gradients([(back, table)])
    # The gradient names the rows that were looked up, and holds no others.
    return (table.numpy() - before)[1, 0] if steps > 1 else tf.convert_to_tensor(back)[1, 0]


# ## Optimisers
def moves(make, gradients):
    w, v = tf.Variable(tf.ones((2, 2))), tf.Variable(tf.ones((2, 2)))
    optimizer = make()
    found = []
    for gradient in gradients:
        before = w.numpy()[0, 0]
        given = None if gradient is None else tf.fill((2, 2), gradient)
        optimizer.apply_gradients([(given, w), (tf.ones((2, 2)), v)])
        found.append(w.numpy()[0, 0] - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer, sparse=False):
    table = tf.Variable(tf.ones((3, 2)))
    found = []
    for row in 1, 0:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [row]))
        back = tape.gradient(loss, table)  # tf.IndexedSlices: the rows that were looked up
        before = table.numpy()
        optimizer.apply_gradients([(back if sparse else tf.convert_to_tensor(back), table)])
        found.append((table.numpy() - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def weighted(loss_function, weights):
    output = tf.Variable(tf.ones(4))
    with tf.GradientTape() as tape:
        loss = loss_function(tf.zeros(4), output, weights)
    return [loss, tape.gradient(loss, output)[1]]


def cross_entropy():
    loss = v1.losses.sparse_softmax_cross_entropy([0, 0, 1, 1], tf.zeros((4, 2)))
    return loss / math.log(2)


def parts():
    w = tf.Variable(0.0)
    total = 0.0
    for x in [4.0], [0.0, 0.0, 0.0]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(w * tf.constant(x))
        total += tape.gradient(loss, w)
    return total


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = tf.Variable([[gap, 0.0] for gap in gaps], dtype=dtype)
    with tf.GradientTape() as tape:
        labels = tf.zeros(len(gaps), tf.int32)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z)
    return tf.cast(tape.gradient(loss, z), tf.float64).numpy().tolist()


def tanh(x, dtype):
    return tf.cast(tf.tanh(tf.constant(x, dtype)), tf.float64).numpy().tolist()


def sigmoid(x, dtype):
    return tf.cast(tf.sigmoid(tf.constant(x, dtype)), tf.float64).numpy().tolist()


def step(w, rate, gradient, dtype):
    weight = tf.Variable(w, dtype=dtype)
    optimizer = v1.train.GradientDescentOptimizer(rate)
    optimizer.apply_gradients([(tf.constant(gradient, dtype), weight)])
    return float(weight.numpy())


KINKS = {
    "relu-at-0": tf.nn.relu,
    "relu6-at-6": tf.nn.relu6,
    "clip-at-bound": lambda x: tf.clip_by_value(x, 0, 6),
    "leaky-relu-at-0": tf.nn.leaky_relu,
    "elu-at-0": tf.nn.elu,
    "selu-at-0": tf.nn.selu,
    "abs-at-0": tf.abs,
    "maximum-tie": tf.maximum,
    "minimum-tie": tf.minimum,
    "max-tie": tf.reduce_max,
    "min-tie": tf.reduce_min,
    "max-pool-tie": lambda x: tf.nn.max_pool1d(tf.reshape(x, (1, 2, 1)), 2, 2, "VALID"),
    "sort-tie": lambda x: tf.sort(x)[0],
    "hinge-at-margin": lambda x: v1.losses.hinge_loss(tf.ones_like(x), x),
    "l1-at-0": lambda x: v1.losses.absolute_difference(tf.zeros_like(x), x),
    "logistic-at-0": lambda x: tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(x), x),
    "sqrt-at-0": tf.sqrt,
    "where-sqrt-at-0": lambda x: tf.where(x > 0, tf.sqrt(x), 0),
    "norm-at-0": tf.norm,
    "distance-at-0": lambda x: tf.norm(x - tf.zeros(2)),
    "std-of-equal": tf.math.reduce_std,
    "prod-with-0": tf.reduce_prod,
    "power-0-at-0": lambda x: tf.pow(x, 0.0),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: tf.stop_gradient(w) + v),
    "half-cut": lambda: gradient(lambda w, v: w * tf.stop_gradient(w) + v),
    "all-cut": lambda: gradient(lambda w, v: tf.stop_gradient(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: tf.cast(tf.cast(w, tf.int32), tf.float32) + v),
    "round": lambda: gradient(lambda w, v: tf.round(w) + v),
    "floor": lambda: gradient(lambda w, v: tf.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: tf.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: tf.cast(w > 0, tf.float32) + v),
    "argmax": lambda: gradient(lambda w, v: tf.cast(tf.argmax([w, 0 * w]), tf.float32) + v),
    "frozen": lambda: gradient(lambda w, v: w + v, trainable=False),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda: v1.train.GradientDescentOptimizer(0.1),
    "SGD, momentum 0.9": lambda: v1.train.MomentumOptimizer(0.1, 0.9),
    "Adam": lambda: v1.train.AdamOptimizer(0.1),
    "Adagrad": lambda: v1.train.AdagradOptimizer(0.1),
    "Adadelta": lambda: v1.train.AdadeltaOptimizer(0.1),
    "RMSprop": lambda: v1.train.RMSPropOptimizer(0.1),
    "Ftrl": lambda: v1.train.FtrlOptimizer(0.1),
    "Proximal SGD": lambda: v1.train.ProximalGradientDescentOptimizer(0.1),
    "Proximal Adagrad": lambda: v1.train.ProximalAdagradOptimizer(0.1),
}

ROWS = {
    "SGD": lambda: rows_moved(v1.train.GradientDescentOptimizer(0.1)),
    "SGD, sparse": lambda: rows_moved(v1.train.GradientDescentOptimizer(0.1), sparse=True),
    "SGD, momentum 0.9": lambda: rows_moved(v1.train.MomentumOptimizer(0.1, 0.9)),
    "SGD, momentum 0.9, sparse": lambda: rows_moved(
        v1.train.MomentumOptimizer(0.1, 0.9), sparse=True
    ),
    "Adam": lambda: rows_moved(v1.train.AdamOptimizer(0.1)),
    "Adam, sparse": lambda: rows_moved(v1.train.AdamOptimizer(0.1), sparse=True),
    "Adagrad": lambda: rows_moved(v1.train.AdagradOptimizer(0.1)),
    "Adagrad, sparse": lambda: rows_moved(v1.train.AdagradOptimizer(0.1), sparse=True),
    "Adadelta": lambda: rows_moved(v1.train.AdadeltaOptimizer(0.1)),
    "Adadelta, sparse": lambda: rows_moved(v1.train.AdadeltaOptimizer(0.1), sparse=True),
    "RMSprop": lambda: rows_moved(v1.train.RMSPropOptimizer(0.1)),
    "RMSprop, sparse": lambda: rows_moved(v1.train.RMSPropOptimizer(0.1), sparse=True),
    "Ftrl": lambda: rows_moved(v1.train.FtrlOptimizer(0.1)),
    "Ftrl, sparse": lambda: rows_moved(v1.train.FtrlOptimizer(0.1), sparse=True),
}

MEAN = {
    "plain": cross_entropy,
    "sample-weights": lambda: weighted(v1.losses.mean_squared_error, [0.0, 1.0, 2.0, 4.0])[0],
    "sample-weights-huber": lambda: 2 * weighted(v1.losses.huber_loss, [0.0, 1.0, 2.0, 4.0])[0],
    "all-weights-0": lambda: weighted(v1.losses.mean_squared_error, [0.0] * 4),
    "uneven-parts": parts,
}

TYPES = {
    "float16": tf.float16,
    "bfloat16": tf.bfloat16,
    "float32": tf.float32,
    "float64": tf.float64,
}
