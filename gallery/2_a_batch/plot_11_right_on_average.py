r"""
Does one random example point the right way?
============================================

.. needs:: 9 10

A step of SGD uses the gradient of one example, or the mean of a few.
The *true gradient* is the mean over the whole data set.
How far can the gradient of one example be from the true gradient?

.. guess::
   :answer: 2

   The data set has four examples with the gradients 1, 2, 3 and 6, so the true gradient is 3. A batch has two of these examples, so there are six possible batches. How many of the six have exactly the gradient 3?

   A. All.
   B. None.
   C. Two.
   D. Four.

   The six batches have the gradients 1.5, 2, 2.5, 3.5, 4 and 4.5.
   None of the six is 3, but their mean is exactly 3.
"""

# Set-up: one weight of 10, four examples, all batches, and the figure
from fractions import Fraction
from itertools import accumulate, combinations
from random import Random
from statistics import mean

from sgdexplained import SGD, Scalar, draw, half_squared_error

wanted = [9, 8, 7, 4]


def gradient(batch, at=10):
    """Return the gradient of the mean loss of a batch at a weight."""
    w = Scalar(Fraction(at))
    half_squared_error([w] * len(batch), batch).backward()
    return w.grad


with draw.style():
    fig, ax = draw.figure(3.2)
    for B in (1, 2, 3, 4):
        found = [float(gradient(batch)) for batch in combinations(wanted, B)]
        ax.plot([0.8, 6.2], [B, B], color=draw.GRID, linewidth=1.6, zorder=0)
        ax.plot(found, [B] * len(found), "o", color=draw.INK, markersize=10)
        ax.plot(3, B + 0.3, "^", color=draw.SENDER.colour, markersize=10)
    ax.text(
        3.25, 4.3, "mean of each row: 3", va="center", color=draw.SENDER.colour
    )
    ax.set(xlim=(0.6, 6.3), ylim=(4.65, 0.6), xlabel="gradient of the batch")
    ax.set_yticks(
        [1, 2, 3, 4], ["1 example", "2 examples", "3 examples", "all 4"]
    )
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)
draw.title(
    ax,
    "Most batches miss the true gradient, but their mean is right.",
)
draw.alt(
    ax,
    "Each row shows the gradients of all batches of one size. Single examples:"
    " 1, 2, 3, 6. Pairs: 1.5 to 4.5. Triples: 2 to 3.67. All four: 3. The mean"
    " of every row is 3, and the larger the batch, the closer the dots.",
)

# %%
# The model is again one weight, which is also the output. It is 10, and the targets are 9, 8, 7 and 4, so the gradients of the four examples are 1, 2, 3 and 6.
# Each row of the picture shows all possible batches of one size.
# A dot is the gradient of one of these batches, and the triangle is the mean of the row.
#
# For each size, the mean over all possible batches is the true gradient.
# A single random example seldom has exactly the true gradient. But the mean over many random examples comes near to it.
#
# The next picture shows the network of page 1 again, with three examples. None of them has the same gradients as the mean of all three.
#
# .. live:: batch
#    :start: out=1,2;at=0
#    :lead: Only example 1 is in the batch. Look below: how far is it from the mean of all three? Then put another one in.

# Check: the six pairs
pairs = sorted(map(gradient, combinations(wanted, 2)))
assert [float(g) for g in pairs] == [1.5, 2, 2.5, 3.5, 4, 4.5]
assert mean(pairs) == gradient(wanted) == 3

