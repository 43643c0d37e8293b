r"""
Does one example change the gradient of another?
================================================

.. needs:: 9

In a batch, the gradient of one example usually does not depend on the other examples.
Batch normalisation compares the examples, and so connects them.

.. guess::
   :answer: 3

   One example opens a unit, and three examples shut it. Batch normalisation stands between its pre-activation and its ReLU. How many of the four examples give the weights of the unit a gradient that is not zero?

   A. None
   B. One
   C. All four

   The three examples shut the unit, but they change the mean and the spread of the batch.
   So they change the activation of the unit for the first example, and with it the loss.
"""

# sphinx_gallery_thumbnail_number = 1

# Set-up: one unit, four examples, with batch normalisation and without
from fractions import Fraction

import numpy as np

from sgdexplained import Scalar, Tensor, draw, softmax_cross_entropy
from sgdexplained.contrasts import BatchNorm, Embedding

X = [(4, 1), (0, -1), (-2, 1), (-1, -2)]


def one_unit(normalise, X=X, bias=0):
    """Send a batch through the unit and back; return what can be read off."""
    w, b = [Scalar(Fraction(1)), Scalar(Fraction(1))], Scalar(Fraction(bias))
    z = [[w[0] * x1 + w[1] * x2 + b] for x1, x2 in X]
    before_relu = BatchNorm(eps=0)(z) if normalise else z
    activations = [unit.relu() for [unit] in before_relu]
    sum(activations).backward()
    return {
        "pre_activations": [unit.data for [unit] in before_relu],
        "activations": [unit.data for unit in activations],
        "deltas": [unit.grad for [unit] in z],
        "weights": [weight.grad for weight in w],
        "bias": b.grad,
    }


alone, together = one_unit(normalise=False), one_unit(normalise=True)
names = [
    f"example {i}, {'open' if a else 'shut'}"
    for i, a in enumerate(alone["activations"], 1)
]
fig, places = draw.figure(2.5, columns=2, layout="none")
for place, (unit, heading) in enumerate(
    [(alone, "ReLU alone"), (together, "with batch norm")]
):
    ax = places[place]
    ax.set_position((0.5 * place, 0, 0.5, 1))
    draw.weight_grid(
        [[delta] for delta in unit["deltas"]],
        ax,
        rows=names if place == 0 else [""] * 4,
        columns=[],
        heading=heading,
        scale=1,
        width=draw.WIDTH / 2,
    )
draw.title(
    fig,
    "With batch normalisation, examples that shut the unit change its weights too.",
)
draw.alt(
    fig,
    "The gradient that comes back to the pre-activation from each of four"
    " examples; the first opens the unit and three shut it. ReLU alone: 1, 0,"
    " 0, 0. After batch normalisation: 1/54, -1/27, -1/27 and 1/18.",
)

# %%
# The unit has two weights of 1 and the bias 0.
# Its pre-activations for the four examples are 5, −1, −1 and −3, and the loss is the sum of the four activations.
# The picture shows the *delta* of the unit for each example: the derivative of the loss with respect to the pre-activation for this example.
# With ReLU alone it is 1 if the example opens the unit, and else 0.
#
# *Batch normalisation* subtracts the mean of the batch and divides by its standard deviation (:footcite:t:`ioffe2015`):
#
# .. math::
#
#    \hat z_i = \frac{z_i - m}{s}
#
# Here :math:`z_i` is the pre-activation for example *i*, *m* is the mean of all four, and *s* is their standard deviation.
# The ReLU gets the result.
# In our batch *m* = 0, and the mean of the squares is (25 + 1 + 1 + 9) / 4 = 9, so *s* = 3.
# The normalised pre-activations are 5/3, −1/3, −1/3 and −1.
# So again only example 1 opens the unit, and the loss is the normalised pre-activation of example 1, which is (5 − *m*) / *s*.
# But *m* and *s* depend on all four examples, so the loss depends on all four examples.
#
# Let the pre-activation of example 4 grow a little from −3.
# Then the mean grows, which makes the loss smaller.
# But *s* becomes smaller, because the four numbers come closer together, and this makes the loss larger.
# In example 4 the effect of *s* is the larger one, so the delta is positive.
# Examples 2 and 3 are nearer to the mean, so they change *s* less. For them the effect of the mean is the larger one, so their deltas are negative.
#
# A bias before batch normalisation always has the gradient zero
# --------------------------------------------------------------
#
# The four deltas add up to zero: 1/54 − 1/27 − 1/27 + 1/18 = 0.
# This sum is the gradient of the bias, and it is zero in every batch, because the subtraction of the mean takes away what the bias adds.
# So plain SGD does not move such a bias. Only weight decay can move it.

# Check: pre-activations, deltas and bias
assert [54 * delta for delta in together["deltas"]] == [1, -2, -2, 3]
assert [3 * z for z in together["pre_activations"]] == [5, -1, -1, -3]
assert (alone["bias"], together["bias"]) == (1, 0)
hat = together["pre_activations"]
by_formula = [
    Fraction(1, 3) * ((i == 0) - Fraction(1, 4) - hat[0] * hat[i] / 4)
    for i in range(4)
]
assert by_formula == together["deltas"]
assert by_formula[::3] == [Fraction(1, 54), Fraction(1, 18)]

