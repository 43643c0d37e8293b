r"""
How many weights stand still, and does it matter?
=================================================

.. needs:: 9 16

For one example, many weights of a ReLU network have the gradient zero.
For a large batch, few weights have it.

.. guess::
   :answer: 3

   A new network has random weights, ReLU units and no biases. One example comes. What part of the weights between two hidden layers has the gradient zero?

   A. One quarter
   B. One half
   C. Three quarters
   D. Nearly all

   Half of the units are inactive, and the gradient of a weight is not zero only if its sender is active and its receiver is open.
   Half of one half is one quarter, so the other three quarters of the weights have the gradient zero.
"""

# sphinx_gallery_thumbnail_number = 1

# Set-up: random networks, and maps of the weights between two layers
from fractions import Fraction
from itertools import product
from statistics import mean

import numpy as np
from matplotlib.colors import ListedColormap

from sgdexplained import MLP, SGD, Tensor, draw, explain, half_squared_error


def still_between(examples, seed, units=48):
    """Tell which weights between two random layers a batch leaves still."""
    net = MLP([20, units, units, 1], node=Tensor, seed=seed)
    inputs = np.random.default_rng(seed).normal(size=(examples, 20))
    net(inputs).sum().backward()
    return net.gradients()["W2"] == 0


with draw.style():
    fig, places = draw.figure(2.05, columns=4)
    for ax, size in zip(places, (1, 2, 8, 32), strict=True):
        still = still_between(size, seed=7, units=24)
        ax.axhspan(0, 24, fc="none", ec=draw.GRID, hatch="////", lw=0)
        ink = ListedColormap([draw.INK])
        look = {"cmap": ink, "interpolation": "none", "zorder": 2}
        ax.imshow(np.where(still, np.nan, 1), extent=(0, 24, 24, 0), **look)
        ax.set(xticks=[], yticks=[], aspect="equal", xlim=(0, 24), ylim=(24, 0))
        ax.spines[:].set_visible(True)
        name = f"{size} example" + "s" * (size > 1)
        ax.set_title(name, fontsize=13)
        ax.set_xlabel(f"{still.mean():.0%} stand still", fontsize=13)
draw.title(
    fig,
    "One example moves a quarter of these weights; a batch of 32 nearly all.",
)
draw.alt(
    fig,
    "Four maps of the weights between two layers of 24 units, dark where the"
    " gradient is not zero and hatched where it is. One example makes about a"
    " quarter dark, in full rows and columns. Two, eight and thirty-two"
    " examples make more and more dark, the last nearly everything.",
)

# %%
# Each map shows all weights between two hidden layers of 24 units: a row for each sender, and a column for each receiver.
# A dark square is a weight whose gradient is not zero. All other squares are weights whose gradient is zero.
#
# Random weights are positive or negative with the same chance, so a hidden unit is active with the chance 1/2 (:footcite:t:`glorot2011`).
# The gradient of a weight is not zero if its sender is active and its receiver is open. The chance of both together is 1/2 · 1/2 = 1/4.
# So for one example it stands still with the chance 3/4.
#
# Now take a batch. If the examples of a batch opened the units independently of each other, a weight would stand still for all *B* examples with this chance:
#
# .. math::
#
#    \left(\tfrac{3}{4}\right)^B
#
# For 32 examples, one weight in ten thousand would stand still.
# In networks like that of the picture, nearly three in a hundred really stand still.
# The reason is that the first layer makes the examples more alike, and examples that are alike open the same units: :ref:`sphx_glr_story_4_further_plot_25_dropout_and_likeness.py`


# Check: one half and three quarters, counted, and 32 examples
inactive = zeros = weights = 0
for a, b, c, d, e, f in product([-1, 1], repeat=6):
    first, second = [[a, b]], [[c, d], [2 * e, 2 * f]]
    layers = [(first, None), (second, None), ([[1], [1]], None)]
    net = MLP([1, 2, 2, 1], init=layers)
    net([[1]])[0][0].backward()
    between = [g for row in net.gradients()["W2"] for g in row]
    inactive += net.layers[0].activations[0].count(0)
    zeros, weights = zeros + between.count(0), weights + len(between)
