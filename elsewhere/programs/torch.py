"""PyTorch."""

import math

import torch
from torch import nn
from torch.nn import functional as F


# ## Derivatives
def slopes(function, *point):
    x = [torch.tensor(number, requires_grad=True) for number in point]
    function(*x).sum().backward()
    return [slope for one in x for slope in one.grad.flatten().tolist()]


def forward(function, *point):
    x = [torch.tensor(number) for number in point]
    found = []
    for at, one in enumerate(x):
        for entry in range(one.numel()):
            ones = [torch.zeros_like(other) for other in x]
            ones[at].view(-1)[entry] = 1
            found.append(torch.func.jvp(function, tuple(x), tuple(ones))[1].sum().item())
    return found


def compiled(function, *point):
    torch._dynamo.reset()
    return slopes(torch.compile(function), *point)


MODES = {"reverse": slopes, "forward": forward, "compiled": compiled}


# ## The gradient of a weight
def gradient(loss_of):
    w = torch.tensor(1.5, requires_grad=True)
    v = torch.tensor(1.0, requires_grad=True)
    loss_of(w, v).backward()
    return w.grad


def rows(steps=1, sparse=False):
    table = nn.Embedding.from_pretrained(torch.ones(2, 1), freeze=False, sparse=sparse)
    optimizer = (torch.optim.SparseAdam if sparse else torch.optim.Adam)([table.weight], lr=0.1)
    for row in ([1], [0])[:steps] if steps > 1 else [[0]]:
        before = table.weight.detach().clone()
        table.weight.grad = None
        table(torch.tensor(row)).sum().backward()
        optimizer.step()
    moved = (table.weight - before)[1].item()
    return moved if steps > 1 else table.weight.grad[1].item()


# ## Optimisers
def moves(make, gradients):
    w = nn.Parameter(torch.ones(2, 2))
    optimizer = make([w])
    found = []
    for gradient in gradients:
        before = w[0, 0].item()
        w.grad = None if gradient is None else torch.full((2, 2), gradient)
        optimizer.step(lambda: w.grad.sum() if w.grad is not None else torch.tensor(0.0))
        found.append(w[0, 0].item() - before)
    return found


class Sparse:
    """An optimiser that takes only sparse gradients."""

    def __init__(self, parameters):
        self.w = parameters[0]
        self.inner = torch.optim.SparseAdam(parameters, lr=0.1)

    def step(self, closure):
        if self.w.grad is not None:
            self.w.grad = self.w.grad.to_sparse(1)
        self.inner.step()


# ## Rows of an embedding: row 1 is looked up first, then row 0, and row 2 never
def rows_moved(make, sparse=False):
    table = nn.Embedding.from_pretrained(torch.ones(3, 2), freeze=False, sparse=sparse)
    optimizer = make([table.weight])
    found = []
    for row in 1, 0:
        before = table.weight.detach().clone()
        optimizer.zero_grad()
        table(torch.tensor([row])).sum().backward()
        optimizer.step()
        found.append((table.weight - before)[:, 0].tolist())
    return found


# ## Means: rows of two equal logits have the loss log 2
LOGITS = [[0.0, 0.0]] * 4


def cross_entropy(labels, **options):
    z = torch.tensor(LOGITS, requires_grad=True)
    loss = F.cross_entropy(z, torch.tensor(labels), **options)
    loss.backward()
    return [loss.item() / math.log(2), z.grad[0, 0].item()]


def weighted(loss_function, weights, target=0.0):
    output = torch.ones(4, requires_grad=True)
    loss = loss_function(output, torch.full((4,), target), weight=torch.tensor(weights))
    loss.backward()
    return [loss.item(), output.grad[1].item()]


def parts():
    w = torch.tensor(0.0, requires_grad=True)
    for x in [4.0], [0.0, 0.0, 0.0]:
        (w * torch.tensor(x)).mean().backward()
    return w.grad.item()


