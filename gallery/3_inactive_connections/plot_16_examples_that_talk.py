r"""
Examples that talk to each other
================================

So far each example spoke for itself, and each weight had one place.
You will see what is left of the rules when a layer compares the examples of a batch, when a weight serves twice, and when units are silenced by lot.

A sentence that many believe: *an example for which a unit is inactive has no say in the weights of the unit.*

For the networks of the earlier pages that is true.
Here three examples shut a unit, and together they send back seven times as much as the one that opens it.

One unit, four examples
-----------------------

The unit has two inputs, two weights of 1 and a bias of 0.
It hears 5, −1, −1 and −3: the first example opens it, the others shut it.
The loss is the sum of what it says, so that the same signal, 1, comes back to it in every example.

Now put *batch normalisation* (:footcite:t:`ioffe2015`) before the ReLU.
It subtracts from what the unit hears the mean over the batch, and divides by the spread.
The mean of the four numbers is 0 and their spread is 3, so the unit now hears 5/3, −1/3, −1/3 and −1: the same example opens it, and the others still shut it.
"""

# sphinx_gallery_thumbnail_number = 1
from fractions import Fraction
from itertools import product
from statistics import mean, stdev

from sgdexplained import Scalar, Tensor, draw, softmax_cross_entropy
from sgdexplained.contrasts import BatchNorm, Dropout, Embedding

X = [(4, 1), (0, -1), (-2, 1), (-1, -2)]


def one_unit(normalise, X=X, bias=0):
    """Send a batch through the unit and back, and return what can be read off."""
    w, b = [Scalar(Fraction(1)), Scalar(Fraction(1))], Scalar(Fraction(bias))
    z = [[w[0] * x1 + w[1] * x2 + b] for x1, x2 in X]
    heard = BatchNorm(eps=0)(z) if normalise else z
    said = [unit.relu() for [unit] in heard]
    sum(said).backward()
    return {
        "hears": [unit.data for [unit] in heard],
        "says": [unit.data for unit in said],
        "deltas": [unit.grad for [unit] in z],
        "weights": [weight.grad for weight in w],
        "bias": b.grad,
    }


def written(numbers):
    return "  ".join(f"{number!s:>5}" for number in numbers)


alone, together = one_unit(normalise=False), one_unit(normalise=True)
print("           as it is       normalised")
print("example  says  delta     says  delta")
for i in range(4):
    said, delta = alone["says"][i], alone["deltas"][i]
    print(f"{i + 1:7}{said!s:>6}{delta!s:>7}", end="")
    print(f"{together['says'][i]!s:>9}{together['deltas'][i]!s:>7}")

# %%
# The *delta* of an example is how much the loss would change if the unit heard a little more of that example.
# Without normalisation only the first example has one.
# With it, all four do: in 54ths they are 1, −2, −2 and 3.

fig, (left, right) = draw.figure(2.3, columns=2, width_ratios=[1, 1.15])
states = [f"ex. {i}  {'open' if said else 'shut'}" for i, said in enumerate(alone["says"], 1)]
with draw.style():
    for ax, unit, whole, heading in (
        (left, alone, 1, "delta"),
        (right, together, 54, "delta if normalised"),
    ):
        shares = [int(whole * delta) for delta in unit["deltas"]]
        draw.bars(
            states if ax is left else [""] * 4,
            shares,
            ax,
            colours=[draw.POSITIVE if share > 0 else draw.NEGATIVE for share in shares],
            texts=[draw.number(n, signed=True) + f"/{whole}" * (whole > 1) for n in shares],
        )
        ax.set_title(heading, fontstyle="italic", fontsize=15)
draw.title(
    fig,
    "Once examples are compared, those that shut the unit send back more than the one that opens it.",
)
draw.alt(
    fig,
    "The deltas of four examples, of which the first opens the unit and three shut it. As it is: 1,"
    " 0, 0, 0. With batch normalisation, in 54ths: 1, -2, -2 and 3.",
)

# %%
# How can an example speak through a shut unit?
# It does not: it speaks through the mean and the spread.
# Let the unit hear a little more of the last example, and the first is compared with another crowd, so that it says something else.


def first_says(last):
    z = [[Scalar(Fraction(value))] for value in (5, -1, -1, last)]
    return float(BatchNorm(eps=0)(z)[0][0].data)


step = Fraction(1, 1000)
before, after, below = (first_says(last) for last in (-3, -3 + step, -3 - step))
print(f"the first says     {before:.6f}")
print(f"and then           {after:.6f}")
print(f"change by step     {(after - below) / (2 * step):.6f}")
print(f"delta of the last  {float(together['deltas'][3]):.6f}")

