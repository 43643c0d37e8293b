r"""
Does it matter?
===============

In a new network three quarters of the weights between hidden units stand still for one example.
You will see what that costs, what it saves and what it is good for; and the network with which it all began.

A sentence that many believe: *most weights stand still in a step, so a step has little to compute, and learns little.*

It is false twice over.
Zeros are multiplied like any other number unless somebody leaves them out, and a few dozen examples set almost every weight in motion.

How much stands still?
----------------------

Draw all weights of a network at random, with both signs equally likely, and no biases.
Each hidden unit then hears a positive number as often as a negative one, so half of the units are silent: :footcite:t:`glorot2011` have told that of networks with ReLU.
A weight between two hidden units needs an active sender *and* an open receiver, which makes a half of a half.

Only signs matter here, so a small network can be counted out instead of drawn: one input, two layers of two units, and all 64 choices of signs.
"""

# sphinx_gallery_thumbnail_number = 3
from fractions import Fraction
from itertools import product
from random import Random
from statistics import mean, stdev

import numpy as np

from sgdexplained import MLP, SGD, Tensor, draw, explain, half_squared_error
from sgdexplained.reasons import activation_derivative, sender_activation

silent = zeros = weights = 0
for a, b, c, d, e, f in product([-1, 1], repeat=6):
    first, second = [[a, b]], [[c, d], [2 * e, 2 * f]]
    layers = [(first, None), (second, None), ([[1], [1]], None)]
    net = MLP([1, 2, 2, 1], init=layers)
    net([[1]])[0][0].backward()
    between = [g for row in net.gradients()["W2"] for g in row]
    silent += net.layers[0].activations[0].count(0)
    zeros, weights = zeros + between.count(0), weights + len(between)

print("silent units in the first layer:", Fraction(silent, 2 * 64))
print("weights that stand still:       ", Fraction(zeros, weights))

# %%
# Exactly a half, and exactly three quarters.
#
# What a batch sets in motion
# ---------------------------
#
# A weight stands still in a batch only if it does so in each example.
# If the examples had nothing to do with each other, that would be three quarters to the power of their number.
# Draw ten networks with 20 inputs and two layers of 48 units, and batches of random inputs.


def still_between(examples, seed, units=48):
    """Tell which weights between two random layers a batch leaves still."""
    net = MLP([20, units, units, 1], node=Tensor, seed=seed)
    inputs = np.random.default_rng(seed).normal(size=(examples, 20))
    net(inputs).sum().backward()
    return net.gradients()["W2"] == 0


print("examples   stand still    (3/4)^B")
for size in (1, 2, 4, 8, 16, 32):
    runs = [float(still_between(size, seed).mean()) for seed in range(10)]
    error = stdev(runs) / len(runs) ** 0.5
    print(f"{size:8}   {mean(runs):.3f} ± {error:.3f}   {0.75**size:.4f}")

# %%
# The batch sets nearly all in motion, but more slowly than chance would: 32 examples would leave 1 weight of 10 000, and they leave nearly 3 of 100.

from matplotlib.colors import ListedColormap

with draw.style():
    fig, places = draw.figure(5.5, rows=2, columns=2)
    for ax, size in zip(places.flat, (1, 2, 8, 32), strict=True):
        still = still_between(size, seed=7, units=24)
        ax.axhspan(0, 24, fc="none", ec=draw.GRID, hatch="////", lw=0)
        blue = ListedColormap([draw.POSITIVE])
        look = {"cmap": blue, "interpolation": "none", "zorder": 2}
        ax.imshow(np.where(still, np.nan, 1), extent=(0, 24, 24, 0), **look)
        ax.set(xticks=[], yticks=[], aspect="equal", xlim=(0, 24), ylim=(24, 0))
        ax.spines[:].set_visible(True)
        name = f"{size} example" + "s" * (size > 1)
        ax.set_title(
            f"{name}: {still.mean():.0%} still", fontsize=15, fontstyle="italic"
        )
