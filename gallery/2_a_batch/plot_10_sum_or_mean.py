r"""
The denominator
===============

A batch takes a mean, and every mean divides by something.
You will see what it divides by, what else it might divide by, and how far the step changes if nobody looks.

A sentence that many believe: *a mean is a mean, so the mean over all batches is the mean over all examples.*

It is false as soon as one batch is shorter than the others, and the last batch of a data set usually is.

The smallest example
--------------------

One weight, *w* = 10, and ten examples that want it to be smaller: eight want 9, and two want 1.
With half the squared error the gradient of an example is *w* minus what it wants.
"""

from fractions import Fraction

from sgdexplained import (
    MLP,
    SGD,
    Scalar,
    draw,
    half_squared_error,
    weighted_mean,
)

wanted = [9, 9, 9, 9, 9, 9, 9, 9, 1, 1]


def mean_loss(w, some):
    """Return the mean loss of some of the examples."""
    return half_squared_error([w] * len(some), [Fraction(t) for t in some])


def gradient(some):
    w = Scalar(10)
    mean_loss(w, some).backward()
    return w.grad


# %%
# The mean over the ten is (8 × 1 + 2 × 9) / 10.
# Now let the ten come in batches of four, four and two, each of which takes its own mean.

batches = [wanted[0:4], wanted[4:8], wanted[8:10]]
means = [gradient(batch) for batch in batches]

print("mean of the ten:        ", gradient(wanted))
print("means of the batches:   ", *means)
print("mean of the three means:", sum(means) / 3)

# %%
# This is the number that decides: 11/3 is not 13/5.
# None of the three means is wrong, but each of them counts a third, and it shares that third among its examples: 1/12 for each of four, 1/6 for each of two.

from matplotlib.patches import Rectangle


def strip(ax, row, shares, name):
    """Draw one block for each example, as wide as its share."""
    left = 0
    for share, want in zip(shares, wanted, strict=True):
        rare = want == 1
        look = {"fc": draw.POSITIVE, "alpha": 0.42}
        if not rare:
            look = {"fc": draw.INK, "alpha": 0.08}
        place = (float(left), row), float(share), 0.62
        ax.add_patch(Rectangle(*place, lw=0, **look))
        ax.add_patch(Rectangle(*place, fc="none", ec=draw.INK, lw=0.9))
        weight = "bold" if rare else "normal"
        middle = float(left + share / 2), row + 0.32
        look = {"ha": "center", "va": "center", "fontsize": 13.5}
        ax.text(*middle, share, weight=weight, **look)
        left += share
    ax.text(0, row - 0.08, name, va="bottom")


by_example = [Fraction(1, 10)] * 10
by_batch = [Fraction(1, 3) / len(batch) for batch in batches for _ in batch]

with draw.style():
    fig, ax = draw.figure(2.2)
    strip(ax, 0, by_example, "one mean of ten: gradient 13/5")
    strip(ax, 1.15, by_batch, "mean of three means: gradient 11/3")
    ax.set(xlim=(-0.005, 1.005), ylim=(1.8, -0.4))
    ax.axis("off")
draw.title(ax, "In a short batch, an example counts for two.")
draw.alt(
    ax,
    "Two strips of ten blocks, one block for each example, as wide as its"
    " share. In the mean of ten, all have 1/10. In the mean of the means of"
    " batches of four, four and two, the first eight have 1/12 and the last"
    " two, tinted, have 1/6: twice as much.",
)

# %%
# The repair is to weight each mean by the size of its batch, which puts the denominator back that the mean had hidden.

w = Scalar(10)
losses = [mean_loss(w, batch) for batch in batches]
weighted_mean(losses, sizes=[4, 4, 2]).backward()
w.grad