# %%
# Two directions that nobody can hear
# -----------------------------------
#
# The four deltas add up to zero.
# A bias is heard alike by all examples, so its gradient is their sum.

for name, unit in (("as it is", alone), ("normalised", together)):
    print(f"{name:11} weights {written(unit['weights'])}   bias {unit['bias']}")

# %%
# A bias before batch normalisation has a gradient of exactly zero, whoever is active, and for ever: what it adds is subtracted again with the mean.
# For the same reason the weights cannot all grow: what they gain is lost in the spread, and so the two gradients, times the weights 1 and 1, add up to zero.
#
# There are losses that compare examples, too.
# A *contrastive* loss asks of each picture which of the captions in the batch is its own: the other examples are the wrong answers.
# Let picture and caption be described by one number each, and the score of a pair be their product.


def gradient_of_first_caption(pictures):
    """Return it for pictures whose captions are all described by 0 so far."""
    captions = [Scalar(0.0) for _ in pictures]
    scores = [[picture * caption for caption in captions] for picture in pictures]
    softmax_cross_entropy(scores, range(len(pictures)), "sum").backward()
    return captions[0].grad


gradient_of_first_caption([1]), gradient_of_first_caption([1, -1])

# %%
# Alone, a picture cannot be wrong about its caption, and nothing is learnt.
# In company the same caption has a gradient of −1: all of it is due to the other example, as a wrong answer for the first picture and as the wrong place for the second.
#
# One weight in two places
# ------------------------
#
# Weights can tie together what seems apart, too.
# Four words have a table of vectors, one row a word.
# The network looks up one word, turns its vector by a quarter, and scores each of the four words as the next one: a product with the vector of that word.
# These output vectors can be a table of their own, or the same table again, *tied*.


def gradient_of_table(tied, word=1, following=2):
    vectors = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]
    table = Embedding(Tensor(vectors))
    answers = table.weight if tied else Tensor(vectors)
    hidden = table([word]) @ [[0.0, 1.0], [-1.0, 0.0]]
    softmax_cross_entropy(hidden @ answers.T, [following]).backward()
    return table.weight.grad.tolist()


tables = {
    "two tables": gradient_of_table(tied=False),
    "one table, tied": gradient_of_table(tied=True),
}
print("         ", *tables, sep="   ")
for row, (one, other) in enumerate(zip(*tables.values(), strict=True), 1):
    print(f"word {row}   {one!s:13}{other}")

# %%
# Words are a case of silent senders: a word that does not occur says 0, and its row has a gradient of zero.
# So it is with two tables; the second word is looked up, and its row alone gets one.
# With one table all four rows do.
# All scores are 0, so softmax gives each word a quarter; what comes back is −3/4 for the right word, and 1/4 for *each wrong one*, which is pushed away.

fig, places = draw.figure(2.35, columns=2, layout="none")
for place, (name, gradient) in enumerate(tables.items()):
    ax = places[place]
    ax.set_position((0.53 * place, 0, 0.5, 1))
    names = [f"word {row}" for row in (1, 2, 3, 4)] if place == 0 else [""] * 4
    draw.weight_grid(gradient, ax, rows=names, columns=[], heading=name, width=draw.WIDTH / 2)
draw.title(fig, "One word is looked up; with a tied table every word gets a gradient.")
draw.alt(
    fig,
    "The gradient of a table of four words by two numbers. With a table of its own for the answers"
    " only the row of word 2, which was looked up, is not zero: -1/2 and 1/2. With one table for both"
    " no row is zero: -1/2, 1/2; -1, 1; 3/2, -3/2; -1/2, 1/2.",
)