places[1, 0].set_ylabel("sender")
places[1, 0].set_xlabel("receiver")
draw.title(
    fig, "One example moves a quarter of the weights; a batch moves nearly all."
)
draw.alt(
    fig,
    "Four maps of the weights between two layers of 24 units, coloured where"
    " the gradient is not zero. One example colours about a quarter, in full"
    " rows and columns. Two, eight and thirty-two examples colour more and"
    " more, the last nearly everything.",
)

# %%
# .. claim:: P6
#    :verdict: holds
#    :sources: glorot2011
#    :refuted-by: no-negative-weights, whispering-relu
#
#    In a new ReLU network half of the hidden units are silent, and so three quarters of the weights between hidden layers have a gradient of zero for one example.
#
#    >>> import numpy as np
#    >>> from sgdexplained import MLP, Tensor
#    >>> rng = np.random.default_rng(6)
#    >>> silent, still = [], []
#    >>> for seed in range(5):
#    ...     net = MLP([20, 100, 100, 1], node=Tensor, seed=seed)
#    ...     net(rng.normal(size=(200, 20))).sum().backward()
#    ...     said, deltas = net.layers[1].inputs != 0, net.layers[1].deltas != 0
#    ...     silent.append(1 - said.mean())
#    ...     still.append(1 - (said.mean(axis=1) * deltas.mean(axis=1)).mean())
#    >>> bool(abs(np.mean(silent) - 1 / 2) < 0.02)
#    True
#    >>> round(float(np.mean(still)), 2)
#    0.75
#
# Why is a batch slower than chance?
# Because examples at a narrow angle open the same units: the page before counts how many, with :claim:`P5`.
#
# .. claim:: X9
#    :verdict: holds
#    :sources: glorot2011, cho2009
#    :refuted-by: leaky-shut-gate, gates-ignored, against-left-out
#
#    In a new ReLU network one example leaves half of the weights from the inputs and three quarters of those between hidden units without a gradient; a batch sets them in motion, the sooner the wider the angles between its examples are.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from math import cos, radians, sin
#    >>> from sgdexplained import MLP
#    >>> def still(init, X, layer):
#    ...     net = MLP([len(X[0]), *(len(W[0]) for W, _ in init)], init=init)
#    ...     sum(y for [y] in net(X)).backward()
#    ...     return [g == 0 for row in net.gradients()[layer] for g in row]
#    >>> out = ([[1], [1]], None)
#    >>> signs = [
#    ...     still([([[a, b]], None), out], [[1]], "W1")
#    ...     for a, b in product([-1, 1], repeat=2)
#    ... ]
#    >>> str(Fraction(sum(map(sum, signs)), 8))
#    '1/2'
#    >>> signs = []
#    >>> for a, b, c, d, e, f in product([-1, 1], repeat=6):
#    ...     layers = [([[a, b]], None), ([[c, d], [2 * e, 2 * f]], None), out]
#    ...     signs += still(layers, [[1]], "W2")
#    >>> str(Fraction(sum(signs), len(signs)))
#    '3/4'
#
#    Two examples at an angle of 0, 60, 90 and 180 degrees, and twelve units in all directions:
#
#    >>> circle = [
#    ...     [f(radians(15 + 30 * k)) for k in range(12)] for f in (cos, sin)
#    ... ]
#    >>> def without_contribution(angle):
#    ...     X = [[1, 0], [cos(radians(angle)), sin(radians(angle))]]
#    ...     return Fraction(
#    ...         sum(still([(circle, None), ([[1]] * 12, None)], X, "W1")[:12]),
#    ...         12,
#    ...     )
#    >>> [str(without_contribution(angle)) for angle in (0, 60, 90, 180)]
#    ['1/2', '1/3', '1/4', '0']
#
# What it saves
# -------------
#
# The gradient of a layer is a product of two matrices: what the senders said, and the deltas of the receivers.
# How many multiplications does it take, if one number in twenty is not zero?
# That depends on where the others are.
# Code can leave out a sender that is silent in the whole batch, its column is all zeros; it does not notice a zero here and a zero there.
#
# Take 64 examples, 40 senders and 20 receivers.

