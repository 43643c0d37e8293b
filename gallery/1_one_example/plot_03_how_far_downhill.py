r"""
Does a step always make the loss smaller?
=========================================

.. needs:: 1

The gradient says in which direction the loss falls.
It does not say how far you may go.

.. guess::
   :answer: 3

   The network of page 1 has the loss 0.5. It takes one step with the learning rate 0.1. What is the loss after the step?

   A. A little smaller, because the step goes downhill.
   B. 0.
   C. Larger.
   D. The same.

   The loss is 0.696 after this step.
   The step goes in the right direction, but it goes too far.
"""

# Set-up: the loss after one step, for each learning rate, and the figure
from fractions import Fraction
from itertools import pairwise

from sgdexplained import MLP, SGD, Scalar, draw, half_squared_error
from sgdexplained.contrasts.optimisers import Adam


def network():
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, 1, -1]
    W2, b2 = [[1], [2], [-1]], [0]
    return MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])


def loss_of(net, target=1):
    return half_squared_error(net([[1, 2]]), [[Fraction(target)]])


def loss_after(lr):
    net = network()
    loss_of(net).backward()
    for w in net.parameters():
        w.data -= lr * w.grad
    return loss_of(net).data


lrs = [Fraction(n, 1000) for n in range(108)]
ax = draw.curve(lrs, [loss_after(lr) for lr in lrs])
draw.curve([0, 0.0217], [0.5, 0], ax, colour=draw.ZERO, dashed=True)
ax.axhline(0.5, color=draw.ZERO, linewidth=0.8)
ax.axvspan(0.0913, 0.107, color=draw.GRID, alpha=0.6, linewidth=0)
with draw.style():
    ax.text(0.024, 0.52, "loss before the step: 0.5", va="bottom")
    ax.text(0.011, 0.06, "expected", color=draw.ZERO, ha="right")
    ax.text(0.0992, 0.03, "harm", ha="center", fontweight="bold")
    for lr, words, place in [
        ("0", "", (0, 0)),
        ("0.0445", "best: η = 0.0445", (-2, 34)),
        ("0.0913", "no gain: η = 0.0913", (-80, -20)),
        ("0.1", "worse: η = 0.1", (-74, 2)),
    ]:
        dot = float(lr), loss_after(Fraction(lr))
        ax.plot(*dot, "o", color=draw.INK, markersize=8)
        look = {"textcoords": "offset points", "ha": "center"}
        ax.annotate(words, dot, place, **look)
ax.set(xlabel="learning rate η of the one step", ylabel="loss after the step")
ax.set(xlim=(-0.016, 0.107), ylim=(-0.05, 0.86), xticks=[0, 0.05, 0.1])
draw.title(ax, "The loss falls, reaches 0, and rises on the other side.")
draw.alt(
    ax,
    "The loss after one step, over its learning rate. It starts at 0.5, falls"
    " to 0 at 0.0445, is back at 0.5 at 0.0913 and is 0.6962 at 0.1. The"
    " straight line that the gradient lets us expect leaves the curve soon"
    " after the start.",
)

# %%
# A step subtracts from each number its gradient times the learning rate *η*:
#
# .. math::
#
#    w \leftarrow w - \eta \, \frac{\partial L}{\partial w}
#
# The gradient points *uphill*, so the step subtracts it.
# For a very short step, the loss changes by :math:`-\eta` times the sum of all squared gradients, which is 23 here.
# This is the dashed line, and a longer step does not keep to it:
#
# - With *η* = 0.001 the line says −0.023, and the loss really changes by −0.0227.
# - With *η* = 0.1 the line says −2.3, which is more than the loss has, and the loss really *rises* by 0.196.
#
# All layers move at once.
# In the output, weights of different layers are multiplied with each other, so their changes are multiplied too.
# As long as no unit opens or shuts, the error after the step, which is output minus target, is this polynomial:
#
# .. math::
#
#    r(\eta) = 1 - 23\,\eta + 12\,\eta^2
#
# It is 0 at *η* = 0.0445, and −1 at *η* = 0.0913.
# At −1 the error is as large as before the step.
#
# .. live:: network
#    :start: show=move;pick=W2.0.0

# Check: these numbers
net = network()
loss_of(net).backward()
assert sum(w.grad**2 for w in net.parameters()) == 23
steps = [Fraction(n, 40) for n in range(21)]
assert all(
    loss_after(lr) == (1 - 23 * lr + 12 * lr**2) ** 2 / 2 for lr in steps
)
changes = [float(loss_after(Fraction(lr))) - 0.5 for lr in ("0.001", "0.1")]
assert [round(change, 4) for change in changes] == [-0.0227, 0.1962]
assert round((23 - 481**0.5) / 24, 4) == 0.0445
assert round((23 - 433**0.5) / 24, 4) == 0.0913

