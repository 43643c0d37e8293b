"""The package of this site, beside the others."""

import math

import numpy as np

from sgdexplained import SGD, Scalar, Tensor, hinge, logistic, ops, softmax_cross_entropy
from sgdexplained.contrasts import Adagrad, Adam, AdamW, Embedding, RMSprop, SignSGD
from sgdexplained.contrasts import activations as a


# ## Derivatives
def slopes(function, *point):
    x = [Tensor(number) for number in point]
    function(*x).sum().backward()
    return [slope for one in x for slope in np.ravel(one.grad).tolist()]


MODES = {"reverse": slopes}


# ## The gradient of a weight
def gradient(loss_of, **options):
    w, v = Tensor(1.5, **options), Tensor(1.0)
    loss_of(w, v).backward()
    return w.grad


def rows(steps=1):
    table = Embedding(Tensor([[1.0], [1.0]]))
    weights = list(table.parameters())
    optimizer = Adam(weights, lr=0.1)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        before = weights[0].data.copy()
        optimizer.zero_grad()
        table(row).sum().backward()
        optimizer.step()
    return (weights[0].data - before)[1, 0] if steps > 1 else weights[0].grad[1, 0]


# ## Optimisers
def moves(make, gradients):
    w = Tensor(np.ones((2, 2)))
    optimizer = make([w])
    found = []
    for gradient in gradients:
        before = w.data[0, 0]
        w.grad = None if gradient is None else np.full((2, 2), gradient)
        optimizer.step()
        found.append(w.data[0, 0] - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer, table=None):
    table = table or Embedding(Tensor(np.ones((3, 2))))
    weights = list(table.parameters())
    optimizer = optimizer(weights)

    def first():
        if isinstance(weights[0], Tensor):
            return weights[0].data[:, 0].copy()
        return np.array([weight.data for weight in weights[::2]])

    found = []
    for row in 1, 0:
        before = first()
        optimizer.zero_grad()
        sum(sum(entry for entry in one) for one in table([row])).backward()
        optimizer.step()
        found.append((first() - before).tolist())
    return found


def of_scalars():
    return Embedding([[Scalar(1.0), Scalar(1.0)] for _ in range(3)])


# ## Means: rows of two equal logits have the loss log 2
def parts():
    w = Tensor(0.0)
    for x in [4.0], [0.0, 0.0, 0.0]:
        (w * np.array(x)).mean().backward()
    return w.grad.item()


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = Tensor(np.array([[gap, 0.0] for gap in gaps], dtype))
    softmax_cross_entropy(z, [0] * len(gaps), reduction="sum").backward()
    return z.grad.tolist()


def tanh(x, dtype):
    return Tensor(np.array(x, dtype)).tanh().data.tolist()


def sigmoid(x, dtype):
    return Tensor(np.array(x, dtype)).sigmoid().data.tolist()


def step(w, rate, gradient, dtype):
    weight = Tensor(np.array(w, dtype))
    weight.grad = np.array(gradient, dtype)
    SGD([weight], lr=rate).step()
    return weight.item()


KINKS = {
    "relu-at-0": lambda x: x.relu(),
    "relu6-at-6": a.relu6,
    "hard-tanh-at-1": a.hard_tanh,
    "clip-at-bound": lambda x: a.clamp(x, 0, 6),
    "leaky-relu-at-0": a.leaky_relu,
    "elu-at-0": a.elu,
    "abs-at-0": abs,
    "maximum-tie": ops.maximum,
    "minimum-tie": ops.minimum,
    "max-tie": lambda x: x.max(),
    "min-tie": ops.min,
    "sqrt-at-0": ops.sqrt,
    "std-of-equal": ops.std,
    "prod-with-0": ops.prod,
    "hinge-at-margin": lambda x: hinge(x, 1),
    "logistic-at-0": lambda x: logistic(x, 1),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v * 1),
    "detached": lambda: gradient(lambda w, v: ops.detach(w) + v),
    "half-cut": lambda: gradient(lambda w, v: w * ops.detach(w) + v),
    "all-cut": lambda: gradient(lambda w, v: ops.detach(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "round": lambda: gradient(lambda w, v: ops.round(w) + v),
    "sign": lambda: gradient(lambda w, v: ops.sign(w) + v),
    "frozen": lambda: gradient(lambda w, v: w + v, requires_grad=False),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda w: SGD(w, lr=0.1),
    "SGD, momentum 0.9": lambda w: SGD(w, lr=0.1, momentum=0.9),
    "Adam": lambda w: Adam(w, lr=0.1),
    "AdamW": lambda w: AdamW(w, lr=0.1),
    "Adagrad": lambda w: Adagrad(w, lr=0.1),
    "RMSprop": lambda w: RMSprop(w, lr=0.1),
    "Sign SGD": lambda w: SignSGD(w, lr=0.1),
}

ROWS = {
    "SGD": lambda: rows_moved(lambda w: SGD(w, lr=0.1)),
    "SGD, Scalars": lambda: rows_moved(lambda w: SGD(w, lr=0.1), of_scalars()),
    "SGD, momentum 0.9": lambda: rows_moved(lambda w: SGD(w, lr=0.1, momentum=0.9)),
    "SGD, momentum 0.9, Scalars": lambda: rows_moved(
        lambda w: SGD(w, lr=0.1, momentum=0.9), of_scalars()
    ),
    "Adam": lambda: rows_moved(lambda w: Adam(w, lr=0.1)),
    "Adam, Scalars": lambda: rows_moved(lambda w: Adam(w, lr=0.1), of_scalars()),
    "AdamW": lambda: rows_moved(lambda w: AdamW(w, lr=0.1)),
    "AdamW, Scalars": lambda: rows_moved(lambda w: AdamW(w, lr=0.1), of_scalars()),
    "Adagrad": lambda: rows_moved(lambda w: Adagrad(w, lr=0.1)),
    "Adagrad, Scalars": lambda: rows_moved(lambda w: Adagrad(w, lr=0.1), of_scalars()),
    "RMSprop": lambda: rows_moved(lambda w: RMSprop(w, lr=0.1)),
    "RMSprop, Scalars": lambda: rows_moved(lambda w: RMSprop(w, lr=0.1), of_scalars()),
}

MEAN = {
    "plain": lambda: (
        softmax_cross_entropy(Tensor([[0.0] * 2] * 4), [0, 0, 1, 1]).item() / math.log(2)
    ),
    "uneven-parts": parts,
}

TYPES = {
    "float32": np.float32,
    "float64": np.float64,
}
