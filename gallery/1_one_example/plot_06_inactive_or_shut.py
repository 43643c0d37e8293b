r"""
Which silence?
==============

Does a silent unit learn?
It can say nothing and still learn, and it can speak and learn nothing.
For ReLU the two go together, so one word seems to be enough; here are the units for which it is not.

A sentence that many believe: *a silent unit does not learn.*

It is false.
Here is a unit that says exactly 0 and learns as fast as it can, and one that says 6 and does not learn at all.
"""

from sgdexplained import Scalar, draw
from sgdexplained.contrasts import relu, relu6

cells = [
    ("tanh", Scalar.tanh, 0, (-3, 3)),
    ("ReLU", relu, 2, (-5, 5)),
    ("ReLU", relu, -2, (-5, 5)),
    ("ReLU6", relu6, 7, (-4, 10)),
]
green, purple = draw.SENDER, draw.DERIVATIVE
fig, axes = draw.figure(5, rows=2, columns=2)
with draw.style():
    for ax, (name, activation, z, (left, right)) in zip(
        axes.flat, cells, strict=True
    ):
        unit = Scalar(z)
        activation(unit).backward()
        said, rise = activation(unit).data, unit.grad
        grid = [left + (right - left) * n / 100 for n in range(101)]
        height = [activation(Scalar(place)).data for place in grid]
        ax.axhline(0, color=draw.GRID, linewidth=1)
        ax.plot(grid, height, color=draw.INK, linewidth=2.2)
        half = 0.18 * (right - left)
        ends = [said - rise * half, said + rise * half]
        thick = {"linewidth": 6, "clip_on": False}
        ax.plot([z - half, z + half], ends, color=purple.colour, **thick)
        ax.plot([z, z], [0, said], color=green.colour, **thick)
        ring = {"mec": green.colour, "mfc": green.colour if said else "white"}
        ring |= {"ms": 12, "mew": 2, "clip_on": False, "zorder": 5}
        ax.plot(z, said, "o", **ring)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"{name} hears {draw.number(z)}", pad=6)
        look = {"transform": ax.transAxes, "va": "top"}
        says = f"{green.mark} says {draw.number(said)}"
        slope = f"{purple.mark} slope {draw.number(rise)}"
        ax.text(0, -0.06, says, color=green.colour, **look)
        ax.text(0.48, -0.06, slope, color=purple.colour, **look)
    bold = {"fontweight": "bold", "fontsize": 17}
    for place, row in [(0, "open"), (1, "shut")]:
        axes[place, 0].set_ylabel(row, **bold)
    for place, column in [(0, "inactive"), (1, "speaks")]:
        above = {"xy": (0.5, 1.2), "xycoords": "axes fraction", "ha": "center"}
        axes[0, place].annotate(column, **above, **bold)
draw.title(fig, "Silent is not shut: a unit can be either alone.")
draw.alt(
    fig,
    "Four activation curves with a dot at what the unit hears, in a table:"
    " silent or speaking across, open or shut down. Tanh at 0 says 0 and has"
    " the slope 1. ReLU at 2 says 2 and has the slope 1. ReLU at -2 says 0 and"
    " is flat. ReLU6 at 7 says 6 and is flat.",
)

# %%
# Green is what the unit says, the height of the curve; the short thick line is its slope.
# A unit is *silent* if it says 0; it is *shut* if its slope is exactly 0, so that a little more or less on its way in would change nothing.
#
# The smallest network
# --------------------
#
# One input, one unit, one output: the input is 1, so the unit hears just its incoming weight, which we call *z*.
# The output is twice what the unit says, and the loss is the output itself, so the signal that comes back to the unit is always 2.
# Only the unit differs.

from sgdexplained import MLP
from sgdexplained.reasons import inactive, shut


def chain(activation, z):
    layers = [([[z]], [0]), ([[2]], None)]
    net = MLP([1, 1, 1], activation=activation, init=layers)
    loss = net([[1]])[0][0]
    loss.backward()
    return net


print("unit    z  silent  shut   gradient")
for name, activation, z in [
    ("tanh", "tanh", 0),
    ("ReLU", relu, 2),
    ("ReLU", relu, -2),
    ("ReLU6", relu6, 7),
]:
    unit = chain(activation, z).layers[0]
    words = f"{inactive(unit)[0][0]!s:6}  {shut(unit)[0][0]!s:5}"
    print(f"{name:5}  {z:2}  {words}  {unit.weight[0][0].grad:8.0f}")