# %%
# .. claim:: C3
#    :verdict: false as stated
#    :corrected: The step goes *against* the gradient, and the loss falls only if the step is short enough: in this network it falls for learning rates below 0.0913, and rises at 0.1.
#    :sources: robbins1951, bottou2018
#    :refuted-by: uphill, doubled-derivative
#
#    The step goes along the gradient, and so the loss goes down.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, SGD, half_squared_error
#    >>> def after(lr):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net([[1, 2]]), [[Fraction(1)]]).backward()
#    ...     SGD(net.parameters(), lr).step()
#    ...     return half_squared_error(net([[1, 2]]), [[Fraction(1)]]).data
#    >>> after(Fraction("0.0913")) < Fraction(1, 2) < after(Fraction("0.0914"))
#    True
#    >>> [float(after(Fraction(lr))) for lr in ("0", "0.01", "0.1")]
#    [0.5, 0.29737472, 0.6962]
#
# Four steps on a parabola
# ------------------------
#
# A parabola shows what can happen, without any network.
# The loss is *w*\ ²/2, so the derivative at *w* is *w* itself, and a step multiplies *w* by 1 − *η*.
# In the picture, 0 is the start, and 1, 2 and 3 are the places after each step.


# Set-up: three steps with four learning rates, and the figure
def walk(lr, steps=3, curvature=1):
    w = Scalar(Fraction(1))
    path = [w.data]
    for _ in range(steps):
        w.zero_grad()
        (curvature * w * w / 2).backward()
        SGD([w], lr=lr).step()
        path.append(w.data)
    return path


lrs = [Fraction(1, 2), Fraction(1), Fraction(2), Fraction(5, 2)]
fates = ["comes nearer", "is there", "jumps to and fro", "runs away"]
fig, axes = draw.figure(4.8, rows=2, columns=2, sharex="row", sharey="row")
arrow = {"arrowstyle": "-|>", "color": draw.INK, "lw": 1.8}
arrow |= {"shrinkA": 4, "shrinkB": 4}
widths = [1.25, 1.25, 4, 4]  # the steps of the upper row are short
for ax, lr, words, width in zip(axes.flat, lrs, fates, widths, strict=True):
    path = [(float(w), float(w * w / 2)) for w in walk(lr)]
    floor = [width * n / 40 for n in range(-40, 41)]
    draw.curve(floor, [w * w / 2 for w in floor], ax, colour=draw.ZERO)
    for old, new in pairwise(path):
        if old != new:
            ax.annotate("", new, old, arrowprops=arrow)
    for place in set(path):
        steps = ", ".join(str(n) for n, one in enumerate(path) if one == place)
        ax.plot(*place, "o", color=draw.INK, markersize=7)
        look = {"textcoords": "offset points", "ha": "center", "va": "top"}
        ax.annotate(steps, place, (0, -7), **look)
    ax.set(title=f"η = {draw.number(lr)}: {words}", yticks=[], xticks=[0, 1])
    ax.set_ylim(-0.12 * width**2, 0.46 * width**2)
    ax.spines["left"].set_visible(False)
for ax in axes[1]:
    ax.set_xlabel("w")
draw.title(fig, "The same start and direction, and four learning rates.")
draw.alt(
    fig,
    "Four times the same parabola, with dots numbered 0 to 3: the start at"
    " w = 1, and where each of three steps leads. With the learning rate 1/2"
    " the steps come nearer to the bottom, with 1 the first step is on it, with"
    " 2 they jump to the other side and back, with 5/2 each is higher up than"
    " the last.",
)

# %%
# In general the derivative at *w* is *h* times *w*.
# Here *h* says how quickly the derivative grows with *w*; it is called the *curvature* of the parabola.
# A step then multiplies *w* by 1 − *hη*, so it helps exactly if *η* is below 2/*h*.
# If the curvature of a loss is nowhere larger than *h*, each step with *η* below 2/*h* helps in the same way :footcite:p:`bottou2018`.
#
# A ratio for SGD, a length for Adam
# ----------------------------------
#
# For SGD, the learning rate is a *ratio*: the length of the step divided by the length of the gradient.
# So the same learning rate makes a shorter step where the gradient is shorter.
# Adam divides each gradient by its own size first.
# For Adam, the learning rate is itself the length of each weight's first step.


# Set-up: the first move of a weight, over its gradient, and the figure
def first_move(optimiser, gradient):
    w = Scalar(0.0)
    (w * gradient).backward()
    optimiser([w], lr=0.1).step()
    return -w.data


gradients = [n / 100 for n in range(1, 201)]
ax = draw.curve(gradients, [first_move(SGD, g) for g in gradients])
draw.curve(gradients, [first_move(Adam, g) for g in gradients], ax, dashed=True)
with draw.style():
    ax.text(1.55, 0.17, "SGD: 0.1 × gradient", ha="right")
    ax.text(2, 0.095, "Adam: 0.1", ha="right", va="top")
ax.set(xlabel="gradient of a weight", ylabel="how far it moves", ylim=(0, 0.21))
ax.set(xticks=[0, 1, 2], yticks=[0, 0.1, 0.2])
draw.title(
    ax, "With one learning rate, Adam's first step always has the same length."
)
draw.alt(
    ax,
    "How far one weight moves in a first step, over its gradient. For SGD a"
    " straight line through 0: 0.1 times the gradient. For Adam a flat dashed"
    " line at 0.1.",
)
draw.show()