# %%
# A weight that is used twice
# ---------------------------
#
# Now there is only one example, but some weights of the network are used in two places.
# An *embedding* is a table with one row of weights for each word.
# At the input, one word is looked up, and its row goes into the network.
# At the output, every word is a possible answer and gets a *score*. For this, the last layer gives as many numbers as a row has. The score of a word is the first number of its row times the first number of the last layer, plus the second times the second, and so on.
# If input and output use the same table, it is called *tied*.
#
# In the picture, word 2 is looked up, and word 3 is the right answer.
# The row of word 1 is (1, 1), the row of word 2 is (2, 2), and so on.
# The row (2, 2) of word 2 goes through the last layer, whose weights are chosen so that (−2, 2) comes out.
# So the score of word 3 is 3 · (−2) + 3 · 2 = 0, and all other scores are 0 too.


# Set-up: the gradient of the table, and the figure
def gradient_of_table(tied, word=1, following=2):
    vectors = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]
    table = Embedding(Tensor(vectors))
    answers = table.weight if tied else Tensor(vectors)
    hidden = table([word]) @ [[0.0, 1.0], [-1.0, 0.0]]
    softmax_cross_entropy(hidden @ answers.T, [following]).backward()
    return table.weight.grad.tolist()


tables = {
    "table for the input only": gradient_of_table(tied=False),
    "one table for both": gradient_of_table(tied=True),
}
fig, places = draw.figure(2.35, columns=2, layout="none")
for place, (name, gradient) in enumerate(tables.items()):
    ax = places[place]
    part = 0.36 if place else 0.62
    ax.set_position((0.64 * place, 0, part, 1))
    names = ["word 1", "word 2, the input", "word 3, the answer", "word 4"]
    names = names if place == 0 else [""] * 4
    look = {"rows": names, "columns": [], "heading": name, "scale": 1.5}
    draw.weight_grid(gradient, ax, width=draw.WIDTH * part, **look)
draw.title(
    fig,
    "Only word 2 is looked up. With a tied table no row has the gradient zero.",
)
draw.alt(
    fig,
    "The gradient of a table of four words by two numbers. Word 2 is looked up"
    " and word 3 is the right answer. With a table of its own for the answers"
    " only the row of word 2 is not zero: -1/2 and 1/2. With one table for both"
    " no row is zero: -1/2, 1/2; -1, 1; 3/2, -3/2; -1/2, 1/2.",
)
draw.show()

# %%
# In the left half of the picture, the table is used only at the input, and the output has a second table with the same numbers.
# To look up word 2 is the same as to give the network the input 1 for word 2, and the input 0 for every other word. So the other words are inactive senders, and their rows have the gradient zero.
#
# In the tied table each row is also the row of an answer.
# *Softmax* turns the four equal scores into four probabilities of 1/4.
# With the usual loss, *cross-entropy*, the gradient of a score is its probability, and for the right answer it is the probability minus 1.
# For each row, the gradient of its score is multiplied by (−2, 2), the numbers of the last layer:
#
# - **Rows 1 and 4** belong to wrong answers. They get 1/4 · (−2, 2) = (−1/2, 1/2).
# - **Row 3** belongs to the right answer. It gets −3/4 · (−2, 2) = (3/2, −3/2).
# - **Row 2** belongs to a wrong answer, so it gets (−1/2, 1/2). It is also looked up, so it gets a second gradient, which comes back through the last layer. This is the one in the left half of the picture, and by chance it is (−1/2, 1/2) too. Together this is (−1, 1).
#
# Only rounding can make the gradient of a score exactly 0. For a wrong answer this happens if its score is more than 103.97 below the best score (in PyTorch's 32-bit numbers), or more than 745.13 below it (in 64-bit numbers): :doc:`/ask/unlikely-class`
#
# .. claim:: D6
#    :verdict: holds when
#    :when: the unit is inactive and shut in every example of the batch, its weights are used nowhere else, nothing compares examples or units with each other, and the optimiser is plain SGD without decay.
#    :corrected: Under these conditions the weights stay. Otherwise they can get a gradient, for example if they are used in a second place (a tied table), or if batch normalisation compares the examples.
#    :sources: bengio2003, ioffe2015
#    :refuted-by: repeated-index-dropped, softmax-without-label, batch-statistics-constant
#
#    The weights of units that are inactive in a step get no update in this step.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import Scalar, Tensor, softmax_cross_entropy
#    >>> from sgdexplained.contrasts import BatchNorm, Embedding
#
#    Words that do not occur are inactive, and their rows stay. A word that occurs twice has the sum:
#
#    >>> table = Embedding(Tensor([[0.0], [0.0], [0.0], [0.0]]))
#    >>> table([1, 3, 1]).backward(gradient=[[1], [5], [10]])
#    >>> table.weight.grad.tolist()
#    [[0.0], [11.0], [0.0], [5.0]]
#
#    With the same table for the answers, no row stays:
#
#    >>> tied = Embedding(Tensor([[float(n), float(n)] for n in (1, 2, 3, 4)]))
#    >>> hidden = tied([1]) @ [[0.0, 1.0], [-1.0, 0.0]]
#    >>> softmax_cross_entropy(hidden @ tied.weight.T, [2]).backward()
#    >>> tied.weight.grad.tolist()
#    [[-0.5, 0.5], [-1.0, 1.0], [1.5, -1.5], [-0.5, 0.5]]
#
#    One example opens the unit and three shut it, after batch normalisation; the deltas in 54ths:
#
#    >>> z = [[Scalar(Fraction(value))] for value in (5, -1, -1, -3)]
#    >>> sum(unit.relu() for [unit] in BatchNorm(eps=0)(z)).backward()
#    >>> [int(54 * unit.grad) for [unit] in z]
#    [1, -2, -2, 3]
#
# When examples are compared, and when not
# ----------------------------------------
#
# - **In evaluation mode**, which is used after training, batch normalisation takes a stored mean and standard deviation. So it does not compare examples, and an example that shuts the unit has the delta zero.
# - **Layer normalisation** compares the units of a layer, for each example by itself. So a shut unit can get a gradient through an open unit.
# - **Contrastive losses** compare examples. If each example is a photo with a text, such a loss compares each photo with the texts of all photos in the batch.


