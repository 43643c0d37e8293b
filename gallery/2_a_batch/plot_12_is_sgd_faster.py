r"""
Faster?
=======

Full-batch descent looks at all the data before each step; SGD takes a step after every few examples.
You will see a race that either of them wins, depending on what is counted and where the finish is.

A sentence that many believe: *SGD is the faster way to train.*

It is neither true nor false before somebody says what is counted, and how good is good enough.

The smallest race
-----------------

A hundred examples: by turns they want 9 and 11.
One weight starts at 0, and the best it can be is 10.
The learning rate is 1/2, and each gradient of one example costs one coin.
"""

from fractions import Fraction

import numpy as np

from sgdexplained import SGD, Scalar, Tensor, draw, half_squared_error

wanted = [9, 11] * 50


def distances(batch, coins):
    """Return how far the weight is from 10 after each step of a race."""
    w, found = Scalar(0.0), []
    for first in range(0, coins, batch):
        some = [wanted[i % 100] for i in range(first, first + batch)]
        w.zero_grad()
        half_squared_error([w] * batch, some).backward()
        SGD([w], lr=0.5).step()
        found.append(abs(w.data - 10))
    return found


single, full = distances(1, 2000), distances(100, 2000)

print("coins   single examples   full batch")
for coins in (100, 200, 400, 2000):
    print(f"{coins:5}{single[coins - 1]:18.4f}{full[coins // 100 - 1]:13.6f}")

# %%
# These are the numbers that decide.
# For 100 coins full-batch descent takes one step and gets halfway; single examples have taken a hundred steps and are there, give or take 1/3.
# But they stay at 1/3 for ever, pulled to and fro by 9 and 11, while full-batch descent halves its distance at every step.

with draw.style():
    fig, ax = draw.figure(3.6)
    ax.step(
        [0, *range(1, 2001)],
        [10, *single],
        color=draw.INK,
        lw=1.6,
        where="post",
    )
    ax.step(
        range(0, 2001, 100),
        [10, *full],
        color=draw.POSITIVE,
        lw=3,
        where="post",
    )
    ax.text(1980, 0.8, "single examples: 1/3", ha="right", weight="bold")
    look = {"color": draw.POSITIVE, "weight": "bold", "ha": "right"}
    ax.text(1230, 3e-4, "full batch", **look)
    ax.set(yscale="log", ylim=(5e-6, 25), xlim=(-15, 2000))
    ax.set(xlabel="coins spent", ylabel="distance from the best")
    ax.set_xticks([0, 500, 1000, 1500, 2000])
    ax.set_yticks([10, 0.1, 1e-3, 1e-5], ["10", "0.1", "0.001", "0.00001"])
    ax.minorticks_off()
draw.title(
    ax, "Single examples are near at once, but the full batch comes closer."
)
draw.alt(
    ax,
    "Distance from the best weight over coins spent, on a logarithmic scale."
    " Single examples fall from 10 to 1/3 at once and stay there. The full"
    " batch halves its distance with every hundred coins, crosses them at 500"
    " and reaches 0.00001 at 2000.",
)

# %%
# Counted in steps it is another race: after twenty of them the full batch has arrived.
#
# >>> round(single[19], 6), round(full[19], 6)
# (0.333323, 1e-05)
#
# What full batch means
# ---------------------
#
# The word *batch* has two senses: *batch gradient descent* uses all the data, and the *batch size* of today is a handful.
# We say *full batch* for the first.
# Its price grows with the data, even if the data say the same thing over and over :footcite:p:`lecun1998`.
# Ten copies of the four examples of the bench give the same gradient, for ten times the coins.
#
# .. claim:: A3
#    :verdict: holds
#    :sources: lecun1998, bottou2018
#    :refuted-by: sum-for-mean
#
#    Full-batch descent uses the whole data set for each gradient, and so it pays for every copy of an example, though copies change nothing.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> bench = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> def full_gradient(copies):
#    ...     net = MLP([2, 3, 1], init=bench)
#    ...     X = [[1, 2], [2, 1], [-2, 1], [0, -2]] * copies
#    ...     half_squared_error(
#    ...         net(X), [[Fraction(t)] for t in (1, -1, 2, 6)] * copies
#    ...     ).backward()
#    ...     return len(X), [w.grad for w in net.parameters()]
#    >>> (coins, gradient), (more_coins, same_gradient) = (
#    ...     full_gradient(1),
#    ...     full_gradient(10),
#    ... )
#    >>> coins, more_coins, same_gradient == gradient
#    (4, 40, True)
#
# A longer race
# -------------
#
# Now 2 000 examples of 20 numbers each, and a linear unit that is to learn from them.
# Some directions are ninety times as steep as others, which is mild.
# Each size of batch has a learning rate of its own, which did well among a few that were tried.
#
# No weights can bring the loss to zero here.
# What is above the smallest possible loss is the *excess loss*, and a runner is measured by the share of it that is left.

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 20)) * np.logspace(-0.98, 0, 20)
T = X @ rng.normal(size=(20, 1)) + 0.1 * rng.normal(size=(2000, 1))
best = np.linalg.lstsq(X, T, rcond=None)[0]


