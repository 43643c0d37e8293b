r"""
Can a unit be inactive and still learn?
=======================================

.. needs:: 5

If a ReLU unit is inactive for an example, the weights into it do not move: this unit does not *learn* from the example.
Is this so for every activation function?

.. guess::
   :answer: 3

   A tanh unit has the pre-activation 0, so its activation is exactly 0. Can the weights into this unit move?

   A. No, because the unit is inactive.
   B. No, only its bias can move.
   C. Yes, the weights and the bias can move.

   The derivative of tanh is 1 at 0, and it is nowhere larger.
   So this unit is inactive, and it can learn.
"""

# Set-up: four units, and the figure
from sgdexplained import MLP, SGD, Scalar, draw, half_squared_error
from sgdexplained.contrasts import (
    clamp,
    clamp_min,
    gelu,
    maximum,
    relu,
    relu6,
)

cells = [
    ("tanh", Scalar.tanh, 0, (-3, 3)),
    ("ReLU", relu, 2, (-5, 5)),
    ("ReLU", relu, -2, (-5, 5)),
    ("ReLU6", relu6, 7, (-4, 10)),
]
green, purple = draw.SENDER, draw.DERIVATIVE
fig, axes = draw.figure(4.7, rows=2, columns=2)
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
draw.title(fig, "A unit can be inactive, or shut, or both, or neither.")
draw.alt(
    fig,
    "Four activation curves with a dot at the pre-activation, in a table:"
    " inactive or active across, open or shut down. Tanh at 0 has the"
    " activation 0 and the derivative 1. ReLU at 2 has the activation 2 and"
    " the derivative 1. ReLU at -2 has the activation 0 and is flat. ReLU6 at 7"
    " has the activation 6 and is flat.",
)

# %%
# Each curve is an activation function *φ*, and the dot shows one unit with the pre-activation *z*.
# The green bar is as long as the activation of the unit, and the slope of the purple line is the derivative.
#
# - *Inactive* means that the activation is exactly 0: *φ(z)* = 0. Then the weights **out of** the unit have the gradient 0.
# - *Shut* means that the derivative is exactly 0: *φ′(z)* = 0. Then the weights **into** the unit have the gradient 0.
#
# For a ReLU unit, books and papers use one word, *inactive*, for both.
# They call a sigmoid or tanh unit *saturated* if its derivative is nearly 0.
#
# For the next table, take a network with one input, one hidden unit and one output.
# The input is 1, and the bias of the unit is 0, so the weight into the unit, *w*\ :sub:`in`, is also the pre-activation *z*.
# The weight out of the unit, *w*\ :sub:`out`, is 2.
# To keep it simple, the loss *L* is the output itself:
#
# .. math::
#
#    \frac{\partial L}{\partial w_{\text{in}}} = 1 \cdot \varphi'(z) \cdot 2
#    \qquad
#    \frac{\partial L}{\partial w_{\text{out}}} = \varphi(z)
#
# The table shows these two gradients for five units:


# Set-up: this small network, with units of the picture and others
def chain(activation, z):
    layers = [([[z]], [0]), ([[2]], None)]
    net = MLP([1, 1, 1], activation=activation, init=layers)
    net([[1]])[0][0].backward()
    return net


units = [
    ("tanh", "tanh", 0),
    ("ReLU", relu, -2),
    ("ReLU6", relu6, 7),
    ("GELU", gelu, 0),
    ("sigmoid", "sigmoid", 10),
]
print(f"{'gradient of':>27}")
print(f"{'unit':8} {'z':>2} {'weight in':>10} {'weight out':>11}")
for name, activation, z in units:
    gradients = chain(activation, z).gradients()
    [[into]], [[out]] = gradients["W1"], gradients["W2"]
    print(f"{name:8} {z:2} {into:10.3g} {out:11.3g}")

# %%
# - *Tanh at 0* and *GELU at 0* are inactive, but the weight into the unit moves. (GELU is a smooth variant of ReLU.)
# - *ReLU6 at 7* is active, but the weight into the unit does not move.
# - *Sigmoid at 10* is saturated: its derivative is almost 0, so the weight into the unit hardly moves. Far enough from 0, a program rounds this derivative to exactly 0, and the unit is shut.
#
# .. claim:: B4
#    :verdict: holds when
#    :when: the unit is shut for this example. A ReLU unit is shut if its pre-activation is below 0.
#    :corrected: The weights into a unit, and its bias, have a gradient of exactly zero if the unit is *shut*. It makes no difference whether the unit is inactive.
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
#    The activation of the unit, and the gradients of the weight into it and of its bias: first for ReLU at −2 and tanh at 0, which are inactive, and then for ReLU6 at 7, which is active.
#
#    >>> units = ("relu", -2), ("tanh", 0), (relu6, 7)
#    >>> [activation_and_gradients(*unit) for unit in units]
#    [(0, 0, 0), (0.0, 2.0, 2.0), (6, 0, 0)]
#
# At 0, a program must choose the derivative of ReLU
# --------------------------------------------------
#
# So far, no pre-activation of a ReLU unit was exactly 0.
# ReLU is flat to the left of 0 and rises to the right of 0, so it has no derivative at 0.
# Such a point is called a *kink*.
# But a program must give a number there too.
# Which number it gives depends on how ReLU is written: as ``relu(z)``, as ``maximum(z, 0)`` or as ``clamp(z, min=0)``.

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
        words = f"{name}: slope {draw.number(found[name])}"
        ax.text(1.06, found[name], words, color=purple.colour, va="center")
    ax.text(-1, 0.05, "ReLU")