rng = np.random.default_rng(17)
scattered = rng.permutation(64 * 40).reshape(64, 40) < 128
two_units = np.tile(np.arange(40) < 2, (64, 1))

print("not zero     needed     all   skipping")
for name, said in (("scattered", scattered), ("two units", two_units)):
    needed, every = said.sum() * 20, said.size * 20
    left = said[:, said.any(axis=0)].size * 20
    print(f"{name}{needed:10}{every:8}{left:11}")

# %%
# *Skipping* leaves out inactive senders.
# There are as many zeros in both cases; but in one they save 19 of 20 multiplications, and in the other none.

with draw.style():
    fig, places = draw.figure(4.1, columns=2)
    for ax, said, name in zip(
        places,
        (scattered, two_units),
        (
            "scattered:\nnothing to skip",
            "two units speak:\nskip 38 of 40",
        ),
        strict=True,
    ):
        for k in np.flatnonzero(~said.any(axis=0)):
            ax.axvspan(k, k + 1, fc="none", ec=draw.GRID, hatch="////", lw=0)
        green = ListedColormap([draw.SENDER.colour])
        look = {"cmap": green, "interpolation": "none", "aspect": "auto"}
        ax.imshow(np.where(said, 1, np.nan), extent=(0, 40, 64, 0), **look)
        ax.set(xticks=[], yticks=[], ylim=(64, 0), xlabel="40 senders")
        ax.spines[:].set_visible(True)
        ax.set_title(name, fontsize=15, fontstyle="italic")
    places[0].set_ylabel("64 examples")
draw.title(fig, "The same number of zeros twice, and only one kind saves work.")
draw.alt(
    fig,
    "Two maps of what 40 senders say in 64 examples, with 128 places of 2560"
    " not zero. On the left they are scattered over all columns; on the"
    " right they fill two columns, and the other 38 are hatched, as they can"
    " be left out.",
)

# %%
# To switch off whole blocks for an example, on purpose, is an old hope (:footcite:t:`bengio2013`).
#
# A step also has to *remember*.
# What a sender said and the slope of a receiver are known in the forward pass and needed in the backward pass; until then they must be kept.

bench_layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
four_examples = [[1, 2], [2, 1], [-2, 1], [0, -2]]


def kept(examples):
    """Count the numbers that the backward pass needs from the forward pass."""
    net = MLP([2, 3, 1], init=bench_layers)
    net(four_examples[:examples])
    rows = [
        row
        for layer in net.layers
        for row in sender_activation(layer) + activation_derivative(layer)
    ]
    return sum(map(len, rows))


[kept(examples) for examples in (1, 2, 3, 4)]

# %%
# Nine for each example.
# The thirteen gradients are thirteen for any batch, and so is the work of the step: what a larger batch costs in room is memory of what was said.
# For ReLU the slope need not be kept, as it can be read off the output: it is 1 where the unit says something.
#
# .. claim:: X12
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: late-weights, change-unnoticed
#
#    The backward pass needs what the forward pass saw, so that has to be remembered: what senders said, slopes, and weights. The memory grows with the batch, the gradient does not.
#
#    >>> import numpy as np
#    >>> from sgdexplained import GraphError, MLP, Tensor, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#
#    A weight that changes in between does not change the gradient, because what it was has been kept:
#
#    >>> net = MLP([2, 3, 1], init=layers)
#    >>> loss = half_squared_error(net([[1, 2]]), [[1]])
#    >>> net.layers[1].weight[0][0].data = 100
#    >>> loss.backward()
#    >>> net.gradients()["W1"]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#
#    A network of arrays keeps no copies; it notices that something is lost, and refuses:
#
#    >>> net = MLP([2, 3, 1], node=Tensor, init=layers)
#    >>> loss = half_squared_error(net([[1, 2]]), [[1]])
#    >>> net.layers[1].weight.data[0, 0] = 100
#    >>> try:
#    ...     loss.backward()
#    ... except GraphError:
#    ...     print("cannot go back")
#    cannot go back
#
#    Numbers kept, senders and slopes, and gradients, for one example and for four:
#
#    >>> def room(X):
#    ...     net = MLP([2, 3, 1], node=Tensor, init=layers)
#    ...     half_squared_error(net(X), [[1]] * len(X)).backward()
#    ...     kept = sum(
#    ...         np.size(layer.inputs) + np.size(layer.derivatives)
#    ...         for layer in net.layers
#    ...     )
#    ...     return kept, sum(w.grad.size for w in net.parameters())
#    >>> room([[1, 2]]), room([[1, 2], [2, 1], [-2, 1], [0, -2]])
#    ((9, 13), (36, 13))
#
# What it is good for
# -------------------
#
# On the bench of :ref:`the first page <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, where is each unit open?
# Three units draw three lines through the plane of inputs, and cut it into :term:`cells <cell>`.
# Inside a cell the gates are the same, so every example in it moves the same weights, unless its answer is right or one of its inputs is 0.


