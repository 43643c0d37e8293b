r"""
Is SGD faster than gradient descent?
====================================

.. needs:: 9 11

*Full-batch* gradient descent looks at all examples before each step.
SGD takes a step after one example, or after a few.
Which of the two gets near to the best weights first?

.. guess::
   :answer: 3

   Both train on the same hundred examples with the same learning rate, and SGD takes one example for each step. Which of the two is nearer to the best weights after it has gone once through the hundred examples, and which after twenty times (2 000 examples)?

   A. SGD both times, because it takes more steps.
   B. The full batch both times, because its gradient is right.
   C. First SGD, later the full batch.
   D. They are equally near.

   SGD comes near the best weights after few examples. Then its noise keeps it from coming nearer.
"""

# Set-up: a race on a hundred examples, and the figure

import numpy as np

from sgdexplained import SGD, Scalar, Tensor, draw, half_squared_error

wanted = [9, 11] * 50


def distances(batch, examples, wanted=wanted):
    """Return how far the weight is from 10 after each step of a race."""
    w, found = Scalar(0.0), []
    for first in range(0, examples, batch):
        some = [wanted[i % len(wanted)] for i in range(first, first + batch)]
        w.zero_grad()
        half_squared_error([w] * batch, some).backward()
        SGD([w], lr=0.5).step()
        found.append(abs(w.data - 10))
    return found


single, full = distances(1, 2000), distances(100, 2000)
moments = {"100": (single[99], full[0]), "2 000": (single[1999], full[19])}
fig, axes = draw.figure(3.4, rows=2, sharex=True)
for ax, (looked_at, (of_single, of_full)) in zip(
    axes, moments.items(), strict=True
):
    names = ["SGD, single examples", "full batch"]
    texts = ["1/3", "5" if looked_at == "100" else f"{of_full:.5f}"]
    draw.bars(names, [of_single, of_full], ax, texts=texts)
    ax.set_xlim(0, 5.8)
    with draw.style():
        ax.set_title(
            f"after {looked_at} examples", fontstyle="italic", loc="left"
        )
axes[-1].set_xlabel("distance from the best weight")
draw.title(fig, "At first SGD is nearer; in the end the full batch is.")
draw.alt(
    fig,
    "How far the weight is from its best value. After 100 examples: SGD with"
    " single examples 1/3, the full batch 5. After 2000 examples: SGD still"
    " 1/3, the full batch 0.00001, a bar too short to be seen.",
)

# %%
# The model is one weight, which is also the output.
# A hundred examples have the targets 9 and 11 in turn, so the best weight is 10.
# The weight starts at 0, and the learning rate is 1/2.
#
# - After 100 examples, the full batch has taken one step, and its distance from the best weight is 5. SGD has taken a hundred steps, and its distance is 1/3.
# - After 2 000 examples, the full batch has taken twenty steps, and each step has halved its distance. The distance of SGD is still 1/3, because the target 9 pulls the weight down, and the target 11 pulls it up again.
#
# If you compare the two after the same number of *steps*, the full batch is always nearer from step 5 on.

# Check: these distances
assert (round(single[99], 4), round(full[0], 4)) == (0.3333, 5)
assert round(single[1999], 4) == 0.3333
assert round(full[19] * 2**20, 4) == 10
ahead_by_steps = [f < s for s, f in zip(single, full, strict=False)]
assert not ahead_by_steps[3]
assert all(ahead_by_steps[4:])

