r"""
Downhill, a little
==================

How far may a step go before it does harm?
It goes against the gradient, and the loss falls; but only if the step is short enough.
A learning rate that nobody would call large makes this network worse.

A sentence that many believe: *the step follows the gradient, and so the loss goes down.*

It is false twice.
The gradient points uphill, so the step turns its back on it; and downhill is a direction, not a promise for any distance.

The smallest network
--------------------

It is the network of :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, with its loss of 1/2.
A step subtracts from each number its gradient times the learning rate, which is written η.
We take that step with fractions, so nothing is rounded, and look at the loss afterwards.
"""

from fractions import Fraction

from sgdexplained import MLP, SGD, Scalar, draw, half_squared_error


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


# %%
# Here is that loss, for every learning rate that the one step could have.

lrs = [Fraction(n, 1000) for n in range(108)]
ax = draw.curve(lrs, [loss_after(lr) for lr in lrs])
draw.curve([0, 0.0217], [0.5, 0], ax, colour=draw.ZERO, dashed=True)
ax.axhline(0.5, color=draw.ZERO, linewidth=0.8)
ax.axvspan(0.0913, 0.107, color=draw.GRID, alpha=0.6, linewidth=0)
with draw.style():
    ax.text(0.034, 0.52, "before the step: 0.5", va="bottom")
    ax.text(0.011, 0.06, "promised", color=draw.ZERO, ha="right")
    ax.text(0.0992, 0.03, "harm", ha="center", fontweight="bold")
    for lr, words, place in [
        ("0", "", (0, 0)),
        ("0.0445", "best: 0.0445", (-2, 34)),
        ("0.0913", "no gain: 0.0913", (-66, -20)),
        ("0.1", "worse: 0.1", (-67, 2)),
    ]:
        dot = float(lr), loss_after(Fraction(lr))
        ax.plot(*dot, "o", color=draw.INK, markersize=8)
        look = {"textcoords": "offset points", "ha": "center"}
        ax.annotate(words, dot, place, **look)
ax.set(xlabel="learning rate of the one step", ylabel="loss after it")
ax.set(xlim=(-0.016, 0.107), ylim=(-0.05, 0.86), xticks=[0, 0.05, 0.1])
draw.title(
    ax, "Downhill at first, then through the bottom and up the other side."
)
draw.alt(
    ax,
    "The loss after one step, over its learning rate. It starts at 0.5, falls"
    " to 0 at 0.0445, is back at 0.5 at 0.0913 and is 0.6962 at 0.1. The"
    " straight line that the gradient promises leaves the curve soon after the"
    " start.",
)

# %%
# Which way?
# ----------
#
# A hundredth of the gradient, once subtracted and once added.

print("before ", 1 / 2)
print("against", float(loss_after(Fraction(1, 100))))
print("along  ", float(loss_after(Fraction(-1, 100))))

# %%
# Minus is right: the step that goes *along* the gradient makes the loss larger.
#
# How far?
# --------
#
# The gradient also says how much to expect.
# For a tiny step the loss changes by −η times the sum of all squared gradients.

net = network()
loss_of(net).backward()
print("sum of squares:", sum(w.grad**2 for w in net.parameters()))

# %%
# So a step of η should change the loss by −23 η.
# Here is what that promises, the dashed line of the figure, and what happens.

print("   lr   promised    actual")
for lr in ["0.001", "0.01", "0.05", "0.1", "1"]:
    change = loss_after(Fraction(lr)) - Fraction(1, 2)
    print(f"{lr:>5}   {float(-23 * Fraction(lr)):8}  {float(change):8.5f}")

# %%
# At 0.001 the promise is kept almost to the letter.
# At 0.1, for many the first learning rate to try, it promises −2.3, more than there is to lose, and the loss goes *up*.
#
# Why?
# All layers move at once, and what they change is multiplied.
# As long as no unit opens or shuts, the error after the step, output minus target, is a polynomial in η, and the loss is half its square.
#
# .. math:: r(\eta) = 1 - 23\,\eta + 12\,\eta^2
#
# >>> def error_after(lr):
# ...     return 1 - 23 * lr + 12 * lr**2
# >>> lrs = [Fraction(n, 40) for n in range(21)]
# >>> all(loss_after(lr) == error_after(lr) ** 2 / 2 for lr in lrs)
# True
#
# The error is 0 at one learning rate, and −1, as bad as it was, at another; beyond that the step does harm.

print(f"error  0 at {(23 - 481**0.5) / 24:.5f}")
print(f"error -1 at {(23 - 433**0.5) / 24:.5f}")