def moved_by(x):
    """Count the parameters of the bench that an example moves."""
    net = MLP([2, 3, 1], init=bench_layers)
    half_squared_error(net([x]), [[Fraction(100)]]).backward()
    return sum(w.grad != 0 for w in net.parameters())


moved_by([1, 2]), moved_by([-2, 1])

# %%
# The example of the first page moves nine of the thirteen numbers, and (−2, 1) moves one.
# Here are all cells; of eight patterns of gates seven occur, as no input opens unit 3 alone.

grid = np.linspace(-3, 3, 361)
plane = np.stack([axis.ravel() for axis in np.meshgrid(grid, grid)], axis=1)
bench = MLP([2, 3, 1], node=Tensor, init=bench_layers)
bench(plane)
patterns = np.array(bench.layers[0].derivatives, dtype=int) @ [100, 10, 1]
cells = {}
for pattern in np.unique(patterns):
    middle = plane[patterns == pattern].mean(axis=0)
    cells[f"{pattern:03}"] = (middle, moved_by(middle.tolist()))

_, ax = draw.figure(5.1)
strength = {1: 0.0, 5: 0.14, 9: 0.3, 13: 0.5}
blue = np.array([0, 0x67, 0xA3]) / 255
image = np.ones((361 * 361, 4))
for pattern, (_, moved) in cells.items():
    image[patterns == int(pattern)] = [*blue, strength[moved]]
ax.imshow(
    image.reshape(361, 361, 4),
    origin="lower",
    extent=(-3, 3, -3, 3),
    interpolation="none",  # blurred edges would make a heavy picture
)
lines = [([-3, 3], [3, -3]), ([-3, 3], [-1, 2]), ([0.5, 0.5], [-3, 3])]
with draw.style():
    for x, y in lines:
        ax.plot(x, y, color=draw.INK, lw=1.6)
    for (x, y), moved in cells.values():
        ax.text(
            x,
            y,
            moved,
            ha="center",
            va="center",
            fontsize=19,
            fontweight="bold",
        )
    for x, y, name in (
        (-2.3, 2.72, "1"),
        (-2.92, -1.4, "2"),
        (0.58, 2.72, "3"),
    ):
        ax.text(x, y, f"unit {name} open", fontstyle="italic", fontsize=13.5)
ax.plot(1, 2, "o", color=draw.INK, ms=8)
ax.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
ax.set(xlabel="first input  (● the example of page 1)", ylabel="second input")
draw.title(
    ax, "Where an input lies decides how many of the 13 numbers it moves."
)
draw.alt(
    ax,
    "The plane of inputs, cut by three lines, one for each unit, into seven"
    " cells. In each stands the number of parameters that an example there"
    " moves: 13 where all units are open, 9 where two are, 5 where one is, and"
    " 1 where none is.",
)