# %%
# .. claim:: A6
#    :verdict: holds when
#    :when: three conditions are met: *faster* means after fewer examples; you do not need to come very near to the best weights; and the data set has many examples, or examples that are alike.
#    :corrected: After the same number of examples, small batches are nearer to the best weights at first. After the same number of steps they are often not nearer. With a constant learning rate, their noise keeps them at a distance.
#    :sources: bottou2018, lecun1998
#    :refuted-by: fixed-step-length, sum-for-mean, doubled-derivative, uphill
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
#    >>> {n: (distance(1, n), distance(100, n)) for n in (100, 800)}
#    {100: (0.333, 5.0), 800: (0.333, 0.039)}
#
# If the data have copies, the full batch looks at each copy
# ----------------------------------------------------------
#
# If each example is in the data ten times, the gradient of the full batch stays the same, but it takes ten times as much work :footcite:p:`lecun1998`.
# Real data have few exact copies, but many examples that are alike.
#
# .. claim:: A3
#    :verdict: holds
#    :picture: none
#    :sources: lecun1998, bottou2018
#    :refuted-by: sum-for-mean
#
#    Full-batch descent uses the whole data set for each gradient. So it looks at every copy of an example, although the gradient stays the same if all examples are copied equally often.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> def full_gradient(copies):
#    ...     net = MLP([2, 3, 1], init=layers)
#    ...     X = [[1, 2], [2, 1], [-2, 1], [0, -2]] * copies
#    ...     half_squared_error(
#    ...         net(X), [[Fraction(t)] for t in (1, -1, 2, 6)] * copies
#    ...     ).backward()
#    ...     return len(X), [w.grad for w in net.parameters()]
#    >>> (examples, gradient), (more_examples, same_gradient) = (
#    ...     full_gradient(1),
#    ...     full_gradient(10),
#    ... )
#    >>> examples, more_examples, same_gradient == gradient
#    (4, 40, True)
#
# A race with more data, counted in examples and in steps
# -------------------------------------------------------
#
# Now 2 000 examples have 20 features each, and one unit without an activation function learns from them.
# Four sizes of batch take part: 1, 10, 100, and the full batch of 2 000.
# Their learning rates are 0.05, 0.3, 1 and 1.8.
# The *excess loss* is the loss minus the smallest possible loss.
# Each batch size runs until its excess loss is a thousandth of the first value.

# Set-up: a race on 2 000 examples, and the figure
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 20)) * np.logspace(-0.98, 0, 20)
T = X @ rng.normal(size=(20, 1)) + 0.1 * rng.normal(size=(2000, 1))
best = np.linalg.lstsq(X, T, rcond=None)[0]


def excess(w):
    """Return how much larger the loss is than with the best weights."""
    return float(np.mean((X @ (w - best)) ** 2)) / 2