# %%
# .. claim:: A4
#    :verdict: holds
#    :sources: bottou2018, goyal2017
#    :refuted-by: sum-for-mean, target-forgotten
#
#    SGD takes a single example, or a few of them, for each step. If they are drawn at random, all with the same probability, a batch of any size has on average the gradient of the whole data set.
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
# The difference between the gradient of a batch and the true gradient is called *noise*.
# For the four examples it is −2, −1, 0 and 3, with the mean 0. The mean of its square is the *variance* of the gradient:
#
# .. math::
#
#    \frac{(-2)^2 + (-1)^2 + 0^2 + 3^2}{4} = 3.5
#
# The mean of the *squared* gradient is (1 + 4 + 9 + 36) / 4 = 12.5, which is 3.5 more than 9, the square of the true gradient. For larger batches, see :ref:`page 19 <sphx_glr_story_4_further_plot_19_how_noisy.py>`.
#
# .. claim:: X6
#    :verdict: holds
#    :sources: bottou2018
#    :refuted-by: sum-for-mean
#
#    Over all batches of one size, the mean of the gradient is the true gradient. But the mean of the squared gradient is larger than the square of the true gradient: it is larger by the variance of the gradient. The two are equal only if all batches have the same gradient.
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
#    >>> found = [[gradient_of(batch) for batch in some] for some in batches]
#    >>> [str(mean(one)) for one in found]
#    ['3', '3', '3', '3']
#    >>> squares = [mean(g * g for g in one) for one in found]
#    >>> squares == [9 + pvariance(one) for one in found]
#    True
#    >>> [str(square) for square in squares]
#    ['25/2', '61/6', '169/18', '9']
#
# A rare word: its weight moves in one long step or in many short ones
# --------------------------------------------------------------------
#
# A data set has a hundred examples, and a word occurs in only one of them.
# The weight of this word has the gradient 100 in this example, and 0 in the other 99.
# So the true gradient is 1.
# The next picture adds up the gradients of a hundred random batches, for batches of one example, of ten and of fifty.


# Set-up: a hundred random batches of each size, and the figure
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
steps = {B: 100 - found.count(0) for B, found in drawn.items()}
fig, places = draw.figure(2.9, columns=3, sharey=True)
sizes = {1: "1 example", 10: "10 examples", 50: "50 examples"}
stairs = {B: f"{n} jumps of {100 // B}" for B, n in steps.items()}
stairs[1] = "one jump of 100"
with draw.style():
    for ax, (B, found) in zip(places, drawn.items(), strict=True):
        ax.plot([0, 100], [0, 100], color=draw.ZERO, lw=1.4, ls=(0, (1, 2)))
        total = [0, *accumulate(found)]
        ax.step(range(101), total, where="post", color=draw.INK, lw=2)
        ax.set_title(f"{sizes[B]}:\n{stairs[B]}", fontsize=13)
        ax.set(xticks=[0, 50, 100], yticks=[0, 50, 100], ylim=(0, 108))
    places[0].text(28, 6, "expected", color=draw.ZERO, fontsize=13)
    places[0].set_ylabel("sum of the gradients")
    places[1].set_xlabel("number of batches")
draw.title(
    fig,
    "Small batches seldom move the weight of a rare word. When they do, they move it far.",
)
draw.alt(
    fig,
    "Three staircases: the gradients of a hundred batches, added up. Batches"
    f" of one: {steps[1]} stair of 100. Batches of ten: {steps[10]} stairs of"
    f" 10. Batches of fifty: {steps[50]} stairs of 2. A dotted line shows what"
    " is expected: 1 for each batch.",
)

# %%
# A batch of *B* examples contains the word with the probability *B*/100, and then the gradient is 100/*B*.
# The product of the two is 1, so the mean is right for every *B*.
# But with single examples, 99 of a hundred steps, on average, leave this weight where it is.
#
# Is training with small batches more dynamic?
# --------------------------------------------
#
# Some people say so, but the word *dynamic* has several meanings.
# One of them is a restless path: the weight often turns back, because one example moves it to the right and the next one to the left.
# The next picture shows where this happens.
# Eight examples have the targets −7/8, −5/8 and so on up to 7/8, so the best weight is 0.
# In each row the weight stands at the upright bar.
# Each of the eight arrows is the step that one example makes from there, with the learning rate 1/2.