# ## Where numbers end
def softmax_gradients(gaps, dtype):
    z = torch.tensor([[gap, 0.0] for gap in gaps], dtype=dtype, requires_grad=True)
    F.cross_entropy(z, torch.zeros(len(gaps), dtype=torch.int64), reduction="sum").backward()
    return z.grad.tolist()


def tanh(x, dtype):
    return torch.tanh(torch.tensor(x, dtype=dtype)).tolist()


def sigmoid(x, dtype):
    return torch.sigmoid(torch.tensor(x, dtype=dtype)).tolist()


def step(w, rate, gradient, dtype):
    weight = nn.Parameter(torch.tensor(w, dtype=dtype))
    weight.grad = torch.tensor(gradient, dtype=dtype)
    torch.optim.SGD([weight], lr=rate).step()
    return weight.item()


KINKS = {
    "relu-at-0": torch.relu,
    "relu6-at-6": F.relu6,
    "hard-tanh-at-1": F.hardtanh,
    "clip-at-bound": lambda x: torch.clamp(x, 0, 6),
    "leaky-relu-at-0": F.leaky_relu,
    "elu-at-0": F.elu,
    "celu-at-0": F.celu,
    "selu-at-0": F.selu,
    "hard-sigmoid-at-3": F.hardsigmoid,
    "abs-at-0": torch.abs,
    "maximum-tie": torch.maximum,
    "minimum-tie": torch.minimum,
    "max-tie": torch.max,
    "min-tie": torch.min,
    "max-pool-tie": lambda x: F.max_pool1d(x[None, None], 2),
    "sort-tie": lambda x: torch.sort(x).values[0],
    "median-tie": lambda x: torch.quantile(x, 0.5),
    "hinge-at-margin": lambda x: F.hinge_embedding_loss(x, torch.tensor(-1)),
    "multi-hinge-at-margin": lambda x: F.multi_margin_loss(x[None], torch.tensor([1])),
    "l1-at-0": lambda x: F.l1_loss(x, torch.tensor(0.0)),
    "logistic-at-0": lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(1.0)),
    "sqrt-at-0": torch.sqrt,
    "where-sqrt-at-0": lambda x: torch.where(x > 0, torch.sqrt(x), 0),
    "norm-at-0": torch.linalg.vector_norm,
    "distance-at-0": lambda x: F.pairwise_distance(x, torch.zeros(2)),
    "std-of-equal": lambda x: torch.std(x, correction=0),
    "prod-with-0": torch.prod,
    "power-0-at-0": lambda x: x**0,
    "logaddexp-cancels": lambda x: torch.logaddexp(x, -x),
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
    "argmax": lambda: gradient(lambda w, v: torch.stack([w, 0 * w]).argmax().float() + v),
    "frozen": lambda: gradient(lambda w, v: w.requires_grad_(False) + v),
    "unused-row": rows,
    "unused-row-adam": lambda: rows(steps=2),
}

OPTIMIZERS = {
    "SGD": lambda w: torch.optim.SGD(w, lr=0.1),
    "SGD, momentum 0.9": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9),
    "Adam": lambda w: torch.optim.Adam(w, lr=0.1),
    "AdamW": lambda w: torch.optim.AdamW(w, lr=0.1),
    "Adamax": lambda w: torch.optim.Adamax(w, lr=0.1),
    "NAdam": lambda w: torch.optim.NAdam(w, lr=0.1),
    "RAdam": lambda w: torch.optim.RAdam(w, lr=0.1),
    "Adagrad": lambda w: torch.optim.Adagrad(w, lr=0.1),
    "Adadelta": lambda w: torch.optim.Adadelta(w, lr=0.1),
    "Adafactor": lambda w: torch.optim.Adafactor(w, lr=0.1),
    "RMSprop": lambda w: torch.optim.RMSprop(w, lr=0.1),
    "Rprop": lambda w: torch.optim.Rprop(w, lr=0.1),
    "ASGD": lambda w: torch.optim.ASGD(w, lr=0.1),
    "Muon": lambda w: torch.optim.Muon(w, lr=0.1),
    "LBFGS": lambda w: torch.optim.LBFGS(w, lr=0.1, max_iter=1),
    "SparseAdam": lambda w: Sparse(w),
}

