r"""
How often is a network dead before its first step?
==================================================

.. needs:: 15

A network is dead if it gives the same output for every input.
If the first weights are random, a network can be dead before any training.

.. guess::
   :answer: 3

   A network has one input and 15 layers of weights. Each hidden layer has 2 ReLU units. The weights are random, and there are no biases. How many of 100 such networks are dead?

   A. About 3
   B. About 50
   C. About 97
   D. All 100

   Take one input value, for example 1. In a hidden layer, each unit is shut with the chance 1/2, so both units are shut with the chance 1/4.
   The 14 hidden layers all let something through with the chance (3/4)¹⁴, which is 2 %.
   So about 98 of 100 networks block the input 1. About one of these 98 does not block the input −1, so this one is not dead.
"""

# Set-up: ten thousand networks of each shape, and the figure
from fractions import Fraction
from itertools import product

import numpy as np

from sgdexplained import MLP, draw


def share_of_dead(N, L, nets, rng):
    """Draw networks; return the shares with one and with both blocked."""
    signal = np.ones((nets, 2, 1)) * [[1.0], [-1.0]]
    for layer in range(L - 1):
        weights = rng.normal(size=(nets, N if layer else 1, N))
        signal = np.maximum(signal @ weights, 0)
        signal /= np.maximum(signal.max(axis=2, keepdims=True), 1e-30)
    none = signal.max(axis=2) == 0
    return float(none[:, 0].mean()), float(none.all(axis=1).mean())


def bounds(N, L):
    """Return the bounds of Lu et al. for the chance of a dead network."""
    a1 = 1 - 2.0**-N
    a2 = 1 - 2.0 ** (1 - N) - (N - 1) * 4.0**-N
    factor = (1 - 2.0 ** (1 - N)) * a1 / (1 + (N - 1) * 2.0**-N)
    low = 1 - a1 ** (L - 2) + factor * (a2 ** (L - 2) - a1 ** (L - 2))
    return low, 1 - a1 ** (L - 1)


rng, nets = np.random.default_rng(15), 10_000
depths = [3, 5, 10, 15, 20, 25, 30]
drawn = {
    N: [share_of_dead(N, L, nets, rng) for L in depths] for N in (2, 3, 5, 10)
}

_, ax = draw.figure(3.6)
every_depth = range(2, 31)
labels = {2: (3.2, 0.88), 3: (12, 0.53), 5: (13.5, 0.40), 10: (22, 0.06)}
for N, shares in drawn.items():
    low, high = zip(*[bounds(N, L) for L in every_depth], strict=True)
    ax.fill_between(every_depth, low, high, color=draw.ZERO, alpha=0.3, lw=0)
    ax.plot(depths, [both for _, both in shares], "o", color=draw.INK, ms=7)
    with draw.style():
        ax.text(*labels[N], f"{N} units", fontweight="bold")
with draw.style():
    ax.set_xlabel("layers of weights")
    ax.set_ylabel("share of dead networks")
    key = "● random networks   grey bands: theory, see below"
    ax.set_title(key, fontsize=13.5, loc="left")
ax.set(xlim=(2, 30.6), ylim=(0, 1.03))
ax.set_xticks([3, 10, 20, 30])
draw.title(ax, "Deep and narrow networks are often dead before the first step.")
draw.alt(
    ax,
    "Share of random networks that are dead at birth, over the number of"
    " layers from 2 to 30, for layers of 2, 3, 5 and 10 units. Dots are drawn"
    " networks, bands are bounds from theory; all dots lie in their bands."
    " With 2 units nearly all are dead at 15 layers, with 10 units hardly any.",
)
draw.show()

# %%
# Let every hidden layer have *N* units, and let *L* be the number of layers of weights, so that *L* − 1 layers are hidden.
# Each unit is shut with the chance 1/2, because its weights are positive or negative with the same chance.
# So all units of a layer are shut with the chance :math:`2^{-N} = 1/2^N`.
# Then the layer *blocks* the example: all its activations are 0.
# The chance that a layer does not block is :math:`1 - 2^{-N}`. The chance that none of the *L* − 1 hidden layers blocks is this number to the power of *L* − 1. In all other cases at least one of them blocks the example:
#
# .. math::
#
#    P(\text{blocked}) = 1 - \left(1 - 2^{-N}\right)^{L - 1}
#
# The network is dead only if it blocks every possible example.
# This is less likely, so the formula is an upper limit: the upper edge of each grey band (:footcite:t:`lu2020`).
# The lower edge is a longer formula from the same paper.
#
# The smallest case can be counted
# --------------------------------
#
# Take a network with one input, two hidden layers of two units, and one output: *N* = 2 and *L* = 3.
# Six weights lead to the hidden units: two to the first layer, and four to the second.
# We fix the sizes of these weights and vary only their signs, so there are 2⁶ = 64 networks.
# (The sizes are chosen so that the two products in a pre-activation never add up to exactly 0.)
# 28 of the 64 networks, which is 7/16, block the input 1.
# Ten of these 28 also block the input −1: this is 10/64 = 5/32 of all networks.
# There are no biases, so a network that blocks 1 blocks every positive input, and a network that blocks −1 blocks every negative input.
# Therefore these 10 networks are dead.