# Set-up: where eight examples pull the weight, and the figure
eight = [Fraction(odd, 8) for odd in range(-7, 8, 2)]
places = [Fraction(place, 4) for place in (-5, -4, -2, -1, 0)]
pulls = {at: [-gradient([t], at) for t in eight] for at in places}
with draw.style():
    fig, ax = draw.figure(3.7)
    for row, at in enumerate(places):
        for k, pull in enumerate(pulls[at]):
            right = pull > 0
            look = {
                "fc": draw.INK if right else "white",
                "ec": draw.INK,
                "width": 0.018,
                "head_width": 0.085,
                "head_length": 0.04,
                "length_includes_head": True,
                "lw": 0.7,
            }
            y = row + (k - 3.5) * 0.085
            ax.arrow(float(at), y, float(pull / 2), 0, **look)
        here, ends = [float(at)] * 2, [row - 0.36, row + 0.36]
        ax.plot(here, ends, color=draw.INK, linewidth=2.2)
        count = f"{sum(pull > 0 for pull in pulls[at])} of 8"
        ax.text(1.05, row, count, va="center", ha="center")
    ax.axvline(0, color=draw.ZERO, linewidth=1, linestyle=":", zorder=0)
    ax.text(1.05, -0.85, "to the right", va="center", ha="center")
    ax.set(xlim=(-1.4, 1.5), ylim=(4.6, -1.1), yticks=[], xlabel="weight")
    ax.set_xticks([-1, 0], ["−1", "0 (best)"])
    ax.spines["left"].set_visible(False)
draw.title(ax, "Far from the best weight, all eight examples agree.")
draw.alt(
    ax,
    "For five positions of the weight, arrows show where each of eight"
    " examples pulls it. At -5/4 and at -1 all eight pull to the right, at"
    " -1/2 six, at -1/4 five, and at the best weight 0 four pull right and"
    " four left.",
)
draw.show()


# Check: a target that moves from 1 to 100, with a constant and a shrinking rate
def distance_behind(learning_rate):
    w = Scalar(0.0)
    for t in range(1, 101):
        w.zero_grad()
        half_squared_error([w], [t]).backward()
        SGD([w], lr=learning_rate(t)).step()
    return round(100 - w.data, 6)


assert steps[1] == 1
assert distance_behind(lambda _: 1 / 2) == 1
assert distance_behind(lambda t: 1 / t) == 49.5

# %%
# Another meaning of *dynamic*: the data change during training, so the best weight moves, and SGD follows it. It can follow only if the learning rate does not become smaller and smaller.
#
# .. claim:: A5
#    :verdict: holds when
#    :when: "dynamic" means more updates in each pass through the data. If it means a restless path, the claim holds only where the examples disagree. If it means that the weight follows a best weight that moves, the claim holds only if the learning rate does not shrink.
#    :corrected: With batches of *B* of the *N* examples there are *N*/*B* updates in each pass. Near the best weight the examples disagree, so the noise is large compared with the true gradient. Far from the best weight all examples ask for a step in the same direction, and the noise is small compared with the true gradient.
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
# The sign of the gradient is not right on average
# ------------------------------------------------
#
# The gradients −1, −1, −1 and 9 have a positive mean, but three of the four are negative.
# An optimiser that uses only the sign of a gradient moves this weight in the wrong direction on average.


# Check: three of the four signs are wrong
uneven = [gradient([t], at=0) for t in (1, 1, 1, -9)]
assert mean(uneven) > 0 > mean((g > 0) - (g < 0) for g in uneven)

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 0
#
#    The weight is 7, and four examples all have the target 10. What is the variance of the gradient over all batches of two?
#
#    All examples have the gradient −3, so every batch has the gradient −3 too, and the noise is always 0.
#
#    >>> found = [gradient(batch, at=7) for batch in combinations([10] * 4, 2)]
#    >>> set(found), pvariance(found)
#    ({Fraction(-3, 1)}, Fraction(0, 1))
#
# .. guess::
#    :answer: 98
#    :unit: steps
#
#    A word occurs in two examples of a hundred. SGD draws single examples at random. In how many of a hundred steps, on average, is the gradient of its weight zero?
#
#    On average, 98 of a hundred steps draw an example without the word.
#
#    >>> found = [gradient([t], at=0) for t in [-50] * 2 + [0] * 98]
#    >>> found.count(0), mean(found)
#    (98, Fraction(1, 1))
#
# In PyTorch: shuffle the data, or draw each time from all examples
# -----------------------------------------------------------------
#
# ``DataLoader(data, shuffle=True)`` shuffles the data for each pass and goes through it, so no example comes twice in a pass.
# With ``RandomSampler(data, replacement=True)``, each example is drawn from the whole data set again, so one can come twice in a pass, and another one not at all.
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
# In the engine, one :engine:`backward pass <backward.backward>` from the mean loss stores the gradient of the batch in each weight.