# %%
# This is what standing still is good for.
# An example teaches the units that have to do with it, and leaves the others to other examples: in each cell another part of the network is trained, and all parts share what they have in common.
# The price is paid by the cell with the 1, where an example can only move the bias of the output, and by units that no example opens.
#
# .. claim:: E5
#    :verdict: holds when
#    :when: for performance, different examples open different units and every unit is opened by some; for efficiency, the zeros come in whole units and the code leaves them out.
#    :corrected: Inputs in different cells train different parts of the network, and an input that opens no unit can hardly teach it; zeros save work only where the code skips them.
#    :sources: glorot2011, bengio2013
#    :refuted-by: leaky-shut-gate, gates-ignored, against-left-out
#
#    That updates depend on activation matters for how well and how cheaply a network learns.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> def moved(x):
#    ...     net = MLP([2, 3, 1], init=layers)
#    ...     half_squared_error(net([x]), [[100]]).backward()
#    ...     count = sum(w.grad != 0 for w in net.parameters())
#    ...     return tuple(net.layers[0].derivatives[0]), count
#    >>> places = [Fraction(k, 2) for k in range(-6, 7)]
#    >>> off_lines = Fraction(1, 8), Fraction(1, 32)
#    >>> cells = {
#    ...     moved([a + off_lines[0], b + off_lines[1]])
#    ...     for a in places
#    ...     for b in places
#    ... }
#    >>> len(cells), (0, 0, 1) in dict(cells)
#    (7, False)
#
#    Zeros that save nothing, and zeros that do: multiplications for three examples and six senders, of which two speak in each example, if senders that are silent throughout are left out.
#
#    >>> def multiplications(senders):
#    ...     return sum(len(column) for column in zip(*senders) if any(column))
#    >>> in_turn = [[1, 2, 0, 0, 0, 0], [0, 0, 3, 1, 0, 0], [0, 0, 0, 0, 2, 2]]
#    >>> together = [[1, 2, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0]]
#    >>> multiplications(in_turn), multiplications(together)
#    (18, 6)
#
#    How many of the 13 numbers an example in each of the seven cells moves:
#
#    >>> sorted(count for _, count in cells)
#    [1, 5, 5, 9, 9, 9, 13]
#
# Only the weights of active units?
# ---------------------------------
#
# This is the sentence that the whole story is about: *in one step only the weights of active units are updated*.
# Ask it of the example (−2, 1), which lies in the cell with the 1.

net = MLP([2, 3, 1], init=bench_layers)
sgd = SGD(net.parameters(), lr=Fraction(1, 10))
step = explain(net, [[-2, 1]], [[Fraction(2)]], half_squared_error, sgd)
for row in step:
    print(f"{row.name:8}  {'moves' if row.moves else 'stays'}: {row.why}")

# %%
# Each has its reason, and no hidden unit is active; yet something moves.
# A bias does not need an active sender, since its sender always says 1.
# And a copy of the weights that averages them over time, as is often kept for testing, goes on moving when they have stopped.
#
# .. claim:: D5
#    :verdict: holds when
#    :when: units are exactly silent and shut, as with ReLU, examples do not enter each other's loss, a weight serves in one place, and the optimiser is plain SGD.
#    :corrected: Under these conditions a weight that moves has an active sender and an open receiver in one and the same example of the batch. Biases need the open receiver only, and not every such weight moves.
#    :sources: rumelhart1986, srivastava2014
#    :refuted-by: leaky-shut-gate, gates-ignored, target-forgotten, biases-left-out, average-stands-still
#
#    In one iteration only the weights of active units are updated.
#
#    >>> from sgdexplained import MLP, Scalar, half_squared_error
#    >>> from sgdexplained.contrasts import MovingAverage
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> def moves(x, target):
#    ...     net = MLP([2, 3, 1], init=layers)
#    ...     half_squared_error(net([x]), [[target]]).backward()
#    ...     said = net.layers[0].activations[0]
#    ...     return said, {
#    ...         n: w.grad
#    ...         for n, w in net.named_parameters().items()
#    ...         if w.grad != 0
#    ...     }
#
#    A copy that averages the weight goes on when the weight has stopped:
#
#    >>> w = Scalar(0)
#    >>> average = MovingAverage([w], decay=0.5)
#    >>> w.data = 8
#    >>> for _ in range(2):
#    ...     average.update()
#    ...     print(average.values)
#    [4.0]
#    [6.0]
#
#    Two units are active, the answer is right, and nothing moves; no unit is active, and a bias moves:
#
#    >>> moves([1, 2], 2)
#    ([3, 0, 1], {})
#    >>> moves([-2, 1], 2)
#    ([0, 0, 0], {'b2[0]': -2.0})
#
# Where it began
# --------------
#
# In 1986 backpropagation was shown at work on a small puzzle (:footcite:t:`rumelhart1986`): is a row of six zeros and ones the same from left and from right?
# Two hidden units are enough.
# They are *sigmoid* units, which are never quite silent and never quite shut, so all 17 numbers move at every step; each step takes all 64 rows together, with momentum 0.9.
# Learning rate, momentum and the range of the starting values are those of the paper, which needed 1425 steps; how many it takes depends on the start.

