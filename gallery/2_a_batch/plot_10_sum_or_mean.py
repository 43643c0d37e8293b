r"""
By which number is the gradient of a batch divided?
===================================================

.. needs:: 9

The gradient of a batch is usually a mean, that is, a sum divided by a number.
The length of the step depends on this number.

.. guess::
   :answer: 3

   Ten examples come in batches of 4, 4 and 2. For each batch we take the mean of the gradients of its examples. Then we take the mean of the three means. Is the result the mean of the ten gradients?

   A. Yes, because a mean of means is a mean.
   B. No, because the examples of the large batches count more.
   C. No, because the examples of the small batch count more.
   D. It depends on the learning rate.

   Each of the three means counts one third.
   In the small batch two examples share this third, so each of them counts 1/6.
   In each of the large batches four examples share it, so each of them counts 1/12.
"""

# Set-up: one weight of 10, ten examples, three batches, and the figure
from fractions import Fraction

from matplotlib.patches import Rectangle

from sgdexplained import SGD, Scalar, draw, half_squared_error, weighted_mean
from sgdexplained.contrasts import Adam

wanted = [9, 9, 9, 9, 9, 9, 9, 9, 1, 1]
batches = [wanted[0:4], wanted[4:8], wanted[8:10]]


def mean_loss(w, some):
    """Return the mean loss of some of the examples."""
    return half_squared_error([w] * len(some), [Fraction(t) for t in some])


def gradient(some):
    w = Scalar(10)
    mean_loss(w, some).backward()
    return w.grad


of_ten = gradient(wanted)
means = [gradient(batch) for batch in batches]
of_means = sum(means) / 3


def strip(ax, row, shares, name):
    """Draw one block for each example, as wide as its share."""
    left = 0
    for share, want in zip(shares, wanted, strict=True):
        rare = want == 1
        look = {"fc": draw.INK, "alpha": 0.3 if rare else 0.06}
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
    strip(ax, 0, by_example, "share of each example in the mean of all ten")
    strip(ax, 1.15, by_batch, "its share in the mean of the three means")
    ax.set(xlim=(-0.005, 1.005), ylim=(1.8, -0.4))
    ax.axis("off")
draw.title(ax, "In the mean of the means, the last two examples count more.")
draw.alt(
    ax,
    "Two strips of ten blocks, one block for each example, as wide as its"
    " share. In the mean of ten, all have 1/10. In the mean of the means of"
    " batches of four, four and two, the first eight have 1/12 and the last"
    " two, darker, have 1/6: twice as much.",
)

# %%
# Let the model be only one weight *w*, and let its output be *w* itself.
# Here *w* is 10 and the loss is half the squared error, so the gradient of an example is 10 minus its target.
# Eight examples have the target 9, so their gradients are 1.
# The last two have the target 1, so their gradients are 9.
#
# - The mean of all ten gradients is (8 × 1 + 2 × 9) / 10 = 13/5.
# - The means of the three batches are 1, 1 and 9, and the mean of these three is 11/3, which is too large.
#
# To get 13/5 from the three means, multiply each mean by the size of its batch:
#
# .. math::
#
#    \frac{4 \cdot 1 + 4 \cdot 1 + 2 \cdot 9}{4 + 4 + 2} = \frac{13}{5}
#
# .. live:: batch
#    :start: e=1,2,1/2,2,2/3,1,1
#    :lead: This is the network of page 1 again, with three examples. Below stand the sum of the gradients and their mean. The sum of three examples is three times their mean. Take an example out: then the sum is twice the mean.

# Check: 13/5 and 11/3, and 13/5 from the three means
assert (str(of_ten), str(of_means)) == ("13/5", "11/3")
w = Scalar(10)
weighted_mean([mean_loss(w, batch) for batch in batches], [4, 4, 2]).backward()
assert w.grad == of_ten

