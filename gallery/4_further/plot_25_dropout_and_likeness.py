r"""
Which units do two examples share?
==================================

.. needs:: 9 16

A ReLU unit is *open* for an example if its pre-activation is positive, and shut otherwise.
Two examples that are alike open nearly the same units.

.. guess::
   :answer: 2

   The input numbers of an example are the coordinates of an arrow. The arrows of two examples stand at a right angle to each other. A ReLU layer has no biases, and its weights are random numbers from a normal distribution with the mean 0. What part of its units is open for both examples, on average?

   A. One half
   B. One quarter
   C. None

   Each example opens half of the units. At a right angle, half of the units that are open for the first example are open for the second example too: one quarter of all.
"""

# Set-up: twelve units in all directions, two inputs, and the figure
from fractions import Fraction
from itertools import product
from math import acos, cos, degrees, pi, radians, sin
from statistics import mean, stdev

import numpy as np
from matplotlib.patches import Wedge
from matplotlib.patheffects import withStroke

from sgdexplained import MLP, Scalar, Tensor, draw
from sgdexplained.contrasts import Dropout

halo = [withStroke(linewidth=4, foreground="white")]
spread = [15 + 30 * k for k in range(12)]


def gates_on_circle(angle, directions):
    """Return the derivatives of units in these directions for two inputs."""
    W = [[turn(radians(d)) for d in directions] for turn in (cos, sin)]
    net = MLP([2, len(directions)], output="relu", init=[(W, None)])
    net([[1, 0], [cos(radians(angle)), sin(radians(angle))]])
    return net.layers[0].derivatives


def opened(angle):
    """Return for each of the twelve by how many of the inputs it is opened."""
    return [
        sum(pair) for pair in zip(*gates_on_circle(angle, spread), strict=True)
    ]


fig, places = draw.figure(3.65, columns=2)
for ax, angle in zip(places, (60, 120), strict=True):
    both = Wedge((0, 0), 1, angle - 90, 90, lw=0, fc=draw.INK, alpha=0.25)
    ax.add_patch(both)
    none = {"fc": "none", "ec": draw.GRID, "hatch": "////", "lw": 0}
    ax.add_patch(Wedge((0, 0), 1, 90 + angle, 270, **none))
    look = {"arrowstyle": "-|>", "lw": 2.2, "color": draw.INK}
    for direction in (0, angle):
        t = radians(direction)
        ax.annotate("", (0.92 * cos(t), 0.92 * sin(t)), (0, 0), arrowprops=look)
    for direction, times in zip(spread, opened(angle), strict=True):
        t, half = radians(direction), "left" if times == 1 else "full"
        look = {"color": draw.INK, "fillstyle": half, "markerfacecoloralt": "w"}
        face = draw.INK if times else "white"
        place = 1.12 * cos(t), 1.12 * sin(t)
        ax.plot(*place, "o", ms=11, mfc=face, mec=draw.INK, **look)
    with draw.style():
        middle = {"ha": "center", "va": "center", "fontsize": 13}
        for way, words in (
            (angle / 2, "open for\nboth"),
            (angle / 2 + 180, "open for\nnone"),
        ):
            at = 0.7 * cos(radians(way)), 0.7 * sin(radians(way))
            ax.text(*at, words, **middle, path_effects=halo)
        heading = f"examples {angle}° apart:\n{opened(angle).count(2)} of 12 units open for both"
        ax.set_title(heading, fontsize=15, loc="center")
    ax.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    ax.axis("off")
draw.title(
    fig,
    "The smaller the angle between two examples, the more units are open for both.",
)
draw.alt(
    fig,
    "Two circles of twelve unit directions, and two arrows, the examples. At 60"
    " degrees the half circles that they open share a third: four units are"
    " open for both, full dots; four for one, half dots; four for none, empty"
    " dots. At 120 degrees"
    " they share a sixth: two units are open for both, two for none.",
)

