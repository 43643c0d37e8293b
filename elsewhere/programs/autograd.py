"""Autograd."""

import autograd.numpy as anp
import autograd.scipy.special
import numpy as np
from autograd import grad, make_jvp
from autograd.misc import optimizers


# ## Derivatives
def slopes(function, *point):
    x = [anp.array(number) for number in point]
    found = [grad(lambda *x: anp.sum(function(*x)), at)(*x) for at in range(len(x))]
    return [slope for one in found for slope in np.ravel(one).tolist()]


def forward(function, *point):
    x = [anp.array(number) for number in point]
    found = []
    for at, one in enumerate(x):
        for entry in range(one.size):
            direction = np.zeros(one.size)
            direction[entry] = 1
            pushed = make_jvp(lambda *x: anp.sum(function(*x)), at)(*x)
            found.append(float(pushed(direction.reshape(one.shape))[1]))
    return found


MODES = {"reverse": slopes, "forward": forward}


# ## The gradient of a weight
def gradient(loss_of):
    return grad(loss_of)(1.5, 1.0)


# ## Optimisers: functions that call a gradient step by step
def moves(make, gradients):
    seen = []

    def back(w, step):
        seen.append(w[0, 0])
        return gradients[step] * np.ones((2, 2))

    w = make(back, np.ones((2, 2)), num_iters=len(gradients), step_size=0.1)
    return np.diff([*seen, w[0, 0]]).tolist()


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(make):
    seen = []

    def back(table, step):
        seen.append(table[:, 0].copy())
        return grad(lambda table: anp.sum(table[[1 - step]]))(table)

    table = make(back, np.ones((3, 2)), num_iters=2, step_size=0.1)
    return np.diff([*seen, table[:, 0]], axis=0).tolist()


# ## Means and numbers: by hand, with the library's own logsumexp
def cross_entropy(z, labels):
    z = z - autograd.scipy.special.logsumexp(z, axis=1, keepdims=True)
    return -z[range(len(labels)), labels]


def parts():
    steps = [grad(lambda w, x=x: anp.mean(w * np.array(x)))(0.0) for x in ([4.0], [0.0] * 3)]
    return sum(steps)


def softmax_gradients(gaps, dtype):
    z = np.array([[gap, 0.0] for gap in gaps], dtype)
    return grad(lambda z: anp.sum(cross_entropy(z, [0] * len(gaps))))(z).tolist()


def tanh(x, dtype):
    return anp.tanh(np.array(x, dtype)).tolist()


def sigmoid(x, dtype):
    return (1 / (1 + anp.exp(-np.array(x, dtype)))).tolist()


def step(w, rate, gradient, dtype):
    def back(w, _):
        return np.array([gradient], dtype)

    return optimizers.sgd(back, np.array([w], dtype), num_iters=1, step_size=rate, mass=0).item()


KINKS = {
    "relu-at-0": lambda x: anp.maximum(x, 0),
    "clip-at-bound": lambda x: anp.clip(x, 0, 6),
    "abs-at-0": anp.abs,
    "maximum-tie": anp.maximum,
    "minimum-tie": anp.minimum,
    "max-tie": anp.max,
    "min-tie": anp.min,
    "sort-tie": lambda x: anp.sort(x)[0],
    "l1-at-0": lambda x: anp.mean(anp.abs(x - 0)),
    "sqrt-at-0": anp.sqrt,
    "where-sqrt-at-0": lambda x: anp.where(x > 0, anp.sqrt(x), 0),
    "norm-at-0": anp.linalg.norm,
    "distance-at-0": lambda x: anp.linalg.norm(x - np.zeros(2)),
    "std-of-equal": anp.std,
    "prod-with-0": anp.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: anp.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "half-cut": lambda: gradient(lambda w, v: w * getattr(w, "_value", w) + v),
    "all-cut": lambda: gradient(lambda w, v: 1.0),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: grad(lambda w: anp.sum(w.astype(int).astype(float)))(np.array([1.5]))[0],
    "round": lambda: gradient(lambda w, v: anp.round(w) + v),
    "floor": lambda: gradient(lambda w, v: anp.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: anp.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0) + v),
    "argmax": lambda: gradient(lambda w, v: anp.argmax(anp.array([w, 0 * w])) + v),
    "unused-row": lambda: grad(lambda table: table[[0]].sum())(np.ones((2, 1)))[1, 0],
}

OPTIMIZERS = {
    "SGD": lambda *args, **options: optimizers.sgd(*args, mass=0, **options),
    "SGD, momentum 0.9": optimizers.sgd,
    "Adam": optimizers.adam,
    "RMSprop": optimizers.rmsprop,
}

ROWS = {
    "SGD": lambda: rows_moved(OPTIMIZERS["SGD"]),
    "SGD, momentum 0.9": lambda: rows_moved(optimizers.sgd),
    "Adam": lambda: rows_moved(optimizers.adam),
    "RMSprop": lambda: rows_moved(optimizers.rmsprop),
}

MEAN = {
    "uneven-parts": parts,
}

TYPES = {
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
}