# Check: all signs, ten layers of random weights, and fifteen layers of two


def blocked(signs, N):
    """Tell whether a network of these signs blocks the input 1, and all."""
    rows = [list(signs[N * j : N * j + N]) for j in range(N + 1)]
    W2 = [[2**j * sign for sign in row] for j, row in enumerate(rows[1:])]
    net = MLP(
        [1, N, N, 1], init=[(rows[:1], None), (W2, None), ([[1]] * N, None)]
    )
    [[right], [left]] = net([[1], [-1]])
    return right.data == 0, right.data == left.data == 0


counted = {}
for N in (2, 3):
    cases = [blocked(signs, N) for signs in product([-1, 1], repeat=N + N * N)]
    counted[N] = [
        Fraction(sum(c), len(cases)) for c in zip(*cases, strict=True)
    ]
assert counted[2] == [Fraction(28, 64), Fraction(10, 64)]
assert counted[3] == [Fraction(15, 64), (3 - Fraction(1, 4)) / 4**3]
for N, shares in drawn.items():
    theory = 1 - (1 - 2.0**-N) ** 9
    error = (theory * (1 - theory) / nets) ** 0.5
    assert abs(shares[depths.index(10)][0] - theory) < 4 * error
    for L, (_, every) in zip(depths, shares, strict=True):
        low, high = bounds(N, L)
        assert low - 0.02 < every < high + 0.02
assert round(100 * drawn[2][depths.index(15)][1]) == 97

# %%
# .. claim:: P2
#    :verdict: holds
#    :sources: lu2020
#    :refuted-by: whispering-relu, no-negative-weights
#
#    A ReLU network has no biases and *L* − 1 hidden layers of *N* units. Its weights are drawn independently from a continuous distribution, in which *w* and −\ *w* are equally likely. The probability that its hidden layers block an example that is not 0 is :math:`{1 - (1 - 2^{-N})^{L-1}}`. The probability that the network is dead (its output is the same for every input) is at most this number. If *L* = 3 and there is a single input, the network is dead with the probability :math:`\frac{3 - 2^{1-N}}{4^N}`.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from sgdexplained import MLP
#    >>> one = every = 0
#    >>> last = [[1], [1]], None
#    >>> for a, b, c, d, e, f in product([-1, 1], repeat=6):
#    ...     layers = [([[a, b]], None), ([[c, d], [2 * e, 2 * f]], None), last]
#    ...     [[right], [left]] = MLP([1, 2, 2, 1], init=layers)([[1], [-1]])
#    ...     one += right.data == 0
#    ...     every += right.data == left.data == 0
#    >>> Fraction(one, 64) == 1 - Fraction(3, 4) ** 2
#    True
#    >>> def is_dead(seed):
#    ...     net = MLP([1, 2, 2, 1], seed=seed, bias=False)
#    ...     return not any(output.data for [output] in net([[1], [-1]]))
#    >>> share = sum(map(is_dead, range(1000))) / 1000
#    >>> abs(share - 5 / 32) < 0.046  # four standard errors
#    True
#    >>> Fraction(every, 64), (3 - Fraction(1, 2)) / 4**2
#    (Fraction(5, 32), Fraction(5, 32))
#
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 0
#    :unit: of 100
#
#    A network has one input, one hidden layer of ten units without biases, and one output. How many of 100 such networks are dead?
#
#    A unit that is shut for positive inputs is open for negative inputs.
#    So this one hidden layer cannot block both, and the output is not the same for every input.
#
#    >>> from sgdexplained.reasons import dead
#    >>> shallow = [MLP([1, 10, 1], seed=seed, bias=False) for seed in range(100)]
#    >>> sum(all(dead(net, [[1], [-1]])[0]) for net in shallow)
#    0
#
# .. guess::
#    :answer: 1/2
#
#    A network has one input, two hidden layers of 1 unit each, without biases, and one output. What part of such networks is dead?
#
#    The first unit is open for positive inputs or for negative ones.
#    If the weight between the two units is positive, the second unit is open for these inputs too.
#    If it is negative, the second unit is shut for every input.
#
#    >>> def is_dead(first, second):
#    ...     net = MLP([1, 1, 1, 1], init=[([[w]], None) for w in (first, second, 1)])
#    ...     return net([[1]])[0][0].data == net([[-1]])[0][0].data
#    >>> [is_dead(*signs) for signs in product([1, -1], repeat=2)]
#    [False, True, False, True]
#
# In PyTorch: the share 5/32 again
# --------------------------------
#
# About 5/32 of 10 000 random networks with two hidden layers of two units are dead.
#
# .. code-block:: python
#
#    import torch
#
#    torch.manual_seed(0)
#    signal = torch.tensor([[1.0], [-1.0]]).expand(10_000, 2, 1)
#    for senders in (1, 2):
#        signal = (signal @ torch.randn(10_000, senders, 2)).relu()
#    dead = (signal == 0).flatten(1).all(dim=1)
#    assert abs(dead.float().mean() - 5 / 32) < 0.015
#
# .. footbibliography::
