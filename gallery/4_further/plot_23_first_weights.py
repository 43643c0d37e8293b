r"""
How large should the first weights be?
======================================

.. needs:: 14

Before training, the weights of a network are random numbers.
If these numbers are too small, the activations become smaller from layer to layer.

.. guess::
   :answer: 4

   The *mean square* of a layer is the mean of its squared activations. In a network of thirty ReLU layers, each layer has on average half the mean square of the layer before it. What part of the mean square of the input is left after thirty layers?

   A. About one half
   B. About a thirtieth
   C. About a thousandth
   D. About a billionth

   Thirty halvings leave :math:`1/2^{30}`, which is about :math:`10^{-9}`.
"""

# Set-up: fifty random networks of thirty layers, and the figure
import math
from fractions import Fraction

import numpy as np

from sgdexplained import MLP, Tensor, draw


def mean_squares(variance, nets=50, layers=30, n=128):
    """Return mean squares by layer, forward and back, in random networks."""
    rng = np.random.default_rng(3)
    forward, back = np.zeros(layers), np.zeros(layers)
    for _ in range(nets):
        draws = rng.normal(0, math.sqrt(variance / n), (layers, n, n))
        init = [(W, None) for W in draws]
        net = MLP([n] * (layers + 1), Tensor, output="relu", init=init)
        net(rng.normal(size=(1, n))).backward(gradient=rng.normal(size=(1, n)))
        forward += [np.mean(layer.activations**2) for layer in net.layers]
        sent_back = [layer.deltas @ layer.weight.data.T for layer in net.layers]
        back += [np.mean(signal**2) for signal in sent_back]
    return forward / nets, back / nets


measured = {2: mean_squares(variance=2), 1: mean_squares(variance=1)}
depth = range(1, 31)
some = [layer - 1 for layer in (1, 5, 10, 15, 20, 25, 30)]
_, ax = draw.figure(3.6)
for variance, (forward, back) in measured.items():
    theory = [(variance / 2) ** layer for layer in depth]
    ax.plot(depth, theory, color=draw.INK, lw=1.6)
    for means, look in (
        (forward, {"color": draw.INK, "ms": 5}),
        (back[::-1], {"mfc": "none", "mec": draw.INK, "ms": 10}),
    ):
        ax.plot(depth, means, "o", markevery=some, **look)
ax.set(yscale="log", xlabel="number of layers, each with n units", xlim=(0, 31))
ax.set_ylim(1e-10, 1e3)
ax.set_yticks([1e-9, 1e-6, 1e-3, 1])
ax.minorticks_off()
with draw.style():
    ax.set_ylabel("mean square of\nactivations or gradients")
    ax.text(
        30.5,
        12,
        "weights of variance 2/n: it stays near 1",
        ha="right",
        weight="bold",
    )
    ax.text(
        13,
        3e-3,
        "weights of variance 1/n:\neach layer halves it",
        weight="bold",
    )
    key = "— formula below\n● activations   ○ gradients"
    ax.text(1, 2e-10, key, fontstyle="italic")
draw.title(
    ax,
    "If the weights have the variance 2/n, the mean square stays; with 1/n it falls.",
)
draw.alt(
    ax,
    "Mean square of the activations and of the gradients over the number of layers, forward and"
    " backward, on a logarithmic scale. With variance 2/n it stays near 1;"
    " with 1/n it falls in a straight line to a billionth.",
)

# %%
# Each layer in the picture has *n* = 128 units, so each unit has *n* senders.
# The weights are random numbers from a normal distribution with the mean 0.
# Their *variance* Var(*w*) is then the mean of their squares.
# There are no biases.
# Each dot is the average over fifty such networks. For the gradients, the layers are counted from the last one backwards.
#
# Let *q* be the mean square of a layer.
# Each pre-activation of the next layer is a sum of *n* products, each a weight times an activation.
# Multiply out the square of this sum. It has the squares of the *n* products, and mixed terms with two different weights.
# A mixed term is 0 on average, because each weight is positive or negative with the same chance.
# The *n* squares are left, and each of them is Var(*w*) · *q* on average.
# So the mean square of the pre-activations is on average *n* · Var(*w*) · *q*.
# ReLU makes the negative pre-activations 0, and this leaves half of the mean square:
#
# .. math::
#
#    q_{\text{after}} = \frac{n}{2} \, \operatorname{Var}(w) \cdot q_{\text{before}} \quad \text{on average}
#
# If the variance is 2/*n*, this factor is 1 (:footcite:t:`he2015`).
# If the variance is 1/*n*, which :footcite:t:`glorot2010` proposed for tanh units, it is 1/2.
# On the way back, each layer multiplies the mean square of the upstream gradients by the same factor.
# (For the picture, the upstream gradients of the last layer are random numbers with the mean 0.)

# Check: thirty layers, with both variances
assert 0.5 < measured[2][0][-1] < 2
assert 0.5 < measured[1][0][-1] * 2**30 < 2
assert 0.5 < measured[2][1][0] < 2
assert 0.5 < measured[1][1][0] * 2**30 < 2

