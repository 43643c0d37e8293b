r"""
Can a unit be inactive and still learn?
=======================================

.. needs:: 5

For ReLU, an inactive unit does not learn: is that so for every activation function?

.. guess::
   :answer: 3

   A tanh unit has the pre-activation 0, so its activation is exactly 0. Can the weights that lead into it move?

   A. No, because the unit is inactive.
   B. Yes, but only very little.
   C. Yes, further than at any other pre-activation.
   D. Only its bias can move.

   The derivative of tanh is largest at 0, where it is 1.
   So this unit is inactive, and it learns as fast as it can.
"""

# Set-up: four units, and the figure
from fractions import Fraction
from math import exp

from sgdexplained import MLP, SGD, Scalar, draw, half_squared_error
from sgdexplained.contrasts import (
    clamp,
    clamp_min,
    gelu,
    leaky_relu,
    maximum,
    relu,
    relu6,
    silu,
)

cells = [
    ("tanh", Scalar.tanh, 0, (-3, 3)),
    ("ReLU", relu, 2, (-5, 5)),
    ("ReLU", relu, -2, (-5, 5)),
    ("ReLU6", relu6, 7, (-4, 10)),
]
green, purple = draw.SENDER, draw.DERIVATIVE
fig, axes = draw.figure(5, rows=2, columns=2)
with draw.style():
    for ax, cell in zip(axes.flat, cells, strict=True):
        name, function, z, (left, right) = cell
        unit = Scalar(z)
        function(unit).backward()
        a, derivative = function(unit).data, unit.grad
        grid = [left + (right - left) * n / 100 for n in range(101)]
        height = [function(Scalar(place)).data for place in grid]
        ax.axhline(0, color=draw.GRID, linewidth=1)
        ax.plot(grid, height, color=draw.INK, linewidth=2.2)
        half = 0.18 * (right - left)
        ends = [a - derivative * half, a + derivative * half]
        thick = {"linewidth": 6, "clip_on": False}
        ax.plot([z - half, z + half], ends, color=purple.colour, **thick)
        ax.plot([z, z], [0, a], color=green.colour, **thick)
        ring = {"mec": green.colour, "mfc": green.colour if a else "white"}
        ring |= {"ms": 12, "mew": 2, "clip_on": False, "zorder": 5}
        ax.plot(z, a, "o", **ring)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"{name}, z = {draw.number(z)}", pad=6)
        look = {"transform": ax.transAxes, "va": "top"}
        words = f"{green.mark} activation {draw.number(a)}"
        ax.text(0, -0.04, words, color=green.colour, **look)
        words = f"{purple.mark} derivative {draw.number(derivative)}"
        ax.text(0, -0.2, words, color=purple.colour, **look)
    bold = {"fontweight": "bold", "fontsize": 17}
    for place, row in [(0, "open"), (1, "shut")]:
        axes[place, 0].set_ylabel(row, **bold)
    for place, column in [(0, "inactive"), (1, "active")]:
        above = {"xy": (0.5, 1.2), "xycoords": "axes fraction", "ha": "center"}
        axes[0, place].annotate(column, **above, **bold)
draw.title(fig, "Inactive and shut are two things; ReLU joins them.")
draw.alt(
    fig,
    "Four activation curves with a dot at the pre-activation, in a table:"
    " inactive or active across, open or shut down. Tanh at 0 has the"
    " activation 0 and the derivative 1. ReLU at 2 has the activation 2 and"
    " the derivative 1. ReLU at -2 has the activation 0 and is flat. ReLU6 at 7"
    " has the activation 6 and is flat.",
)

# %%
# The green bar is the activation, and the thick purple line is the derivative.
#
# - *Inactive* means that the activation is exactly 0: *φ(z)* = 0. It concerns the weights that lead **out** of the unit.
# - *Shut* means that the derivative is exactly 0: *φ′(z)* = 0. It concerns the weights that lead **into** the unit.
#
# For a ReLU unit, books and papers use one word, *inactive*, for both.
# They call a sigmoid or tanh unit *saturated* if it is nearly shut.
#
# To see what inactive and shut units do to weights, take one input of 1, one unit, and one output that is twice the activation.
# To keep it simple, the loss *L* is the output itself.
# Then the pre-activation *z* is the incoming weight, and the upstream gradient is 2:
#
# .. math::
#
#    \frac{\partial L}{\partial w_{\text{in}}} = 1 \cdot \varphi'(z) \cdot 2
#    \qquad
#    \frac{\partial L}{\partial w_{\text{out}}} = \varphi(z)
#
# Here *φ* is the activation function.


# Set-up: this small network, with the units of the picture and others
def chain(activation, z):
    layers = [([[z]], [0]), ([[2]], None)]
    net = MLP([1, 1, 1], activation=activation, init=layers)
    net([[1]])[0][0].backward()
    return net