# %%
# All four combinations exist.
# The tanh unit says exactly 0, and its incoming weight has the gradient 2, the largest that a tanh can give.
# ReLU6 is a ReLU that stops at 6; the unit says 6, and its incoming weight has the gradient 0.
#
# The weights *into* a unit look at its slope, and those *out of* it at what it says.
# So each side has its own zero.
#
# .. claim:: B4
#    :verdict: holds when
#    :when: the unit is shut for this example, as a ReLU is that hears less than 0.
#    :corrected: The weights into a unit, and its bias, have a gradient of exactly zero where the unit is *shut*; whether it is silent makes no difference to them.
#    :sources: glorot2011, maas2013
#    :refuted-by: leaky-shut-gate, tanh-shut-where-silent, relu6-never-full
#
#    The weights into an inactive unit have a gradient of zero.
#
#    >>> from sgdexplained import MLP
#    >>> from sgdexplained.contrasts import relu6
#    >>> def says_and_learns(activation, z):
#    ...     layers = [([[z]], [0]), ([[2]], None)]
#    ...     net = MLP([1, 1, 1], activation=activation, init=layers)
#    ...     net([[1]])[0][0].backward()
#    ...     unit = net.layers[0]
#    ...     [says], weight = unit.activations[0], unit.weight[0][0]
#    ...     return says, weight.grad, unit.bias[0].grad
#
#    What the unit says, and the gradients of its weight and its bias: ReLU at −2 and tanh at 0 are both silent, ReLU6 at 7 is not.
#
#    >>> units = ("relu", -2), ("tanh", 0), (relu6, 7)
#    >>> [says_and_learns(*unit) for unit in units]
#    [(0, 0, 0), (0.0, 2.0, 2.0), (6, 0, 0)]

# %%
# More units
# ----------
#
# Not every unit is as clear-cut: some say a little, and some let a little through.
# *Leaky ReLU* passes a hundredth of what is negative.
# *GELU* and *SiLU* are smooth relatives of ReLU, which fall a little before they rise.
# *Sigmoid* climbs from 0 to 1, slower and slower towards both ends.
#
# The gradient of the weight *in* is twice the slope; the gradient of the weight *out* is what the unit says.

from sgdexplained.contrasts import gelu, leaky_relu, silu

units = [
    ("leaky", leaky_relu, -2),
    ("GELU", gelu, 0),
    ("GELU", gelu, -2),
    ("SiLU", silu, -1.278465),
    ("sigmoid", "sigmoid", 10),
    ("sigmoid", "sigmoid", -10),
]

print("unit          z        in        out")
for name, activation, z in units:
    gradients = chain(activation, z).gradients()
    [[into]], [[out]] = gradients["W1"], gradients["W2"]
    print(f"{name:7} {z:7.4g} {into:9.3g} {out:10.5g}")

# %%
# - *GELU at 0* says nothing and learns.
# - *SiLU at −1.278* speaks and hardly learns.
#   It stands as near to the lowest point of its curve as six decimals come; at that point itself the slope is exactly 0, and the unit is shut.
# - *The two sigmoids* have the same slope: one says almost 1, the other almost 0, and they learn equally little.
#   Such a unit is called *saturated*.
# - *GELU at −2* has a gradient below 0.
#   That is no mistake: left of the lowest point, a unit that hears more says less, so the gradient turns its sign.

places = [n / 50 for n in range(-250, 76)]
with draw.style():
    fig, ax = draw.figure(3.4)
    ax.axhline(0, color=draw.GRID, linewidth=1)
    for function, lowest in [(gelu, -0.751792), (silu, -1.278465)]:
        for colour, part in [
            (draw.NEGATIVE, [z for z in places if z <= lowest]),
            (draw.POSITIVE, [z for z in places if z >= lowest]),
        ]:
            dots = [function(Scalar(z)).data for z in part]
            ax.plot(part, dots, color=colour, linewidth=3)
        draw.point(
            lowest,
            function(Scalar(lowest)).data,
            ax,
            colour=draw.ZERO,
            hollow=True,
        )
    ax.text(
        -1.28, -0.31, "SiLU: slope 0", color=draw.ZERO, ha="center", va="top"
    )
    ax.text(0.2, -0.17, "GELU: slope 0", color=draw.ZERO, va="center")
    ax.plot([-0.6, 0.15], [-0.17, -0.17], color=draw.ZERO, linewidth=1)
    ax.text(
        -4.9,
        0.13,
        "slope below 0:\nthe gradient turns round",
        color=draw.NEGATIVE,
    )
    ax.text(0.15, 0.32, "slope above 0", color=draw.POSITIVE, ha="right")