# %%
# .. claim:: P3
#    :verdict: holds
#    :sources: he2015, glorot2010
#    :refuted-by: he-without-two, gates-ignored
#
#    A ReLU network has *L* layers of *n* units and no biases, and its input has *n* numbers. Its weights are drawn independently from one normal distribution with the mean 0. On average over many such networks, the *L* layers together multiply the mean square of the activations by :math:`(\frac{n}{2} \operatorname{Var}(w))^L`. On the way back they multiply the mean square of the upstream gradients by the same number, if the upstream gradients of the last layer are random, independent, and have the mean 0. For the variance 2/*n* this number is 1. For 1/*n* it is :math:`1/2^L`.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from statistics import mean
#    >>> from sgdexplained import MLP, Scalar
#    >>> def both_mean_squares(size, layers):
#    ...     outputs, gradients = [], []
#    ...     for weights in product([-size, size], repeat=layers):
#    ...         x, init = Scalar(1), [([[w]], None) for w in weights]
#    ...         net = MLP([1] * (layers + 1), output="relu", init=init)
#    ...         [[output]] = net([[x]])
#    ...         output.backward()
#    ...         outputs.append(Fraction(output.data**2))
#    ...         gradients.append(Fraction(x.grad**2))
#    ...     return str(mean(outputs)), str(mean(gradients))
#    >>> both_mean_squares(1, layers=6)  # n = 1, variance 1: a half for each layer
#    ('1/64', '1/64')
#    >>> both_mean_squares(2, layers=6)  # variance 4: twice as much for each layer
#    ('64', '64')
#    >>> def mean_output(init):
#    ...     nets = [
#    ...         MLP([10] * 5, output="relu", init=init, seed=seed, bias=False)
#    ...         for seed in range(200)
#    ...     ]
#    ...     return mean(a.data**2 for net in nets for a in net([[1] * 10])[0])
#    >>> [0.7 < mean_output("he") < 1.4, 0.7 < 16 * mean_output("xavier") < 1.4]
#    [True, True]
#
# A single network can be far from the mean
# -----------------------------------------
#
# The formula gives the average over many networks, but you train only one of them.
# The next picture shows five hundred narrow networks and five hundred wide ones, all with weights of variance 2/*n*.
# Each dot is one network.
# Its input has the mean square 1, and the dot shows the mean square after the last layer.

# Set-up: a hundred thousand networks of each shape, and the figure
rng = np.random.default_rng(14)
scales = {}
for n, layers in ((10, 5), (50, 5)):
    q = np.ones(100_000)
    for _ in range(layers):
        z = rng.normal(size=(len(q), n))
        q *= 2 * np.mean(np.maximum(z, 0) ** 2, axis=1)
    scales[n, layers] = q

with draw.style():
    fig, ax = draw.figure(2.6)
    scatter = np.random.default_rng(0).uniform(-0.3, 0.3, size=500)
    for row, q in enumerate(scales.values()):
        look = {"color": draw.INK, "ms": 3.5, "alpha": 0.3, "mew": 0}
        ax.plot(q[:500], row + scatter, "o", **look)
        middle = np.median(q)
        ax.plot([middle] * 2, [row - 0.4, row + 0.4], color=draw.INK, lw=4)
        place = {"ha": "right", "va": ("bottom", "top")[row], "weight": "bold"}
        edge = row + (0.37 if row else -0.37)
        ax.text(middle, edge, f"median {middle:.2f} ", **place)
    ax.axvline(1, color=draw.INK, lw=1.2, ls=(0, (3, 2)))
    ax.text(1.15, 1.62, "mean 1", va="center")
    ax.set(xscale="log", xlim=(0.001, 40), ylim=(1.75, -0.85))
    ax.set_xlabel("mean square after the last layer")
    ax.set_yticks(
        [0, 1], ["narrow: 5 layers\nof 10 units", "wide: 5 layers\nof 50 units"]
    )
    ax.set_xticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
draw.title(
    ax,
    "The mean square after the last layer differs more among narrow networks than among wide ones.",
)
draw.alt(
    ax,
    "Five hundred networks of each shape as dots, over the mean square after"
    " the last layer on a logarithmic scale. With 5 layers of 10 units they"
    " spread from 0.001 to 13 around a median of about a quarter; with 5 layers"
    " of 50 units nearly all lie between 0.2 and 4, around a median of 0.8. The"
    " mean of both is 1.",
)
draw.show()

# %%
# The mean over all narrow networks is 1, and the mean over all wide ones is 1 too.
# But half of the narrow networks are below 0.26, which is their median. (These means and medians are those of 100 000 networks of each kind. The picture shows 500 of them.)
# The mean is still 1, because a few networks have a very large value.
#
# Each dot is one value of *q*, and the mean of these values is 1. To measure their spread, square each of them, and take the mean of these squares *q*\ ².
# If every *q* is 1, the mean of *q*\ ² is 1. If the values differ, it is larger than 1.
# If the weights come from a normal distribution with the variance 2/*n*, each layer of *n* units multiplies this mean of *q*\ ² by a number that is larger for fewer units:
#
# .. math::
#
#    \frac{\operatorname{mean}(q_{\text{after}}^2)}{\operatorname{mean}(q_{\text{before}}^2)} = 1 + \frac{5}{n}
#
# Five layers of ten units multiply the mean of *q*\ ² by (1 + 5/10)⁵ = 7.6, and five layers of fifty units by (1 + 5/50)⁵ = 1.6.
# So more layers make the spread wider, and more units make it narrower (:footcite:t:`hanin2018`).

