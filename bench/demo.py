"""One SGD step of micrograd's demo: 2-16-16-1, 100 moons, hinge loss and L2 penalty, of scalars.

Two functions run micrograd's own network class: with its own ``Value``, and with our ``Scalar`` put
in its place. The third uses our layers, and the last no graph at all, which is the limit.
"""

from __future__ import annotations

import itertools
from functools import cache
from math import cos, pi, sin
from random import Random
from typing import Any

from bench.work import Work

SIZES = [2, 16, 16, 1]
PENALTY = 1e-4
LR = 0.1


@cache
def moons() -> tuple[list[list[float]], list[int]]:
    """Return 100 points on two half circles that interlock, and their labels -1 and 1."""
    random = Random(0)
    points, labels = [], []
    for index in range(100):
        angle = pi * random.random()
        label = 1 if index % 2 else -1
        x, y = (cos(angle), sin(angle)) if label == -1 else (1 - cos(angle), 0.5 - sin(angle))
        points.append([x + random.gauss(0, 0.1), y + random.gauss(0, 0.1)])
        labels.append(label)
    return points, labels


def weights() -> list[tuple[list[list[float]], list[float]]]:
    """Return a matrix, from sender to receiver, and biases for each layer."""
    random = Random(1)
    return [
        ([[random.uniform(-1, 1) for _ in range(m)] for _ in range(n)], [0.0] * m)
        for n, m in itertools.pairwise(SIZES)
    ]


def micrograd() -> Work:
    """Return the step of micrograd as it is."""
    from micrograd.engine import Value

    return _micrograd_style(Value)


def ours_in_its_style() -> Work:
    """Return the same step, of the same code, with our node in micrograd's network."""
    from sgdexplained import Scalar

    return _micrograd_style(Scalar)


def _micrograd_style(node: Any) -> Work:
    from micrograd import nn

    nn.Value = node
    net = nn.MLP(2, SIZES[1:])
    for layer, (weight, bias) in zip(net.layers, weights(), strict=True):
        for k, neuron in enumerate(layer.neurons):
            neuron.b.data = bias[k]
            for j, w in enumerate(neuron.w):
                w.data = weight[j][k]
    points, labels = moons()

    def step() -> Any:
        scores = [net([node(number) for number in point]) for point in points]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        penalty = PENALTY * sum(p * p for p in net.parameters())
        loss = sum(losses) * (1 / len(losses)) + penalty
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= LR * p.grad
        return loss.data

    return Work(step, lambda: [[p.grad for p in net.parameters()]])


def ours() -> Work:
    """Return the step of our layers; the penalty is the weight decay of our optimiser."""
    from sgdexplained import MLP, SGD, hinge

    net = MLP(SIZES, init=weights())
    parameters = net.parameters()
    sgd = SGD(parameters, lr=LR, weight_decay=2 * PENALTY)
    points, labels = moons()
    targets = [[label] for label in labels]
    before: list[float] = []

    def step() -> Any:
        loss = hinge(net(points), targets)
        sgd.zero_grad()
        loss.backward()
        before[:] = [p.data for p in parameters]
        sgd.step()
        # The others count the penalty into the loss, and so it is added here.
        return loss.data + PENALTY * sum(p * p for p in before)

    def gradients() -> list[Any]:
        with_penalty = [p.grad + 2 * PENALTY * w for p, w in zip(parameters, before, strict=True)]
        return [_unit_by_unit(with_penalty)]

    return Work(step, gradients)


def lists_by_hand() -> Work:
    """Return the step written out for lists of floats, without any graph."""
    points, labels = moons()
    layers = [
        ([list(column) for column in zip(*weight, strict=True)], bias) for weight, bias in weights()
    ]
    (W1, b1), (W2, b2), (W3, b3) = layers
    last: list[Any] = []

    def step() -> Any:
        dW1, dW2, dW3 = ([[0.0] * len(row) for row in W] for W in (W1, W2, W3))
        db1, db2, db3 = ([0.0] * len(b) for b in (b1, b2, b3))
        loss = 0.0
        for (x0, x1), label in zip(points, labels, strict=True):
            h1 = [max(w0 * x0 + w1 * x1 + b, 0.0) for (w0, w1), b in zip(W1, b1, strict=True)]
            h2 = [
                max(sum(map(float.__mul__, row, h1)) + b, 0.0)
                for row, b in zip(W2, b2, strict=True)
            ]
            slack = 1 - label * (sum(map(float.__mul__, W3[0], h2)) + b3[0])
            if slack <= 0:
                continue  # a right answer with margin: every gradient is 0
            loss += slack
            d3 = -label / 100
            db3[0] += d3
            row3, shares1 = dW3[0], [0.0] * 16
            for k, a in enumerate(h2):
                if a > 0:
                    row3[k] += d3 * a
                    d2 = d3 * W3[0][k]
                    db2[k] += d2
                    dW2[k] = [g + d2 * h for g, h in zip(dW2[k], h1, strict=True)]
                    shares1 = [s + d2 * w for s, w in zip(shares1, W2[k], strict=True)]
            for k, (a, d1) in enumerate(zip(h1, shares1, strict=True)):
                if a > 0:
                    db1[k] += d1
                    dW1[k][0] += d1 * x0
                    dW1[k][1] += d1 * x1
        penalty = 0.0
        last.clear()
        for W, b, dW, db in ((W1, b1, dW1, db1), (W2, b2, dW2, db2), (W3, b3, dW3, db3)):
            for row, slopes in zip([*W, b], [*dW, db], strict=True):
                penalty += sum(map(float.__mul__, row, row))
                slopes[:] = [g + 2 * PENALTY * w for g, w in zip(slopes, row, strict=True)]
                row[:] = [w - LR * g for g, w in zip(slopes, row, strict=True)]
            last.extend(g for row, g_b in zip(dW, db, strict=True) for g in (*row, g_b))
        return loss / 100 + PENALTY * penalty

    return Work(step, lambda: [last])


def _unit_by_unit(flat: list[float]) -> list[float]:
    """Put our order (W row by row, then b) into micrograd's (each unit's weights, then its b)."""
    ordered, start = [], 0
    for n, m in itertools.pairwise(SIZES):
        for k in range(m):
            ordered += [flat[start + j * m + k] for j in range(n + 1)]
        start += (n + 1) * m
    return ordered