# %%
# The arrows are two examples, and each dot is a unit.
# The two weights into a unit are coordinates too. They give its *direction*, from the centre to its dot.
# Without a bias, the pre-activation of the unit is *w*\ ₁\ *x*\ ₁ + *w*\ ₂\ *x*\ ₂.
# It is positive if the arrow of the example and the direction of the unit are less than 90 degrees apart, and only then.
# A full dot is a unit that is open for both examples, a half dot is open for one of them, and an empty dot for none.
#
# If the weights are drawn independently from one normal distribution with the mean 0, every direction is equally likely.
# Let *t* be the angle between the two arrows (in radians, so π is 180 degrees).
# Then the part of the units that is open for both examples is, on average:
#
# .. math::
#
#    \text{open for both} = \frac{\pi - t}{2 \pi}
#
# This is one third for 60 degrees, one quarter for 90 degrees, and one sixth for 120 degrees.
#
# The activations that one example makes in the layer are a list of numbers, so they are the coordinates of an arrow too.
# In a very wide layer, the arrows of the two lists of activations stand at the angle *t′* (:footcite:t:`cho2009`):
#
# .. math::
#
#    \cos t' = \frac{\sin t + (\pi - t) \cos t}{\pi}
#
# If two examples stand at a right angle, the angle is 71.4 degrees after the first layer, and 42.6 degrees after the fifth.
# So with each wide layer the examples become more alike, and more units are open for both.


# Check: a layer of 100 000 units, and five layers
def angle_between(one, other):
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return degrees(acos(one @ other / lengths))


def next_angle(angle):
    t = radians(angle)
    return degrees(acos((sin(t) + (pi - t) * cos(t)) / pi))


wide = MLP([2, 100_000], node=Tensor, output="relu", seed=5, bias=False)
for angle in (60, 90, 120):
    wide([[1.0, 0.0], [cos(radians(angle)), sin(radians(angle))]])
    one, other = wide.layers[0].activations
    share, theory = ((one > 0) & (other > 0)).mean(), (180 - angle) / 360
    assert abs(share - theory) < 4 * (theory * (1 - theory) / 100_000) ** 0.5
    parts = zip(np.split(one, 20), np.split(other, 20), strict=True)
    turned = [angle_between(*part) for part in parts]
    assert abs(mean(turned) - next_angle(angle)) < 4 * stdev(turned) / 20**0.5

angles = [90.0]
for _ in range(5):
    angles.append(next_angle(angles[-1]))
assert (round(angles[1], 1), round(angles[5], 1)) == (71.4, 42.6)