# %%
# .. claim:: D2
#    :verdict: holds when
#    :when: the loss takes the mean, there is one loss for each example, and batches that are averaged have equal sizes.
#    :corrected: The gradient of the mean loss of a batch is the mean over its examples; the mean over several batches is the mean over all their examples only if each batch is weighted by its size.
#    :sources: goyal2017
#    :refuted-by: sizes-forgotten, sum-for-mean
#
#    The gradient of a batch is the mean over its examples.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import Scalar, half_squared_error, weighted_mean
#    >>> def loss(w, wanted):
#    ...     return half_squared_error(
#    ...         [w] * len(wanted), [Fraction(t) for t in wanted]
#    ...     )
#    >>> w, batches = Scalar(10), ([9] * 4, [9] * 4, [1] * 2)
#    >>> loss(w, sum(batches, [])).backward()
#    >>> v = Scalar(10)
#    >>> weighted_mean(
#    ...     [loss(v, batch) for batch in batches], [4, 4, 2]
#    ... ).backward()
#    >>> u = Scalar(10)
#    >>> (sum(loss(u, batch) for batch in batches) / 3).backward()
#    >>> str(w.grad), str(v.grad), str(u.grad)
#    ('13/5', '13/5', '11/3')
#
# Sum or mean?
# ------------
#
# Without any denominator the gradient is a sum, and for a batch of *B* it is *B* times the mean.
# Under plain SGD that is a learning rate *B* times as large; divide it by *B*, and the two agree to the last digit.
#
# So a learning rate that was found with one size of batch means something else with another.
# Let all examples want the same, 0, and see where one step with the learning rate 1/10 leaves a weight of 1.


def left_after_one_step(examples, reduction):
    w = Scalar(Fraction(1))
    half_squared_error([w] * examples, [0] * examples, reduction).backward()
    SGD([w], lr=Fraction(1, 10)).step()
    return w.data


print("examples   mean   sum")
for B in (1, 10, 20, 30):
    mean, total = (left_after_one_step(B, way) for way in ("mean", "sum"))
    print(f"{B:8}{mean!s:>7}{total!s:>6}")

# %%
# With the mean, the size of the batch does not matter.
# With the sum, ten examples land exactly, twenty bounce to the other side for ever, and thirty double the error at every step.

sizes = range(1, 33)
ax = draw.curve(
    sizes,
    [abs(left_after_one_step(B, "sum")) for B in sizes],
    dashed=True,
)
draw.curve(sizes, [left_after_one_step(B, "mean") for B in sizes], ax)
with draw.style():
    ax.text(26, 1.8, "sum", ha="right", weight="bold")
    ax.text(32, 0.66, "mean", ha="right", weight="bold")
    ax.axhline(1, color=draw.ZERO, linewidth=1, linestyle=":")
    ax.text(1, 1.07, "before the step", color=draw.ZERO)
    ax.text(13, 0.08, "lands exactly")
    ax.set(
        xlabel="examples in the batch",
        ylabel="error after one step",
        ylim=(-0.05, 2.3),
    )
    ax.set_xticks([1, 10, 20, 30])
    ax.set_yticks([0, 1, 2])
draw.title(
    ax, "With a sum, the same learning rate overshoots as the batch grows."
)
draw.alt(
    ax,
    "Error after one step over the size of the batch, learning rate 1/10. With"
    " the mean it is 0.9 for every size. With the sum it falls to 0 at ten"
    " examples, is back at 1, the error before the step, at twenty, and 2 at"
    " thirty.",
)
draw.show()

# %%
# *Sum and mean differ only by a factor* is true of the gradient, and of plain SGD.
# It is false of whatever else enters a step.
# Here four examples have gradients that sum to 12, and the sum is given a quarter of the learning rate.


def after_one_step(optimiser, reduction, lr, **options):
    w = Scalar(2.0)
    half_squared_error([w] * 4, [-1] * 4, reduction).backward()
    optimiser([w], lr=lr, **options).step()
    return round(w.data, 6)