# %%
# .. claim:: C2
#    :verdict: holds when
#    :when: the optimiser is plain SGD, and you compare steps that have the same gradient.
#    :corrected: The learning rate is the ratio of step to gradient. Plain SGD moves a weight by the learning rate times its gradient, so it moves further where the gradient is larger. Adam divides the gradient by its size, so in its first step each weight moves by the learning rate itself.
#    :sources: goyal2017, kingma2015
#    :refuted-by: fixed-step-length, adam-undivided
#
#    The learning rate sets the size of the step.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import SGD, Scalar
#    >>> from sgdexplained.contrasts.optimisers import Adam
#    >>> def moved(optimiser, gradient, lr):
#    ...     w = Scalar(Fraction(0))
#    ...     (w * gradient).backward()
#    ...     optimiser([w], lr=lr).step()
#    ...     return -w.data
#
#    The gradients 1 and 6, with the same learning rate and with twice as much:
#
#    >>> [round(moved(Adam, gradient, lr=0.5), 6) for gradient in (1, 6)]
#    [0.5, 0.5]
#    >>> half = Fraction(1, 2)
#    >>> [str(moved(SGD, gradient, lr)) for lr in (half, 1) for gradient in (1, 6)]
#    ['1/2', '3', '1', '6']
#
# When a long step does lasting harm
# ----------------------------------
#
# - **It can shut a unit for good.** With *η* = 1, unit 1 of the network has the pre-activation −3 after the step. Then the weights into it have the gradient 0, so plain SGD on this example cannot open it again: :ref:`sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py`.
# - **The same learning rate means different steps** if one loss is a mean and another is a sum: :ref:`sphx_glr_story_2_a_batch_plot_10_sum_or_mean.py`.
# - **Adam divides by the size of the gradient plus a very small number,** 10\ :sup:`−8`. So a weight with a gradient of one millionth moves by only 0.99 of the learning rate.

# Check: what this list says
shut = network()


def step(lr):
    sgd = SGD(shut.parameters(), lr)
    sgd.zero_grad()
    loss_of(shut).backward()
    sgd.step()


step(lr=1)
assert float(loss_of(shut).data) == 128
for _ in range(500):
    step(lr=0.001)
assert round(loss_of(shut).data, 4) == 0
assert shut.layers[0].pre_activations[0][0] == -3
assert round(first_move(Adam, 1e-6) / 0.1, 3) == 0.99

# %%
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 4
#    :unit: times
#
#    A step on the parabola starts at *w* = 1 and has *η* = 3. How many times as large is the loss after it?
#
#    The step multiplies *w* by 1 − 3 = −2, and the loss by the square of it.
#
#    >>> w = walk(3, steps=1)[1]
#    >>> (w**2 / 2) / Fraction(1, 2)
#    Fraction(4, 1)
#
# .. live:: predict
#    :start: e=1,2,0;pick=W2.0.0
#    :folded: The target is 0 instead of 1. Predict what stays, and a gradient.
#
#    The error is 2 instead of 1, so all gradients are twice as large, and the step is twice as long. What stays is the same as before.
#
# .. guess::
#    :answer: 0.03
#
#    Adam takes its first step on the network with *η* = 0.01. Nine numbers have a gradient that is not 0. How long is the whole step (the square root of the sum of the squared moves)?
#
#    Each of the nine moves by 0.01, whatever its gradient, and 0.01 × √9 = 0.03.
#
#    >>> net = network()
#    >>> before = [w.data for w in net.parameters()]
#    >>> loss_of(net).backward()
#    >>> Adam(net.parameters(), lr=0.01).step()
#    >>> moves = [
#    ...     w.data - old for w, old in zip(net.parameters(), before, strict=True)
#    ... ]
#    >>> round(sum(move**2 for move in moves) ** 0.5, 6)
#    0.03
#
# In PyTorch: a squared error without the half
# --------------------------------------------
#
# PyTorch's ``MSELoss`` has no half, so all gradients are twice ours, and half the learning rate makes the same step.
#
# .. code-block:: python
#
#    import torch
#
#    W1 = torch.tensor([[1.0, 1, 2], [1, -2, 0]], requires_grad=True)
#    b1 = torch.tensor([0.0, 1, -1], requires_grad=True)
#    W2 = torch.tensor([1.0, 2, -1], requires_grad=True)
#    b2 = torch.tensor(0.0, requires_grad=True)
#    x, target = torch.tensor([1.0, 2]), torch.tensor(1.0)
#
#    def output():
#        return (x @ W1 + b1).relu() @ W2 + b2
#
#    torch.nn.MSELoss()(output(), target).backward()
#    assert W1.grad.tolist() == [[2, 0, -2], [4, 0, -4]]
#    torch.optim.SGD([W1, b1, W2, b2], lr=0.05).step()  # our 0.1
#    assert round((output() - target).square().item() / 2, 4) == 0.6962
#
# In the engine, the minus sign is in the last line of :engine:`the step of SGD <sgd.SGD.move>`.
#
# .. footbibliography::
