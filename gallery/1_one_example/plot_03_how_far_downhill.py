r"""
Does a step always make the loss smaller?
=========================================

.. needs:: 1

The gradient says in which direction the loss falls.
It does not say how long a step may be.

.. guess::
   :answer: 3

   The network of page 1 has the loss 0.5. It takes one step with the learning rate 0.1. What is the loss after the step?

   A. A little smaller, because the step goes downhill.
   B. Exactly 0.
   C. Larger.
   D. The same.

   The loss is 0.696 after this step.
   The step goes in the right direction, but it is too long.
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
    ax.text(0.0125, 0.06, "0.5 − 23 η", color=draw.ZERO, ha="right")
    ax.text(0.0992, 0.03, "harm", ha="center", fontweight="bold")
    for lr, words, place in [
        ("0", "", (0, 0)),
        ("0.0445", "best: η = 0.0445", (0, 26)),
        ("0.0913", "no gain: η = 0.0913", (-80, -22)),
        ("0.1", "worse: η = 0.1", (-62, -5)),
    ]:
        dot = float(lr), loss_after(Fraction(lr))
        ax.plot(*dot, "o", color=draw.INK, markersize=8)
        look = {"textcoords": "offset points", "ha": "center"}
        ax.annotate(words, dot, place, **look)
ax.set(xlabel="learning rate η of the one step", ylabel="loss after the step")
ax.set(xlim=(-0.016, 0.107), ylim=(-0.05, 0.86), xticks=[0, 0.05, 0.1])
draw.title(
    ax, "A short step makes the loss smaller, a long step makes it larger."
)
draw.alt(
    ax,
    "The loss after one step, over its learning rate. It starts at 0.5, falls"
    " to 0 at 0.0445, is back at 0.5 at 0.0913 and is 0.6962 at 0.1. The"
    " dashed straight line 0.5 - 23 η leaves the curve soon after the start.",
)

# %%
# A step moves each weight by −\ *ηg*: *η* (eta) is the learning rate, and *g* is the gradient of the weight.
# In a very short step, this move changes the loss by nearly *g* times the move.
# So this change is *g* · (−\ *ηg*) = −\ *ηg*\ ².
# For all thirteen weights and biases together it is −23\ *η*, because the squared gradients of this network add up to 23.
# So we expect a loss of 0.5 − 23\ *η*, the dashed line. The real loss is close to it only for very short steps:
#
# - With *η* = 0.001 the line falls by 0.023, and the loss by 0.0227.
# - With *η* = 0.1 the line falls by 2.3, but the loss *rises* by 0.196.
#
# Why does the real loss leave the line? The output contains products of two numbers, and the step changes both.
# For example, it contains the weight out of unit 1 times the activation of unit 1.
# This weight has the gradient 3, so it becomes 1 − 3\ *η*.
# The weights into unit 1 move by −\ *η* and −2\ *η*, its bias moves by −\ *η*, and the inputs are 1 and 2.
# So its activation becomes 3 − *η*\ ·1 − 2\ *η*\ ·2 − *η* = 3 − 6\ *η*.
# The product of these two contains *η*\ ², and the line does not.
# The error *r* (output − target) after the step is
#
# .. math::
#
#    r(\eta) &= (1 - 3\eta)(3 - 6\eta) \\
#    &\quad + (-1 - \eta)(1 + 6\eta) - \eta - 1 \\
#    &= 1 - 23\,\eta + 12\,\eta^2
#
# The second product belongs to unit 3, −\ *η* is the new bias of the output, and 1 is the target. (This is right until unit 1 shuts, at *η* = 0.5.)
# The error is 0 at *η* = 0.0445. At *η* = 0.0913 it is −1, which gives the same loss as the error of 1 before the step.
#
# .. live:: network
#    :start: show=move;pick=W2.0.0
#    :lead: Take the step: the loss, which stands under the output, becomes larger. Go back, make the learning rate smaller, and step again. When does the loss become smaller?

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
#    :corrected: A step against the gradient makes the loss smaller only if the step is short enough. In this network the loss falls if the learning rate is below 0.0913, and rises if it is 0.1.
#    :sources: robbins1951, bottou2018
#    :refuted-by: uphill, doubled-derivative
#
#    A step goes against the gradient, so it makes the loss smaller.
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
# A parabola shows what a learning rate can do
# --------------------------------------------
#
# Take one weight *w* with the loss *w*\ ²/2.
# The derivative at *w* is *w* itself, so a step replaces *w* by *w* − *ηw*, which is (1 − *η*) times *w*.
# In the picture *w* starts at 1, and the dots 1 and 2 are *w* after one step and after two steps.


# Set-up: two steps with four learning rates, and the figure
def walk(lr, steps=2, curvature=1):
    w = Scalar(Fraction(1))
    path = [w.data]
    for _ in range(steps):
        w.zero_grad()
        (curvature * w * w / 2).backward()
        SGD([w], lr=lr).step()
        path.append(w.data)
    return path


lrs = [Fraction(1, 2), Fraction(1), Fraction(2), Fraction(5, 2)]
fates = [
    "nearer to 0",
    "exactly at 0",
    "as far from 0 as before",
    "farther from 0",
]
fig, axes = draw.figure(4.2, rows=2, columns=2, sharex=True, sharey=True)
arrow = {"arrowstyle": "-|>", "color": draw.INK, "lw": 1.8}
arrow |= {"shrinkA": 4, "shrinkB": 4}
floor = [n / 16 for n in range(-43, 44)]
for ax, lr, words in zip(axes.flat, lrs, fates, strict=True):
    path = [(float(w), float(w * w / 2)) for w in walk(lr)]
    draw.curve(floor, [w * w / 2 for w in floor], ax, colour=draw.ZERO)
    for old, new in pairwise(path):
        if old != new:
            ax.annotate("", new, old, arrowprops=arrow)
    for place in set(path):
        found = [n for n, one in enumerate(path) if one == place]
        steps = ", ".join(str(n) if n else "start" for n in found)
        ax.plot(*place, "o", color=draw.INK, markersize=7)
        right = place[0] > 0.4
        look = {"textcoords": "offset points", "va": "top"}
        look["ha"] = "left" if right else "right" if place[0] < -1 else "center"
        away = (7, 1) if right else (-8, 2) if place[0] < -1 else (0, -6)
        ax.annotate(steps, place, away, **look)
    ax.set(title=f"η = {draw.number(lr)}: {words}", yticks=[])
    ax.set_xticks([0], ["w = 0"])
    ax.set_ylim(-0.9, 3.2)
    ax.spines["left"].set_visible(False)
draw.title(
    fig, "If η is below 2 the steps come nearer to w = 0, above 2 they go away."
)
draw.alt(
    fig,
    "Four times the same parabola, with a dot for the start at w = 1, and dots"
    " numbered 1 and 2 where each of two steps leads. With the learning rate"
    " 1/2 the steps come nearer to the bottom, with 1 the first step is on it,"
    " with 2 they jump to the other side and back, with 5/2 each is higher up"
    " than the last.",
)

# %%
# For the loss *hw*\ ²/2, a step multiplies *w* by 1 − *hη*.
# So *w* comes nearer to 0 if 1 − *hη* is between −1 and 1.
# This is so if *η* is below 2/*h*, and only then.
# The number *h* is called the *curvature*: it says how strongly the loss bends.
# A loss with many weights bends differently at each point and in each direction: let *h* be its largest curvature.
# Then each step with *η* below 2/*h* makes the loss smaller, if the gradient is not 0 :footcite:p:`bottou2018`.
#
# The learning rate of SGD and of Adam
# ------------------------------------
#
# SGD moves a weight by the learning rate times its gradient.
# In its first step, the optimiser *Adam* divides each gradient by the size of this gradient, so that only the sign is left. So every weight whose gradient is not 0 moves by the learning rate.
# Later steps of Adam also use earlier gradients: :ref:`sphx_glr_story_4_further_plot_21_after_many_zeros.py`


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
    ax, "First step: SGD moves farther for a larger gradient, Adam does not."
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
#    :when: you compare steps of plain SGD that have the same gradient, or first steps of Adam, if none of the gradients is 0 or very small.
#    :corrected: Plain SGD moves a weight by the learning rate times its gradient, so a weight with a larger gradient moves farther. In its first step, Adam divides each gradient by its size, so all weights move by the learning rate itself, unless their gradient is 0 or very small.
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
# A very long step, and a very small gradient
# -------------------------------------------
#
# - **A very long step can shut a unit for ever.** With *η* = 1, unit 1 of the network has the pre-activation −3 after the step, so it is shut. Then the weights into this unit have the gradient 0, and plain SGD on this example cannot open it again: :ref:`sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py`
# - **A very small gradient.** Adam divides by the size of the gradient plus 10\ :sup:`−8`. So a weight with a gradient of one millionth moves by only 0.99 of the learning rate.

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
#    A step on the parabola *w*\ ²/2 starts at *w* = 1 and has *η* = 3. By which number does this step multiply the loss?
#
#    The step multiplies *w* by 1 − 3 = −2, so it multiplies the loss by (−2)² = 4.
#
#    >>> w = walk(3, steps=1)[1]
#    >>> (w**2 / 2) / Fraction(1, 2)
#    Fraction(4, 1)
#
# .. live:: predict
#    :start: e=1,2,0;pick=W2.0.0
#    :folded: The target is 0 instead of 1. Which numbers stay? And what is the gradient of the weight from unit 1 to the output?
#
#    The same four numbers stay, because unit 2 is still inactive.
#    The error is 2 instead of 1, so every gradient is twice as large as before.
#    The gradient of the weight from unit 1 to the output is 3 × 2 = 6.
#
# .. guess::
#    :answer: 0.03
#
#    Adam takes its first step on the network of page 1, with *η* = 0.01. Nine numbers have a gradient that is not 0. How long is the whole step? (The length of a step is the square root of the sum of all squared moves.)
#
#    Each of the nine numbers moves by 0.01, so the length is √(9 × 0.01²) = 0.03.
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
# PyTorch's ``MSELoss`` is the squared error without the half, so here all gradients are twice as large.
# With half the learning rate, the step is the same.
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
# In the engine: :engine:`the step of SGD <sgd.SGD.move>`.
#
# .. footbibliography::
