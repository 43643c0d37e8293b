"""Chainer, which is no longer developed."""

import math

import chainer
import chainer.functions as F
import numpy as np
from chainer import optimizers


# ## Derivatives
def variable(number, dtype=np.float32):
    return chainer.Variable(np.array(number, dtype))


def slopes(function, *point):
    x = [variable(number) for number in point]
    F.sum(function(*x)).backward()
    return [slope for one in x for slope in one.grad.ravel().tolist()]


MODES = {"reverse": slopes}


# ## The gradient of a weight
def gradient(loss_of):
    w, v = variable(1.5), variable(1.0)
    loss_of(w, v).backward()
    return w.grad


def rows(steps=1):
    table = chainer.links.EmbedID(2, 1, initialW=np.ones((2, 1), np.float32))
    optimizer = optimizers.Adam(0.1).setup(table)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        before = table.W.data.copy()
        table.cleargrads()
        F.sum(table(np.array(row, np.int32))).backward()
        optimizer.update()
    return (table.W.data - before)[1, 0] if steps > 1 else table.W.grad[1, 0]


# ## Optimisers
def moves(make, gradients):
    link = chainer.Link()
    with link.init_scope():
        link.w = chainer.Parameter(np.ones((2, 2), np.float32))
    optimizer = make().setup(link)
    found = []
    for gradient in gradients:
        before = link.w.data[0, 0].item()
        link.w.grad = None if gradient is None else np.full((2, 2), gradient, np.float32)
        optimizer.update()
        found.append(link.w.data[0, 0].item() - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer):
    table = chainer.links.EmbedID(3, 2, initialW=np.ones((3, 2), np.float32))
    optimizer.setup(table)
    found = []
    for row in 1, 0:
        before = table.W.data.copy()
        table.cleargrads()
        F.sum(table(np.array([row], np.int32))).backward()
        optimizer.update()
        found.append((table.W.data - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(labels, **options):
    z = variable([[0.0, 0.0]] * 4)
    loss = F.softmax_cross_entropy(z, np.array(labels, np.int32), **options)
    loss.backward()
    return [loss.item() / math.log(2), z.grad[0, 0]]


def parts():
    w = variable(0.0)
    for x in [4.0], [0.0, 0.0, 0.0]:
        F.mean(w * np.array(x, np.float32)).backward()
    return w.grad


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = variable([[gap, 0.0] for gap in gaps], dtype)
    labels = np.zeros(len(gaps), np.int32)
    F.sum(F.softmax_cross_entropy(z, labels, reduce="no")).backward()
    return z.grad.tolist()


def tanh(x, dtype):
    return F.tanh(np.array(x, dtype)).data.tolist()


def sigmoid(x, dtype):
    return F.sigmoid(np.array(x, dtype)).data.tolist()


def step(w, rate, gradient, dtype):
    link = chainer.Link()
    with link.init_scope():
        link.w = chainer.Parameter(np.array(w, dtype))
    link.w.grad = np.array(gradient, dtype)
    optimizers.SGD(rate).setup(link).update()
    return link.w.data.item()


KINKS = {
    "relu-at-0": F.relu,
    "relu6-at-6": F.relu6,
    "clip-at-bound": lambda x: F.clip(x, 0.0, 6.0),
    "leaky-relu-at-0": F.leaky_relu,
    "elu-at-0": F.elu,
    "selu-at-0": F.selu,
    "hard-sigmoid-at-3": lambda x: F.hard_sigmoid(x - 0.5),
    "abs-at-0": F.absolute,
    "maximum-tie": F.maximum,
    "minimum-tie": F.minimum,
    "max-tie": F.max,
    "min-tie": F.min,
    "max-pool-tie": lambda x: F.max_pooling_1d(F.reshape(x, (1, 1, 2)), 2),
    "multi-hinge-at-margin": lambda x: F.hinge(F.reshape(x, (1, 2)), np.array([1], np.int32)),
    "l1-at-0": lambda x: F.mean_absolute_error(x, np.zeros_like(x.data)),
    "logistic-at-0": lambda x: F.sigmoid_cross_entropy(F.reshape(x, (1,)), np.array([1], np.int32)),
    "sqrt-at-0": F.sqrt,
    "where-sqrt-at-0": lambda x: F.where(x.data > 0, F.sqrt(x), np.zeros_like(x.data)),
    "norm-at-0": lambda x: F.sqrt(F.sum(x**2)),
    "distance-at-0": lambda x: F.sqrt(F.sum((x - np.zeros(2, np.float32)) ** 2)),
    "prod-with-0": F.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: F.logsumexp(F.stack([x, -x])),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v + 0),
    "detached": lambda: gradient(lambda w, v: w.data + v),
    "half-cut": lambda: gradient(lambda w, v: w * w.data + v),
    "all-cut": lambda: gradient(lambda w, v: chainer.Variable(np.array(w.data + v.data))),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "floor": lambda: gradient(lambda w, v: F.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: F.sign(w) + v),
    "argmax": lambda: gradient(lambda w, v: F.cast(F.argmax(F.stack([w, 0 * w])), np.float32) + v),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.1),
    "SGD, momentum 0.9": lambda: optimizers.MomentumSGD(0.1),
    "Corrected momentum SGD": lambda: optimizers.CorrectedMomentumSGD(0.1),
    "Nesterov": lambda: optimizers.NesterovAG(0.1),
    "Adam": lambda: optimizers.Adam(0.1),
    "AdamW": lambda: optimizers.AdamW(0.1),
    "AdamW, weight decay 0.01": lambda: optimizers.AdamW(0.1, weight_decay_rate=0.01),
    "AMSGrad": lambda: optimizers.AMSGrad(0.1),
    "AdaBound": lambda: optimizers.AdaBound(0.1),
    "AMSBound": lambda: optimizers.AMSBound(0.1),
    "Adadelta": lambda: optimizers.AdaDelta(),
    "Adagrad": lambda: optimizers.AdaGrad(0.1),
    "MSVAG": lambda: optimizers.MSVAG(0.1),
    "RMSprop": lambda: optimizers.RMSprop(0.1),
    "RMSprop, Graves": lambda: optimizers.RMSpropGraves(0.1),
    "SMORMS3": lambda: optimizers.SMORMS3(0.1),
}

ROWS = {
    "SGD": lambda: rows_moved(optimizers.SGD(0.1)),
    "SGD, momentum 0.9": lambda: rows_moved(optimizers.MomentumSGD(0.1)),
    "Adam": lambda: rows_moved(optimizers.Adam(0.1)),
    "AdamW, weight decay 0.01": lambda: rows_moved(optimizers.AdamW(0.1, weight_decay_rate=0.01)),
    "Adagrad": lambda: rows_moved(optimizers.AdaGrad(0.1)),
    "RMSprop": lambda: rows_moved(optimizers.RMSprop(0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 5], ignore_label=5)[0],
    "negative-ignored": lambda: cross_entropy([0, 0, 1, -1])[0],
    "all-ignored": lambda: cross_entropy([-1] * 4),
    "class-weights": lambda: cross_entropy(
        [0, 0, 1, 1], class_weight=np.array([1.0, 3.0], np.float32)
    )[0],
    "class-weight-0": lambda: cross_entropy([0] * 4, class_weight=np.array([0, 3], np.float32)),
    "uneven-parts": parts,
}

TYPES = {
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
}