assert Fraction(inactive, 2 * 64) == Fraction(1, 2)
assert Fraction(zeros, weights) == Fraction(3, 4)
assert 0.02 < mean(still_between(32, seed).mean() for seed in range(10)) < 0.03
assert 0.75**32 < 1.1e-4

# %%
# .. claim:: P6
#    :verdict: holds
#    :sources: glorot2011
#    :refuted-by: no-negative-weights, whispering-relu
#
#    In a new ReLU network about half of the hidden units are inactive, and so about three quarters of the weights between hidden layers have a gradient of zero for one example.
#
#    >>> import numpy as np
#    >>> from sgdexplained import MLP, Tensor
#    >>> rng = np.random.default_rng(6)
#    >>> inactive, still = [], []
#    >>> for seed in range(5):
#    ...     net = MLP([20, 100, 100, 1], node=Tensor, seed=seed)
#    ...     net(rng.normal(size=(200, 20))).sum().backward()
#    ...     active, deltas = net.layers[1].inputs != 0, net.layers[1].deltas != 0
#    ...     inactive.append(1 - active.mean())
#    ...     still.append(1 - (active.mean(axis=1) * deltas.mean(axis=1)).mean())
#    >>> bool(abs(np.mean(inactive) - 1 / 2) < 0.02)
#    True
#    >>> round(float(np.mean(still)), 2)
#    0.75

# %%
# .. claim:: X9
#    :verdict: holds
#    :sources: glorot2011, cho2009
#    :refuted-by: leaky-shut-gate, gates-ignored, against-left-out
#
#    In a new ReLU network a batch moves more weights than one example does. The less alike its examples are, the more weights it moves.
#
#    One example leaves half of the weights from the inputs, and three quarters of those between hidden units:
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
# Different examples train different units
# ----------------------------------------
#
# The network of page 1 has two inputs and three hidden units.
# The next picture shows the plane of its two inputs.
# Each unit has a straight border in this plane. On the side where its label stands, for example *unit 1 open*, the unit is open.
# The three borders divide the plane into *linear regions*: for all examples in one region, the same units are open.

# Set-up: the linear regions of the network of page 1, and the figure
layers_of_page_1 = [
    ([[1, 1, 2], [1, -2, 0]], [0, 1, -1]),
    ([[1], [2], [-1]], [0]),
]


def moved_by(x):
    """Count the parameters of the network of page 1 that an example moves."""
    net = MLP([2, 3, 1], init=layers_of_page_1)
    half_squared_error(net([x]), [[Fraction(100)]]).backward()
    return sum(w.grad != 0 for w in net.parameters())


grid = np.linspace(-3, 3, 361)
plane = np.stack([axis.ravel() for axis in np.meshgrid(grid, grid)], axis=1)
net = MLP([2, 3, 1], node=Tensor, init=layers_of_page_1)
net(plane)
patterns = np.array(net.layers[0].derivatives, dtype=int) @ [100, 10, 1]
regions = {}
for pattern in np.unique(patterns):
    middle = plane[patterns == pattern].mean(axis=0)
    regions[f"{pattern:03}"] = (middle, moved_by(middle.tolist()))

_, ax = draw.figure(4.6)
strength = {1: 0.0, 5: 0.12, 9: 0.25, 13: 0.42}
ink = np.array([0x1F, 0x23, 0x28]) / 255
image = np.ones((361 * 361, 4))
for pattern, (_, moved) in regions.items():
    image[patterns == int(pattern)] = [*ink, strength[moved]]
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
    middle = {"ha": "center", "va": "center", "weight": "bold"}
    for (x, y), moved in regions.values():
        ax.text(x, y, moved, fontsize=19, **middle)
    for x, y, turned, name in (
        (-1.82, 2.15, -45, "1"),
        (-2.05, -0.82, 26.6, "2"),
        (0.73, 2.05, -90, "3"),
    ):
        place = {"ha": "center", "va": "center", "rotation": turned}
        words = f"unit {name} open"
        ax.text(x, y, words, fontstyle="italic", fontsize=13.5, **place)
    ax.set_xlabel("first input  (● the example of page 1)")
    ax.set_ylabel("second input")