def excess(w):
    """Return how much larger the loss is than with the best weights."""
    return float(np.mean((X @ (w - best)) ** 2)) / 2


def race(batch, learning_rate, passes):
    """Return pairs: the coins spent so far, the share of the excess left."""
    w, coins, run = Tensor(np.zeros((20, 1))), 0, []
    order = np.random.default_rng(1)
    for _ in range(passes):
        for some in np.split(order.permutation(2000), 2000 // batch):
            w.zero_grad()
            half_squared_error(X[some] @ w, T[some]).backward()
            SGD([w], lr=learning_rate).step()
            coins += batch
            if coins % 50 == 0:
                run.append((coins, excess(w.data) / excess(0 * best)))
    return run


# For each batch size: the learning rate, and passes through the data.
runners = {1: (0.05, 5), 10: (0.3, 20), 100: (1.0, 60), 2000: (1.8, 320)}
races = {batch: race(batch, *given) for batch, given in runners.items()}


def coins_until(goal, batch):
    reached = (coins for coins, left in races[batch] if left <= goal)
    return next(reached, "never")


print("left    B=1    B=10   B=100  full batch")
for goal in (1e-1, 1e-2, 1e-3, 1e-4, 1e-8):
    print(f"{goal:<7g}", *(f"{coins_until(goal, B):<6}" for B in races))

# %%
# The coins spent until so much of the excess loss was left for the first time; *never* stands for: not in this race.
# At one per mille, single examples are cheaper by a factor of about fifty; at the last line, only the full batch arrives.
#
# >>> coins_until(1e-3, 2000) / coins_until(1e-3, 1) > 30
# True
# >>> [coins_until(1e-8, batch) for batch in (1, 10, 100)]
# ['never', 'never', 'never']


def smoothed(run):
    """Return the means of neighbouring moments of a run, some forty of them."""
    ends = sorted({int(i) for i in np.geomspace(1, len(run), 45)})
    groups = zip([0, *ends], ends, strict=False)
    return np.array([np.mean(run[one:end], axis=0) for one, end in groups]).T


looks = {
    1: {"label": "1 example", "linestyle": (0, (1, 1.2)), "linewidth": 1.8},
    10: {"label": "10", "linestyle": (0, (4, 2)), "linewidth": 1.6},
    100: {"label": "100", "linewidth": 1.6},
    2000: {"label": "full batch", "linewidth": 3.4, "color": draw.POSITIVE},
}
with draw.style():
    fig, (top, bottom) = draw.figure(6.4, rows=2, sharey=True)
    for batch, run in races.items():
        coins, left = smoothed(run)
        look = {"color": draw.INK, **looks[batch]}
        top.loglog(coins, left, **look)
        bottom.loglog(coins / batch, left, **look)
    top.legend(loc="lower left", borderaxespad=0.2)
    top.set(
        xlabel="examples looked at",
        xlim=(40, 1e6),
        ylabel="excess left",
        ylim=(1e-9, 2),
    )
    bottom.set(xlabel="steps taken", xlim=(0.8, 2e4), ylabel="excess left")
    for ax in (top, bottom):
        ax.set_yticks([1, 1e-2, 1e-4, 1e-6, 1e-8])
        ax.minorticks_off()
draw.title(
    fig,
    "Counted in examples small batches lead; counted in steps they come last.",
)
draw.alt(
    fig,
    "The same four runs, twice: excess loss over examples looked at, and over"
    " steps taken. Over examples, batches of 1 and 10 fall first and level"
    " off, the full batch falls last and deepest. Over steps, the full batch"
    " is first and batches of 1 are last.",
)

# %%
# Which of the two pictures is yours depends on the machine.
# If it computes one example after the other, time is what the upper one counts.
# If it computes a batch as fast as a single example, time is what the lower one counts; real machines lie between the two.
#
# .. claim:: A6
#    :verdict: holds when
#    :when: work is counted in gradients of examples, the accuracy asked for is moderate, and the examples are many or much alike.
#    :corrected: For each example looked at, small batches come near the best sooner; for each step they do not, and with a constant learning rate they never come nearer than the noise lets them.
#    :sources: bottou2018, lecun1998
#    :refuted-by: fixed-step-length, sum-for-mean, doubled-seed
#
#    Small batches make training faster.
#
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> def distance(batch, examples):
#    ...     w, all_wanted = Scalar(0.0), [9, 11] * (examples // 2)
#    ...     for start in range(0, examples, batch):
#    ...         wanted = all_wanted[start : start + batch]
#    ...         w.zero_grad()
#    ...         half_squared_error([w] * batch, wanted).backward()
#    ...         SGD([w], lr=0.5).step()
#    ...     return round(abs(w.data - 10), 3)
#    >>> {coins: (distance(1, coins), distance(100, coins)) for coins in (100, 2000)}
#    {100: (0.333, 5.0), 2000: (0.333, 0.0)}
#
# The floor
# ---------
#
# Why do small batches stop?
# At the best weight the mean of all gradients is zero, but the gradient of a batch is not, and it kicks the weight out again.
# Let a weight be pulled to +1 or to −1 at random, the best being 0, and follow 4 000 such weights until they have forgotten where they began.


def weights_in_the_end(learning_rate, batch, steps=120):
    """Return 4 000 weights, each pulled about by examples of its own."""
    draws = np.random.default_rng(0)
    w = Tensor(np.zeros(4000))
    optimiser = SGD([w], lr=learning_rate)
    for _ in range(steps):
        pull = draws.choice([-1.0, 1.0], size=(batch, 4000)).mean(axis=0)
        optimiser.zero_grad()
        half_squared_error(w, pull, reduction="sum").backward()
        optimiser.step()
    return w.data


clouds = {
    (lr, batch): weights_in_the_end(lr, batch)
    for lr in (0.5, 0.1)
    for batch in (1, 4)
}
print("rate   batch   variance          formula")
for (lr, batch), cloud in clouds.items():
    squares, formula = cloud**2, lr / (batch * (2 - lr))
    measured = f"{squares.mean():.4f} ± {squares.std() / 4000**0.5:.4f}"
    print(f"{lr:4}{batch:8}   {measured}{formula:10.4f}")

# %%

with draw.style():
    fig, ax = draw.figure(3.2)
    height = np.random.default_rng(2).uniform(-0.3, 0.3, size=400)
    rows = [
        (f"rate {lr}, batch of {batch}", cloud[:400])
        for (lr, batch), cloud in clouds.items()
    ]
    for row, (_, cloud) in enumerate(rows):
        ax.plot(
            cloud, row + height, "o", color=draw.INK, ms=3, alpha=0.3, mew=0
        )
    ax.plot(0, 4, "o", color=draw.POSITIVE, ms=9)
    ax.set_yticks(range(5), [*(name for name, _ in rows), "full batch"])
    ax.set(
        ylim=(4.5, -0.5),
        xlim=(-1.1, 1.1),
        xlabel="weight in the end; the best is 0",
    )
    ax.set_xticks([-1, 0, 1], ["−1", "0", "1"])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
draw.title(
    ax,
    "With a constant learning rate SGD ends around the best weight, not at it.",
)
draw.alt(
    ax,
    "Where 400 weights end. With learning rate 0.5 and single examples they"
    " fill the range from -1 to 1; with batches of four or a learning rate of"
    " 0.1 the cloud is narrower, with both narrower still. With the full batch"
    " all end at 0.",
)

# %%
# The variance settles at η *s*\ ²/(*B* (2 − η)), where η is the learning rate and *s*\ ² the variance of the gradient of one example, here 1.
# The excess loss is half of that: 1/6 at η = 1/2, where the theorem of :footcite:t:`bottou2018` promises no more than η/2 = 1/4.
#
# To see the formula without chance, try all sequences of pulls.
#
# .. claim:: P9
#    :verdict: holds
#    :sources: bottou2018
#    :refuted-by: doubled-seed, uphill
#
#    With a constant learning rate SGD does not come to rest at the best weight: on a parabola, the variance around it tends to η *s*\ ²/(*B* (2 − η)); after *n* steps with η = 1/2 it has come to that times 1 − 1/4\ :sup:`n`.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> def variance(batch, steps):
#    ...     squares = []
#    ...     for pulls in product([-1, 1], repeat=batch * steps):
#    ...         w = Scalar(Fraction(0))
#    ...         for step in range(steps):
#    ...             some = pulls[step * batch : (step + 1) * batch]
#    ...             w.zero_grad()
#    ...             half_squared_error([w] * batch, some).backward()
#    ...             SGD([w], lr=Fraction(1, 2)).step()
#    ...         squares.append(w.data**2)
#    ...     return sum(squares) / len(squares)
#    >>> variance(batch=1, steps=8) == Fraction(1, 3) * (1 - Fraction(1, 4**8))
#    True
#    >>> variance(batch=4, steps=2) == Fraction(1, 12) * (1 - Fraction(1, 4**2))
#    True
#    >>> [str(variance(1, steps)) for steps in (1, 2, 3)]
#    ['1/4', '5/16', '21/64']
#
# The way down from the floor
# ---------------------------
#
# A smaller learning rate lowers the floor, and lengthens the way to it.
# So let it shrink as the steps go on: that is how the method began, in 1951 :footcite:p:`robbins1951`.
# With the learning rate 1/*t* at step *t*, and the values 3, 5, 10 and 2 to follow, SGD is a thing that everybody knows.

data = [3, 5, 10, 2]
w, path = Scalar(Fraction(0)), []
for t, x in enumerate(data, start=1):
    w.zero_grad()
    half_squared_error([w], [x]).backward()
    SGD([w], lr=Fraction(1, t)).step()
    path.append(w.data)

print("weight after each step:", *path)
print("mean of values so far: ", *(sum(data[:t]) / t for t in (1, 2, 3, 4)))

# %%
# It is the running mean.

with draw.style():
    ts = [1, 2, 3, 4]
    ax = draw.curve(ts, path, marker="o")
    ring = {"ms": 16, "mfc": "none", "mec": draw.POSITIVE, "mew": 2.2}
    ax.plot(ts, [sum(data[:t]) / t for t in ts], "o", **ring)
    ax.plot(ts, data, "x", color=draw.ZERO, ms=9, mew=2)
    for t, value in zip(ts, path, strict=True):
        ax.text(
            t, float(value) - 0.8, draw.number(value), ha="center", va="top"
        )
    for handle, name in zip(
        ax.lines,
        ["weight of SGD", "running mean", "value to follow"],
        strict=True,
    ):
        handle.set_label(name)
    ax.legend(loc="upper left", borderaxespad=0, handlelength=1.4)
    ax.set(xlabel="step", ylabel="weight", xlim=(0.8, 4.2), ylim=(0, 12))
    ax.set_xticks(ts)
    ax.set_yticks([0, 5, 10])
draw.title(
    ax, "With the learning rate 1/t, SGD on a parabola is the running mean."
)
draw.alt(
    ax,
    "The values 3, 5, 10 and 2 are seen one after the other. The weight after"
    " each SGD step, 3, 4, 6 and 5, lies exactly on the running mean of the"
    " values.",
)
draw.show()

# %%
# .. claim:: A1
#    :verdict: holds
#    :sources: robbins1951, rumelhart1986, bottou2018
#    :refuted-by: uphill, doubled-seed, target-forgotten
#
#    SGD is one of the basic optimisers of the field: with a learning rate that shrinks as 1/*t* it goes back to 1951, and on a parabola it is the running mean.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> w = Scalar(Fraction(0))
#    >>> for t, x in enumerate([3, 5, 10, 2], start=1):
#    ...     w.zero_grad()
#    ...     half_squared_error([w], [x]).backward()
#    ...     SGD([w], lr=Fraction(1, t)).step()
#    >>> w.data, sum([3, 5, 10, 2]) / 4
#    (Fraction(5, 1), 5.0)
#
# *Plain* SGD, that is.
# What is used today mostly has a memory or a decay as well, and so had the paper that made backpropagation known: :footcite:t:`rumelhart1986` add up the gradients of all cases before a step, use momentum, and let the weights decay.
#
# The sentence that survives
# --------------------------
#
# **For each example looked at, SGD gets near the best weight sooner, the more so the more the examples are alike; to get closer than its noise it needs a smaller learning rate or a larger batch, and for each step it is the slowest.**
#
# Where it breaks
# ---------------
#
# *A step on one example can make things worse.*
# Two examples want 0 and 2, the weight is 1, the best there is, and the second example asks for a step.
#
# >>> def full_loss(w):
# ...     return half_squared_error([w, w], [0, 2]).data
# >>> w = Scalar(1.0)
# >>> full_loss(w)
# 0.5
# >>> half_squared_error([w], [2]).backward()
# >>> SGD([w], lr=0.5).step()
# >>> full_loss(w)
# 0.625
#
# *Where all examples agree there is no floor.*
# If the hundred examples all want 10, single examples with the same learning rate arrive, a hundred times as cheaply as the full batch.
#
# >>> wanted = [10] * 100
# >>> round(distances(1, 20)[-1], 6), round(distances(100, 2000)[-1], 6)
# (1e-05, 1e-05)
# >>> wanted = [9, 11] * 50
#
# *A larger batch and a smaller learning rate are two ways to the same floor.*
# A batch of four, or a fourth of the learning rate: both divide the floor by about four, and both need about four times as many examples for the same way.
#
# >>> def floor(lr, batch):
# ...     return lr / (batch * (2 - lr))
# >>> round(floor(0.1, 1), 4), round(floor(0.1, 4), 4), round(floor(0.025, 1), 4)
# (0.0526, 0.0132, 0.0127)
#
# Predict first
# -------------
#
# 1. The hundred examples go through in batches of two, one that wants 9 and one that wants 11.
#    How far from 10 is the weight after 100 coins?
#
# .. dropdown:: Answer
#
#    Each batch says what the full batch says, so fifty steps halve the distance fifty times: the noise of the two cancels.
#
#    >>> distances(2, 100)[-1] == 10 / 2**50
#    True
#
# 2. The learning rate is 1, and single examples pull to +1 or −1 at random.
#    What is the variance of the weight?
#
# .. dropdown:: Answer
#
#    Every step lands exactly where the last example wants it, so the weight is +1 or −1, and the variance is 1.
#    The formula says 1/(2 − 1).
#
#    >>> cloud = weights_in_the_end(1.0, 1)
#    >>> sorted(set(cloud.tolist())), round(float(cloud.var()), 2)
#    ([-1.0, 1.0], 1.0)
#
# 3. The data set of the first race is copied ten times.
#    How many coins does each of the two need for what it had reached with 100?
#
# .. dropdown:: Answer
#
#    Single examples need 100 as before; the full batch now pays 1 000 coins for the same step.
#
#    >>> wanted = [9, 11] * 500
#    >>> w = Scalar(0.0)
#    >>> half_squared_error([w] * len(wanted), wanted).backward()
#    >>> SGD([w], lr=0.5).step()
#    >>> len(wanted), round(abs(w.data - 10), 6)
#    (1000, 5.0)
#
# In the engine
# -------------
#
# The race was run with :engine:`the step of SGD <sgd.SGD.move>` and nothing else.
#
# In PyTorch
# ----------
#
# A learning rate that shrinks is a schedule: a factor of the first learning rate, for steps that are counted from 0.
#
# .. code-block:: python
#
#    import torch
#    from torch.optim.lr_scheduler import LambdaLR
#
#    w = torch.tensor(0.0, requires_grad=True)
#    optimiser = torch.optim.SGD([w], lr=1)
#    schedule = LambdaLR(optimiser, lambda t: 1 / (t + 1))
#    for x in [3, 5, 10, 2]:
#        optimiser.zero_grad()
#        ((w - x) ** 2 / 2).backward()
#        optimiser.step()
#        schedule.step()
#    assert round(w.item(), 5) == 5  # the mean
#
# .. footbibliography::
