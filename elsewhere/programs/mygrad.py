"""MyGrad."""

import math

import mygrad as mg
import numpy as np
from mygrad.nnet import activations, layers, losses


# ## Derivatives
def slopes(function, *point):
    x = [mg.tensor(number) for number in point]
    function(*x).sum().backward()
    return [slope for one in x for slope in np.ravel(one.grad).tolist()]


MODES = {"reverse": slopes}


# ## The gradient of a weight
def gradient(loss_of):
    w, v = mg.tensor(1.5), mg.tensor(1.0)
    loss_of(w, v).backward()
    return w.grad


def rows():
    table = mg.ones((2, 1))
    table[[0]].sum().backward()
    return table.grad[1, 0]


# ## Means and numbers
def cross_entropy(labels):
    z = mg.zeros((len(labels), 2))
    loss = losses.softmax_crossentropy(z, labels)
    loss.backward()
    return loss.item() / math.log(2)


def weights(per_class):
    log_p = mg.log(mg.full((4, 2), 0.5))
    loss = losses.negative_log_likelihood(log_p, [0, 0, 1, 1], weights=per_class)
    return loss.item() / math.log(2)


def parts():
    w = mg.tensor(0.0)
    total = 0.0
    for x in [4.0], [0.0, 0.0, 0.0]:
        (w * x).mean().backward()
        total += w.grad.item()
    return total


def softmax_gradients(gaps, dtype):
    found = []
    for gap in gaps:
        z = mg.tensor([[gap, 0.0]], dtype=dtype)
        losses.softmax_crossentropy(z, [0]).backward()
        found.append(z.grad[0].tolist())
    return found


def tanh(x, dtype):
    return activations.tanh(mg.tensor(x, dtype=dtype)).data.tolist()


def sigmoid(x, dtype):
    return activations.sigmoid(mg.tensor(x, dtype=dtype)).data.tolist()


KINKS = {
    "relu-at-0": activations.relu,
    "hard-tanh-at-1": activations.hard_tanh,
    "clip-at-bound": lambda x: mg.clip(x, 0, 6),
    "leaky-relu-at-0": lambda x: activations.leaky_relu(x, 0.01),
    "elu-at-0": lambda x: activations.elu(x, 1.0),
    "selu-at-0": activations.selu,
    "abs-at-0": mg.abs,
    "maximum-tie": mg.maximum,
    "minimum-tie": mg.minimum,
    "max-tie": mg.max,
    "min-tie": mg.min,
    "max-pool-tie": lambda x: layers.max_pool(x.reshape(1, 1, 2), pool=(2,), stride=1),
    "hinge-at-margin": lambda x: losses.margin_ranking_loss(
        x.reshape(1), mg.zeros(1), 1, margin=1.0
    ),
    "multi-hinge-at-margin": lambda x: losses.multiclass_hinge(x.reshape(1, 2), np.array([1])),
    "l1-at-0": lambda x: mg.mean(mg.abs(x - 0)),
    "sqrt-at-0": mg.sqrt,
    "where-sqrt-at-0": lambda x: mg.where(x > 0, mg.sqrt(x), 0),
    "norm-at-0": mg.linalg.norm,
    "distance-at-0": lambda x: mg.linalg.norm(x - np.zeros(2)),
    "std-of-equal": mg.std,
    "prod-with-0": mg.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: mg.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: mg.tensor(w, constant=True) + v),
    "half-cut": lambda: gradient(lambda w, v: w * w.data + v),
    "all-cut": lambda: gradient(lambda w, v: mg.tensor(w + v, constant=True)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: w.astype(int).astype(float) + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0) + v),
    "argmax": lambda: gradient(lambda w, v: mg.argmax(mg.stack([w, 0 * w])) + v),
    "unused-row": rows,
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1]),
    "class-weights": lambda: weights([1.0, 3.0]),
    "uneven-parts": parts,
}

TYPES = {
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
}