ax.set(
    xlabel="what the unit hears",
    ylabel="what it says",
    ylim=(-0.42, 0.52),
    xlim=(-5, 1.5),
)
ax.set(xticks=[-4, -2, 0], yticks=[-0.2, 0, 0.2, 0.4])
draw.title(ax, "Left of the lowest point, more heard is less said.")
draw.alt(
    ax,
    "The curves of GELU and SiLU between -5 and 1.5. Both fall from 0 to a"
    " lowest point, at -0.75 and -1.28, where the slope is 0, and rise from"
    " there. The falling parts have a slope below 0.",
)

# %%
# Exactly on the corner
# ---------------------
#
# A ReLU has no slope at exactly 0: it is flat to the left and rises to the right, and there is its *kink*.
# A program must answer all the same, and the answer is a convention.
# Here are four ways to write the same function, the larger of *z* and 0.

from sgdexplained.contrasts import clamp, clamp_min, maximum

for spelling in relu, maximum, clamp_min, clamp:
    z = Scalar(0)
    spelling(z).backward()
    print(f"{spelling.__name__:9} slope at 0: {z.grad}")

# %%
# Each answer is the slope of a line that touches the function at the corner and lies nowhere above it.
# Mathematicians call each a *subgradient*, and none of them is wrong.

ax = draw.curve([-1, 0, 1], [0, 0, 1])
for slope in (0, 1 / 2, 1):
    draw.curve(
        [-1, 1], [-slope, slope], ax, colour=draw.DERIVATIVE.colour, dashed=True
    )
with draw.style():
    for slope, words in [
        (0, "relu: 0"),
        (1 / 2, "maximum: 1/2"),
        (1, "clamp: 1"),
    ]:
        ax.text(1.06, slope, words, color=draw.DERIVATIVE.colour, va="center")
    ax.text(-1, 0.05, "max(z, 0)")
draw.point(0, 0, ax)
ax.set(
    xlabel="z",
    xticks=[-1, 0, 1],
    yticks=[0, 1],
    ylim=(-0.55, 1.08),
    xlim=(-1.05, 1.85),
)
draw.title(
    ax, "At the corner three slopes are right, and libraries use all three."
)
draw.alt(
    ax,
    "The larger of z and 0, with a corner at 0. Three dashed lines touch it"
    " there: one with slope 0, one with slope 1/2, one with slope 1.",
)

# %%
# Does it matter?
# Weights are hardly ever such that a unit hears exactly 0, unless someone sets them to 0.
# Let all weights and biases of the first layer be 0, so that all three units stand on the corner, and train with two examples: the input −1 should give 1, the input 1 should give 3.


from sgdexplained import SGD, half_squared_error


def losses(activation, steps=40):
    first = [[0.0, 0.0, 0.0]], [0.0, 0.0, 0.0]
    last = [[1.0], [-1.0], [0.5]], [0.0]
    net = MLP([1, 3, 1], activation=activation, init=[first, last])
    sgd = SGD(net.parameters(), lr=0.125)
    path = []
    for _ in range(steps + 1):
        sgd.zero_grad()
        loss = half_squared_error(net([[-1], [1]]), [[1], [3]])
        loss.backward()
        path.append(loss.data)
        sgd.step()
    return path


paths = {spelling: losses(spelling) for spelling in (relu, maximum, clamp)}
for spelling, path in paths.items():
    print(f"{spelling.__name__:7} loss at the end: {path[-1]:.4f}")

# %%
# With slope 0 all three units are shut for both examples, so nothing moves but the bias of the output.
# That learns to say 2, the mean of the targets, and the loss comes to rest at 1/2, however long you train.
# With slope 1/2 or 1 the loss goes to 0.

steps = range(41)
ax = draw.curve(steps, paths[relu], colour=draw.ZERO)
draw.curve(steps, paths[maximum], ax, colour=draw.DERIVATIVE.colour)
with draw.style():
    ax.text(40, 0.58, "relu, slope 0: stuck", ha="right", color=draw.ZERO)
    ax.text(
        40,
        0.1,
        "maximum, slope 1/2: learns",
        ha="right",
        color=draw.DERIVATIVE.colour,
    )
ax.set(xlabel="step", ylabel="loss", ylim=(-0.05, 2.6))
ax.set(xticks=[0, 20, 40], yticks=[0, 0.5, 1, 2])
draw.title(ax, "One function, two fates, by the slope at 0.")
draw.alt(
    ax,
    "The loss over 40 steps. With slope 0 at the corner it falls from 2.5 to"
    " 0.5 and stays there; with slope 1/2 it falls to 0.",
)
draw.show()