# %%
# .. claim:: D2
#    :verdict: holds when
#    :when: each example has one loss, and the loss of the batch is the mean of these losses; and, for the plain mean over several batches, if all of them have the same size.
#    :corrected: If the loss of a batch is the mean over its examples, its gradient is the mean over its examples too. The mean over several batches is the mean over all their examples only if the gradient of each batch counts in proportion to the size of this batch.
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
#    >>> w, three = Scalar(10), ([9] * 4, [9] * 4, [1] * 2)
#    >>> loss(w, sum(three, [])).backward()
#    >>> v = Scalar(10)
#    >>> weighted_mean(
#    ...     [loss(v, batch) for batch in three], [4, 4, 2]
#    ... ).backward()
#    >>> u = Scalar(10)
#    >>> (sum(loss(u, batch) for batch in three) / 3).backward()
#    >>> str(w.grad), str(v.grad), str(u.grad)
#    ('13/5', '13/5', '11/3')
#
# With a sum the batch size changes the step
# ------------------------------------------
#
# Some losses take the sum over the *B* examples of a batch, which is *B* times the mean.
# So with plain SGD, a step with the sum is *B* times as long as a step with the mean.
#
# The next picture shows the model with one weight again: its error after one step with the learning rate 1/10.
# The weight starts at 1, and all examples have the target 0, so the error is 1 before the step.


# Set-up: the error after one step, and the figure
def left_after_one_step(examples, reduction):
    w = Scalar(Fraction(1))
    half_squared_error([w] * examples, [0] * examples, reduction).backward()
    SGD([w], lr=Fraction(1, 10)).step()
    return w.data


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
    ax.plot(10, 0, "o", color=draw.INK, ms=7, zorder=4)
    ax.text(11.4, 0.02, "← exactly right")
    ax.set(
        xlabel="examples in the batch",
        ylabel="size of the error",
        ylim=(-0.05, 2.3),
    )
    ax.set_xticks([1, 10, 20, 30])
    ax.set_yticks([0, 1, 2])
draw.title(ax, "With a sum, more than ten examples make the step too long.")
draw.alt(
    ax,
    "Error after one step over the size of the batch, learning rate 1/10. With"
    " the mean it is 0.9 for every size. With the sum it falls to 0 at ten"
    " examples, is back at 1, the error before the step, at twenty, and 2 at"
    " thirty.",
)
draw.show()

# %%
# With the mean, the size of the batch does not matter here.
# With the sum, ten examples bring the weight exactly to 0.
# Twenty bring it to −1, so the error is as large as before the step. Thirty bring it to −2.
#
# If you divide the learning rate by *B*, a step of plain SGD with the sum is the same as with the mean.
# With Adam, clipping or weight decay, the step is not the same:
#
# - **Adam:** in its first step, Adam divides each gradient by the size of this gradient, so this step has the same length for the sum and for the mean. If you also divide the learning rate by *B*, this step is *B* times too short.
# - **Clipping** shortens a gradient that is longer than a limit. With the limit 1 and four examples, a mean of 3 becomes 1, and the sum of 12 becomes 1 too. If you also divide the learning rate by 4, the step is 4 times too short.
# - :doc:`Weight decay </ask/mean-or-sum>` subtracts the learning rate times a small part of the weight. This does not contain the gradient, so it is the same for the sum and for the mean. With a learning rate divided by *B*, the decay is *B* times too weak.


# Check: four examples, and the sum with a quarter of the learning rate
def after_one_step(optimiser, reduction, lr, **options):
    w = Scalar(2.0)
    half_squared_error([w] * 4, [-1] * 4, reduction).backward()
    optimiser([w], lr=lr, **options).step()
    return round(w.data, 6)


assert after_one_step(SGD, "mean", 0.01) == after_one_step(SGD, "sum", 0.0025)
assert after_one_step(Adam, "mean", 0.01) == 1.99
assert after_one_step(Adam, "sum", 0.0025) == 1.9975
assert [gradient * min(1, 1 / gradient) for gradient in (12, 3)] == [1, 1]