ROWS = [list(row) for row in product([0, 1], repeat=6)]
SAME = [[int(row == row[::-1])] for row in ROWS]


def learn(seed, steps):
    """Train the network of 1986; say from which step it was always right."""
    random = Random(seed)

    def drawn(n, m):
        return [[random.uniform(-0.3, 0.3) for _ in range(m)] for _ in range(n)]

    init = [(drawn(6, 2), drawn(1, 2)[0]), (drawn(2, 1), drawn(1, 1)[0])]
    net = MLP([6, 2, 1], Tensor, "sigmoid", output="sigmoid", init=init)
    sgd = SGD(net.parameters(), lr=0.1, momentum=0.9)
    X, targets, right_from = np.array(ROWS, float), np.array(SAME, float), None
    for step in range(1, steps + 1):
        sgd.zero_grad()
        outputs = net(X)
        half_squared_error(outputs, targets, "sum").backward()
        right = ((outputs.data > 0.5) == targets).all()
        right_from = (right_from or step) if right else None
        sgd.step()
    return net, right_from


net, right_from = learn(seed=5, steps=2500)
W1, b1 = net.values()["W1"], net.values()["b1"]
print("right on all 64 rows from step", right_from)
for k in (0, 1):
    print(f"unit {k + 1}, bias {b1[k]:.2f}, weights")
    print(*(f"{w:6.2f}" for w in W1[:, k]))

# %%
# These are the famous weights.
# On the two sides of the middle they are equal and opposite, so what a symmetric row says on the left, it takes back on the right, and the unit hears its bias only.
# On one side they are as 1 to 2 to 4, so that nothing but symmetry can cancel.

fig, places = draw.figure(3.1, columns=2)
for k, ax in enumerate(places):
    shares = [float(w / abs(W1[:, k]).min()) for w in W1[:, k]]
    names = [f"input {j}" for j in range(1, 7)] if k == 0 else [""] * 6
    draw.bars(
        names,
        shares,
        ax,
        texts=[draw.number(round(share, 1)) for share in shares],
    )
    ax.axhline(2.5, color=draw.ZERO, lw=1.2, ls=(0, (3.2, 2.6)))
    with draw.style():
        ax.set_title(f"unit {k + 1}", fontstyle="italic", fontsize=15)
draw.title(
    fig, "Equal, opposite, and as 1 : 2 : 4: found by nothing but gradients."
)
draw.alt(
    fig,
    "The six weights into each of two hidden units, in units of the smallest."
    " Above and below the middle they are mirror images with opposite signs,"
    " of sizes 1, 2 and 4 to within a few per cent.",
)
draw.show()

# %%
# What does the louder of the two units say?