ROWS = {
    "SGD": lambda: rows_moved(lambda w: torch.optim.SGD(w, lr=0.1)),
    "SGD, sparse": lambda: rows_moved(lambda w: torch.optim.SGD(w, lr=0.1), sparse=True),
    "SGD, momentum 0.9": lambda: rows_moved(lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9)),
    "SGD, momentum 0.9, sparse": lambda: rows_moved(
        lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9), sparse=True
    ),
    "SGD, weight decay 0.1": lambda: rows_moved(
        lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=0.1)
    ),
    "SGD, weight decay 0.1, sparse": lambda: rows_moved(
        lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=0.1), sparse=True
    ),
    "Adagrad": lambda: rows_moved(lambda w: torch.optim.Adagrad(w, lr=0.1)),
    "Adagrad, sparse": lambda: rows_moved(lambda w: torch.optim.Adagrad(w, lr=0.1), sparse=True),
    "Adam": lambda: rows_moved(lambda w: torch.optim.Adam(w, lr=0.1)),
    "Adam, sparse": lambda: rows_moved(lambda w: torch.optim.Adam(w, lr=0.1), sparse=True),
    "SparseAdam, sparse": lambda: rows_moved(
        lambda w: torch.optim.SparseAdam(w, lr=0.1), sparse=True
    ),
    "AdamW": lambda: rows_moved(lambda w: torch.optim.AdamW(w, lr=0.1)),
    "Adamax": lambda: rows_moved(lambda w: torch.optim.Adamax(w, lr=0.1)),
    "NAdam": lambda: rows_moved(lambda w: torch.optim.NAdam(w, lr=0.1)),
    "RAdam": lambda: rows_moved(lambda w: torch.optim.RAdam(w, lr=0.1)),
    "Adadelta": lambda: rows_moved(lambda w: torch.optim.Adadelta(w, lr=0.1)),
    "RMSprop": lambda: rows_moved(lambda w: torch.optim.RMSprop(w, lr=0.1)),
    "RMSprop, sparse": lambda: rows_moved(lambda w: torch.optim.RMSprop(w, lr=0.1), sparse=True),
    "ASGD": lambda: rows_moved(lambda w: torch.optim.ASGD(w, lr=0.1)),
    "Muon": lambda: rows_moved(lambda w: torch.optim.Muon(w, lr=0.1)),
}

MEAN = {
    "plain": lambda: cross_entropy([0, 0, 1, 1])[0],
    "one-ignored": lambda: cross_entropy([0, 0, 1, 5], ignore_index=5)[0],
    "negative-ignored": lambda: cross_entropy([0, 0, 1, -100])[0],
    "all-ignored": lambda: cross_entropy([-100] * 4),
    "class-weights": lambda: cross_entropy([0, 0, 1, 1], weight=torch.tensor([1.0, 3.0]))[0],
    "class-weights-one-hot": lambda: cross_entropy(
        [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], weight=torch.tensor([1.0, 3.0])
    )[0],
    "class-weight-0": lambda: cross_entropy([0] * 4, weight=torch.tensor([0.0, 3.0])),
    "sample-weights": lambda: weighted(F.mse_loss, [0.0, 1.0, 2.0, 4.0])[0],
    "sample-weights-huber": lambda: 2 * weighted(F.huber_loss, [0.0, 1.0, 2.0, 4.0])[0],
    "all-weights-0": lambda: weighted(F.mse_loss, [0.0] * 4),
    "uneven-parts": parts,
}

TYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}