# %%
# Examples, outputs or tokens?
# ----------------------------
#
# Two examples with three outputs each have six errors.
# A loss adds up the six squares. Then it can leave the sum as it is, or divide it by 2 (the examples), or by 6 (the outputs), as most libraries do.
#
# A language model has a loss for each *token*, which is a piece of text.
# Let one text have a single token with the loss 8, and another text three tokens with the loss 2 each.
# If each text counts the same, the mean is (8 + 2) / 2 = 5.
# If each token counts the same, the mean is (8 + 2 + 2 + 2) / 4 = 3.5.
#
# .. claim:: X8
#    :verdict: holds
#    :sources: goyal2017
#    :refuted-by: outputs-not-counted, sum-for-mean
#
#    The word *mean* does not tell by which number the sum is divided. A loss can leave the sum of the squared errors as it is, divide it by the number of examples, or divide it by the number of all outputs. Both quotients are called the mean. For the same errors, each of the three gives other gradients.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import Scalar, half_squared_error, mean_squared_error
#    >>> def first_gradient(loss):
#    ...     y = [[Scalar(Fraction(1)) for _ in range(3)] for _ in range(2)]
#    ...     loss(y, [[0, 0, 0], [0, 0, 0]]).backward()
#    ...     return str(y[0][0].grad)
#    >>> nothing = first_gradient(lambda y, t: half_squared_error(y, t, "sum"))
#    >>> examples = first_gradient(half_squared_error)
#    >>> numbers = first_gradient(lambda y, t: mean_squared_error(y, t) / 2)
#    >>> nothing, examples, numbers
#    ('1', '1/2', '1/6')
#
# Where programs divide by the wrong number
# -----------------------------------------
#
# - **A batch in parts.** If a batch is too large for the memory, a program adds up the gradients of its parts. Let the parts be the batches of 4, 4 and 2 from the start of this page, with the means 1, 1 and 9. Their sum divided by 3 is 11/3, but the right mean is 13/5. So add up the *sums* of the parts, and divide only once, by 10.
# - **The last batch of an epoch** is often smaller than the others. With a mean, each of its examples then counts more.
# - **Several machines** often take the mean of the means of their parts: :ref:`sphx_glr_story_4_further_plot_28_several_machines.py`

# Check: the parts of a batch, added up
w, of_sums = Scalar(10), Scalar(10)
for batch in batches:
    mean_loss(w, batch).backward()
    half_squared_error([of_sums] * len(batch), batch, "sum").backward()
assert (w.grad, w.grad / 3) == (11, of_means)
assert Fraction(of_sums.grad) / 10 == of_ten
assert weighted_mean([Scalar(8), Scalar(2)], sizes=[1, 1]).data == 5
assert weighted_mean([Scalar(8), Scalar(2)], sizes=[1, 3]).data == 3.5

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 13/5
#
#    The ten examples of the first picture come in two batches of five. What is the mean of the two gradients?
#
#    The batches have equal sizes, so it is the mean of all ten.
#
#    >>> (gradient(wanted[:5]) + gradient(wanted[5:])) / 2
#    Fraction(13, 5)
#
# .. guess::
#    :answer: 100
#    :unit: times
#
#    A data set of 1 001 examples is cut into batches of 100, so the last batch has one example. You take the mean of the eleven means. The last example counts more than another one. How many times as much?
#
#    The last example counts 1/11, and each of the others counts 1/11 × 1/100.
#
#    >>> (Fraction(1, 11)) / (Fraction(1, 11) * Fraction(1, 100))
#    Fraction(100, 1)
#
# In PyTorch: MSELoss divides by the number of all outputs
# --------------------------------------------------------
#
# ``MSELoss`` adds up the squared errors, and divides by the number of examples times the number of outputs.
# Our loss for one example is half the squared error, and our loss for a batch is the mean of these losses. To get it in PyTorch, divide the sum of the squared errors by twice the number of examples.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import MSELoss
#
#    def first_gradient(loss):
#        y = torch.ones(2, 3, requires_grad=True)
#        loss(y, torch.zeros(2, 3)).backward()
#        return round(y.grad[0, 0].item(), 6)
#
#    def half_squared_error(y, targets):
#        return MSELoss(reduction="sum")(y, targets) / (2 * len(y))
#
#    assert first_gradient(MSELoss()) == round(1 / 3, 6)
#    assert first_gradient(half_squared_error) == 1 / 2
#
# Some losses let you say how much each example counts: this number is its *sample weight*.
#
# .. in_your_library:: sample-weights
#
# In the engine, each loss divides once, when :engine:`it is computed <losses.half_squared_error>`, and :engine:`weighted_mean <losses.weighted_mean>` puts batches of different sizes together.
