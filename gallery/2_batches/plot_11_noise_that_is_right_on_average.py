r"""
Noise that is right on average
==============================

A step of SGD looks at a few examples and speaks for all of them.
You will see in what sense it is right, how wrong it may be each time, and where the noise comes from.

A sentence that many believe: *a small batch gives roughly the gradient of the whole data set.*

It is false.
Below every batch of two is wrong, one of them by half, and their mean is exactly right.

The smallest data set
---------------------

One weight, *w* = 10, and four examples that want 9, 8, 7 and 4.
With half the squared error the gradient of an example is the difference: 1, 2, 3 and 6.
"""

from fractions import Fraction
from itertools import combinations, product
from random import Random

from sgdexplained import Scalar, draw, half_squared_error

wanted = [9, 8, 7, 4]


def gradient(batch, at=10):
    """Return the gradient of the mean loss of a batch at a weight."""
    w = Scalar(at)
    half_squared_error(
        [w] * len(batch), [Fraction(t) for t in batch]
    ).backward()
    return w.grad


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / Fraction(len(numbers))


def variance(numbers):
    numbers = list(numbers)
    middle = mean(numbers)
    return mean((number - middle) ** 2 for number in numbers)


gradient(wanted)

# %%
# So 3 is the gradient of the whole data set.
# What do batches of two say?

pairs = [gradient(batch) for batch in combinations(wanted, 2)]
[str(g) for g in pairs]

# %%
# Not one of the six says 3.
# And yet, if each is as likely as the others, the mean of what they say is
#
# >>> mean(pairs)
# Fraction(3, 1)
#
# This is the number that decides: every answer is wrong, and their mean is exactly right.
# Their mean is right for every size of batch, down to a single example.

