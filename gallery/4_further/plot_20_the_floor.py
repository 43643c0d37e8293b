r"""
Why does SGD not come to rest at the minimum?
=============================================

.. needs:: 12 19

With a constant learning rate, SGD comes near the best weight, and then it does not come any closer.
What keeps it away?

.. guess::
   :answer: 2

   The weight is exactly at its best value, but for each single example another value would be best. What does the next step of SGD do, with one random example?

   A. Nothing, because the gradient is zero there.
   B. It moves the weight away, because the gradient of this example is not zero.
   C. It depends on the loss.

   At the best weight, the *mean* of the gradients of all examples is zero.
   The gradients of the single examples are not zero, and each step follows one of them.
"""

# Set-up: 4 000 weights, each pulled to −1 or +1 at random, and the figure

import numpy as np

from sgdexplained import SGD, Tensor, draw, half_squared_error


def weights_in_the_end(learning_rate, batch, steps=120):
    """Return 4 000 weights, each of which has met random examples."""
    draws = np.random.default_rng(0)
    w = Tensor(np.zeros(4000))
    optimiser = SGD([w], lr=learning_rate)
    for _ in range(steps):
        targets = draws.choice([-1.0, 1.0], size=(batch, 4000)).mean(axis=0)
        optimiser.zero_grad()
        half_squared_error(w, targets, reduction="sum").backward()
        optimiser.step()
    return w.data


def formula(learning_rate, batch):
    return learning_rate / (batch * (2 - learning_rate))


clouds = {
    (lr, batch): weights_in_the_end(lr, batch)
    for lr in (0.5, 0.1)
    for batch in (1, 4)
}
with draw.style():
    fig, ax = draw.figure(3.2)
    height = np.random.default_rng(2).uniform(-0.3, 0.3, size=400)
    for row, cloud in enumerate(clouds.values()):
        look = {"color": draw.INK, "ms": 3, "alpha": 0.3, "mew": 0}
        ax.plot(cloud[:400], row + height, "o", **look)
    ax.plot(0, 4, "o", color=draw.INK, ms=9)
    names = [f"rate {lr}, batch of {batch}" for lr, batch in clouds]
    ax.set_yticks(range(5), [*names, "full batch"])
    ax.set(ylim=(4.5, -0.5), xlim=(-1.1, 1.1), xlabel="weight after 120 steps")
    ax.set_xticks([-1, 0, 1], ["−1", "best: 0", "1"])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
draw.title(ax, "SGD ends around the best weight, not at it.")
draw.alt(
    ax,
    "Where 400 weights end. With learning rate 0.5 and single examples they"
    " fill the range from -1 to 1; with batches of four or a learning rate of"
    " 0.1 the cloud is narrower, with both narrower still. With the mean of"
    " both targets all end at 0.",
)
draw.show()

# %%
# There is one weight *w*, and the output is *w* itself.
# The loss is half the squared error, and each example has the target +1 or −1, with the same chance.
# So the gradient of one example is *w* − 1 or *w* + 1, the mean of the two is *w*, and the best weight is 0.
#
# For each row, this weight was trained 4 000 times, each time from 0 and with other random examples.
# A dot is the weight at the end of one training, after 120 steps. (400 of the 4 000 are drawn.)
# A smaller learning rate or a larger batch makes the cloud narrower, but it stays a cloud.
# In the last row each step takes the mean over both targets, as a full batch does, so its gradient is 0 and the weight stays.
#
# The variance of the weights measures how wide the cloud is, and it settles at
#
# .. math::
#
#    \frac{\eta \, s^2}{B \, (2 - \eta)}
#
# Here *η* is the learning rate, *s*\ ² is the variance of the gradient of one random example (here 1), and *B* is the number of examples in the batch.
#
# The reason: a step subtracts *η* times the gradient, and the gradient is *w* plus a random part *r* with the variance *s*\ ²/*B*.
# So the new weight is *w* − *η*\ (*w* + *r*) = (1 − *η*) · *w* − *η* · *r*.
# A random number that is multiplied by *c* has *c*\ ² times the variance.
# So the first part has the variance (1 − *η*)² · *v*, where *v* is the variance of *w*, and the second part has the variance *η*\ ² · *s*\ ²/*B*.
# The two variances are added, because *r* does not depend on *w*.
# The variance *v* settles where a step does not change it:
#
# .. math::
#
#    v = (1 - \eta)^2 \, v + \eta^2 \, \frac{s^2}{B}
#
# For *η* = 1/2 and single examples this is *v* = *v*/4 + 1/4, so *v* is 1/3.
# From *η* = 2 on, (1 − *η*)² is 1 or more, so *v* grows with every step and does not settle.
#
# The loss is (*w* − 1)²/2 or (*w* + 1)²/2, and the mean of the two is *w*\ ²/2 + 1/2. So this mean loss lies *w*\ ²/2 above its minimum, which is 1/2.
# Over many runs the mean of *w* is 0, so the variance of *w* is the mean of *w*\ ².
# So over many runs, the mean loss is larger than its minimum by half this variance. For *η* = 1/2 and single examples this is 1/3 / 2 = 1/6.
# This distance is called the *noise floor*.
#
# Each line below gives the variance of one cloud, with all its 4 000 weights. After ± it says how far this variance would typically differ with other random examples. Then comes the variance from the formula:

