r"""
How far off is the gradient of a mini-batch?
============================================

.. needs:: 11

The gradient of a random batch is right on average, but hardly ever in a single step.
How large must a batch be, so that its gradient is only a quarter as far off as the gradient of one example?

.. guess::
   :answer: 16
   :unit: examples

   The true gradient is the mean over all examples. The gradient of one random example has the typical distance 2 from it. (The typical distance is the root of the mean of the squared distances.) A batch is drawn at random, and the same example may come twice. How many examples must the batch have so that the typical distance of its gradient is 1/2?

   The mean of the squared distances is divided by the number of examples, and the typical distance by the root of this number.
   So a quarter of the distance takes sixteen times as many examples.
"""

# Set-up: four examples, the variance of all possible batches, and the figure
from fractions import Fraction
from itertools import combinations, product
from statistics import pvariance

from sgdexplained import Scalar, draw, half_squared_error

wanted = [9, 8, 7, 4]


def gradient(batch, at=10):
    """Return the gradient of the mean loss of a batch at a weight."""
    w = Scalar(Fraction(at))
    half_squared_error([w] * len(batch), batch).backward()
    return w.grad


sizes = [1, 2, 3, 4]
once = [pvariance(map(gradient, combinations(wanted, B))) for B in sizes]
anew = [pvariance(map(gradient, product(wanted, repeat=B))) for B in sizes]
with draw.style():
    ax = draw.curve(sizes, anew, marker="o", dashed=True)
    draw.curve(sizes, once, ax, marker="o")
    ax.text(2.3, 1.75, "the same example may come twice", weight="bold")
    ax.text(2.3, 0.1, "no example twice", weight="bold", ha="right")
    ax.text(1.1, float(anew[0]), str(anew[0]), va="center")
    ax.text(4.12, float(anew[3]), str(anew[3]), va="center")
    ax.text(4.12, 0, str(once[3]), va="center")
    ax.set(
        xlabel="examples in the batch",
        ylabel="mean of squared distances",
        ylim=(-0.3, 3.8),
        xlim=(0.8, 4.5),
    )
    ax.set_xticks(sizes)
draw.title(
    ax,
    "Larger batches are more exact, above all if no example comes twice.",
)
draw.alt(
    ax,
    "Mean of the squared distances of the batch gradient from the true gradient,"
    " over the size of the batch. If the same"
    " example may come twice: 7/2, 7/4, 7/6, 7/8. No example twice: 7/2, 7/6,"
    " 7/18 and 0 for all four.",
)
draw.show()

# %%
# The picture shows the four examples of page 11, which have the gradients 1, 2, 3 and 6. The true gradient is their mean, 3.
# The *variance* is the mean of the squared distances from the true gradient.
# As on page 11, the *noise* of a gradient is its difference from the true gradient: here it is −2, −1, 0 and 3.
# So the gradient of one random example has the variance (4 + 1 + 0 + 9) / 4 = 7/2.
#
# A batch can be drawn in two ways.
# If **the same example may come twice**, the variance of the gradient of the batch is
#
# .. math::
#
#    \frac{s^2}{B}
#
# Here *s*\ ² is the variance of the gradient of one random example, and *B* is the number of examples in the batch.
# The reason: the noise of the batch is the sum of the noise of its *B* examples, divided by *B*.
# Leave out the division for a moment, and multiply out the square of the sum. This gives *B* squares, one for each drawn example, and mixed products: the noise of one drawn example times the noise of another.
# The mixed products are zero on average, because each example is drawn independently of the others, and the noise of a randomly drawn example is zero on average.
# Only the *B* squares remain. Each is *s*\ ² on average, so their sum is *B* · *s*\ ², and divided by *B*\ ² this is *s*\ ²/*B*.
#
# If **no example comes twice**, the noise partly cancels: an example with a large gradient cannot be drawn again, so the mean gradient of the examples that are left is smaller.
# This gives a second factor, where *N* is the number of all examples (:footcite:t:`cochran1977`):
#
# .. math::
#
#    \frac{s^2}{B} \cdot \frac{N - B}{N - 1}
#
# The factor is 0 for *B* = *N*, because the batch is then the whole data set.

# %%
# .. claim:: P7
#    :verdict: holds
#    :sources: cochran1977, bottou2018
#    :refuted-by: sum-for-mean
#
#    The gradient of a random batch of *B* of *N* examples has the variance :math:`s^2/B` if the same example may come twice, where :math:`s^2` is the variance of the gradient of one random example. If no example comes twice, this variance is multiplied by :math:`\frac{N - B}{N - 1}`.
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
#    ...     maybe_twice = product([9, 8, 7, 4], repeat=B)
#    ...     none_twice = combinations([9, 8, 7, 4], B)
#    ...     return [
#    ...         pvariance(map(gradient_of, some)) for some in (maybe_twice, none_twice)
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
# How much this matters
# ---------------------
#
# - **Small batches of a large data set:** both ways are nearly the same. For example, take a batch of 256 of a million examples. The variance without repeats is 99.97 % of the variance with repeats.
# - **Large batches of a small data set:** the difference is larger. For a batch of 256 of a thousand examples, the variance without repeats is 744/999 of the variance with repeats, so it is a quarter smaller.
# - **Examples that agree:** if all have the same gradient, every batch is right.

# Check: these shares
assert round(100 * (10**6 - 256) / (10**6 - 1), 2) == 99.97
assert Fraction(1000 - 256, 1000 - 1) == Fraction(744, 999)

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 3
#
#    The last of the four gradients becomes 3 instead of 6, so they are 1, 2, 3 and 3. What happens to the variance of a batch of two, in which no example comes twice?
#
#    A. It stays, because the batch is as large as before.
#    B. It is about half as large.
#    C. It is about a fifth of what it was.
#
#    The mean of the four gradients is now 9/4, and the variance for one random example falls from 7/2 to 11/16. A batch of two has 1/2 · 2/3 = 1/3 of this variance: 11/48 instead of 7/6.
#
#    >>> pvariance(map(gradient, combinations([9, 8, 7, 7], 2)))
#    Fraction(11, 48)
#
# .. guess::
#    :answer: 1/4
#
#    The batch becomes four times as large, and the same example may come twice. By which number is the variance multiplied?
#
#    The variance is *s*\ ²/*B*, so it is divided by 4. The typical distance, its root, is halved.
#
#    >>> anew[3] / anew[0]
#    Fraction(1, 4)
#
# In PyTorch: the noise of a batch, measured
# ------------------------------------------
#
# ``torch.func`` gives the gradient of each example, and *s*\ ² is the variance of these gradients.
# The last two lines compare it with all batches of two different examples.
#
# .. code-block:: python
#
#    import torch
#    from torch.func import grad, vmap
#
#    w, targets = torch.tensor(10.0), torch.tensor([9.0, 8, 7, 4])
#    each = vmap(grad(lambda w, t: (w - t) ** 2 / 2), in_dims=(None, 0))
#    variance = each(w, targets).var(correction=0)
#    assert variance == 7 / 2
#    pairs = torch.combinations(each(w, targets), 2).mean(1)
#    assert torch.isclose(pairs.var(correction=0), variance / 2 * 2 / 3)
#
# In the engine, one :engine:`backward pass <backward.backward>` from the mean loss stores the gradient of the batch in each weight.
#
# .. footbibliography::