# Check: stored numbers, four units, a contrastive loss, and a rounded softmax
z = [Scalar(Fraction(value)) for value in (5, -1, -1, -3)]
sum(((unit - 0) / 3).relu() for unit in z).backward()
assert [unit.grad for unit in z] == [Fraction(1, 3), 0, 0, 0]

units = [Scalar(Fraction(value)) for value in (5, -1, -1, -3)]
column = [[unit] for unit in units]  # what our BatchNorm compares
sum(unit.relu() for [unit] in BatchNorm(eps=0)(column)).backward()
assert [54 * unit.grad for unit in units] == [1, -2, -2, 3]


def gradient_of_first_caption(pictures):
    captions = [Scalar(0.0) for _ in pictures]
    scores = [[picture * text for text in captions] for picture in pictures]
    softmax_cross_entropy(scores, range(len(pictures)), "sum").backward()
    return captions[0].grad


assert gradient_of_first_caption([1]) == 0
assert gradient_of_first_caption([1, -1]) == -1


def gradient_of_wrong_answer(gap, dtype):
    scores = Tensor(np.array([[gap, 0]], dtype))
    softmax_cross_entropy(scores, [0]).backward()
    return scores.grad[0, 1]


for dtype, gap in (np.float32, 103.97), (np.float64, 745.13):
    assert gradient_of_wrong_answer(gap, dtype) > 0
    assert gradient_of_wrong_answer(gap + 0.01, dtype) == 0

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1
#
#    The bias before batch normalisation is 100 instead of 0, so without normalisation all four examples would open the unit. What happens to the four deltas?
#
#    A. Nothing
#    B. All become larger
#    C. All become equal
#
#    The mean grows by 100 as well, so the normalised pre-activations are the same as before.
#
#    >>> one_unit(normalise=True, bias=100) == together
#    True
#
# .. guess::
#    :answer: 0
#
#    The table is tied, and the right answer is word 2 itself. How many rows of the table have the gradient zero?
#
#    Words 1, 3 and 4 are wrong answers, so their rows get (−1/2, 1/2).
#    Row 2 gets −3/4 · (−2, 2) = (3/2, −3/2) as the right answer.
#    Word 2 is also looked up. The gradient that comes back through the last layer depends on the right answer: now it is (1/2, −1/2). So the sum is (2, −2).
#
#    >>> gradient_of_table(tied=True, following=1)
#    [[-0.5, 0.5], [2.0, -2.0], [-0.5, 0.5], [-0.5, 0.5]]
#
# In PyTorch: ``eval()`` ends the comparison
# ------------------------------------------
#
# PyTorch adds a small number ``eps`` to the variance, so that it never divides by 0; here it is very small.
# In the last three lines the right answer has the score 104 and the other answer the score 0: rounding makes both gradients exactly 0.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import BatchNorm1d, ReLU, Sequential
#
#    def deltas(net):
#        z = torch.tensor([[5.0], [-1], [-1], [-3]], requires_grad=True)
#        net(z).sum().backward()
#        return z.grad.flatten()
#
#    net = Sequential(BatchNorm1d(1, affine=False, eps=1e-9), ReLU())
#    assert (54 * deltas(net)).round().tolist() == [1, -2, -2, 3]
#    net.eval()
#    assert deltas(net).count_nonzero() == 1
#
#    scores = torch.tensor([[104.0, 0.0]], requires_grad=True)
#    torch.nn.functional.cross_entropy(scores, torch.tensor([0])).backward()
#    assert scores.grad.tolist() == [[0, 0]]
#
# In the engine, :engine:`batch normalisation <contrasts.modules.BatchNorm>` shows how one example reaches another.
#
# .. footbibliography::