# %%
# >>> after_one_step(SGD, "mean", lr=0.01), after_one_step(SGD, "sum", lr=0.0025)
# (1.97, 1.97)
#
# *An L2 penalty*, a small share of the weight itself, is added to the gradient once, whatever the batch, so beside a sum it weighs less.
#
# >>> after_one_step(SGD, "mean", lr=0.01, weight_decay=0.1)
# 1.968
# >>> after_one_step(SGD, "sum", lr=0.0025, weight_decay=0.1)
# 1.9695
#
# *Adam* divides the gradient by its own size, so the factor is gone before the learning rate comes: its first step is the learning rate, whether sum or mean.
# A quarter of the learning rate is then a quarter of the step.
#
# >>> from sgdexplained.contrasts import Adam
# >>> (
# ...     after_one_step(Adam, "mean", lr=0.01),
# ...     after_one_step(Adam, "sum", lr=0.0025),
# ... )
# (1.99, 1.9975)
#
# *Clipping*, which shortens a gradient that is too long, is the same story: cut to at most 1, the sum 12 and the mean 3 become the same 1.
#
# A larger batch, a larger step?
# ------------------------------
#
# With the mean, a batch twice as large does not make a longer step, but it makes half as many of them in each pass through the data.
# A common rule is to double the learning rate as well: one long step in place of two short ones :footcite:p:`goyal2017`.
# It is nearly the same.
# Not quite, because the second of the short steps asks at a weight that has moved already.
# On a parabola, from *w* = 1, the two ways differ by exactly the square of the learning rate.
#
# .. claim:: P8
#    :verdict: holds
#    :sources: goyal2017
#    :refuted-by: fixed-step-length, doubled-seed
#
#    A few steps with a small learning rate do what one step with the sum of their learning rates does, but for a difference that shrinks as the square of the learning rate.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> def after(steps, learning_rate):
#    ...     w = Scalar(Fraction(1))
#    ...     for _ in range(steps):
#    ...         w.zero_grad()
#    ...         half_squared_error([w], [0]).backward()
#    ...         SGD([w], lr=learning_rate).step()
#    ...     return w.data
#    >>> rates = [Fraction(1, 10), Fraction(1, 100)]
#    >>> [str(after(2, lr) - after(1, 2 * lr)) for lr in rates]
#    ['1/100', '1/10000']
#
# So it is in a network with tanh units: four examples take a step each, or one step together with four times the learning rate.

from math import dist

X, T = [[1, 2], [2, -1], [-1, 1], [0, -2]], [[1], [-1], [2], [0]]


def weights_after(batches, lr):
    """Return where a network ends if each of these batches takes a step."""
    net = MLP([2, 4, 1], activation="tanh", seed=3)
    for batch in batches:
        net.zero_grad()
        outputs, targets = net([X[i] for i in batch]), [T[i] for i in batch]
        half_squared_error(outputs, targets).backward()
        SGD(net.parameters(), lr=lr).step()
    return [w.data for w in net.parameters()]


for lr in (0.01, 0.001, 0.0001):
    four = weights_after([[0], [1], [2], [3]], lr)
    one = weights_after([[0, 1, 2, 3]], 4 * lr)
    print(f"learning rate {lr}: {dist(four, one):.3g} apart")

