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
from statistics import mean, pvariance

from sgdexplained import Scalar, draw, half_squared_error

wanted = [9, 8, 7, 4]


def gradient(batch, at=10):
    """Return the gradient of the mean loss of a batch at a weight."""
    w = Scalar(Fraction(at))
    half_squared_error([w] * len(batch), batch).backward()
    return w.grad


pairs = [gradient(batch) for batch in combinations(wanted, 2)]

print("gradient of all four:", gradient(wanted))
print("of the six pairs:    ", *pairs)
print("mean of these six:   ", mean(pairs))

# %%
# This is the number that decides: not one of the six pairs says 3, and yet 3 is the mean of what they say.
# So it is for every size of batch, down to a single example.

with draw.style():
    fig, ax = draw.figure(3.4)
    for B in (1, 2, 3, 4):
        said = [float(gradient(batch)) for batch in combinations(wanted, B)]
        ax.plot([0.8, 6.2], [B, B], color=draw.GRID, linewidth=1.6, zorder=0)
        ax.plot(said, [B] * len(said), "o", color=draw.POSITIVE, markersize=11)
        ax.plot(3, B + 0.27, "^", color=draw.INK, markersize=11)
    ax.text(3.25, 4.27, "the mean of each row: 3", va="center")
    ax.set(xlim=(0.6, 6.3), ylim=(4.6, 0.6), xlabel="gradient of the batch")
    ax.set_yticks([1, 2, 3, 4], ["1 example", "2", "3", "all 4"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)
draw.title(
    ax, "Every row of dots balances at 3, and yet few of the dots lie there."
)
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
#    >>> from statistics import mean
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def gradient_of(batch):
#    ...     w = Scalar(Fraction(10))
#    ...     half_squared_error([w] * len(batch), batch).backward()
#    ...     return w.grad
#    >>> batches = [combinations([9, 8, 7, 4], B) for B in (1, 2, 3, 4)]
#    >>> [str(mean(map(gradient_of, some))) for some in batches]
#    ['3', '3', '3', '3']
#
# How wrong is it each time?
# --------------------------
#
# The usual measure is the *variance*: the mean square of the distance from 3.
# For single examples it is 7/2.
# A batch can be drawn so that no example comes twice, or by drawing anew each time, so that one may.

without, anew = {}, {}
print("examples   no example twice   drawn anew")
for B in (1, 2, 3, 4):
    without[B] = pvariance(map(gradient, combinations(wanted, B)))
    anew[B] = pvariance(map(gradient, product(wanted, repeat=B)))
    print(f"{B:8}{without[B]!s:>19}{anew[B]!s:>13}")

# %%
# Drawn anew, *B* examples have 1/*B* of the variance of one.
# Without repeats there is a second factor, (*N* − *B*)/(*N* − 1), which ends at zero: who asks everybody makes no mistake :footcite:p:`cochran1977`.

with draw.style():
    ax = draw.curve([1, 2, 3, 4], anew.values(), marker="o", dashed=True)
    draw.curve([1, 2, 3, 4], without.values(), ax, marker="o")
    ax.text(2.35, 1.85, "drawn anew", weight="bold")
    ax.text(2.3, 0.1, "no example twice", weight="bold", ha="right")
    ax.text(4.12, float(anew[4]), "7/8", va="center")
    ax.text(4.12, 0, "0", va="center")
    ax.set(
        xlabel="examples in the batch",
        ylabel="variance",
        ylim=(-0.3, 3.8),
        xlim=(0.8, 4.5),
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
# .. claim:: P7
#    :verdict: holds
#    :sources: cochran1977, bottou2018
#    :refuted-by: sum-for-mean
#
#    The gradient of a batch of *B* of *N* examples has variance *s*\ ²/*B* if they are drawn anew, and (*s*\ ²/*B*) (*N* − *B*)/(*N* − 1) if none comes twice, where *s*\ ² is the variance of one example.
#
#    >>> from fractions import Fraction
#    >>> from itertools import combinations, product
#    >>> from statistics import pvariance
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def gradient_of(batch):
#    ...     w = Scalar(Fraction(10))
#    ...     half_squared_error([w] * len(batch), batch).backward()
#    ...     return w.grad
#    >>> def variances(B):
#    ...     drawn_anew = product([9, 8, 7, 4], repeat=B)
#    ...     none_twice = combinations([9, 8, 7, 4], B)
#    ...     return [
#    ...         pvariance(map(gradient_of, some)) for some in (drawn_anew, none_twice)
#    ...     ]
#    >>> s2 = Fraction(7, 2)
#    >>> for B in (1, 2, 4):
#    ...     variances(B) == [s2 / B, s2 / B * Fraction(4 - B, 4 - 1)]
#    True
#    True
#    True
#    >>> [str(variance) for variance in variances(2)]
#    ['7/4', '7/6']
#
# Of a thousand examples, batches of 256 without repeats have 744/999 of the variance of batches drawn anew: a quarter less.
#
# Right on average, too long on average
# -------------------------------------
#
# That the mean of the gradients is right does not make right what is computed from them.
# The square of a noisy number is too large on average, by just its variance: for single examples it is 12.5 instead of 9.
# So rules that look at the length of a gradient, such as clipping, act on the noise as well.
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
#    >>> from statistics import mean, pvariance
#    >>> from sgdexplained import Scalar, half_squared_error
#    >>> def gradient_of(batch):
#    ...     w = Scalar(Fraction(10))
#    ...     half_squared_error([w] * len(batch), batch).backward()
#    ...     return w.grad
#    >>> batches = [combinations([9, 8, 7, 4], B) for B in (1, 2, 3, 4)]
#    >>> said = [[gradient_of(batch) for batch in some] for some in batches]
#    >>> [str(mean(one)) for one in said]
#    ['3', '3', '3', '3']
#    >>> squares = [mean(g * g for g in one) for one in said]
#    >>> squares == [9 + pvariance(one) for one in said]
#    True
#    >>> [str(square) for square in squares]
#    ['25/2', '61/6', '169/18', '9']
#
# Rare, but fair
# --------------
#
# A word that occurs in one example of a hundred has a weight that only this example can move.
# Let its gradient there be 100, and 0 everywhere else: the true gradient is 1.
# Draw a hundred batches of one example, of ten, and of fifty.


def word_gradient(batch):
    """Return the gradient, if 1 stands for the example with the word."""
    w = Scalar(0)
    outputs = [w * x for x in batch]
    half_squared_error(outputs, [-100 * x for x in batch]).backward()
    return w.grad


random, data = Random(1), [1] + [0] * 99
drawn = {
    B: [word_gradient(random.sample(data, B)) for _ in range(100)]
    for B in (1, 10, 50)
}
print("batch   hits   each   in all   expected")
for B, said in drawn.items():
    hits, error = 100 - said.count(0), 10 * (100 / B - 1) ** 0.5
    print(f"{B:5}{hits:7}{max(said):7.0f}{sum(said):9.0f}", end="")
    print(f"   100 ± {error:.0f}")

# %%
# A batch of *B* contains the word with probability *B*/100, and then its gradient is 100/*B*: on average 1, in all three cases.
# With single examples, ninety-nine steps of a hundred say 0.

from itertools import accumulate

with draw.style():
    fig, ax = draw.figure(3.9)
    ax.plot([0, 100], [0, 100], color=draw.ZERO, lw=1.4, ls=(0, (1, 2)))
    looks = {1: (draw.INK, 3.2), 10: (draw.POSITIVE, 2.6), 50: (draw.INK, 1.3)}
    for B, said in drawn.items():
        colour, width = looks[B]
        total = [0, *accumulate(said)]
        ax.step(range(101), total, where="post", color=colour, lw=width)
    ax.text(25, 105, "one example: once 100", weight="bold")
    ax.text(26, 77, "fifty: 51 times 2")
    look = {"weight": "bold", "color": draw.POSITIVE}
    ax.text(70, 52, "ten: 8 times 10", **look)
    ax.set(xlabel="draws", ylabel="gradient in all", xlim=(0, 106))
    ax.set(ylim=(0, 118), xticks=[0, 50, 100], yticks=[0, 50, 100])
draw.title(
    fig, "A rare word learns in one burst or in whispers, the same on average."
)
draw.alt(
    fig,
    "Three staircases: the gradients of a hundred draws, added up. Batches of"
    f" one: {100 - drawn[1].count(0)} stair of 100. Batches of ten:"
    f" {100 - drawn[10].count(0)} stairs of 10. Batches of fifty:"
    f" {100 - drawn[50].count(0)} stairs of 2. A dotted line shows what is"
    " expected: 1 for each draw.",
)

# %%
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
# Take eight examples that want −7/8, −5/8, and so on up to 7/8, so that the best weight is 0.
# How many of the eight pull to the right, as the weight comes nearer from the left?

eight = [Fraction(odd, 8) for odd in range(-7, 8, 2)]
places = [Fraction(place, 4) for place in (-5, -4, -2, -1, 0)]
pulls = {at: [-gradient([t], at) for t in eight] for at in places}

for at in places:
    print(f"at {at!s:>4}: {sum(pull > 0 for pull in pulls[at])} of 8")

# %%

with draw.style():
    fig, ax = draw.figure(3.9)
    for row, at in enumerate(places):
        for k, pull in enumerate(pulls[at]):
            look = {
                "color": draw.POSITIVE if pull > 0 else draw.NEGATIVE,
                "width": 0.018,
                "head_width": 0.085,
                "head_length": 0.04,
                "length_includes_head": True,
                "lw": 0,
            }
            y = row + (k - 3.5) * 0.085
            ax.arrow(float(at), y, float(pull / 2), 0, **look)
        here, ends = [float(at)] * 2, [row - 0.36, row + 0.36]
        ax.plot(here, ends, color=draw.INK, linewidth=2.2)
        right = f"{sum(pull > 0 for pull in pulls[at])} of 8"
        ax.text(1.05, row, right, va="center")
    ax.axvline(0, color=draw.ZERO, linewidth=1, linestyle=":", zorder=0)
    ax.text(1.05, -0.85, "to the right", va="center", ha="center")
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
#    >>> places = [Fraction(place, 4) for place in (-40, -4, -2, -1, 0)]
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
# >>> sum(9 not in draws for draws in product(wanted, repeat=4)), 3**4
# (81, 81)
# >>> round((1 - 1 / 1000) ** 1000, 4)
# 0.3677
#
# *Right on average is a statement about the gradient only.*
# Optimisers that divide by its size, or keep its sign, are not right on average: they may walk uphill on the mean of their steps.
# Of the examples with gradients −1, −1, −1 and 9 the mean is 3/2, and the mean of the signs is −1/2.
#
# >>> uneven = [gradient([t], at=0) for t in (1, 1, 1, -9)]
# >>> float(mean(uneven)), mean((g > 0) - (g < 0) for g in uneven)
# (1.5, -0.5)
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
#    >>> said = [gradient(batch, at=7) for batch in combinations([10] * 4, 2)]
#    >>> set(said), pvariance(said)
#    ({Fraction(-3, 1)}, Fraction(0, 1))
#
# 2. The last example wants 7 instead of 4, so that the four gradients are 1, 2, 3 and 3.
#    A batch of two without repeats had variance 7/6; what happens to it?
#
# .. dropdown:: Answer
#
#    The examples disagree less, so it shrinks: to 11/48, about a fifth of what it was.
#
#    >>> pvariance(map(gradient, combinations([9, 8, 7, 7], 2)))
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