# %%
# The other classes have a gradient however unlikely they are: it is their probability, and softmax never says 0.
# With scores of 2, −1 and −3, and the first class right:
#
# >>> scores = [Scalar(2.0), Scalar(-1.0), Scalar(-3.0)]
# >>> softmax_cross_entropy([scores], [0]).backward()
# >>> [round(score.grad, 4) for score in scores]
# [-0.0535, 0.0471, 0.0064]
#
# .. claim:: D6
#    :verdict: holds when
#    :when: the unit is inactive in every example of the batch, its weights serve nowhere else, nothing compares examples or units with each other, and the optimiser is plain SGD.
#    :corrected: A unit that is inactive throughout the batch leaves its weights alone under plain SGD. A table that is used twice, a softmax over all classes, or normalisation over the batch gives them a gradient all the same.
#    :sources: bengio2003, ioffe2015
#    :refuted-by: repeated-index-dropped, softmax-without-label, batch-statistics-constant
#
#    Weights of inactive units get no update in that iteration.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import Scalar, Tensor, softmax_cross_entropy
#    >>> from sgdexplained.contrasts import BatchNorm, Embedding
#
#    Words that do not occur are silent, and their rows stay; a word that occurs twice has the sum:
#
#    >>> table = Embedding(Tensor([[0.0], [0.0], [0.0], [0.0]]))
#    >>> table([1, 3, 1]).backward(seed=[[1], [5], [10]])
#    >>> table.weight.grad.tolist()
#    [[0.0], [11.0], [0.0], [5.0]]
#
#    The same table for the answers, and then no row stays:
#
#    >>> tied = Embedding(Tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]))
#    >>> hidden = tied([1]) @ [[0.0, 1.0], [-1.0, 0.0]]
#    >>> softmax_cross_entropy(hidden @ tied.weight.T, [2]).backward()
#    >>> tied.weight.grad.tolist()
#    [[-0.5, 0.5], [-1.0, 1.0], [1.5, -1.5], [-0.5, 0.5]]
#
#    One example opens the unit and three shut it, behind batch normalisation; deltas in 54ths:
#
#    >>> z = [[Scalar(Fraction(value))] for value in (5, -1, -1, -3)]
#    >>> sum(unit.relu() for [unit] in BatchNorm(eps=0)(z)).backward()
#    >>> [int(54 * unit.grad) for [unit] in z]
#    [1, -2, -2, 3]
#
# Silenced by lot
# ---------------
#
# *Dropout* silences units at random in training, and doubles the others if it keeps half (:footcite:t:`srivastava2014`).
# Are the weights of a dropped unit updated?
# Take three inputs, 1, 2 and 1, with the weights 1, −2 and 3, and the target 1.
# There are eight lots; try them all.

weights, x, target = (1, -2, 3), [1, 2, 1], 1


def with_mask(mask):
    w = [Scalar(Fraction(value)) for value in weights]
    [heard] = Dropout(keep=Fraction(1, 2))([[Scalar(value) for value in x]], mask=mask)
    residual = sum(a * weight for a, weight in zip(heard, w, strict=True)) - target
    loss = residual * residual / 2
    loss.backward()
    return loss.data, [weight.grad for weight in w]


lots = [list(mask) for mask in product([0, 1], repeat=3)]
results = [with_mask(mask) for mask in lots]
print("kept        loss   gradient")
for mask, (loss, gradient) in zip(lots, results, strict=True):
    print(f"{mask}  {loss!s:>5}  {written(gradient)}")

mean_loss = sum(loss for loss, _ in results) / 8
mean_gradient = [sum(column) / 8 for column in zip(*(g for _, g in results), strict=True)]
print(f"mean       {mean_loss!s:>5}  {written(mean_gradient)}")

# %%
# In each lot, the weight of a dropped sender has a gradient of exactly zero: it says nothing, and the first rule of this story holds.
# The mean over the lots is another matter.
# Without dropout the loss is 1/2 and the gradient −1, −2, −1.
# The mean loss is 27/2: it is 1/2, and 13 for the noise.
# Those 13 are half the sum of all (*weight* × *input*)², 1 + 16 + 9, so on average dropout is an L2 penalty, the stronger the louder the input.
#
# >>> plain = sum(w * value for w, value in zip(weights, x)) - target
# >>> [plain * value + w * value**2 for w, value in zip(weights, x)]
# [0, -10, 2]
# >>> [int(g) for g in mean_gradient]
# [0, -10, 2]
#
# In a batch each example has a lot of its own.
# A weight between two layers with dropout stands still in three lots of four; how often does a whole batch miss it?


def shares_untouched(examples, shared, units=32, rounds=20):
    """Return how many weights between two layers with dropout a batch misses, draw by draw."""
    senders = Dropout(0.5, seed=16 + examples, shared=shared)
    receivers = Dropout(0.5, seed=61 + examples, shared=shared)
    missed = []
    for _ in range(rounds):
        w = Tensor([[1.0] * units for _ in range(units)])
        heard = senders(Tensor([[1.0] * units for _ in range(examples)], requires_grad=False))
        receivers(heard @ w).sum().backward()
        missed.append((w.grad == 0).mean().item())
    return missed


sizes = [1, 2, 4, 8, 16]
own, same = [], []
print(" B  (3/4)^B  a lot for each  one for all")
for size in sizes:
    line = f"{size:2}  {0.75**size:.3f}"
    for shared, means in ((False, own), (True, same)):
        draws = shares_untouched(size, shared)
        means.append(mean(draws))
        line += f"  {means[-1]:.3f} ± {stdev(draws) / len(draws) ** 0.5:.3f}"
    print(line)