# Check: means, medians, and the factor
for n in (1, 2, 10, 50):
    middle = Fraction(4, n * n) * (
        Fraction(3, 2) * n + Fraction(n * (n - 1), 4)
    )
    assert middle == 1 + Fraction(5, n)
z = np.random.default_rng(2).normal(size=1_000_000)
assert abs(np.mean(np.maximum(z, 0) ** 2) - 1 / 2) < 0.004
assert abs(np.mean(np.maximum(z, 0) ** 4) - 3 / 2) < 0.02
for (n, layers), q in scales.items():
    assert abs(np.mean(q) - 1) < 0.02
    error = np.std(q**2) / math.sqrt(len(q))
    assert abs(np.mean(q**2) - (1 + 5 / n) ** layers) < 4 * error
assert round((1 + 5 / 10) ** 5, 1) == 7.6
assert round((1 + 5 / 50) ** 5, 1) == 1.6
assert round(np.median(scales[10, 5]), 2) == 0.26
assert round(np.median(scales[50, 5]), 1) == 0.8
low, high = np.quantile(scales[50, 5][:500], [0.01, 0.99])
assert low > 0.15
assert high < 4

# %%
# .. claim:: P4
#    :verdict: holds
#    :sources: hanin2018
#    :refuted-by: whispering-relu
#
#    Take a ReLU network without biases, whose weights are drawn independently from a normal distribution with the mean 0 and the variance 2 divided by the number of senders. Let *q* be the mean square of a layer. On average over many such networks, each layer leaves the mean of *q* as it is, but a layer of *n* units multiplies the mean of *q*\ ² by 1 + 5/*n*. So the fewer units there are, the wider is the spread of *q*.
#
#    Let a weight *w* be −√3, 0 or √3, with the probabilities 1/6, 2/3 and 1/6. The check needs only the means of *w*, *w*\ ², *w*\ ³ and *w*\ ⁴, and these are the same as for a normal random number with the mean 0 and the variance 1. So *w* may stand for such a number. Six weights with three values each make 3⁶ = 729 networks, and the check tries them all:
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from math import prod
#    >>> from sgdexplained import MLP
#    >>> chance = {-1: Fraction(1, 6), 0: Fraction(2, 3), 1: Fraction(1, 6)}
#    >>> mean = mean_of_squares = 0
#    >>> for a, b, c, d, e, f in product(chance, repeat=6):
#    ...     layers = [([[a, b]], None), ([[c, d], [e, f]], None)]
#    ...     [[left, right]] = MLP([1, 2, 2], output="relu", init=layers)([[1]])
#    ...     roots = 6 * 3  # the weights are ±√6 and ±√3, here ±1: their squares
#    ...     q = roots * Fraction(left.data**2 + right.data**2, 2)
#    ...     weight = prod(chance[one] for one in (a, b, c, d, e, f))
#    ...     mean += weight * q
#    ...     mean_of_squares += weight * q**2
#    >>> str(mean), str(mean_of_squares), str((1 + Fraction(5, 2)) ** 2)
#    ('1', '49/4', '49/4')
#
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1024
#
#    A network has ten ReLU layers of *n* units and no biases. Its weights are normal random numbers with the mean 0 and the variance 4/*n*. By which number do the ten layers multiply the mean square, on average?
#
#    Each layer multiplies the mean square by *n*/2 · 4/*n* = 2, and ten layers by 2¹⁰ = 1024.
#
#    >>> (4 / 2) ** 10
#    1024.0
#
# .. guess::
#    :answer: 6
#
#    Every layer has 1 unit, and the weights are normal random numbers with the mean 0 and the variance 2. By which number does each layer multiply the mean of *q*\ ²?
#
#    1 + 5/1 = 6.
#
#    >>> z = np.random.default_rng(0).normal(size=1_000_000)
#    >>> round(float(np.mean((2 * np.maximum(z, 0) ** 2) ** 2)))
#    6
#
# In PyTorch: ask for the variance 2/n
# ------------------------------------
#
# By default, the weights of ``torch.nn.Linear`` have the variance 1/(3 *n*), which is even smaller than 1/*n*.
# For a deep ReLU network, ask for the variance 2/*n*.
# The class ``MLP`` of this site takes 2/*n* by default.
#
# .. code-block:: python
#
#    import torch
#
#    torch.manual_seed(0)
#    n = 1000
#    layer = torch.nn.Linear(n, n)
#    assert abs(n * layer.weight.var() - 1 / 3) < 0.01
#    torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
#    assert abs(n * layer.weight.var() - 2) < 0.02
#
# .. footbibliography::