# %%
# A tenth of the learning rate, a hundredth of the distance: it shrinks as the square, as on the parabola.
#
# What else is counted
# --------------------
#
# *Outputs.*
# Two examples with three outputs each are six numbers: the sum divides by nothing, the mean over examples by two, and the squared error of most frameworks by all six.
#
# *Tokens.*
# A language model reads sequences of *tokens*, pieces of text, and each token has a loss.
# Let one sequence have a single token with loss 8, and another three with loss 2 each.
# The mean of the two sequences is (8 + 2) / 2 = 5, the mean of the four tokens is 14/4 = 3.5.
# Neither is wrong, but they train different things.
#
# >>> weighted_mean([Scalar(8), Scalar(2)], sizes=[1, 1]).data
# 5.0
# >>> weighted_mean([Scalar(8), Scalar(2)], sizes=[1, 3]).data
# 3.5
#
# .. claim:: X8
#    :verdict: holds
#    :sources: goyal2017
#    :refuted-by: outputs-not-counted, sum-for-mean
#
#    Averages hide a denominator: the same errors give other gradients as the mean runs over nothing, over the examples, or over every number.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import Scalar, half_squared_error, mean_squared_error
#    >>> def seed(loss):
#    ...     y = [[Scalar(Fraction(1)) for _ in range(3)] for _ in range(2)]
#    ...     loss(y, [[0, 0, 0], [0, 0, 0]]).backward()
#    ...     return str(y[0][0].grad)
#    >>> nothing = seed(lambda y, t: half_squared_error(y, t, "sum"))
#    >>> examples = seed(half_squared_error)
#    >>> numbers = seed(lambda y, t: mean_squared_error(y, t) / 2)
#    >>> nothing, examples, numbers
#    ('1', '1/2', '1/6')
#
# The sentence that survives
# --------------------------
#
# **The gradient of a batch is a sum over its examples, divided by what the loss counts; say what that is before you compare two learning rates, two batches, or two frameworks.**
#
# Where it breaks
# ---------------
#
# *Accumulating in small batches.*
# When a batch does not fit into memory, it is sent through in parts, and the gradients are added up: the engine does that whenever nobody clears them in between.
# Three means then add up to 1 + 1 + 9, and dividing by three gives 11/3 once more.
#
# >>> parts = [wanted[0:4], wanted[4:8], wanted[8:10]]
# >>> w = Scalar(10)
# >>> for batch in parts:
# ...     mean_loss(w, batch).backward()
# >>> str(w.grad), str(w.grad / 3)
# ('11', '11/3')
#
# To get what the whole batch would have given, let every part contribute its sum, and divide once, by the number of all examples.
#
# >>> w = Scalar(10)
# >>> for batch in parts:
# ...     half_squared_error([w] * len(batch), batch, reduction="sum").backward()
# >>> Fraction(w.grad) / 10
# Fraction(13, 5)
#
# With tokens in place of examples the mistake is easy to make, since texts are seldom equally long.
#
# *A step for each batch.*
# If the short batch takes a step of its own, its two examples move the weight twice as much as the others do.
# Shuffling before each pass helps, since then it is not always the same two.
#
# Predict first
# -------------
#
# 1. The ten examples come in batches of five and five, in the same order.
#    What is the mean of the two means?
#
# .. dropdown:: Answer
#
#    Batches of equal size hide nothing: 13/5, as for all ten at once.
#
#    >>> (gradient(wanted[:5]) + gradient(wanted[5:])) / 2
#    Fraction(13, 5)
#
# 2. A data set of 1 001 examples is cut into batches of 100, and the means of the eleven batches are averaged.
#    How much more does the last example count than each of the others?
#
# .. dropdown:: Answer
#
#    It is a batch by itself and counts 1/11; the others count 1/11 × 1/100.
#    That is a hundred times as much.
#
#    >>> w, late = Scalar(0), Scalar(0)
#    >>> hundreds = [
#    ...     half_squared_error([w] * 100, [Fraction(1)] * 100) for _ in range(10)
#    ... ]
#    >>> weighted_mean(
#    ...     [*hundreds, half_squared_error([late], [Fraction(1)])], [1] * 11
#    ... ).backward()
#    >>> late.grad / (w.grad / 1000)
#    Fraction(100, 1)
#
# 3. Every example of a batch appears twice.
#    What happens to the mean gradient, and what to the sum?
#
# .. dropdown:: Answer
#
#    The mean stays, since its denominator doubles as well; the sum doubles.
#
#    >>> w = Scalar(10)
#    >>> half_squared_error([w] * 20, wanted * 2, reduction="sum").backward()
#    >>> str(gradient(wanted * 2)), int(w.grad)
#    ('13/5', 52)
#
# In the engine
# -------------
#
# Each loss divides once, where :engine:`its node <losses.half_squared_error>` is made; batches of unequal size are put together by :engine:`weighted_mean <losses.weighted_mean>`.
#
# In PyTorch
# ----------
#
# ``MSELoss`` counts every number, outputs and examples, and has no half.
# Ours of the same kind agrees with it; divide the sum by twice the number of examples to get the other.
#
# >>> from sgdexplained import mean_squared_error
# >>> y = [[Scalar(Fraction(1)) for _ in range(3)] for _ in range(2)]
# >>> mean_squared_error(y, [[0, 0, 0], [0, 0, 0]]).backward()
# >>> str(y[0][0].grad)
# '1/3'
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import MSELoss
#
#    def seed(loss):
#        y = torch.ones(2, 3, requires_grad=True)
#        loss(y, torch.zeros(2, 3)).backward()
#        return round(y.grad[0, 0].item(), 6)
#
#    def half_squared_error(y, targets):
#        return MSELoss(reduction="sum")(y, targets) / (2 * len(y))
#
#    assert seed(MSELoss()) == round(1 / 3, 6)
#    assert seed(half_squared_error) == 1 / 2
#
# .. footbibliography::