# %%
# .. claim:: P5
#    :verdict: holds
#    :sources: cho2009
#    :refuted-by: gates-ignored, whispering-relu, against-left-out, no-negative-weights
#
#    A ReLU layer has no biases, and its weights are drawn independently from one normal distribution with the mean 0. Two examples stand at an angle *t*. On average, the part :math:`(\pi - t) / 2 \pi` of the units is open for both. The activations of the two examples stand at another angle. The wider the layer, the nearer the cosine of this angle is to :math:`(\sin t + (\pi - t) \cos t) / \pi`.
#
#    >>> from fractions import Fraction
#    >>> from math import acos, cos, degrees, radians, sin
#    >>> from sgdexplained import MLP
#    >>> def layer(angle, directions):
#    ...     W = [[f(radians(d)) for d in directions] for f in (cos, sin)]
#    ...     net = MLP([2, len(directions)], output="relu", init=[(W, None)])
#    ...     net([[1, 0], [cos(radians(angle)), sin(radians(angle))]])
#    ...     return net.layers[0]
#    >>> def open_for_both(angle):
#    ...     one, other = layer(angle, [15 + 30 * k for k in range(12)]).derivatives
#    ...     count = sum(g != 0 and h != 0 for g, h in zip(one, other))
#    ...     return Fraction(count, 12)
#    >>> [str(open_for_both(angle)) for angle in (60, 90, 120)]
#    ['1/3', '1/4', '1/6']
#
#    With random units, at a right angle:
#
#    >>> net = MLP([2, 20_000], output="relu", seed=5, bias=False)
#    >>> drawn = net.layers[0].weight
#    >>> both = sum(x.data > 0 and y.data > 0 for x, y in zip(*drawn)) / 20_000
#    >>> abs(both - 1 / 4) < 4 * (3 / 16 / 20_000) ** 0.5
#    True
#
#    And the angle after the layer:
#
#    >>> one, other = layer(90, [(k + 0.5) / 4 for k in range(1440)]).activations
#    >>> cosine = sum(a * b for a, b in zip(one, other)) / sum(a * a for a in one)
#    >>> round(degrees(acos(cosine)), 2)
#    71.44
#
# Dropout drops different units for different examples
# ----------------------------------------------------
#
# *Dropout* drops each unit with a given chance during training (:footcite:t:`srivastava2014`): it multiplies the activation of the unit by 0.
# It multiplies the activations of all other units by a number (by 2, if the chance is 1/2), so that on average an activation is as large as without dropout.
# A dropped unit is inactive, so the weights that lead out of it have a gradient of exactly 0.
# On the way back, the gradient at this unit is multiplied by 0 too, so the weights that lead into it also have a gradient of exactly 0.
#
# Take two layers of units that are all open and active without dropout.
# Dropout drops each of these units with the chance 1/2.
# A weight between the two layers gets a gradient from an example only if neither its sender nor its receiver is dropped, which happens with the chance 1/2 · 1/2 = 1/4.
# Usually dropout drops different units for different examples of a batch, so a weight that gets nothing from one example may get a gradient from another.
# If the same units are dropped for the whole batch, more examples do not help:


# Set-up: how many weights a batch misses, and the figure
def shares_missed(examples, shared, units=32, rounds=20):
    """Return the share of weights that a batch misses, round by round."""
    senders = Dropout(0.5, seed=16 + examples, shared=shared)
    receivers = Dropout(0.5, seed=61 + examples, shared=shared)
    missed = []
    for _ in range(rounds):
        w = Tensor([[1.0] * units for _ in range(units)])
        ones = [[1.0] * units for _ in range(examples)]
        after = senders(Tensor(ones, requires_grad=False))
        receivers(after @ w).sum().backward()
        missed.append((w.grad == 0).mean().item())
    return missed


sizes = [1, 2, 4, 8, 16]
own, same = [], []
for size in sizes:
    for shared, means, theory in (
        (False, own, 0.75**size),
        (True, same, 0.75),
    ):
        missed = shares_missed(size, shared)
        means.append(mean(missed))
        error = stdev(missed) / len(missed) ** 0.5
        assert abs(means[-1] - theory) < 4 * error + 1e-9

_, ax = draw.figure(3.0)
draw.curve(range(1, 17), [0.75**size for size in range(1, 17)], ax)
draw.curve([1, 16], [0.75, 0.75], ax, dashed=True)
ax.plot(sizes, own, "o", color=draw.INK, ms=8)
ax.plot(sizes, same, "s", mec=draw.INK, mfc="white", ms=8)
with draw.style():
    ax.text(16, 0.83, "the same units dropped for the whole batch", ha="right")
    ax.text(4.6, 0.34, "different units for each example")
    ax.text(
        16, 0.53, "lines: formula   ● □ measured", ha="right", style="italic"
    )
    ax.set_xlabel("examples in the batch")
    ax.set_ylabel("part of the weights\nwith the gradient 0")
