"""PaddlePaddle."""

import math

import paddle
import paddle.nn.functional as F

paddle.set_device("cpu")


# ## Derivatives
def leaf(number, dtype="float32"):
    return paddle.to_tensor(number, dtype=dtype, stop_gradient=False)


def slopes(function, *point):
    x = [leaf(number) for number in point]
    function(*x).sum().backward()
    return [slope for one in x for slope in one.grad.flatten().tolist()]


def compiled(function, *point):
    # Its compiler reads source, and a signature with names.
    def of_one(x):
        return function(x)

    def of_two(x, y):
        return function(x, y)

    graph = paddle.jit.to_static(of_one if len(point) == 1 else of_two, full_graph=True)
    return slopes(graph, *point)


MODES = {"reverse": slopes, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of):
    w, v = leaf(1.5), leaf(1.0)
    loss_of(w, v).backward()
    return w.grad


def rows(steps=1):
    table = paddle.nn.Embedding(2, 1)
    table.weight.set_value(paddle.ones((2, 1)))
    optimizer = paddle.optimizer.Adam(0.1, parameters=[table.weight])
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        before = table.weight.numpy().copy()
        optimizer.clear_grad(set_to_zero=False)
        table(paddle.to_tensor(row)).sum().backward()
        optimizer.step()
    return (table.weight.numpy() - before)[1, 0] if steps > 1 else table.weight.grad[1, 0]