ax.plot(1, 2, "o", color=draw.INK, ms=8)
ax.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
draw.title(
    ax, "The place of an example decides how many of the 13 numbers it moves."
)
draw.alt(
    ax,
    "The plane of inputs, divided by three lines, one for each unit, into"
    " seven regions. In each stands the number of parameters that an example"
    " there moves: 13 where all units are open, 9 where two are, 5 where one"
    " is, and 1 where none is. Along each line stands, on its open side, which"
    " unit is open there.",
)
draw.show()

# %%
# The numbers in the picture are for an example with a wrong answer and without an input of 0.
# Then the bias of the output moves, and each open unit adds four numbers: its two weights in, its bias and its weight out.
# The example of page 1 opens two units, so it moves nine of the thirteen numbers.
# The example (−2, 1) opens none, so it moves only the bias of the output.
#
# An example trains only the units that are open for it. This is why it matters for learning that weights stand still.
# Standing still can also matter for computing time, because a program can leave out some multiplications by 0: :ref:`page 26 <sphx_glr_story_4_further_plot_26_do_zeros_save_work.py>`.
#
# .. claim:: E5
#    :verdict: holds when
#    :when: two conditions are met. It matters for learning if the examples lie in different linear regions, because only then do they train different units. It matters for the work if the code leaves out inactive units (page 26).
#    :corrected: Examples in different linear regions train different units, and an example that opens no unit can hardly teach the network anything. Zeros save work only if the code leaves them out.
#    :sources: glorot2011, bengio2013
#    :refuted-by: leaky-shut-gate, gates-ignored, against-left-out
#
#    Updates depend on activation, and this matters for how well a network learns, and for how much work a step takes.
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
#    >>> found = {
#    ...     moved([a + off_lines[0], b + off_lines[1]])
#    ...     for a in places
#    ...     for b in places
#    ... }
#    >>> len(found), (0, 0, 1) in dict(found)
#    (7, False)
#
#    Zeros that save nothing, and zeros that do. These are the multiplications for three examples and six senders, two of them active in each example, if senders that are inactive in all examples are left out:
#
#    >>> def multiplications(senders):
#    ...     return sum(len(column) for column in zip(*senders) if any(column))
#    >>> in_turn = [[1, 2, 0, 0, 0, 0], [0, 0, 3, 1, 0, 0], [0, 0, 0, 0, 2, 2]]
#    >>> same_two = [[1, 2, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0]]
#    >>> multiplications(in_turn), multiplications(same_two)
#    (18, 6)
#
#    How many of the 13 numbers an example in each of the seven regions moves:
#
#    >>> sorted(count for _, count in found)
#    [1, 5, 5, 9, 9, 9, 13]
#
# Are only the weights of active units updated?
# ---------------------------------------------
#
# The example (−2, 1) opens no hidden unit, and still one number moves: a bias.
# :func:`~sgdexplained.explain` gives the reason for the last four of the 13 numbers, the three weights into the output and its bias. In these names Python counts from 0:

net = MLP([2, 3, 1], init=layers_of_page_1)
sgd = SGD(net.parameters(), lr=Fraction(1, 10))
step = explain(net, [[-2, 1]], [[Fraction(2)]], half_squared_error, sgd)
for row in list(step)[-4:]:
    print(f"{row.name:8}  {'moves' if row.moves else 'stays'}: {row.why}")

# %%
# So no weight moves. A bias needs no active sender, because it is added to the pre-activation as it is.
#
# .. claim:: D5
#    :verdict: holds when
#    :when: biases are left out, and four conditions are met: every inactive unit is also shut, as with ReLU; nothing compares examples or units with each other; each weight is used in one place only; the optimiser is plain SGD without decay.
#    :corrected: Under these conditions a weight that moves has an active sender and an open receiver in one and the same example of the batch. A bias needs only the open receiver. But a weight between an active sender and an open receiver does not always move.
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
#    ...     return net.layers[0].activations[0], {
#    ...         n: w.grad
#    ...         for n, w in net.named_parameters().items()
#    ...         if w.grad != 0
#    ...     }
#
#    Some training programs keep a second copy of each weight, the running average of its values. It goes on moving after the weight has stopped:
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
#    Two units are active, the answer is right, and nothing moves. No unit is active, and a bias moves:
#
#    >>> moves([1, 2], 2)
#    ([3, 0, 1], {})
#    >>> moves([-2, 1], 2)
#    ([0, 0, 0], {'b2[0]': -2.0})
#
# When more or fewer than three quarters stand still
# --------------------------------------------------
#
# - **With negative biases** fewer units are open. For example, let a new network, with weights of variance 2/20, have 20 random inputs with the mean 0 and the standard deviation 1. Then the pre-activations of its first layer have the mean 0 and the standard deviation 1.4, so half of them are above 0, and about a quarter are above 1. If all biases are −1 instead of 0, only this quarter stays positive, so only a quarter of the units are open, and more weights stand still.
# - **With tanh** no hidden unit of a new network is inactive or shut, so none of these weights stands still.


