"""MLX, on the processor."""

import math

import mlx.core as mx
import mlx.optimizers as optim
from mlx import nn
from mlx.nn import losses

mx.set_default_device(mx.cpu)


# ## Derivatives
def flat(gradients):
    return [slope for one in gradients for slope in one.reshape(-1).tolist()]


def slopes(function, *point):
    x = [mx.array(number) for number in point]
    back = mx.grad(lambda *x: function(*x).sum(), argnums=list(range(len(x))))(*x)
    # Of a list of one, MLX gives the gradient itself and no list.
    return flat(back if len(x) > 1 else [back])


def forward(function, *point):
    x = [mx.array(number) for number in point]
    found = []
    for at, one in enumerate(x):
        for entry in range(one.size):
            ones = [mx.zeros_like(other) for other in x]
            direction = [float(k == entry) for k in range(one.size)]
            ones[at] = mx.array(direction).reshape(one.shape)
            _, (pushed,) = mx.jvp(lambda *x: function(*x).sum(), x, ones)
            found.append(pushed.item())
    return found


def compiled(function, *point):
    return slopes(mx.compile(function), *point)


MODES = {"reverse": slopes, "forward": forward, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of):
    return mx.grad(loss_of)(mx.array(1.5), mx.array(1.0)).item()


def rows(steps=1):
    optimizer = optim.Adam(0.1)
    table = {"weight": mx.ones((2, 1))}
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        back = mx.grad(lambda table, row=row: table["weight"][mx.array(row)].sum())(table)
        before, table = table, optimizer.apply_gradients(back, table)
    moved = (table["weight"] - before["weight"])[1, 0].item()
    return moved if steps > 1 else back["weight"][1, 0].item()


# ## Optimisers
def moves(make, gradients):
    weights = {"w": mx.ones((2, 2))}
    optimizer = make(0.1)
    found = []
    for gradient in gradients:
        given = {} if gradient is None else {"w": mx.full((2, 2), gradient)}
        before = weights["w"]
        # What has no gradient is not in what comes back.
        weights = weights | optimizer.apply_gradients(given, weights)
        found.append((weights["w"] - before)[0, 0].item())
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(optimizer):
    table = {"weight": mx.ones((3, 2))}
    found = []
    for row in 1, 0:
        back = mx.grad(lambda table, row=row: table["weight"][mx.array([row])].sum())(table)
        before, table = table, optimizer.apply_gradients(back, table)
        found.append((table["weight"] - before["weight"])[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(**options):
    def loss(z):
        return losses.cross_entropy(z, mx.array([0, 0, 1, 1]), reduction="mean", **options)

    value, back = mx.value_and_grad(loss)(mx.zeros((4, 2)))
    return [value.item() / math.log(2), back[1, 0].item()]


def parts():
    back = [mx.grad(lambda w, x=x: (w * mx.array(x)).mean()) for x in ([4.0], [0.0] * 3)]
    return sum(one(mx.array(0.0)).item() for one in back)


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    def loss(z):
        return losses.cross_entropy(z, mx.zeros(len(gaps), mx.int32), reduction="sum")

    z = mx.array([[gap, 0.0] for gap in gaps], dtype)
    return mx.grad(loss)(z).astype(mx.float32).tolist()


def tanh(x, dtype):
    return mx.tanh(mx.array(x, dtype)).astype(mx.float32).tolist()


def sigmoid(x, dtype):
    return mx.sigmoid(mx.array(x, dtype)).astype(mx.float32).tolist()


def step(w, rate, gradient, dtype):
    weights = {"w": mx.array(w, dtype)}
    moved = optim.SGD(rate).apply_gradients({"w": mx.array(gradient, dtype)}, weights)
    return moved["w"].astype(mx.float32).item()


KINKS = {
    "relu-at-0": nn.relu,
    "relu6-at-6": nn.relu6,
    "hard-tanh-at-1": nn.HardTanh(),
    "clip-at-bound": lambda x: mx.clip(x, 0, 6),
    "leaky-relu-at-0": nn.leaky_relu,
    "elu-at-0": nn.elu,
    "celu-at-0": nn.celu,
    "selu-at-0": nn.selu,
    "abs-at-0": mx.abs,
    "maximum-tie": mx.maximum,
    "minimum-tie": mx.minimum,
    "max-tie": mx.max,
    "min-tie": mx.min,
    "max-pool-tie": lambda x: nn.MaxPool1d(2)(x.reshape(1, 2, 1)),
    "sort-tie": lambda x: mx.sort(x)[0],
    "median-tie": mx.median,
    "hinge-at-margin": lambda x: losses.hinge_loss(x, mx.array(1.0)),
    "l1-at-0": lambda x: losses.l1_loss(x, mx.array(0.0)),
    "logistic-at-0": lambda x: losses.binary_cross_entropy(x, mx.array(1.0)),
    "sqrt-at-0": mx.sqrt,
    "where-sqrt-at-0": lambda x: mx.where(x > 0, mx.sqrt(x), 0),
    "norm-at-0": mx.linalg.norm,
    "distance-at-0": lambda x: mx.linalg.norm(x - mx.zeros(2)),
    "std-of-equal": mx.std,
    "prod-with-0": mx.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: mx.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: mx.stop_gradient(w) + v),
    "half-cut": lambda: gradient(lambda w, v: w * mx.stop_gradient(w) + v),
    "all-cut": lambda: gradient(lambda w, v: mx.stop_gradient(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: w.astype(mx.int32).astype(mx.float32) + v),
    "round": lambda: gradient(lambda w, v: mx.round(w) + v),
    "floor": lambda: gradient(lambda w, v: mx.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: mx.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0) + v),
    "argmax": lambda: gradient(lambda w, v: mx.argmax(mx.stack([w, 0 * w])) + v),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": optim.SGD,
    "SGD, momentum 0.9": lambda rate: optim.SGD(rate, momentum=0.9),
    "Adam": optim.Adam,
    "Adam, bias_correction=True": lambda rate: optim.Adam(rate, bias_correction=True),
    "AdamW": optim.AdamW,
    "Adamax": optim.Adamax,
    "Adagrad": optim.Adagrad,
    "AdaDelta": optim.AdaDelta,
    "Adafactor": optim.Adafactor,
    "RMSprop": optim.RMSprop,
    "Lion": optim.Lion,
    "Muon": optim.Muon,
}

ROWS = {
    "SGD": lambda: rows_moved(optim.SGD(0.1)),
    "SGD, momentum 0.9": lambda: rows_moved(optim.SGD(0.1, momentum=0.9)),
    "Adam": lambda: rows_moved(optim.Adam(0.1)),
    "AdamW": lambda: rows_moved(optim.AdamW(0.1)),
    "Adamax": lambda: rows_moved(optim.Adamax(0.1)),
    "Adagrad": lambda: rows_moved(optim.Adagrad(0.1)),
    "RMSprop": lambda: rows_moved(optim.RMSprop(0.1)),
    "Lion": lambda: rows_moved(optim.Lion(0.1)),
    "Muon": lambda: rows_moved(optim.Muon(0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy()[0],
    "sample-weights": lambda: cross_entropy(weights=mx.array([0.0, 1.0, 2.0, 4.0]))[0],
    "all-weights-0": lambda: cross_entropy(weights=mx.zeros(4)),
    "uneven-parts": parts,
}

TYPES = {
    "float16": mx.float16,
    "bfloat16": mx.bfloat16,
    "float32": mx.float32,
}