said = net.layers[0].activations
symmetric = np.array(SAME)[:, 0] == 1
louder = said.max(axis=1)
print(f"symmetric rows:  at most  {louder[symmetric].max():.3f}")
print(f"all other rows:  at least {louder[~symmetric].min():.3f}")

# %%
# For a symmetric row both are quiet, and for every other row one of them speaks up.
# Their silence is not a part of the network that is missing: it is what the network has to say.
#
# .. claim:: P1
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: uphill, momentum-forgotten, sigmoid-never-saturates, biases-left-out
#
#    Gradient descent with momentum can find a network with two hidden sigmoid units that tells symmetric rows of six bits from others: its weights are equal and opposite about the middle, and as 1 : 2 : 4; the biases of its hidden units are negative.
#
#    >>> from itertools import product
#    >>> from random import Random
#    >>> import numpy as np
#    >>> from sgdexplained import MLP, SGD, Tensor, half_squared_error
#    >>> X = [list(row) for row in product([0.0, 1.0], repeat=6)]
#    >>> targets = [[float(row == row[::-1])] for row in X]
#    >>> random = Random(5)
#    >>> def drawn(n, m):
#    ...     return [
#    ...         [random.uniform(-0.3, 0.3) for _ in range(m)] for _ in range(n)
#    ...     ]
#    >>> init = [(drawn(6, 2), drawn(1, 2)[0]), (drawn(2, 1), drawn(1, 1)[0])]
#    >>> net = MLP([6, 2, 1], Tensor, "sigmoid", output="sigmoid", init=init)
#    >>> sgd = SGD(net.parameters(), lr=0.1, momentum=0.9)
#    >>> for _ in range(2000):
#    ...     sgd.zero_grad()
#    ...     half_squared_error(net(X), targets, "sum").backward()
#    ...     sgd.step()
#    >>> bool(((net(X).data > 0.5) == targets).all())
#    True
#    >>> bool((net.values()["b1"] < 0).all())
#    True
#    >>> W = net.values()["W1"] / abs(net.values()["W1"]).min(axis=0)
#    >>> bool((abs(W + W[::-1]) < 0.05).all())
#    True
#    >>> sizes = sorted(abs(W[:3, 0]))
#    >>> bool((abs(sizes / np.array([1, 2, 4]) - 1) < 0.05).all())
#    True
#    >>> [round(float(w)) for w in W[:, 0]]
#    [-4, -2, 1, -1, 2, 4]
#
# The sentence that survives
# --------------------------
#
# **Which weights move is decided example by example, at both ends of each weight; it is no loss, and no saving by itself: it is how a network gives its examples different parts to teach.**
#
# Where it breaks
# ---------------
#
# *The famous ratio is one answer of several.*
# Another start leads to weights as 2 to 3 to 4, which tell symmetric rows just as well, since no sum or difference of 2, 3 and 4 is zero either.
#
# >>> other, right_from = learn(seed=8, steps=2500)
# >>> right_from is not None
# True
# >>> W = other.values()["W1"]
# >>> [round(float(2 * w / abs(W[:, 0]).min()), 1) for w in W[:3, 0]]
# [-2.0, -3.0, -4.0]
# >>> signs = [s for s in product([-1, 0, 1], repeat=3) if any(s)]
# >>> any(2 * a + 3 * b + 4 * c == 0 for a, b, c in signs)
# False
#
# And some starts do not get there at all in that time.
#
# >>> learn(seed=0, steps=2500)[1] is None
# True
#
# *Half is for the first day only.*
# It holds at birth, without biases; what training makes of it depends on the data.
# With biases of −1 instead of 0, a quarter of the units are open rather than a half.
#
# >>> net = MLP([20, 100, 1], node=Tensor, seed=1)
# >>> net.layers[0].bias.data -= 1
# >>> _ = net(np.random.default_rng(1).normal(size=(200, 20)))
# >>> round(float(net.layers[0].derivatives.mean()), 2)
# 0.23
#
# *Smooth units stand still nowhere.*
# With tanh instead of ReLU, none of the weights between hidden layers has a gradient of exactly zero, and none of this saves anything.
#
# >>> net = MLP([20, 48, 48, 1], node=Tensor, activation="tanh", seed=1)
# >>> net(np.ones((1, 20))).sum().backward()
# >>> int((net.gradients()["W2"] == 0).sum())
# 0
#
# *More units cannot make all patterns.*
# Three lines cut a plane into 7 cells at most, four into 11 and eight into 37, of 256 patterns.
#
# >>> from math import comb
# >>> [sum(comb(units, k) for k in range(3)) for units in (3, 4, 8)]
# [7, 11, 37]
#
# Predict first
# -------------
#
# 1. A network has three hidden layers.
#    Which share of the weights between the second and the third stands still for one example, at birth?
#
# .. dropdown:: Answer
#
#    Three quarters again: only the two ends count, and each works half of the time.
#
#    >>> shares = []
#    >>> for seed in range(5):
#    ...     net = MLP([20, 64, 64, 64, 1], node=Tensor, seed=seed)
#    ...     net(
#    ...         np.random.default_rng(seed).normal(size=(200, 20))
#    ...     ).sum().backward()
#    ...     ends = [
#    ...         array != 0
#    ...         for array in (net.layers[2].inputs, net.layers[2].deltas)
#    ...     ]
#    ...     shares.append(
#    ...         1 - float((ends[0].mean(axis=1) * ends[1].mean(axis=1)).mean())
#    ...     )
#    >>> abs(mean(shares) - 3 / 4) < 0.03
#    True
#
# 2. On the bench, the example lies at (3, −1).
#    How many of the 13 numbers does it move?
#
# .. dropdown:: Answer
#
#    All: the units hear 2, 6 and 5.
#
#    >>> moved_by([3, -1])
#    13
#
# In the engine
# -------------
#
# What a layer must remember of a pass is kept by :engine:`the layer <layers.Linear>`.
#
# In PyTorch
# ----------
#
# Zeros cost what other numbers cost; to save anything, take the units that spoke and leave out the rest.
#
# .. code-block:: python
#
#    import torch
#
#    torch.manual_seed(17)
#    said, deltas = torch.randint(-9, 10, (64, 40)), torch.randint(-9, 10, (64, 20))
#    said[:, 2:] = 0  # all units but two are silent
#
#    spoke = said.any(dim=0)
#    gradient = torch.zeros(20, 40, dtype=torch.long)
#    gradient[:, spoke] = deltas.T @ said[:, spoke]
#    assert spoke.sum() == 2
#    assert gradient.equal(deltas.T @ said)
#
# What you can answer now
# -----------------------
#
# Does this weight move in this step, how far, and why?
#
# - *How far?* By what its sender says, times the slope of its receiver, times what comes back: :ref:`one product <sphx_glr_story_1_one_example_plot_02_three_factors.py>`.
# - *Why not?* Its sender is silent or its receiver is shut (:ref:`two kinds of zero <sphx_glr_story_1_one_example_plot_05_around_an_inactive_unit.py>`), nothing comes back, or contributions cancel (:ref:`active but not learning <sphx_glr_story_1_one_example_plot_08_active_but_not_learning.py>`).
# - *And in a batch?* Diluted, but seldom still (:ref:`many examples <sphx_glr_story_2_a_batch_plot_09_when_a_batch_moves_a_weight.py>`), unless examples are compared (:ref:`examples that talk to each other <sphx_glr_story_3_inactive_connections_plot_16_examples_of_one_batch.py>`).
# - *Can it move all the same?* With a memory or with decay it can: :ref:`moving without a gradient <sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py>`.
# - *Will it ever move again?* If what its receiver hears changes, because something before it still learns or new data come: :ref:`dead or asleep <sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py>`.
#
# All claims of this story, each with its verdict, its number and what would refute it, stand :doc:`in one table </claims>`.
# And when the next weight of your own network stands still, you need not guess: :func:`~sgdexplained.explain` tells you why.
#
# .. footbibliography::