# Check: the clouds have the variance that the formula says
for (lr, batch), cloud in clouds.items():
    squares = cloud**2
    error = squares.std() / len(cloud) ** 0.5
    assert abs(squares.mean() - formula(lr, batch)) < 3 * error
    found = f"{squares.mean():.4f} ± {error:.4f}"
    print(
        f"rate {lr}, batch of {batch}: {found}, formula {formula(lr, batch):.4f}"
    )

# %%
# .. claim:: P9
#    :verdict: holds
#    :sources: bottou2018
#    :refuted-by: doubled-derivative, uphill
#
#    With a constant learning rate, and examples that do not agree at the best weight, SGD does not come to rest there. The variance of the weight tends to :math:`\frac{\eta s^2}{B (2 - \eta)}` under three conditions: the mean loss is *w*\ ²/2 plus a constant, *s*\ ² is the same at every weight, and *η* is below 2. If training starts at the best weight, with *η* = 1/2, the variance after *n* steps is this limit times :math:`{1 - 1/4^n}`.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from sgdexplained import SGD, Scalar, half_squared_error
#    >>> def variance(batch, steps):
#    ...     squares = []
#    ...     for targets in product([-1, 1], repeat=batch * steps):
#    ...         w = Scalar(Fraction(0))
#    ...         for step in range(steps):
#    ...             some = targets[step * batch : (step + 1) * batch]
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
# Three ways to lower the floor
# -----------------------------
#
# - **A smaller learning rate** lowers the floor, but more steps are needed to reach it.
# - **A larger batch** lowers it as well. With four times as many examples in a batch the floor is a quarter as high. With the old batch and a quarter of the learning rate, the floor is about as low: if the learning rate goes from 1/2 to 1/8, the floor becomes a fifth of the old one. In both cases, training needs four to five times as many examples until it is down at the floor.
# - **A learning rate that shrinks** as 1/*t*, where *t* counts the steps, reaches the best weight in the end: :ref:`sphx_glr_story_2_a_batch_plot_12_is_sgd_faster.py`

# Check: what this list says
assert round(formula(0.1, 1), 4) == 0.0526
assert round(formula(0.1, 4), 4) == 0.0132
assert round(formula(0.025, 1), 4) == 0.0127
assert round(formula(0.5, 1) / formula(0.125, 1), 9) == 5

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1
#
#    The learning rate is 1, and each step takes one example with the target +1 or −1. What is the variance of the weight?
#
#    Each step moves the weight exactly to the target of its example, so the weight is +1 or −1. The formula gives 1/(2 − 1) = 1.
#
#    >>> cloud = weights_in_the_end(1.0, 1)
#    >>> sorted(set(cloud.tolist())), round(float(cloud.var()), 2)
#    ([-1.0, 1.0], 1.0)
#
# .. guess::
#    :answer: 1/12
#
#    The learning rate is 1/2. The variance is 1/3 with single examples. What is it with batches of four?
#
#    The formula divides by *B*, so it is 1/3 divided by 4.
#
#    >>> Fraction(1, 2) / (4 * (2 - Fraction(1, 2)))
#    Fraction(1, 12)
#
# In PyTorch: lower the rate when the loss stops falling
# ------------------------------------------------------
#
# ``ReduceLROnPlateau`` multiplies the learning rate by a factor when the loss has not improved for a number of steps.
#
# .. code-block:: python
#
#    import torch
#    from torch.optim.lr_scheduler import ReduceLROnPlateau
#
#    w = torch.tensor(0.0, requires_grad=True)
#    optimiser = torch.optim.SGD([w], lr=0.5)
#    schedule = ReduceLROnPlateau(optimiser, factor=0.1, patience=2)
#    for loss_at_the_floor in [2 / 3] * 4:
#        schedule.step(loss_at_the_floor)
#    assert optimiser.param_groups[0]["lr"] == 0.05
#
# The code of this page makes the clouds with one function of the engine, :engine:`the step of SGD <sgd.SGD.move>`.