# %%
# .. claim:: C3
#    :verdict: false as stated
#    :corrected: The step goes *against* the gradient, and that is downhill only while it is short: on this network the loss falls for learning rates below 0.0913, and rises at 0.1.
#    :sources: robbins1951, bottou2018
#    :refuted-by: uphill, doubled-seed
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
# Any distance, on a parabola
# ---------------------------
#
# A parabola shows what can happen, without any network.
# Its slope at *w* is *w* itself, so a step multiplies *w* by 1 − η.


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
for lr in lrs:
    print(f"lr {lr!s:4} w", *walk(lr))

# %%
# Half the way each time; there at once; to the other side and back, for ever; and further away each time.

from itertools import pairwise

fates = ["creeps in", "arrives", "bounces for ever", "runs away"]
fig, axes = draw.figure(4.6, rows=2, columns=2)
arrow = {"arrowstyle": "-|>", "color": draw.INK, "lw": 1.8}
arrow |= {"shrinkA": 3, "shrinkB": 3}
for ax, lr, words in zip(axes.flat, lrs, fates, strict=True):
    path = [(float(w), float(w * w / 2)) for w in walk(lr)]
    reach = max(1.25, max(abs(w) for w, _ in path) * 1.1)
    floor = [reach * n / 40 for n in range(-40, 41)]
    draw.curve(floor, [w * w / 2 for w in floor], ax, colour=draw.ZERO)
    for old, new in pairwise(path):
        if old != new:
            ax.annotate("", new, old, arrowprops=arrow)
    ax.plot(*path[0], "o", color=draw.INK, markersize=9)
    ax.set(xticks=[], yticks=[], title=f"η = {draw.number(lr)}: {words}")
    ax.spines[["left", "bottom"]].set_visible(False)
draw.title(fig, "The same direction, downhill, and four distances.")
draw.alt(
    fig,
    "Four parabolas with the path of three steps that start at the dot, at 1."
    " With the learning rate 1/2 the steps come nearer to the bottom, with 1"
    " the first step is on it, with 2 they jump to the other side and back,"
    " with 5/2 each is higher up than the last.",
)

# %%
# If the slope at *w* is *h* times *w*, then *h* is the *curvature* of the parabola; a step multiplies *w* by 1 − *h* η, and helps exactly if η is below 2/*h*: for a curvature of 4, below 1/2.
#
# >>> [abs(walk(Fraction(lr), 1, curvature=4)[1]) < 1 for lr in ("0.49", "0.51")]
# [True, False]
#
# :footcite:t:`bottou2018` bound the change of any smooth loss by such a parabola, and what they can promise has the same shape: a gain in proportion to η, and a loss in proportion to its square.
#
# What the learning rate is
# -------------------------
#
# It is a *ratio*: the length of the step divided by the length of the gradient.
# On the bench the gradient has the length √23, so η = 0.01 makes a step of 0.01 × √23 = 0.04796.
# Nearer to the target the same η makes a shorter step.
#
# Adam, an optimiser in wide use, is different: it divides the gradient by its own size first, so for Adam the learning rate *is* the length of each weight's first step.


from sgdexplained.contrasts.optimisers import Adam


def first_move(optimiser, gradient):
    w = Scalar(0.0)
    (w * gradient).backward()
    optimiser([w], lr=0.1).step()
    return -w.data


for gradient in (0.5, 1.0, 2.0):
    sgd, adam = first_move(SGD, gradient), first_move(Adam, gradient)
    print(f"gradient {gradient}: SGD moves {sgd:.2f}, Adam {adam:.2f}")

# %%
# Four times the gradient makes SGD move four times as far, and Adam as far as before.

gradients = [n / 100 for n in range(1, 201)]
ax = draw.curve(gradients, [first_move(SGD, g) for g in gradients])
draw.curve(gradients, [first_move(Adam, g) for g in gradients], ax, dashed=True)
with draw.style():
    ax.text(1.55, 0.17, "SGD: 0.1 × gradient", ha="right")
    ax.text(2, 0.095, "Adam: 0.1", ha="right", va="top")