# Check: biases, tanh, and the number of regions
net = MLP([20, 100, 1], node=Tensor, seed=1)
net.layers[0].bias.data -= 1
net(np.random.default_rng(1).normal(size=(200, 20)))
without_bias = net.layers[0].pre_activations + 1
assert abs((without_bias > 0).mean() - 0.5) < 0.02
assert round(without_bias.std(), 1) == 1.4
assert 0.2 < net.layers[0].derivatives.mean() < 0.27

net = MLP([20, 48, 48, 1], node=Tensor, activation="tanh", seed=1)
net(np.ones((1, 20))).sum().backward()
assert (net.gradients()["W2"] != 0).all()

assert len(regions) == 7

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 3/4
#
#    A new ReLU network has three hidden layers and no biases. Which part of the weights between the second and the third hidden layer stands still for one example?
#
#    The sender is active with the chance 1/2, and the receiver is open with the chance 1/2, as before.
#    So the weight gets a gradient with the chance 1/4.
#
#    >>> shares = []
#    >>> for seed in range(5):
#    ...     net = MLP([20, 64, 64, 64, 1], node=Tensor, seed=seed)
#    ...     X = np.random.default_rng(seed).normal(size=(200, 20))
#    ...     net(X).sum().backward()
#    ...     third = net.layers[2]
#    ...     ends = [(array != 0).mean(axis=1) for array in (third.inputs, third.deltas)]
#    ...     shares.append(1 - float((ends[0] * ends[1]).mean()))
#    >>> abs(mean(shares) - 3 / 4) < 0.03
#    True
#
# .. guess::
#    :answer: 13
#
#    The example (3, −1) comes to the network of page 1, and the output is wrong. How many of the 13 numbers does it move?
#
#    The pre-activations are 2, 6 and 5, so all three units are open.
#
#    >>> moved_by([3, -1])
#    13
#
# What you can answer now
# -----------------------
#
# Does this weight move in this step, how far, and why?
#
# - *How far?* For one example, plain SGD moves it by the learning rate times three factors: the activation of the sender, the derivative of the activation at the receiver, and the upstream gradient (:ref:`page 2 <sphx_glr_story_1_one_example_plot_02_three_factors.py>`).
# - *Why does it not move?* Its sender is inactive or its receiver is shut (:ref:`page 5 <sphx_glr_story_1_one_example_plot_05_around_an_inactive_unit.py>`), or its upstream gradient is 0, or positive and negative parts of its gradient add up to 0 (:ref:`page 8 <sphx_glr_story_1_one_example_plot_08_active_but_not_learning.py>`).
# - *And in a batch?* It seldom stands still, but often moves less far than for one example, because examples with the gradient 0 make the mean smaller (:ref:`page 9 <sphx_glr_story_2_a_batch_plot_09_when_a_batch_moves_a_weight.py>`).
# - *Can it move when its gradient is zero?* Yes, with momentum, Adam or decay (:ref:`page 13 <sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py>`).
# - *Will it ever move again?* It can, if the inputs of its receiver change, or through decay (:ref:`page 15 <sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py>`).
#
# For every weight of your own network, :func:`~sgdexplained.explain` gives the answer.
#
# In PyTorch: three quarters
# --------------------------
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    torch.manual_seed(0)
#    layers = [Linear(20, 500, bias=False), Linear(500, 500, bias=False)]
#    net = Sequential(layers[0], ReLU(), layers[1], ReLU(), Linear(500, 1))
#    net(torch.randn(1, 20)).sum().backward()
#    still = (layers[1].weight.grad == 0).float().mean()
#    assert abs(still - 3 / 4) < 0.05
#
# .. footbibliography::