ax.set(ylim=(0, 1), xlim=(0.5, 16.5))
ax.set_xticks(sizes)
ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "1/4", "1/2", "3/4", "all"])
draw.title(
    ax,
    "With different dropped units for each example, a larger batch leaves fewer gradients at 0.",
)
draw.alt(
    ax,
    "Share of weights without a gradient, over the number of examples. With"
    " the same units dropped for the whole batch it stays near 3/4. With new"
    " units for each example it falls as (3/4) to the power of the number of"
    " examples: 0.75, 0.56, 0.32, 0.10 and 0.01 for 1, 2, 4, 8 and 16.",
)
draw.show()

# %%
# For *B* examples, the falling line is :math:`(3/4)^B`, and the flat line is 3/4.
#
# The mean gradient with dropout is not the gradient without it
# -------------------------------------------------------------
#
# For one example, dropout can drop different units each time, and each time the gradient is another one. The mean of all these gradients can differ from the gradient without dropout.
# For example, a linear output has the inputs 1, 2 and 1 and the weights 1, −2 and 3, so it is 1·1 − 2·2 + 3·1 = 0.
# The target is 1, and the loss is half the squared error, so without dropout the gradients of the three weights are −1, −2 and −1.
# Now each input is dropped with the chance 1/2, and doubled if it is not dropped, so there are eight equally likely cases.
# The means of the three gradients over the eight cases are 0, −10 and 2. Each input has the right mean, and so has the error. But a gradient is here the input times the error. The two change together, so the mean of their product is another number.

# Check: eight choices
weights, x, target = (1, -2, 3), [1, 2, 1], 1


def with_mask(mask):
    w = [Scalar(Fraction(value)) for value in weights]
    dropout = Dropout(keep=Fraction(1, 2))
    [kept] = dropout([[Scalar(value) for value in x]], mask=mask)
    output = sum(a * weight for a, weight in zip(kept, w, strict=True))
    loss = (output - target) * (output - target) / 2
    loss.backward()
    dropped = [weight.grad for weight, m in zip(w, mask, strict=True) if not m]
    assert all(gradient == 0 for gradient in dropped)
    return loss.data, [weight.grad for weight in w]


losses, gradients = zip(
    *(with_mask(list(mask)) for mask in product([0, 1], repeat=3)), strict=True
)
mean_gradient = [mean(column) for column in zip(*gradients, strict=True)]
assert mean_gradient == [0, -10, 2]
error = sum(w * value for w, value in zip(weights, x, strict=True)) - target
assert [error * value for value in x] == [-1, -2, -1]
# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 0
#
#    The arrows of two examples point in opposite directions. A ReLU layer has no biases. What part of its units is open for both examples?
#
#    If the pre-activation of a unit is positive for one example, it is negative for the other.
#    So no unit is open for both.
#
#    >>> opened(180).count(2), opened(180).count(0)
#    (0, 0)
#
# .. guess::
#    :answer: 9/16
#
#    Take again two layers of units that are all open and active without dropout. Dropout drops each unit with the chance 1/2, and different units for each example. A batch has two examples. What part of the weights between the two layers has the gradient zero for the batch?
#
#    For each example it is 3/4, and the two choices are independent, so it is 3/4 · 3/4.
#
#    >>> from itertools import product
#    >>> choices = list(product([0, 1], repeat=4))  # 1: not dropped
#    >>> zeros = [not (a * b or c * d) for a, b, c, d in choices]
#    >>> sum(zeros), len(zeros)
#    (9, 16)
#
# In PyTorch: two examples at a right angle share one quarter
# -----------------------------------------------------------
#
# Here the examples are (1, 0) and (0, 1), so each pre-activation is a single weight. Each weight is positive with the chance 1/2, so both are positive with the chance 1/4.
#
# .. code-block:: python
#
#    import torch
#
#    torch.manual_seed(0)
#    layer = torch.nn.Linear(2, 100_000, bias=False)
#    one, other = layer(torch.eye(2))
#    share = ((one > 0) & (other > 0)).float().mean()
#    assert abs(share - 1 / 4) < 0.01
#
# .. footbibliography::