units = [
    ("tanh", "tanh", 0),
    ("ReLU", relu, -2),
    ("ReLU6", relu6, 7),
    ("leaky ReLU", leaky_relu, -2),
    ("GELU", gelu, 0),
    ("GELU", gelu, -2),
    ("SiLU", silu, -1.278465),
    ("sigmoid", "sigmoid", 10),
]
print(f"{'gradient':>31}")
print(f"{'unit':10} {'z':>9} {'in':>10} {'out':>8}")
for name, activation, z in units:
    gradients = chain(activation, z).gradients()
    [[into]], [[out]] = gradients["W1"], gradients["W2"]
    print(f"{name:10} {z:9} {into:10.3g} {out:8.3g}")

# %%
# GELU and SiLU are smooth relatives of ReLU: they have no kink, and to the left of 0 they fall a little below 0.
#
# - *GELU at 0* is inactive, and it learns.
# - *SiLU at −1.278465* is active, and it hardly learns. It stands near the lowest point of its curve, where the derivative is 0.
# - *Sigmoid at 10* is saturated: its activation is almost 1, and its derivative is almost 0.
# - *GELU at −2* has a negative gradient on the way in, because to the left of its lowest point the activation falls when *z* rises.
#
# .. claim:: B4
#    :verdict: holds when
#    :when: the unit is shut for this example, as a ReLU unit is when its pre-activation is below 0.
#    :corrected: The weights into a unit, and its bias, have a gradient of exactly zero if the unit is *shut*. Whether it is inactive makes no difference to them.
#    :sources: glorot2011, maas2013
#    :refuted-by: leaky-shut-gate, tanh-shut-where-silent, relu6-never-full
#
#    The weights into an inactive unit have a gradient of zero.
#
#    >>> from sgdexplained import MLP
#    >>> from sgdexplained.contrasts import relu6
#    >>> def activation_and_gradients(activation, z):
#    ...     layers = [([[z]], [0]), ([[2]], None)]
#    ...     net = MLP([1, 1, 1], activation=activation, init=layers)
#    ...     net([[1]])[0][0].backward()
#    ...     unit = net.layers[0]
#    ...     [a], weight = unit.activations[0], unit.weight[0][0]
#    ...     return a, weight.grad, unit.bias[0].grad
#
#    The activation, and the gradients of the weight and the bias. ReLU at −2 and tanh at 0 are both inactive, and ReLU6 at 7 is not:
#
#    >>> units = ("relu", -2), ("tanh", 0), (relu6, 7)
#    >>> [activation_and_gradients(*unit) for unit in units]
#    [(0, 0, 0), (0.0, 2.0, 2.0), (6, 0, 0)]
#
# Exactly at 0, the derivative of ReLU is a choice
# ------------------------------------------------
#
# ReLU is flat to the left of 0 and rises to the right, so it has no derivative at 0.
# Such a point is called a *kink*.
# A program must give a number there too, and this number depends on how the program writes the function: as ``relu(z)``, as ``maximum(z, 0)`` or as ``clamp(z, min=0)``.

# Set-up: three ways to write ReLU, their derivatives at 0, and the figure
found = {}
for spelling in (relu, maximum, clamp_min, clamp):
    z = Scalar(0)
    spelling(z).backward()
    found[spelling.__name__] = float(z.grad)

ax = draw.curve([-1, 0, 1], [0, 0, 1])
for derivative in sorted(set(found.values())):
    ends = [-derivative, derivative]
    draw.curve([-1, 1], ends, ax, colour=purple.colour, dashed=True)
with draw.style():
    for name in ("relu", "maximum", "clamp"):
        words = f"{name}: {draw.number(found[name])}"
        ax.text(1.06, found[name], words, color=purple.colour, va="center")
    ax.text(-1, 0.05, "max(z, 0)")
draw.point(0, 0, ax)
ax.set(xlabel="pre-activation z", ylabel="activation", ylim=(-0.55, 1.08))
ax.set(xticks=[-1, 0, 1], yticks=[0, 1], xlim=(-1.05, 1.85))
draw.title(ax, "At the kink, three ways to write ReLU have three derivatives.")
draw.alt(
    ax,
    "The larger of z and 0, with a kink at 0. Three dashed lines touch it"
    " there: one with the derivative 0, one with 1/2, one with 1.",
)

# %%
# Each of the three lines touches the function at 0.
# Everywhere else the line is below the function, or on it.
# The derivative of such a line is called a *subgradient*, and none of the three is wrong.
#
# It rarely matters, because a pre-activation is hardly ever exactly 0, unless somebody sets the weights to 0.
# In the next picture, three units start with incoming weights and biases of 0.
# Their weights to the output are 1, −1 and 1/2, and they are trained on two examples.


# Set-up: the same training with two derivatives at 0, and the figure
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
steps = range(41)
ax = draw.curve(steps, paths[relu], dashed=True)
draw.curve(steps, paths[maximum], ax)
with draw.style():
    ax.text(40, 0.58, "relu, 0 at the kink: stuck", ha="right")
    ax.text(40, 0.1, "maximum, 1/2 at the kink: learns", ha="right")