ax.set(xlabel="gradient of a weight", ylabel="how far it moves", ylim=(0, 0.21))
ax.set(xticks=[0, 1, 2], yticks=[0, 0.1, 0.2])
draw.title(
    ax, "One learning rate, 0.1: for SGD it is a ratio, for Adam a length."
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
#    :when: the optimiser is plain SGD, and steps are compared that have the same gradient.
#    :corrected: The learning rate is the ratio of step to gradient: plain SGD moves by the learning rate times the gradient, further where the gradient is larger. Adam divides the gradient by its size first, so that in its first step each weight moves by the learning rate itself.
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
#    The gradients 1 and 6, under the same learning rate and under twice as much:
#
#    >>> [round(moved(Adam, gradient, lr=0.5), 6) for gradient in (1, 6)]
#    [0.5, 0.5]
#    >>> half = Fraction(1, 2)
#    >>> [str(moved(SGD, gradient, lr)) for lr in (half, 1) for gradient in (1, 6)]
#    ['1/2', '3', '1', '6']
#
# Where it breaks
# ---------------
#
# *Adam's ratio is not quite gone.*
# It adds a tiny ε = 10⁻⁸ where it divides, so a gradient of one millionth moves a little less than a gradient of 1.
#
# >>> [round(first_move(Adam, gradient) / 0.1, 3) for gradient in (1e-6, 1.0)]
# [0.99, 1.0]
#
# *The loss must say what it divides by.*
# Four equal examples, each with a gradient of 3: their mean sends back 3, their sum 12.
# A quarter of the learning rate makes up for it exactly, until weight decay joins in, which pulls each weight towards 0 and knows nothing of the number of examples.
#
# >>> def weight_after(gradient, lr, weight_decay):
# ...     w = Scalar(Fraction(2))
# ...     (w * gradient).backward()
# ...     SGD([w], lr=Fraction(lr), weight_decay=Fraction(weight_decay)).step()
# ...     return float(w.data)
# >>> weight_after(3, "0.01", 0), weight_after(12, "0.0025", 0)
# (1.97, 1.97)
# >>> weight_after(3, "0.01", "0.1"), weight_after(12, "0.0025", "0.1")
# (1.968, 1.9695)
#
# *So must the mean.*
# The usual mean squared error divides by all the numbers that it compares, not by the examples: for two examples with three outputs each it divides by 6.
#
# >>> from sgdexplained import mean_squared_error
# >>> outputs = [[Scalar(Fraction(2)) for _ in range(3)] for _ in range(2)]
# >>> loss = mean_squared_error(outputs, [[1, 1, 1], [1, 1, 1]])
# >>> loss.backward()
# >>> outputs[0][0].grad  # twice the error of 1, over 6
# Fraction(1, 3)
#
# *Too far can be for good.*
# With η = 1 unit 1 of the bench hears −3 afterwards: the step has shut it, and the loss is 128.
# Now the weights into it have a gradient of zero, and its inputs are what they were, so it will hear −3 for ever: plain SGD on this example has no way to open it again (more in :ref:`dead or asleep <sphx_glr_story_3_inactive_connections_plot_15_can_a_dead_unit_come_back.py>`).
# Five hundred short steps train the rest of the network, and unit 1 stays shut.
#
# >>> net = network()
# >>> def step(lr):
# ...     sgd = SGD(net.parameters(), lr)
# ...     sgd.zero_grad()
# ...     loss_of(net).backward()
# ...     sgd.step()
# >>> step(lr=1)
# >>> float(loss_of(net).data), int(net.layers[0].pre_activations[0][0])
# (128.0, -3)
# >>> for _ in range(500):
# ...     step(lr=0.001)
# >>> round(loss_of(net).data, 4), net.layers[0].pre_activations[0][0]
# (0.0, -3.0)
#
# Predict first
# -------------
#
# 1. A step on the parabola with η = 3 starts at *w* = 1.
#    By what factor does the loss grow?
#
# .. dropdown:: Answer
#
#    *w* is multiplied by 1 − 3 = −2, and the loss by its square.
#
#    >>> w = walk(3, steps=1)[1]
#    >>> str(w), (w**2 / 2) / Fraction(1, 2)
#    ('-2', Fraction(4, 1))
#
# 2. The target of the bench is 0 instead of 1, and η stays at 0.01.
#    How long is the step, compared with 0.04796?
#
# .. dropdown:: Answer
#
#    The error is 2 instead of 1, so all gradients are twice as large, and so is the step.
#
#    >>> far = network()
#    >>> loss_of(far, target=0).backward()
#    >>> length = float(sum(w.grad**2 for w in far.parameters())) ** 0.5
#    >>> round(0.01 * length, 5), round(0.01 * 23**0.5, 5)
#    (0.09592, 0.04796)
#
# 3. Adam takes its first step on the bench, with η = 0.01.
#    Nine numbers have a gradient; how long is the step?
#
# .. dropdown:: Answer
#
#    Each of the nine moves by 0.01, whatever its gradient, and four do not move.
#    The length is 0.01 × √9.
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
# In the engine
# -------------
#
# The minus sign is in the last line of :engine:`the step of SGD <sgd.SGD.move>`.
#
# In PyTorch
# ----------
#
# The rule is the same, but its squared error has no half, so all gradients are twice ours, and half the learning rate makes the same step.
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
# Ours called ``mean_squared_error`` is the same as theirs.
#
# >>> net = network()
# >>> mean_squared_error(net([[1, 2]]), [[Fraction(1)]]).backward()
# >>> SGD(net.parameters(), lr=Fraction(1, 20)).step()
# >>> loss_of(net).data == loss_after(Fraction(1, 10))
# True
#
# .. footbibliography::
