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
# A step moves each weight by −\ *η* times its gradient, where *η* is the learning rate.
# The minus is there because the gradient points *uphill*.
# In a very short step, the move of a weight changes the loss by its gradient times this move.
# For all weights together, that is :math:`-\eta` times the sum of the squared gradients, which is 23 here.
# The dashed line, *expected*, shows this change, and the loss after a longer step is not on this line:
#
# - With *η* = 0.001 the line says −0.023, and the loss really changes by −0.0227.
# - With *η* = 0.1 the line says −2.3, although the loss is only 0.5 and cannot fall below 0. The loss really *rises* by 0.196.
#
# In the output, weights of different layers are multiplied with each other, so their changes are multiplied too.
# As long as no unit opens or shuts, the error after the step, which is output minus target, is a polynomial:
#
# .. math::
#
#    r(\eta) &= (1 - 3\eta)(3 - 6\eta) \\
#    &\quad + (-1 - \eta)(1 + 6\eta) - \eta - 1 \\
#    &= 1 - 23\,\eta + 12\,\eta^2
#
# The first product is the new weight out of unit 1 times the new activation of unit 1, and the second is the same for unit 3.
# Then −\ *η* is the new bias of the output, and 1 is the target.
#
# The error is 0 at *η* = 0.0445, and −1 at *η* = 0.0913.
# At −1 the error is as large as before the step.
#
# .. live:: network
#    :start: show=move;pick=W2.0.0
#    :lead: Take the step and look at the loss, under the output. Then make the learning rate larger: when does the loss grow?

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
#    :corrected: A step against the gradient makes the loss smaller only if the step is short enough: in this network the loss falls for learning rates below 0.0913, and rises at 0.1.
#    :sources: robbins1951, bottou2018
#    :refuted-by: uphill, doubled-derivative
#
#    The step goes against the gradient, and so the loss goes down.
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
# Three steps on a parabola, with four learning rates
# ---------------------------------------------------
#
# A parabola shows what can happen, without any network.
# The loss is *w*\ ²/2, so the derivative at *w* is *w* itself, and a step multiplies *w* by 1 − *η*.
# In the picture, *w* starts at 1, and the dots 1, 2 and 3 show where *w* is after each step.


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
fig, axes = draw.figure(4.5, rows=2, columns=2, sharex="row", sharey="row")
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
        found = [n for n, one in enumerate(path) if one == place]
        steps = ", ".join(str(n) if n else "start" for n in found)
        ax.plot(*place, "o", color=draw.INK, markersize=7)
        look = {"textcoords": "offset points", "ha": "center", "va": "top"}
        if steps == "start" and width < 2:  # below it is the curve
            look |= {"ha": "right", "va": "center"}
        ax.annotate(
            steps, place, (-9, 3) if look["va"] == "center" else (0, -7), **look
        )
    ax.set(title=f"η = {draw.number(lr)}: {words}", yticks=[])
    ax.set_xticks([0], ["w = 0"])
    ax.set_ylim(-0.12 * width**2, 0.46 * width**2)
    ax.spines["left"].set_visible(False)
draw.title(fig, "The same start and direction, and four learning rates.")
draw.alt(
    fig,
    "Four times the same parabola, with a dot for the start at w = 1, and dots"
    " numbered 1 to 3 where each of three steps leads. With the learning rate 1/2 the steps come nearer to the bottom, with 1 the first step is on it, with"
    " 2 they jump to the other side and back, with 5/2 each is higher up than"
    " the last.",
)

# %%
# For the loss *hw*\ ²/2, the derivative at *w* is *h* times *w*.
# Here *h* says how quickly the derivative grows with *w*; it is called the *curvature* of the parabola.
# A step then multiplies *w* by 1 − *hη*.
# So *w* comes nearer to 0 exactly if 1 − *hη* lies between −1 and 1, that is, if *η* is below 2/*h*.
# For any loss whose curvature is nowhere larger than *h*, a step with *η* below 2/*h* also makes the loss smaller, unless the gradient is 0 :footcite:p:`bottou2018`.
#
# The learning rate is a ratio for SGD, and a length for Adam
# -----------------------------------------------------------
#
# For SGD, the learning rate is a *ratio*: the length of the step divided by the length of the gradient.
# *Adam* is another optimiser.
# In its first step, Adam divides each gradient by the size of this gradient, so that only the sign is left.
# So for Adam, the learning rate is itself the length of each weight's first step.


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
#    :corrected: The learning rate is the ratio of step to gradient. Plain SGD moves a weight by the learning rate times its gradient, so it moves further where the gradient is larger. In its first step, Adam divides each gradient by the size of this gradient, so each weight moves by the learning rate itself.
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
# Three things to know
# --------------------
#
# - **A long step can shut a unit for good.** With *η* = 1, unit 1 of the network has the pre-activation −3 after the step. Then the weights into it have the gradient 0, so plain SGD on this example cannot open it again: :ref:`sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py`.
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
#    A step on the parabola starts at *w* = 1 and has *η* = 3. How many times as large as before is the loss after this step?
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