# %%
_, ax = draw.figure(3.3)
draw.curve(range(1, 17), [0.75**size for size in range(1, 17)], ax, colour=draw.POSITIVE)
draw.curve([1, 16], [0.75, 0.75], ax, colour=draw.NEGATIVE, dashed=True)
ax.plot(sizes, own, "o", color=draw.POSITIVE, ms=8)
ax.plot(sizes, same, "s", color=draw.NEGATIVE, ms=8)
with draw.style():
    ax.text(16, 0.83, "one lot for the whole batch", color=draw.NEGATIVE, ha="right")
    ax.text(5.2, 0.3, "a lot for each example", color=draw.POSITIVE)
ax.set(xlabel="examples in the batch", ylabel="weights untouched", ylim=(0, 1), xlim=(0.5, 16.5))
ax.set_xticks(sizes)
ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "1/4", "1/2", "3/4", "all"])
draw.title(ax, "Lots that differ from example to example leave hardly a weight untouched.")
draw.alt(
    ax,
    "Share of weights without a gradient, over the number of examples. With one lot for the whole"
    " batch it stays near 3/4. With a lot for each example it falls as (3/4) to the power of the"
    " number of examples: 0.75, 0.56, 0.32, 0.10 and 0.01 for 1, 2, 4, 8 and 16 examples.",
)
draw.show()

# %%
# Each dot is the mean of twenty draws; theory says (3/4)\ :sup:`B` for lots that differ, and 3/4 for one lot.
#
# The sentence that survives
# --------------------------
#
# **A zero of one example is a zero of the weight only if nothing ties that example to others, and that place of the weight to others.**
#
# Where it breaks
# ---------------
#
# *After training nobody is compared.*
# Batch normalisation then uses a mean and a spread from earlier, which are plain numbers, here 0 and 3.
# Examples that shut the unit are silent again.
#
# >>> z = [Scalar(Fraction(value)) for value in (5, -1, -1, -3)]
# >>> sum(((unit - 0) / 3).relu() for unit in z).backward()
# >>> [str(unit.grad) for unit in z]
# ['1/3', '0', '0', '0']
#
# *A larger batch does not quieten them.*
# Take each of the four examples a hundred times, and every delta is what it was: mean and spread are the same, and so is each example's part in them, which is a hundred times smaller but heard by a hundred times as many.
#
# >>> [str(delta) for delta in one_unit(normalise=True, X=X * 100)["deltas"][:4]]
# ['1/54', '-1/27', '-1/27', '1/18']
#
# *Normalise across units, and the units talk instead.*
# Layer normalisation compares what the units of one layer hear, for each example by itself.
# Read the four numbers as four units and one example: three units are shut, and the weights into them get a gradient from this single example.
#
# >>> units = [Scalar(Fraction(value)) for value in (5, -1, -1, -3)]
# >>> across = BatchNorm(eps=0)([[unit] for unit in units])  # a column is what it compares
# >>> sum(unit.relu() for [unit] in across).backward()
# >>> [int(54 * unit.grad) for unit in units]
# [1, -2, -2, 3]
#
# *A tied weight needs one open place.*
# It is not that all its places count, but that one is enough; a filter that slides over an image is another such weight, see :ref:`moving without a gradient <sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py>`.
# There, too, optimisers move words that do not occur at all: the condition *plain SGD* is not idle.
#
# Predict first
# -------------
#
# 1. The unit before batch normalisation has the bias 100 instead of 0, so that it would be open for all.
#    What are the four deltas?
#
# .. dropdown:: Answer
#
#    The same: the mean grows by 100 as well, and the unit hears what it heard before.
#
#    >>> one_unit(normalise=True, bias=100) == together
#    True
#
# 2. The table is tied, and the word that follows is the second word itself.
#    How many rows have a gradient of zero?
#
# .. dropdown:: Answer
#
#    None: three words are wrong answers, and the fourth is looked up as well as right.
#
#    >>> gradient_of_table(tied=True, following=1)
#    [[-0.5, 0.5], [2.0, -2.0], [-0.5, 0.5], [-0.5, 0.5]]
#
# 3. Only the senders are dropped, half of them, with a lot for each example.
#    How likely is a weight to be untouched by a batch of four?
#
# .. dropdown:: Answer
#
#    Its sender must be dropped four times: 1 of 16.
#
#    >>> def untouched(lot):
#    ...     w = Scalar(1)
#    ...     heard = Dropout(keep=0.5)([[Scalar(1)] for _ in lot], mask=[[kept] for kept in lot])
#    ...     sum(a * w for [a] in heard).backward()
#    ...     return w.grad == 0
#    >>> sum(untouched(lot) for lot in product([0, 1], repeat=4))
#    1
#
# In PyTorch
# ----------
#
# One line ends the conversation: it tells batch normalisation to use its stored numbers, and dropout to drop nobody.
# PyTorch wants an ``eps`` above zero there, where ours takes 0, so a tiny one stands in.
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
# .. footbibliography::