draw.point(0, 0, ax)
ax.set(xlabel="pre-activation z", ylabel="activation", ylim=(-0.55, 1.08))
ax.set(xticks=[-1, 0, 1], yticks=[0, 1], xlim=(-1.05, 2.35))
draw.title(ax, "At 0, three ways to write ReLU have three derivatives.")
draw.alt(
    ax,
    "The larger of z and 0, with a kink at 0. Three dashed lines touch it"
    " there: one with the derivative 0, one with 1/2, one with 1.",
)

# %%
# The black line is ReLU: all three ways compute the same values. Each dashed line belongs to one way: its slope is the derivative that a program gives at 0 if ReLU is written like this.
# None of the three numbers is wrong: each dashed line touches the black line at 0, and is nowhere above it.
# Mathematics calls the slope of such a line a *subgradient*, and uses it in place of the derivative.
#
# With random weights, a pre-activation is rarely exactly 0.
# But if somebody sets the weights and biases of a layer to 0, all pre-activations of this layer are 0.
# The next picture shows the training of such a network, with three hidden ReLU units and two examples.


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
    ax.text(40, 0.64, "relu, derivative 0 at the kink", ha="right")
    ax.text(40, 0.14, "maximum, derivative 1/2 at the kink", ha="right")
ax.set(xlabel="step", ylabel="loss", ylim=(-0.05, 2.6))
ax.set(xticks=[0, 20, 40], yticks=[0, 0.5, 1, 2])
draw.title(
    ax, "With the derivative 0 at the kink, the loss stops falling at 0.5."
)
draw.alt(
    ax,
    "The loss over 40 steps. With the derivative 0 at the kink it falls from"
    " 2.5 to 0.5 and stays there; with 1/2 it falls to 0.",
)
draw.show()

# %%
# With the derivative 0, all three units are inactive and shut for both examples, so only the bias of the output moves.
# With the derivative 1/2 or 1, the network learns both examples.
#
# A computer rounds its numbers, so a pre-activation is exactly 0 more often than in exact mathematics.
# So it can also matter in a large network which derivative a program takes at 0.
# One study reports that another derivative at 0 changed the results with 32-bit numbers, and hardly changed them with 64-bit numbers, which are rounded less :footcite:p:`bertoin2021`.

# Check: where each training ends, and when a sigmoid is shut
assert (round(paths[relu][-1], 3), round(paths[maximum][-1], 3)) == (0.5, 0)
assert round(paths[clamp][-1], 3) == 0
for z, is_shut in (
    (745.0, False),
    (746.0, True),
    (-745.0, False),
    (-746.0, True),
):
    unit = Scalar(z)
    unit.sigmoid().backward()
    assert (unit.grad == 0) == is_shut

# %%
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 3
#
#    A leaky ReLU unit multiplies a negative pre-activation by 1/100. Its pre-activation is −2. What is true of the unit?
#
#    A. It is inactive and shut.
#    B. It is active and shut.
#    C. It is active and open.
#
#    The activation is −2/100, and the derivative is 1/100.
#    So the weight into this unit moves.
#
#    >>> from sgdexplained.contrasts import leaky_relu
#    >>> from sgdexplained.reasons import inactive, shut
#    >>> leaking = chain(leaky_relu, -2)
#    >>> unit = leaking.layers[0]
#    >>> inactive(unit), shut(unit), leaking.gradients()["W1"]
#    ([[False]], [[False]], [[0.02]])
#
# .. guess::
#    :answer: 1
#
#    The curve of GELU falls until *z* is about −0.75, and then it rises. In the small network of the table, a GELU unit has the pre-activation −2. What does a step do to the weight into this unit?
#
#    A. The weight becomes larger.
#    B. The weight becomes smaller.
#    C. The weight stays.
#
#    At −2 the curve falls, so the derivative is negative, and the gradient of the weight is negative too.
#    A step goes against the gradient, so the weight becomes larger.
#
#    >>> round(float(chain(gelu, -2).layers[0].weight[0][0].grad), 4)
#    -0.1705
#
# .. guess::
#    :answer: 0
#
#    The function relu(*z*) − relu(−\ *z*) is just *z*, so its derivative is 1 everywhere. A program takes 0 as the derivative of relu at 0. Which derivative of relu(*z*) − relu(−\ *z*) does this program give at *z* = 0?
#
#    The program takes 0 for both parts, so it gives 0, but the right derivative is 1.
#    The whole function has no kink. But it is built from parts that have one, and there a program can give a wrong derivative.
#
#    >>> z = Scalar(0)
#    >>> (z.relu() - (-z).relu()).backward()
#    >>> z.grad
#    0
#    >>> z = Scalar(1)
#    >>> (z.relu() - (-z).relu()).backward()
#    >>> z.grad
#    1
#
# In PyTorch: the derivative at 0 depends on how ReLU is written
# --------------------------------------------------------------
#
# PyTorch 2.13 gives the three derivatives of the picture with the dashed lines, which the engine of this site has computed.
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
# In the engine, the derivative at 0 is chosen in :engine:`two lines of relu <maths.NumberMaths.relu>`.
#
# .. footbibliography::