ax.set(xlabel="step", ylabel="loss", ylim=(-0.05, 2.6))
ax.set(xticks=[0, 20, 40], yticks=[0, 0.5, 1, 2])
draw.title(ax, "From weights of zero, the choice at the kink decides.")
draw.alt(
    ax,
    "The loss over 40 steps. With the derivative 0 at the kink it falls from"
    " 2.5 to 0.5 and stays there; with 1/2 it falls to 0.",
)
draw.show()

# %%
# With the derivative 0, all three units are shut for both examples, so only the bias of the output moves.
# With 1/2 or 1, the network learns.
# One study tried several derivatives at the kink in large networks.
# With 32-bit numbers, the gradients were different in about half of the cases that were tried; with 64-bit numbers they were the same :footcite:p:`bertoin2021`.

# Check: where each training ends
assert (round(paths[relu][-1], 3), round(paths[maximum][-1], 3)) == (0.5, 0)
assert round(paths[clamp][-1], 3) == 0

# %%
# Three things to be careful with
# -------------------------------
#
# - **A leak opens the unit.** Leaky ReLU at −2 has the derivative 1/100, and so the weights into it move.
# - **A sigmoid is never shut on paper**, but in floating-point numbers it is: in our engine, the derivative is exactly 0 at −746 and below, and at 746 and above. A program that computes the derivative as *a*\ (1 − *a*) gives 0 from 37 on, because *a* is rounded to 1.
# - **At a kink a program can be wrong.** ReLU of *z* minus ReLU of −\ *z* is just *z*, whose derivative is 1. At 0 a program computes this derivative from two zeros, and gives 0.

# Check: what this list says
for z, is_shut in (
    (745.0, False),
    (746.0, True),
    (-745.0, False),
    (-746.0, True),
):
    unit = Scalar(z)
    unit.sigmoid().backward()
    assert (unit.grad == 0) == is_shut
assert [1 / (1 + exp(-z)) == 1 for z in (36, 37)] == [False, True]
for z, derivative in ((0, 0), (Fraction(1, 1000), 1)):
    unit = Scalar(z)
    (unit.relu() - (-unit).relu()).backward()
    assert unit.grad == derivative

# %%
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 2
#
#    Hard tanh follows its input between −1 and 1, and is constant outside. Its pre-activation is 2. Is the unit inactive, is it shut?
#
#    A. Inactive and shut.
#    B. Active and shut.
#    C. Active and open.
#
#    Its activation is 1 and its derivative is 0, so the weight into it has the gradient 0.
#
#    >>> from sgdexplained.contrasts import hard_tanh
#    >>> from sgdexplained.reasons import inactive, shut
#    >>> held = chain(hard_tanh, 2)
#    >>> inactive(held.layers[0]), shut(held.layers[0]), held.gradients()["W1"]
#    ([[False]], [[True]], [[0]])
#
# .. guess::
#    :answer: 1
#
#    A SiLU unit has the pre-activation −3, and the loss is the output, as in the table. What does a step do to the incoming weight?
#
#    A. It becomes larger.
#    B. It becomes smaller.
#    C. It stays.
#
#    To the left of −1.278 the activation falls when the pre-activation rises.
#    The gradient is negative, and the step goes against it.
#
#    >>> round(chain(silu, -3).layers[0].weight[0][0].grad, 4)
#    -0.1762
#
# .. guess::
#    :answer: 1
#
#    ReLU of −\ *z*, plus *z*, is another way to write the larger of *z* and 0. What is its derivative at 0, if the derivative of ReLU there is 0?
#
#    The first part gives 0, and the second gives 1.
#
#    >>> z = Scalar(0)
#    >>> ((-z).relu() + z).backward()
#    >>> z.grad
#    1
#
# In PyTorch: how you write ReLU decides
# --------------------------------------
#
# PyTorch's functions give the same answers at the kink as ours.
# These are the answers of version 2.13.
#
# .. code-block:: python
#
#    import torch
#
#    def derivative_at_0(spelling):
#        z = torch.tensor(0.0, requires_grad=True)
#        spelling(z).backward()
#        return z.grad.item()
#
#    assert derivative_at_0(torch.relu) == 0
#    assert derivative_at_0(lambda z: z.maximum(torch.zeros_like(z))) == 1 / 2
#    assert derivative_at_0(lambda z: z.clamp_min(0)) == 1
#    assert derivative_at_0(lambda z: z.clamp(min=0)) == 1
#
# .. in_your_library:: relu-at-0
#
# In the engine the choice is made in :engine:`two lines of relu <maths.NumberMaths.relu>`, and the other functions are in :engine:`contrasts <contrasts.activations.gelu>`.
#
# .. footbibliography::