with draw.style():
    fig, ax = draw.figure(3.3)
    for B in (1, 2, 3, 4):
        said = [float(gradient(batch)) for batch in combinations(wanted, B)]
        ax.plot(said, [B] * len(said), "o", color=draw.POSITIVE, markersize=11)
    ax.axvline(3, color=draw.INK, linewidth=1.3, zorder=0)
    ax.text(3.08, 0.42, "gradient of all four: 3", va="center")
    ax.set(xlim=(0.6, 6.3), ylim=(4.5, 0.1), xlabel="gradient of the batch")
    ax.set_yticks([1, 2, 3, 4], ["1 example", "2", "3", "all 4"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)
draw.title(ax, "Every row of dots balances at 3, though few dots lie there.")
draw.alt(
    ax,
    "Each row shows what all batches of one size say. Single examples: 1, 2,"
    " 3, 6. Pairs: 1.5 to 4.5. Triples: 2 to 3.67. All four: 3. The mean of"
    " every row is 3, and the larger the batch, the closer the dots.",
)

# %%
# .. claim:: A4
#    :verdict: holds
#    :sources: bottou2018, goyal2017
#    :refuted-by: sum-for-mean, target-forgotten
#
#    SGD takes a single example, or a handful, for each step; drawn at random, a batch of any size gives on average the gradient of the whole data set, which is the batch of all.
#
#    >>> from fractions import Fraction
#    >>> from itertools import combinations
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def gradient_of(batch):
#    ...     w = Scalar(10)
#    ...     half_squared_error(
#    ...         [w] * len(batch), [Fraction(t) for t in batch]
#    ...     ).backward()
#    ...     return w.grad
#    >>> batches = {B: list(combinations([9, 8, 7, 4], B)) for B in (1, 2, 3, 4)}
#    >>> said = [[gradient_of(batch) for batch in some] for some in batches.values()]
#    >>> [str(sum(one) / len(one)) for one in said]
#    ['3', '3', '3', '3']
#
# How wrong is it each time?
# --------------------------
#
# The usual measure is the variance: the mean square of the distance from 3.
# For single examples it is 7/2.
# A batch can be drawn so that no example comes twice, or by drawing anew each time, so that one may.

without = [
    variance(gradient(batch) for batch in combinations(wanted, B))
    for B in (1, 2, 3, 4)
]
anew = [
    variance(gradient(batch) for batch in product(wanted, repeat=B))
    for B in (1, 2, 3, 4)
]
[str(v) for v in without], [str(v) for v in anew]

# %%

with draw.style():
    ax = draw.curve([1, 2, 3, 4], anew, marker="o", dashed=True)
    draw.curve([1, 2, 3, 4], without, ax, marker="o")
    ax.text(2.45, 2.0, "drawn anew")
    ax.text(0.95, 0.2, "no example twice")
    for B in (2, 3, 4):
        low, high = without[B - 1], anew[B - 1]
        ax.text(
            B - 0.08, float(low) - 0.1, draw.number(low), ha="right", va="top"
        )
        ax.text(B + 0.02, float(high) + 0.15, draw.number(high))
    ax.set(
        xlabel="examples in the batch",
        ylabel="variance",
        ylim=(-0.6, 3.8),
        xlim=(0.8, 4.4),
    )
    ax.set_xticks([1, 2, 3, 4])
draw.title(
    ax,
    "A larger batch is less noisy; all the data without repeats has no noise.",
)
draw.alt(
    ax,
    "Variance of the batch gradient over the size of the batch. Drawn anew"
    " each time: 7/2, 7/4, 7/6, 7/8. Without repeats: 7/2, 7/6, 7/18 and 0 for"
    " all four.",
)

# %%
# Drawn anew, *B* examples have 1/*B* of the variance of one.
# Without repeats there is a second factor, (*N* − *B*)/(*N* − 1), which ends at zero: who asks everybody makes no mistake :footcite:p:`cochran1977`.
#
# .. claim:: P7
#    :verdict: holds
#    :sources: cochran1977, bottou2018
#    :refuted-by: sum-for-mean
#
#    The gradient of a batch of *B* of *N* examples has variance *s*\ ²/*B* if they are drawn anew, and (*s*\ ²/*B*) (*N* − *B*)/(*N* − 1) if none comes twice, where *s*\ ² is the variance of one example.
#
#    >>> from fractions import Fraction
#    >>> from itertools import combinations, product
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def variance_of(batches):
#    ...     numbers = []
#    ...     for batch in batches:
#    ...         w = Scalar(10)
#    ...         half_squared_error(
#    ...             [w] * len(batch), [Fraction(t) for t in batch]
#    ...         ).backward()
#    ...         numbers.append(w.grad)
#    ...     mean = sum(numbers) / len(numbers)
#    ...     return sum((number - mean) ** 2 for number in numbers) / len(numbers)
#    >>> data, s2 = [9, 8, 7, 4], Fraction(7, 2)
#    >>> no_repeats = [variance_of(combinations(data, B)) for B in (1, 2, 4)]
#    >>> no_repeats == [s2 / B * Fraction(4 - B, 4 - 1) for B in (1, 2, 4)]
#    True
#    >>> repeats = [variance_of(product(data, repeat=B)) for B in (1, 2, 4)]
#    >>> repeats == [s2 / B for B in (1, 2, 4)]
#    True
#    >>> [str(no_repeats[1]), str(repeats[1]), str(no_repeats[2]), str(repeats[2])]
#    ['7/6', '7/4', '0', '7/8']
#
# The second factor matters as soon as a batch is a good part of the data.
# A thousand numbers for gradients, and 4 000 batches of 256 of them without repeats: the variance of their means, measured and by the two formulas.

import numpy as np

rng = np.random.default_rng(0)
thousand = rng.normal(size=1000)
means = [rng.choice(thousand, 256, replace=False).mean() for _ in range(4000)]
s2 = thousand.var()
measured, plain = np.var(means), s2 / 256
print(f"measured {measured:.5f} ± {measured * (2 / 4000) ** 0.5:.5f}")
print(
    f"with the second factor {plain * (1000 - 256) / 999:.5f},"
    f" without it {plain:.5f}"
)

# %%
# Right on average, too long on average
# -------------------------------------
#
# That the mean of the gradients is right does not make everything right that is computed from them.
# The square of a noisy number is too large on average, by just its variance.
#
# >>> [
# ...     str(mean(gradient(batch) ** 2 for batch in combinations(wanted, B)))
# ...     for B in (1, 2, 3, 4)
# ... ]
# ['25/2', '61/6', '169/18', '9']
# >>> [str(9 + v) for v in without]
# ['25/2', '61/6', '169/18', '9']
#
# So a small batch reports a gradient that is too long, 12.5 in place of 9 for its square, and rules that look at its length, such as clipping, act on the noise as well.
#
# .. claim:: X6
#    :verdict: holds
#    :sources: bottou2018
#    :refuted-by: sum-for-mean
#
#    The gradient of a batch is right on average and wrong in detail: its mean is the true gradient, but the mean of its square is larger than the true square, by its variance.
#
#    >>> from fractions import Fraction
#    >>> from itertools import combinations
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def gradients(B):
#    ...     for batch in combinations([9, 8, 7, 4], B):
#    ...         w = Scalar(10)
#    ...         half_squared_error(
#    ...             [w] * B, [Fraction(t) for t in batch]
#    ...         ).backward()
#    ...         yield w.grad
#    >>> def average(numbers):
#    ...     numbers = list(numbers)
#    ...     return sum(numbers) / len(numbers)
#    >>> [str(average(gradients(B))) for B in (1, 2, 3, 4)]
#    ['3', '3', '3', '3']
#    >>> [str(average(g * g for g in gradients(B))) for B in (1, 2, 3, 4)]
#    ['25/2', '61/6', '169/18', '9']
#
# Rare, but fair
# --------------
#
# A word that occurs in one example of a hundred has a weight that only this example can move.
# Let its gradient there be 100, and 0 everywhere else: the true gradient is 1.
# Here are a hundred draws of batches of one, of ten and of fifty.

random = Random(1)
word = [1] + [0] * 99


def word_gradients(B, draws=100):
    """Return the gradients of the word's weight in some batches."""
    found = []
    for _ in range(draws):
        w = Scalar(0)
        batch = random.sample(word, B)
        half_squared_error(
            [w * x for x in batch], [-100 * x for x in batch]
        ).backward()
        found.append(w.grad)
    return found


drawn = {B: word_gradients(B) for B in (1, 10, 50)}
for B, found in drawn.items():
    error = 100 / B * (100 * B / 100 * (1 - B / 100)) ** 0.5
    print(
        f"batch of {B:2}: {found.count(0)} zeros, the others {max(found):.0f}"
    )
    print(f"  their sum {sum(found):.0f}, expected 100 ± {error:.0f}")

# %%

with draw.style():
    fig, axes = draw.figure(3.4, rows=3, sharex=True)
    for ax, (B, found) in zip(axes, drawn.items(), strict=True):
        hits = [step for step, g in enumerate(found) if g]
        ax.vlines(hits, 0, 1, color=draw.POSITIVE, linewidth=2.4)
        ax.axhline(0, color=draw.ZERO, linewidth=1.3)
        ax.set(ylim=(0, 1), xlim=(-1.5, 100.5), yticks=[])
        ax.set_xticks([])
        ax.spines[["left", "bottom"]].set_visible(False)
        each = "one example" if B == 1 else f"{B} examples"
        ax.set_title(
            f"{each}: each mark is {draw.number(max(found), signed=True)}",
            pad=3,
        )
    axes[-1].set_xlabel("one hundred draws", labelpad=6)
draw.title(
    fig, "A rare word learns in bursts or in whispers, the same on average."
)
draw.alt(
    fig,
    "Three barcodes of a hundred draws. Batches of one:"
    f" {100 - drawn[1].count(0)} marks of 100. Batches of ten:"
    f" {100 - drawn[10].count(0)} marks of 10. Batches of fifty:"
    f" {100 - drawn[50].count(0)} marks of 2. The expected sum is the same for"
    " all.",
)

# %%
# A batch of *B* contains the word with probability *B*/100, and then its gradient is 100/*B*: on average 1, in all three cases.
# In ninety-nine steps of a hundred, a single example says 0.
#
# What "more dynamic" may mean
# ----------------------------
#
# One reads that small steps make training *more dynamic*.
# To test it, say what is meant.
#
# *More updates for each pass through the data*: *N*/*B* instead of one.
# That is always so.
#
# *A restless path*: if the examples disagree.
# Take eight examples that want −7/8, −5/8, and so on up to 7/8.
# The best weight is 0; how many of the eight pull towards it, as the weight comes nearer?

eight = [Fraction(odd, 8) for odd in range(-7, 8, 2)]
places = [
    Fraction(-5, 4),
    Fraction(-1),
    Fraction(-1, 2),
    Fraction(-1, 4),
    Fraction(0),
]


def pulls(at):
    """Return the move that each of the eight examples asks for."""
    return [-gradient([t], at=at) for t in eight]


towards = {str(at): sum(pull > 0 for pull in pulls(at)) for at in places}
towards

# %%

with draw.style():
    fig, ax = draw.figure(3.9)
    for row, at in enumerate(places):
        for k, pull in enumerate(pulls(at)):
            colour = draw.POSITIVE if pull > 0 else draw.NEGATIVE
            y = row + (k - 3.5) * 0.085
            look = {
                "color": colour,
                "width": 0.018,
                "head_width": 0.085,
                "head_length": 0.04,
            }
            ax.arrow(
                float(at),
                y,
                float(pull / 2),
                0,
                length_includes_head=True,
                lw=0,
                **look,
            )
        ax.plot(
            [float(at)] * 2,
            [row - 0.36, row + 0.36],
            color=draw.INK,
            linewidth=2.2,
        )
        ax.text(
            1.05,
            row,
            f"{sum(pull > 0 for pull in pulls(at))} of 8",
            va="center",
        )
    ax.axvline(0, color=draw.ZERO, linewidth=1, linestyle=":", zorder=0)
    ax.text(
        1.05, -0.85, "to the right", va="center", ha="center", fontsize=13.5
    )
    ax.set(xlim=(-1.4, 1.5), ylim=(4.6, -1.1), yticks=[], xlabel="weight")
    ax.set_xticks([-1, 0], ["−1", "best weight"])
    ax.spines["left"].set_visible(False)
draw.title(
    ax, "Far away the eight examples agree; at the best weight, they fight."
)
draw.alt(
    ax,
    "For five positions of the weight, arrows show where each of eight"
    " examples pulls. At -5/4 and at -1 all eight pull to the right, at -1/2"
    " six, at -1/4 five, and at the best weight 0 four pull right and four"
    " left.",
)
draw.show()

# %%
# The spread of the eight arrows is the same in each row; what dies away is what they have in common.
# So the path is straight at first, and restless at the end.
# Where all examples want the same there is no noise at all, whatever the batch.
#
# >>> variance(gradient([t], at=3) for t in [1, 1, 1, 1])
# Fraction(0, 1)
#
# *Following a target that drifts*: if the learning rate stays what it is.
# Let the wanted value be 1, then 2, and so on to 100.
# A learning rate of 1/2 follows one behind; one of 1/*t*, which shrinks as the steps go on, ends far back.
#
# >>> from sgdexplained import SGD
# >>> def distance_behind(learning_rate):
# ...     w = Scalar(0.0)
# ...     for t in range(1, 101):
# ...         w.zero_grad()
# ...         half_squared_error([w], [t]).backward()
# ...         SGD([w], lr=learning_rate(t)).step()
# ...     return round(100 - w.data, 6)
# >>> distance_behind(lambda t: 1 / 2), distance_behind(lambda t: 1 / t)
# (1.0, 49.5)
#
# .. claim:: A5
#    :verdict: holds when
#    :when: "dynamic" means more updates for each pass, which is always so; or a restless path, and the examples disagree; or following a drifting target, and the learning rate does not shrink.
#    :corrected: Working through the data piece by piece gives *N*/*B* updates for each pass; their noise is the disagreement of the examples, which shows as the weight comes near the best and all but disappears beside the common pull far away.
#    :sources: bottou2018, lecun1998
#    :refuted-by: target-forgotten, uphill
#
#    Working through the data piece by piece makes training more dynamic.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> def moves_right(at, wanted):
#    ...     w = Scalar(at)
#    ...     half_squared_error([w], [wanted]).backward()
#    ...     SGD([w], lr=Fraction(1, 2)).step()
#    ...     return w.data > at
#    >>> eight = [Fraction(odd, 8) for odd in range(-7, 8, 2)]
#    >>> places = [
#    ...     Fraction(-10),
#    ...     Fraction(-1),
#    ...     Fraction(-1, 2),
#    ...     Fraction(-1, 4),
#    ...     Fraction(0),
#    ... ]
#    >>> [sum(moves_right(at, t) for t in eight) for at in places]
#    [8, 8, 6, 5, 4]
#
# The sentence that survives
# --------------------------
#
# **The gradient of a random batch is the true gradient plus noise that is zero on average; the noise shrinks as the batch grows, vanishes where the examples agree, and is all that is left at the best weight.**
#
# Where it breaks
# ---------------
#
# *Most programs do not draw: they shuffle, and go through.*
# Then the batches of one pass depend on each other, and the order counts.
# Two examples want 0 and 2, the weight starts at 0, the learning rate is 1/2.
#
# >>> def after_pass(order):
# ...     w = Scalar(Fraction(0))
# ...     for t in order:
# ...         w.zero_grad()
# ...         half_squared_error([w], [t]).backward()
# ...         SGD([w], lr=Fraction(1, 2)).step()
# ...     return str(w.data)
# >>> after_pass([0, 2]), after_pass([2, 0])
# ('1', '1/2')
#
# *Whoever draws anew leaves some out.*
# Of *N* draws from *N* examples, all miss a given one with probability (1 − 1/*N*)\ :sup:`N`.
# For four examples, try all 256 ways; for a thousand it is 0.3677, and the limit is 1/e, more than a third.
#
# >>> mean(9 not in draws for draws in product(wanted, repeat=4)) == Fraction(
# ...     3, 4
# ... ) ** 4
# True
# >>> round((1 - 1 / 1000) ** 1000, 4)
# 0.3677
#
# *Right on average is a statement about the gradient only.*
# Optimisers that divide by its size, or keep its sign, are not right on average: they may walk uphill on the mean of their steps.
# Of the examples with gradients −1, −1, −1 and 9 the mean is 3/2, and the mean of the signs is −1/2.
#
# >>> uneven = [gradient([t], at=0) for t in (1, 1, 1, -9)]
# >>> str(mean(uneven)), str(mean((g > 0) - (g < 0) for g in uneven))
# ('3/2', '-1/2')
#
# Predict first
# -------------
#
# 1. Four examples want 10, 10, 10 and 10, and *w* is 7.
#    What is the variance of the gradient of a batch of two?
#
# .. dropdown:: Answer
#
#    All say −3, so every batch says −3.
#
#    >>> variance(
#    ...     gradient(batch, at=7) for batch in combinations([10, 10, 10, 10], 2)
#    ... )
#    Fraction(0, 1)
#
# 2. The last example wants 7 instead of 4, so that the four gradients are 1, 2, 3 and 3.
#    A batch of two without repeats had variance 7/6; what happens to it?
#
# .. dropdown:: Answer
#
#    The examples disagree less, so it shrinks: to 11/48, about a fifth of what it was.
#
#    >>> variance(gradient(batch) for batch in combinations([9, 8, 7, 7], 2))
#    Fraction(11, 48)
#
# 3. The word occurs in two examples of a hundred, with gradient 50 in each.
#    In how many steps of a hundred is the gradient zero, with single examples?
#
# .. dropdown:: Answer
#
#    In ninety-eight on average, and in the other two it is 50; the mean is 1 as before.
#
#    >>> said = [gradient([t], at=0) for t in [-50] * 2 + [0] * 98]
#    >>> said.count(0), mean(said)
#    (98, Fraction(1, 1))
#
# In the engine
# -------------
#
# A gradient from a batch is what :engine:`a leaf keeps <backward.backward>` after one pass over a mean.
#
# In PyTorch
# ----------
#
# ``DataLoader(data, shuffle=True)`` shuffles and goes through, without repeats within a pass.
# To draw anew, as the theory likes to, give it a sampler.
#
# .. code-block:: python
#
#    import torch
#    from torch.utils.data import DataLoader, RandomSampler
#
#    def share_without_9(loader, passes=1000):
#        missed = sum(9 not in torch.cat(list(loader)) for _ in range(passes))
#        return missed / passes
#
#    torch.manual_seed(0)
#    data = [9, 8, 7, 4]
#    anew = RandomSampler(data, replacement=True)
#    assert share_without_9(DataLoader(data, batch_size=2, shuffle=True)) == 0
#    share = share_without_9(DataLoader(data, batch_size=2, sampler=anew))
#    assert abs(share - (3 / 4) ** 4) < 0.06  # four standard errors
#
# .. footbibliography::