# %%
# The sentence that survives
# --------------------------
#
# **Silent is about what a unit says, and decides about the weights out of it.
# Shut is about its slope, and decides about the weights into it.
# For a ReLU, with slope 0 at 0, and for hardly any other unit, the two are the same.**
#
# Where it breaks
# ---------------
#
# *A leak is enough.*
# On :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, unit 2 hears −2.
# With leaky ReLU it says −0.02 instead of 0, its slope is 0.01, and none of its weights stands still.
#
# >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
# >>> bench = MLP(
# ...     [2, 3, 1], activation=leaky_relu, init=[(W1, [0, 1, -1]), (W2, [0])]
# ... )
# >>> half_squared_error(bench([[1, 2]]), [[1]]).backward()
# >>> [round(row[1], 4) for row in bench.gradients()["W1"]]
# [0.0192, 0.0384]
# >>> round(bench.gradients()["W2"][1][0], 4)
# -0.0192
#
# *"A sigmoid is never quite shut."*
# That holds on paper; a float has a smallest number.
#
# >>> for hears in (-745.0, -746.0):
# ...     z = Scalar(hears)
# ...     z.sigmoid().backward()
# ...     print(z.grad)
# 5e-324
# 0.0
#
# *On a corner, the answer of the engine need not be a slope at all.*
# ReLU of *z* minus ReLU of *−z* is just *z*, whose slope is 1.
# Put together from two zeros, it comes out as 0, as it would in any library with this convention.
#
# >>> z = Scalar(0)
# >>> (z.relu() - (-z).relu()).backward()
# >>> z.grad
# 0
#
# A little off the corner it is right.
#
# >>> from fractions import Fraction
# >>> z = Scalar(Fraction(1, 1000))
# >>> (z.relu() - (-z).relu()).backward()
# >>> str(z.grad)
# '1'
#
# How much the convention at 0 shows in the training of large networks has been measured by :footcite:t:`bertoin2021`.
#
# Predict first
# -------------
#
# 1. Hard tanh follows its input between −1 and 1 and is held there outside.
#    A unit with it hears 2.
#    Is it silent, is it shut?
#
# .. dropdown:: Answer
#
#    It says 1, so it is not silent; it is shut, and its incoming weight has the gradient 0.
#
#    >>> from sgdexplained.contrasts import hard_tanh
#    >>> net = chain(hard_tanh, 2)
#    >>> inactive(net.layers[0]), shut(net.layers[0]), net.gradients()["W1"]
#    ([[False]], [[True]], [[0]])
#
# 2. A SiLU unit hears −3, and the loss wants the output to be smaller.
#    Does a step make the incoming weight smaller?
#
# .. dropdown:: Answer
#
#    No, larger: −3 lies left of the lowest point, −1.278, where the unit says less if it hears more.
#    The gradient is negative, and the step goes against it.
#
#    >>> round(chain(silu, -3).layers[0].weight[0][0].grad, 4)
#    -0.1762
#
# 3. ReLU of *−z*, plus *z*, is a fifth way to write the larger of *z* and 0.
#    What is its slope at 0, by the convention that ReLU's is 0?
#
# .. dropdown:: Answer
#
#    The first part contributes 0, the second 1.
#
#    >>> z = Scalar(0)
#    >>> ((-z).relu() + z).backward()
#    >>> z.grad
#    1
#
# In the engine
# -------------
#
# What happens at the corner is decided in :engine:`two lines of relu <maths.NumberMaths.relu>`; the other functions stand in :engine:`the cabinet <contrasts.activations.gelu>`.
#
# In PyTorch
# ----------
#
# Its functions give the same answers on the corner, so the spelling is the line that differs.
# The answer of ``clamp`` was under discussion in 2026; here it is that of version 2.13.
#
# .. code-block:: python
#
#    import torch
#
#    def slope_at_0(spelling):
#        z = torch.tensor(0.0, requires_grad=True)
#        spelling(z).backward()
#        return z.grad.item()
#
#    assert slope_at_0(torch.relu) == 0
#    assert slope_at_0(lambda z: z.maximum(torch.zeros_like(z))) == 1 / 2
#    assert slope_at_0(lambda z: z.clamp_min(0)) == 1
#    assert slope_at_0(lambda z: z.clamp(min=0)) == 1
#
# .. footbibliography::