# ## Optimisers
def moves(make, gradients):
    w = paddle.create_parameter((2, 2), "float32")
    w.set_value(paddle.ones((2, 2)))
    optimizer = make([w])
    found = []
    for gradient in gradients:
        before = w[0, 0].item()
        w.grad = None if gradient is None else paddle.full((2, 2), gradient)
        optimizer.step()
        found.append(w[0, 0].item() - before)
    return found


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(make, sparse=False):
    table = paddle.nn.Embedding(3, 2, sparse=sparse)
    table.weight.set_value(paddle.ones((3, 2)))
    optimizer = make([table.weight])
    found = []
    for row in 1, 0:
        before = table.weight.numpy().copy()
        optimizer.clear_grad(set_to_zero=False)
        table(paddle.to_tensor([row])).sum().backward()
        optimizer.step()
        found.append((table.weight.numpy() - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
def cross_entropy(labels, **options):
    z = leaf([[0.0, 0.0]] * 4)
    loss = F.cross_entropy(z, paddle.to_tensor(labels), **options)
    loss.backward()
    return [loss.item() / math.log(2), z.grad[0, 0].item()]


def parts():
    w = leaf(0.0)
    for x in [4.0], [0.0, 0.0, 0.0]:
        (w * paddle.to_tensor(x)).mean().backward()
    return w.grad.item()


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = leaf([[gap, 0.0] for gap in gaps], dtype)
    labels = paddle.zeros([len(gaps)], "int64")
    F.cross_entropy(z, labels, reduction="sum").backward()
    return z.grad.tolist()


def tanh(x, dtype):
    return paddle.tanh(paddle.to_tensor(x, dtype)).tolist()


def sigmoid(x, dtype):
    return F.sigmoid(paddle.to_tensor(x, dtype)).tolist()


def step(w, rate, gradient, dtype):
    weight = paddle.create_parameter((1,), dtype)
    weight.set_value(paddle.to_tensor([w], dtype))
    weight.grad = paddle.to_tensor([gradient], dtype)
    paddle.optimizer.SGD(rate, parameters=[weight]).step()
    return weight.item()


KINKS = {
    "relu-at-0": F.relu,
    "relu6-at-6": F.relu6,
    "hard-tanh-at-1": F.hardtanh,
    "clip-at-bound": lambda x: paddle.clip(x, 0, 6),
    "leaky-relu-at-0": F.leaky_relu,
    "elu-at-0": F.elu,
    "celu-at-0": F.celu,
    "selu-at-0": F.selu,
    "hard-sigmoid-at-3": F.hardsigmoid,
    "abs-at-0": paddle.abs,
    "maximum-tie": paddle.maximum,
    "minimum-tie": paddle.minimum,
    "max-tie": paddle.max,
    "min-tie": paddle.min,
    "max-pool-tie": lambda x: F.max_pool1d(x.reshape([1, 1, 2]), 2),
    "sort-tie": lambda x: paddle.sort(x)[0],
    "median-tie": paddle.median,
    "hinge-at-margin": lambda x: F.hinge_embedding_loss(x, paddle.to_tensor(-1.0)),
    "multi-hinge-at-margin": lambda x: F.multi_margin_loss(x[None], paddle.to_tensor([1])),
    "l1-at-0": lambda x: F.l1_loss(x, paddle.to_tensor(0.0)),
    "logistic-at-0": lambda x: F.binary_cross_entropy_with_logits(x, paddle.to_tensor(1.0)),
    "sqrt-at-0": paddle.sqrt,
    "where-sqrt-at-0": lambda x: paddle.where(x > 0, paddle.sqrt(x), paddle.zeros_like(x)),
    "norm-at-0": paddle.linalg.norm,
    "distance-at-0": lambda x: F.pairwise_distance(x[None], paddle.zeros([1, 2])),
    "std-of-equal": lambda x: paddle.std(x, unbiased=False),
    "prod-with-0": paddle.prod,
    "power-0-at-0": lambda x: paddle.pow(x, 0.0),
    "logaddexp-cancels": lambda x: paddle.logaddexp(x, -x),
}

NONE = {
    "unused": lambda: gradient(lambda w, v: v + 0),
    "detached": lambda: gradient(lambda w, v: w.detach() + v),
    "half-cut": lambda: gradient(lambda w, v: w * w.detach() + v),
    "all-cut": lambda: gradient(lambda w, v: w.detach() + v.detach()),
    "times-zero": lambda: gradient(lambda w, v: 0 * w + v),
    "int-cast": lambda: gradient(lambda w, v: w.astype("int32").astype("float32") + v),
    "round": lambda: gradient(lambda w, v: w.round() + v),
    "floor": lambda: gradient(lambda w, v: w.floor() + v),
    "sign": lambda: gradient(lambda w, v: w.sign() + v),
    "comparison": lambda: gradient(lambda w, v: (w > 0).astype("float32") + v),
    "argmax": lambda: gradient(
        lambda w, v: paddle.stack([w, 0 * w]).argmax().astype("float32") + v
    ),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda w: paddle.optimizer.SGD(0.1, parameters=w),
    "SGD, momentum 0.9": lambda w: paddle.optimizer.Momentum(0.1, 0.9, parameters=w),
    "Adam": lambda w: paddle.optimizer.Adam(0.1, parameters=w),
    "AdamW": lambda w: paddle.optimizer.AdamW(0.1, parameters=w),
    "Adamax": lambda w: paddle.optimizer.Adamax(0.1, parameters=w),
    "NAdam": lambda w: paddle.optimizer.NAdam(0.1, parameters=w),
    "RAdam": lambda w: paddle.optimizer.RAdam(0.1, parameters=w),
    "Adagrad": lambda w: paddle.optimizer.Adagrad(0.1, parameters=w),
    "Adadelta": lambda w: paddle.optimizer.Adadelta(0.1, parameters=w),
    "ASGD": lambda w: paddle.optimizer.ASGD(0.1, parameters=w),
    "LAMB": lambda w: paddle.optimizer.Lamb(0.1, parameters=w),
    "RMSprop": lambda w: paddle.optimizer.RMSProp(0.1, parameters=w),
    "Rprop": lambda w: paddle.optimizer.Rprop(0.1, parameters=w),
}

ROWS = {
    "SGD": lambda: rows_moved(lambda w: paddle.optimizer.SGD(0.1, parameters=w)),
    "SGD, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.SGD(0.1, parameters=w), sparse=True
    ),
    "SGD, momentum 0.9": lambda: rows_moved(
        lambda w: paddle.optimizer.Momentum(0.1, 0.9, parameters=w)
    ),
    "SGD, momentum 0.9, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.Momentum(0.1, 0.9, parameters=w), sparse=True
    ),
    "Adam": lambda: rows_moved(lambda w: paddle.optimizer.Adam(0.1, parameters=w)),
    "Adam, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.Adam(0.1, parameters=w), sparse=True
    ),
    "Adam, lazy_mode=True": lambda: rows_moved(
        lambda w: paddle.optimizer.Adam(0.1, parameters=w, lazy_mode=True)
    ),
    "Adam, lazy_mode=True, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.Adam(0.1, parameters=w, lazy_mode=True), sparse=True
    ),
    "AdamW": lambda: rows_moved(lambda w: paddle.optimizer.AdamW(0.1, parameters=w)),
    "AdamW, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.AdamW(0.1, parameters=w), sparse=True
    ),
    "AdamW, lazy_mode=True": lambda: rows_moved(
        lambda w: paddle.optimizer.AdamW(0.1, parameters=w, lazy_mode=True)
    ),
    "AdamW, lazy_mode=True, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.AdamW(0.1, parameters=w, lazy_mode=True), sparse=True
    ),
    "Adagrad": lambda: rows_moved(lambda w: paddle.optimizer.Adagrad(0.1, parameters=w)),
    "Adagrad, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.Adagrad(0.1, parameters=w), sparse=True
    ),
    "RMSprop": lambda: rows_moved(lambda w: paddle.optimizer.RMSProp(0.1, parameters=w)),
    "RMSprop, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.RMSProp(0.1, parameters=w), sparse=True
    ),
    "LAMB": lambda: rows_moved(lambda w: paddle.optimizer.Lamb(0.1, parameters=w)),
    "LAMB, sparse": lambda: rows_moved(
        lambda w: paddle.optimizer.Lamb(0.1, parameters=w), sparse=True
    ),
    "Adamax": lambda: rows_moved(lambda w: paddle.optimizer.Adamax(0.1, parameters=w)),
    "Adadelta": lambda: rows_moved(lambda w: paddle.optimizer.Adadelta(0.1, parameters=w)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 5], ignore_index=5)[0],
    "negative-ignored": lambda: cross_entropy([0, 0, 1, -100])[0],
    "all-ignored": lambda: cross_entropy([-100] * 4),
    "class-weights": lambda: cross_entropy([0, 0, 1, 1], weight=paddle.to_tensor([1.0, 3.0]))[0],
    "class-weights-one-hot": lambda: cross_entropy(
        [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]],
        weight=paddle.to_tensor([1.0, 3.0]),
        soft_label=True,
    )[0],
    "class-weight-0": lambda: cross_entropy([0] * 4, weight=paddle.to_tensor([0.0, 3.0])),
    "uneven-parts": parts,
}

TYPES = {
    "float32": "float32",
    "float64": "float64",
}
