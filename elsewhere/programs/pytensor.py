"""PyTensor, whose graphs are built first and compiled then."""

import numpy as np
import pytensor
import pytensor.tensor as pt


# ## Derivatives
def symbols(point, dtype="float64"):
    kinds = {0: pt.scalar, 1: pt.vector, 2: pt.matrix}
    return [kinds[np.ndim(number)](dtype=dtype) for number in point]


def slopes(function, *point):
    x = symbols(point)
    back = pytensor.grad(pt.sum(function(*x)), x)
    found = pytensor.function(x, back)(*point)
    return [slope for one in found for slope in np.ravel(one).tolist()]


def forward(function, *point):
    x = symbols(point)
    y, found = pt.sum(function(*x)), []
    for at, one in enumerate(point):
        for entry in range(np.size(one)):
            ones = [np.zeros(np.shape(other)) for other in point]
            ones[at].flat[entry] = 1
            pushed = pytensor.gradient.pushforward(y, x, [pt.constant(d) for d in ones])
            found.append(pytensor.function(x, pushed, on_unused_input="ignore")(*point).item())
    return found


MODES = {"reverse": slopes, "forward": forward}


# ## The gradient of a weight
def gradient(loss_of, **options):
    w, v = symbols([1.5, 1.0])
    back = pytensor.grad(loss_of(w, v), w, **options)
    return pytensor.function([w, v], back, on_unused_input="ignore")(1.5, 1.0)


def rows():
    table = pt.matrix()
    back = pytensor.grad(table[[0]].sum(), table)
    return pytensor.function([table], back)(np.ones((2, 1)))[1, 0]


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = pt.matrix(dtype=dtype)
    loss = -pt.special.log_softmax(z, axis=1)[:, 0].sum()
    rows = np.array([[gap, 0.0] for gap in gaps], dtype)
    return pytensor.function([z], pytensor.grad(loss, z))(rows).tolist()


def tanh(x, dtype):
    z = pt.vector(dtype=dtype)
    return pytensor.function([z], pt.tanh(z))(np.array(x, dtype)).tolist()


def sigmoid(x, dtype):
    z = pt.vector(dtype=dtype)
    return pytensor.function([z], pt.sigmoid(z))(np.array(x, dtype)).tolist()


KINKS = {
    "relu-at-0": lambda x: pt.maximum(x, 0),
    "clip-at-bound": lambda x: pt.clip(x, 0, 6),
    "abs-at-0": pt.abs,
    "maximum-tie": pt.maximum,
    "minimum-tie": pt.minimum,
    "max-tie": pt.max,
    "min-tie": pt.min,
    "sort-tie": lambda x: pt.sort(x)[0],
    "median-tie": pt.median,
    "l1-at-0": lambda x: pt.mean(pt.abs(x - 0)),
    "logistic-at-0": lambda x: pt.softplus(-x),
    "sqrt-at-0": pt.sqrt,
    "where-sqrt-at-0": lambda x: pt.where(x > 0, pt.sqrt(x), 0.0),
    "norm-at-0": pt.linalg.norm,
    "distance-at-0": lambda x: pt.linalg.norm(x - np.zeros(2)),
    "std-of-equal": pt.std,
    "prod-with-0": pt.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: pt.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v),
    "detached": lambda: gradient(lambda w, v: pytensor.gradient.disconnected_grad(w) + v),
    "half-cut": lambda: gradient(lambda w, v: w * pytensor.gradient.disconnected_grad(w) + v),
    "all-cut": lambda: gradient(lambda w, v: pytensor.gradient.disconnected_grad(w + v)),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: pt.cast(pt.cast(w, "int32"), "float64") + v),
    "round": lambda: gradient(lambda w, v: pt.round(w) + v),
    "floor": lambda: gradient(lambda w, v: pt.floor(w) + v),
    "sign": lambda: gradient(lambda w, v: pt.sign(w) + v),
    "comparison": lambda: gradient(lambda w, v: pt.cast(w > 0, "float64") + v),
    "argmax": lambda: gradient(lambda w, v: pt.argmax(pt.stack([w, 0 * w])) + v),
    "unused-row": rows,
}

TYPES = {
    "float32": "float32",
    "float64": "float64",
}
