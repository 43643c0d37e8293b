"""tinygrad."""

import math

import numpy as np
from tinygrad import Tensor, dtypes, nn
from tinygrad.helpers import TRAINING

TRAINING.value = 1


def tensor(number, dtype=dtypes.float32):
    # From an array of one: Tensors made of the same Python number share one gradient.
    return Tensor(np.atleast_1d(number).astype(float), dtype=dtype).realize()


# ## Derivatives
def slopes(function, *point):
    x = [tensor(number) for number in point]
    function(*x).sum().backward()
    return [slope for one in x for slope in np.ravel(one.grad.numpy()).tolist()]


MODES = {"reverse": slopes}


# ## The gradient of a weight
def gradient(loss_of):
    w, v = tensor(1.5), tensor(1.0)
    loss_of(w, v).sum().backward()
    return None if w.grad is None else w.grad.item()


def rows(steps=1):
    table = nn.Embedding(2, 1)
    table.weight = tensor([[1.0], [1.0]])
    optimizer = nn.optim.Adam([table.weight], lr=0.1)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        before = table.weight.numpy()[1, 0]
        optimizer.zero_grad()
        table(Tensor(row)).sum().backward()
        optimizer.step()
    return table.weight.numpy()[1, 0] - before if steps > 1 else table.weight.grad.numpy()[1, 0]


# ## Optimisers
def moves(make, gradients):
    w = tensor([[1.0, 1.0]] * 2)
    optimizer = make([w])
    found = []
    for gradient in gradients:
        before = w.numpy()[0, 0].item()
        w.grad = None if gradient is None else tensor([[gradient] * 2] * 2)
        optimizer.step()
        found.append(w.numpy()[0, 0].item() - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(make):
    table = nn.Embedding(3, 2)
    table.weight = tensor([[1.0, 1.0]] * 3)
    optimizer = make([table.weight])
    found = []
    for row in 1, 0:
        before = table.weight.numpy().copy()
        optimizer.zero_grad()
        table(Tensor([row])).sum().backward()
        optimizer.step()
        found.append((table.weight.numpy() - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(labels, **options):
    z = tensor([[0.0, 0.0]] * 4)
    loss = z.sparse_categorical_crossentropy(Tensor(labels), **options)
    loss.backward()
    return [loss.item() / math.log(2), z.grad.numpy()[0, 0]]


def parts():
    w = tensor(0.0)
    for x in [4.0], [0.0, 0.0, 0.0]:
        (w * tensor(x)).mean().backward()
    return w.grad.item()


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = tensor([[gap, 0.0] for gap in gaps], dtype)
    z.sparse_categorical_crossentropy(Tensor([0] * len(gaps)), reduction="sum").backward()
    return z.grad.numpy().tolist()


def tanh(x, dtype):
    return tensor(x, dtype).tanh().numpy().tolist()


def sigmoid(x, dtype):
    return tensor(x, dtype).sigmoid().numpy().tolist()


def step(w, rate, gradient, dtype):
    weight = tensor(w, dtype)
    weight.grad = tensor(gradient, dtype)
    nn.optim.SGD([weight], lr=rate).step()
    return weight.numpy().item()


KINKS = {
    "relu-at-0": lambda x: x.relu(),
    "relu6-at-6": lambda x: x.relu6(),
    "hard-tanh-at-1": lambda x: x.hardtanh(),
    "clip-at-bound": lambda x: x.clip(0, 6),
    "leaky-relu-at-0": lambda x: x.leaky_relu(),
    "elu-at-0": lambda x: x.elu(),
    "celu-at-0": lambda x: x.celu(),
    "selu-at-0": lambda x: x.selu(),
    "hard-sigmoid-at-3": lambda x: x.hardsigmoid(),
    "abs-at-0": lambda x: x.abs(),
    "maximum-tie": lambda x, y: x.maximum(y),
    "minimum-tie": lambda x, y: x.minimum(y),
    "max-tie": lambda x: x.max(),
    "min-tie": lambda x: x.min(),
    "max-pool-tie": lambda x: x.reshape(1, 1, 1, 2).max_pool2d((1, 2)),
    "sort-tie": lambda x: x.sort()[0][0],
    "l1-at-0": lambda x: (x - 0).abs().mean(),
    "logistic-at-0": lambda x: x.binary_crossentropy_logits(tensor(1.0)),
    "sqrt-at-0": lambda x: x.sqrt(),
    "where-sqrt-at-0": lambda x: (x > 0).where(x.sqrt(), 0),
    "norm-at-0": lambda x: x.square().sum().sqrt(),
    "distance-at-0": lambda x: (x - tensor([0.0, 0.0])).square().sum().sqrt(),
    "std-of-equal": lambda x: x.std(correction=0),
    "prod-with-0": lambda x: x.prod(),
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: x.logaddexp(-x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: w.detach() + v),
    "half-cut": lambda: gradient(lambda w, v: w * w.detach() + v),
    "all-cut": lambda: gradient(lambda w, v: w.detach() + v.detach()),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: w.int().float() + v),
    "round": lambda: gradient(lambda w, v: w.round() + v),
    "floor": lambda: gradient(lambda w, v: w.floor() + v),
    "sign": lambda: gradient(lambda w, v: w.sign() + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0).float() + v),
    "argmax": lambda: gradient(lambda w, v: w.cat(0 * w).argmax().float() + v),
    "frozen": lambda: gradient(lambda w, v: w.is_param_(False) + v),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda w: nn.optim.SGD(w, lr=0.1),
    "SGD, momentum 0.9": lambda w: nn.optim.SGD(w, lr=0.1, momentum=0.9),
    "Adam": lambda w: nn.optim.Adam(w, lr=0.1),
    "AdamW": lambda w: nn.optim.AdamW(w, lr=0.1),
    "LARS": lambda w: nn.optim.LARS(w, lr=0.1),
    "LAMB": lambda w: nn.optim.LAMB(w, lr=0.1),
    "Muon": lambda w: nn.optim.Muon(w, lr=0.1),
}

ROWS = {
    "SGD": lambda: rows_moved(lambda w: nn.optim.SGD(w, lr=0.1)),
    "SGD, momentum 0.9": lambda: rows_moved(lambda w: nn.optim.SGD(w, lr=0.1, momentum=0.9)),
    "Adam": lambda: rows_moved(lambda w: nn.optim.Adam(w, lr=0.1)),
    "AdamW": lambda: rows_moved(lambda w: nn.optim.AdamW(w, lr=0.1)),
    "LAMB": lambda: rows_moved(lambda w: nn.optim.LAMB(w, lr=0.1)),
    "LARS": lambda: rows_moved(lambda w: nn.optim.LARS(w, lr=0.1)),
    "Muon": lambda: rows_moved(lambda w: nn.optim.Muon(w, lr=0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 5], ignore_index=5)[0],
    "negative-ignored": lambda: cross_entropy([0, 0, 1, -1])[0],
    "all-ignored": lambda: cross_entropy([5] * 4, ignore_index=5),
    "uneven-parts": parts,
}

TYPES = {
    "float16": dtypes.float16,
    "float32": dtypes.float32,
    "float64": dtypes.float64,
}