def race(batch, learning_rate, passes):
    """Return pairs: the examples so far, the share of the excess left."""
    w, examples, run = Tensor(np.zeros((20, 1))), 0, []
    order = np.random.default_rng(1)
    for _ in range(passes):
        for some in np.split(order.permutation(2000), 2000 // batch):
            w.zero_grad()
            half_squared_error(X[some] @ w, T[some]).backward()
            SGD([w], lr=learning_rate).step()
            examples += batch
            if examples % 50 == 0:
                run.append((examples, excess(w.data) / excess(0 * best)))
    return run


# For each batch size: the learning rate, and passes through the data.
runners = {1: (0.05, 5), 10: (0.3, 20), 100: (1.0, 60), 2000: (1.8, 320)}
races = {batch: race(batch, *given) for batch, given in runners.items()}


def examples_until(goal, batch):
    reached = (examples for examples, left in races[batch] if left <= goal)
    return next(reached, None)


names = ["1 example", "10 examples", "100 examples", "full batch"]
needed = {batch: examples_until(1e-3, batch) for batch in races}
steps = [n // batch for batch, n in needed.items()]
fig, places = draw.figure(2.5, columns=2, sharey=True)
for ax, counts in zip(places, (list(needed.values()), steps), strict=True):
    texts = [f"{n:,}".replace(",", " ") for n in counts]
    draw.bars(names, counts, ax, texts=texts)
left, right = places
left.set(xlabel="examples looked at", xlim=(0, 85_000))
right.set(xlabel="steps taken", xlim=(0, 1_550))
draw.title(fig, "The full batch needs the most examples and the fewest steps.")
draw.alt(
    fig,
    "What each batch size needs until a thousandth of the excess loss is left."
    f" Examples: {', '.join(map(str, needed.values()))} for batches of 1, 10,"
    f" 100 and the full batch. Steps: {', '.join(map(str, steps))}.",
)
draw.show()

# Check: who is how much ahead
ahead = examples_until(1e-3, 2000) / examples_until(1e-3, 1)
assert all(examples_until(1e-8, batch) is None for batch in (1, 10, 100))
assert examples_until(1e-8, 2000)
assert round(ahead) == 51

# %%
# How long the race takes depends on your machine.
# If the machine computes one example after the other, the left half of the picture shows who is faster.
# If the machine computes a whole batch as fast as one example, the right half shows it.
# Real machines lie between these two.
#
# If this race goes on, the noise keeps the smaller batches from coming nearer, and they go on moving around the best weights: :ref:`sphx_glr_story_4_further_plot_20_the_floor.py`
#
# Batches twice as large, and a learning rate twice as large
# ----------------------------------------------------------
#
# With batches twice as large, the same data give half as many steps. Does one step with a larger learning rate go as far as two steps?
#
# .. claim:: P8
#    :verdict: holds
#    :picture: none
#    :sources: goyal2017
#    :refuted-by: fixed-step-length, doubled-derivative
#
#    Two steps with a small learning rate end at nearly the same weight as one step with twice this learning rate. If the learning rate is ten times smaller, the difference between the two results is about a hundred times smaller.
#
#    So instead of two steps on two batches, you can take one step on both batches together, with twice the learning rate. If the loss is the mean over the batch, this step ends at *nearly* the same weights.
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
# With the learning rate 1/t, the weight is the mean of the targets
# -----------------------------------------------------------------
#
# If the learning rate shrinks, the noise moves the weight less and less.
# SGD was first described in 1951 :footcite:p:`robbins1951`, and the learning rate was of this kind: 1/*t* at step *t*.
# Let the model be one weight again. It takes four steps, on four examples with the targets 3, 5, 10 and 2.
# The weight becomes 3, then 4, then 6, then 5.
# After step *t* it is the mean of the targets so far, :math:`y_1` to :math:`y_t`:
#
# .. math::
#
#    w_t = w_{t-1} - \frac{1}{t} \, (w_{t-1} - y_t) = \frac{y_1 + \dots + y_t}{t}
#
# Here :math:`w_t` is the weight after step *t*.
#
# .. claim:: A1
#    :verdict: holds
#    :picture: none
#    :sources: robbins1951, rumelhart1986, bottou2018
#    :refuted-by: uphill, doubled-derivative, target-forgotten
#
#    SGD is one of the basic optimisers of the field. It goes back to 1951, and with the learning rate 1/*t* and the loss (*w* − target)²/2, its weight is the mean of the targets so far.
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
# When a race goes differently
# ----------------------------
#
# - **If all examples agree,** there is no noise. SGD with single examples then needs as many steps as the full batch of a hundred, but each of its steps looks at 1 example instead of 100.
# - **A single step of SGD can make the loss larger.** Two examples have the targets 0 and 2, and the weight is 1, which is the best weight. With the learning rate 1/2, a step on the second example raises the mean loss of the two from 0.5 to 0.625.

# Check: what this list says
alike = [10] * 100
by_one, by_all = distances(1, 20, alike), distances(100, 2000, alike)
assert round(by_one[-1] * 2**20, 4) == round(by_all[-1] * 2**20, 4) == 10


def full_loss(w):
    return half_squared_error([w, w], [0, 2]).data


w = Scalar(1.0)
before = full_loss(w)
half_squared_error([w], [2]).backward()
SGD([w], lr=0.5).step()
assert (before, full_loss(w)) == (0.5, 0.625)

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1000
#    :unit: examples
#
#    Now each of the hundred examples of the first picture is in the data ten times. How many examples does the full batch look at for its first step?
#
#    The full batch has 1 000 examples now, and its step is the same as before. SGD still needs only a few examples to get near.
#
#    >>> copied = [9, 11] * 500
#    >>> [round(left, 6) for left in distances(1000, 1000, copied)]
#    [5.0]
#
# .. guess::
#    :answer: 1
#
#    The learning rate is 1/*t* at step *t*, and the four steps have the targets 8, 0, 0 and 0. Where is the weight after them?
#
#    A. At 2.
#    B. At 0.
#    C. At 8.
#
#    It is the mean of the four targets.
#
#    >>> w = Scalar(Fraction(0))
#    >>> for t, x in enumerate([8, 0, 0, 0], start=1):
#    ...     w.zero_grad()
#    ...     half_squared_error([w], [x]).backward()
#    ...     SGD([w], lr=Fraction(1, t)).step()
#    >>> w.data
#    Fraction(2, 1)
#
# In PyTorch: a learning rate that shrinks
# ----------------------------------------
#
# In PyTorch a *schedule* changes the learning rate.
# Here it multiplies the first learning rate, 1, by 1/(*t* + 1), where *t* counts the steps from 0.
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
# In the engine, small batches and the full batch use the same code, :engine:`the step of SGD <sgd.SGD.move>`.
#
# .. footbibliography::
