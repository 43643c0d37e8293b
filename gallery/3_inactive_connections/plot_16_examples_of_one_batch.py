r"""
Examples that talk to each other
================================

So far each example spoke for itself, and each weight had one place.
You will see what is left of the rules when a layer compares the examples of a batch, when a weight serves twice, and when units are silenced by lot.

A sentence that many believe: *an example for which a unit is inactive has no say in the weights of the unit.*

For the networks of the earlier pages that is true.
Here three examples shut a unit, and what they send back, signs left aside, is seven times as much as what the one that opens it sends.

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
from math import acos, cos, degrees, pi, radians, sin
from statistics import mean, stdev

import numpy as np

from sgdexplained import MLP, Scalar, Tensor, draw, softmax_cross_entropy
from sgdexplained.contrasts import BatchNorm, Dropout, Embedding

X = [(4, 1), (0, -1), (-2, 1), (-1, -2)]


def one_unit(normalise, X=X, bias=0):
    """Send a batch through the unit and back; return what can be read off."""
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
    return "".join(f"{number!s:>6}" for number in numbers)


alone, together = one_unit(normalise=False), one_unit(normalise=True)
for name, unit in (("as it is", alone), ("normalised", together)):
    print(f"{name:10} says  {written(unit['says'])}")
    print(f"{'':10} deltas{written(unit['deltas'])}")

# %%
# A column for each example.
# The *delta* is how much the loss would change if the unit heard a little more of that example.
# Without normalisation only the first example has one.
# With it, all four do: in 54ths they are 1, −2, −2 and 3.

colours = {1: draw.POSITIVE, 0: draw.ZERO, -1: draw.NEGATIVE}
fig, (left, right) = draw.figure(2.3, columns=2, width_ratios=[1, 1.15])
states = [
    f"ex. {i}  {'open' if said else 'shut'}"
    for i, said in enumerate(alone["says"], 1)
]
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
            colours=[colours[(n > 0) - (n < 0)] for n in shares],
            texts=[
                draw.number(n, signed=True) + f"/{whole}" * (whole > 1)
                for n in shares
            ],
        )
        ax.set_title(heading, fontstyle="italic", fontsize=15)
draw.title(
    fig,
    "Once compared, the examples that shut the unit send back the most.",
)
draw.alt(
    fig,
    "The deltas of four examples, of which the first opens the unit and three"
    " shut it. As it is: 1, 0, 0, 0. With batch normalisation, in 54ths: 1,"
    " -2, -2 and 3.",
)

# %%
# How can an example speak through a shut unit?
# It does not: it speaks through the mean and the spread.
# Let the unit hear a little more of the last example, and the first is compared with another crowd, so that it says something else.


def first_says(last):
    z = [[Scalar(Fraction(value))] for value in (5, -1, -1, last)]
    return float(BatchNorm(eps=0)(z)[0][0].data)


step = Fraction(1, 1000)
change = first_says(-3 + step) - first_says(-3 - step)
print(f"the first says {first_says(-3):.6f}, then {first_says(-3 + step):.6f}")
print(f"change by step {change / (2 * step):.6f}")
print(f"delta of last  {float(together['deltas'][3]):.6f}")

# %%
# Two directions that nobody can hear
# -----------------------------------
#
# The four deltas add up to zero.
# A bias is heard alike by all examples, so its gradient is their sum.

for name, unit in (("as it is", alone), ("normalised", together)):
    print(f"{name:10} weights{written(unit['weights'])}  bias {unit['bias']}")

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
    scores = [
        [picture * caption for caption in captions] for picture in pictures
    ]
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
# The network looks up one word, turns its vector through a right angle, and scores each of the four words as the next one: a product with the vector of that word.
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

# %%
# Words are a case of inactive senders: a word that does not occur says 0, and its row has a gradient of zero.
# So it is with two tables; the second word is looked up, and its row alone gets one.
# With one table all four rows do.
# All scores are 0, so *softmax*, which turns scores into probabilities, gives each word a quarter; what comes back is −3/4 for the right word, and 1/4 for *each wrong one*, which is pushed away.

fig, places = draw.figure(2.35, columns=2, layout="none")
for place, (name, gradient) in enumerate(tables.items()):
    ax = places[place]
    ax.set_position((0.53 * place, 0, 0.5, 1))
    names = [f"word {row}" for row in (1, 2, 3, 4)] if place == 0 else [""] * 4
    draw.weight_grid(
        gradient, ax, rows=names, columns=[], heading=name, width=draw.WIDTH / 2
    )
draw.title(
    fig, "One word is looked up; with a tied table every word gets a gradient."
)
draw.alt(
    fig,
    "The gradient of a table of four words by two numbers. With a table of its"
    " own for the answers only the row of word 2, which was looked up, is not"
    " zero: -1/2 and 1/2. With one table for both no row is zero: -1/2, 1/2;"
    " -1, 1; 3/2, -3/2; -1/2, 1/2.",
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
#    >>> table([1, 3, 1]).backward(gradient=[[1], [5], [10]])
#    >>> table.weight.grad.tolist()
#    [[0.0], [11.0], [0.0], [5.0]]
#
#    The same table for the answers, and then no row stays:
#
#    >>> tied = Embedding(Tensor([[float(n), float(n)] for n in (1, 2, 3, 4)]))
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
    dropout = Dropout(keep=Fraction(1, 2))
    [heard] = dropout([[Scalar(value) for value in x]], mask=mask)
    said = sum(a * weight for a, weight in zip(heard, w, strict=True))
    loss = (said - target) * (said - target) / 2
    loss.backward()
    return loss.data, [weight.grad for weight in w]


losses, gradients = [], []
print("kept        loss   gradient")
for mask in product([0, 1], repeat=3):
    loss, gradient = with_mask(list(mask))
    losses.append(loss)
    gradients.append(gradient)
    print(f"{mask}  {loss!s:>5}  {written(gradient)}")

mean_gradient = [mean(column) for column in zip(*gradients, strict=True)]
print(f"mean       {mean(losses)!s:>5}  {written(mean_gradient)}")

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
    """Return the share of weights that a batch misses, draw by draw."""
    senders = Dropout(0.5, seed=16 + examples, shared=shared)
    receivers = Dropout(0.5, seed=61 + examples, shared=shared)
    missed = []
    for _ in range(rounds):
        w = Tensor([[1.0] * units for _ in range(units)])
        said = [[1.0] * units for _ in range(examples)]
        heard = senders(Tensor(said, requires_grad=False))
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
draw.curve(
    range(1, 17),
    [0.75**size for size in range(1, 17)],
    ax,
    colour=draw.POSITIVE,
)
draw.curve([1, 16], [0.75, 0.75], ax, colour=draw.NEGATIVE, dashed=True)
ax.plot(sizes, own, "o", color=draw.POSITIVE, ms=8)
ax.plot(sizes, same, "s", color=draw.NEGATIVE, ms=8)
with draw.style():
    ax.text(
        16, 0.83, "one lot for the whole batch", color=draw.NEGATIVE, ha="right"
    )
    ax.text(5.2, 0.3, "a lot for each example", color=draw.POSITIVE)
ax.set(
    xlabel="examples in the batch",
    ylabel="weights untouched",
    ylim=(0, 1),
    xlim=(0.5, 16.5),
)
ax.set_xticks(sizes)
ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "1/4", "1/2", "3/4", "all"])
draw.title(
    ax,
    "Lots that differ from example to example leave hardly a weight untouched.",
)
draw.alt(
    ax,
    "Share of weights without a gradient, over the number of examples. With"
    " one lot for the whole batch it stays near 3/4. With a lot for each"
    " example it falls as (3/4) to the power of the number of examples: 0.75,"
    " 0.56, 0.32, 0.10 and 0.01 for 1, 2, 4, 8 and 16 examples.",
)

# %%
# Each dot is the mean of twenty draws; theory says (3/4)\ :sup:`B` for lots that differ, and 3/4 for one lot.
#
# Lots that nobody draws
# ----------------------
#
# A new ReLU layer does much the same without dropout: its weights are random, and without biases half of its units are silent for each example.
# But alike examples get alike lots.
# A unit without bias is open for every input that lies on the side to which its weights point.
# For two inputs, only the plane in which both lie matters, and in it every direction is equally likely.
# So think of all units as a circle of directions: each input opens one half of it.

spread = [15 + 30 * k for k in range(12)]


def gates_on_circle(angle, directions):
    """Return the gates of units in these directions for two inputs."""
    W = [[turn(radians(d)) for d in directions] for turn in (cos, sin)]
    net = MLP([2, len(directions)], output="relu", init=[(W, None)])
    net([[1, 0], [cos(radians(angle)), sin(radians(angle))]])
    return net.layers[0].derivatives


def opened(angle):
    """Return for each of the twelve by how many of the inputs it is opened."""
    return [
        sum(pair) for pair in zip(*gates_on_circle(angle, spread), strict=True)
    ]


for angle in (60, 120):
    times = opened(angle)
    both, one, none = (times.count(n) for n in (2, 1, 0))
    print(f"{angle:3} degrees: both open {both}, one {one}, none {none}")

# %%
# In the picture of the same twelve units, a full dot is a unit that both inputs open, a blue ring one that only one of them opens, and a grey ring one that neither does.

from matplotlib.patches import Wedge


def wedge(ax, start, end, **look):
    ax.add_patch(Wedge((0, 0), 1, start, end, lw=0, **look))


fig, places = draw.figure(2.9, columns=2)
for ax, angle in zip(places, (60, 120), strict=True):
    wedge(ax, angle - 90, 90, fc=draw.POSITIVE, alpha=0.3)
    wedge(ax, 90 + angle, 270, fc="none", ec=draw.GRID, hatch="////")
    wedge(ax, -90, angle - 90, fc=draw.POSITIVE, alpha=0.09)
    wedge(ax, 90, angle + 90, fc=draw.POSITIVE, alpha=0.09)
    look = {"arrowstyle": "-|>", "lw": 2.2, "color": draw.INK}
    for direction in (0, angle):
        t = radians(direction)
        ax.annotate("", (0.92 * cos(t), 0.92 * sin(t)), (0, 0), arrowprops=look)
    for direction, times in zip(spread, opened(angle), strict=True):
        t = radians(direction)
        face = draw.POSITIVE if times == 2 else "white"
        edge = draw.POSITIVE if times else draw.ZERO
        ax.plot(
            1.09 * cos(t), 1.09 * sin(t), "o", ms=9, mfc=face, mec=edge, mew=1.8
        )
    with draw.style():
        heading = f"{angle}° apart: {opened(angle).count(2)} of 12"
        ax.set_title(heading, fontstyle="italic", fontsize=15)
    ax.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    ax.axis("off")
draw.title(fig, "The closer two inputs are, the more units they open together.")
draw.alt(
    fig,
    "Two circles of twelve unit directions, and two arrows, the inputs. At 60"
    " degrees the half circles that they open share a third: four units are"
    " open for both, full dots, four for one, four for none. At 120 degrees"
    " they share a sixth: two units are open for both, two for none.",
)
draw.show()

# %%
# At an angle *t* both inputs open (π − *t*)/2π of the units, and at least one opens (π + *t*)/2π: for 60 degrees a third, and two thirds.
# At a right angle both open a quarter, as if each example had a lot of its own.
# From the same circle follows at which angle the two come out of the layer (:footcite:t:`cho2009`).
# Draw a layer of 100 000 units to see it happen.


def angle_between(one, other):
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return degrees(acos(one @ other / lengths))


def next_angle(angle):
    t = radians(angle)
    return degrees(acos((sin(t) + (pi - t) * cos(t)) / pi))


wide = MLP([2, 100_000], node=Tensor, output="relu", seed=5, bias=False)
both, behind = {}, {}
for angle in (60, 90, 120):
    wide([[1.0, 0.0], [cos(radians(angle)), sin(radians(angle))]])
    one, other = wide.layers[0].activations
    both[angle] = ((one > 0) & (other > 0)).mean()
    parts = zip(np.split(one, 20), np.split(other, 20), strict=True)
    behind[angle] = [angle_between(*part) for part in parts]

print("angle   open for both   formula")
for angle, share in both.items():
    error = (share * (1 - share) / 100_000) ** 0.5
    theory = (180 - angle) / 360
    print(f"{angle:5}   {share:.3f} ± {error:.3f}{theory:10.3f}")

print("angle   angle behind    formula")
for angle, turned in behind.items():
    error, theory = stdev(turned) / 20**0.5, next_angle(angle)
    print(f"{angle:5}   {mean(turned):.2f} ± {error:.2f}{theory:11.2f}")

# %%
# And from layer to layer, beginning with a right angle:

behind = [90.0]
for _ in range(5):
    behind.append(next_angle(behind[-1]))
[round(angle, 1) for angle in behind]

# %%
# The deeper, the more alike the examples become, and the more units they share.
# And the more alike the examples are, the more weights a batch leaves untouched: they do not talk to each other, they just say the same.
#
# .. claim:: P5
#    :verdict: holds
#    :sources: cho2009
#    :refuted-by: gates-ignored, whispering-relu, against-left-out, no-negative-weights
#
#    Two inputs at an angle *t* both open (π − *t*)/2π of the units of a random ReLU layer without biases, and leave it at the angle whose cosine is (sin *t* + (π − *t*) cos *t*)/π.
#
#    >>> from fractions import Fraction
#    >>> from math import acos, cos, degrees, radians, sin
#    >>> from sgdexplained import MLP
#    >>> def layer(angle, directions):
#    ...     W = [[f(radians(d)) for d in directions] for f in (cos, sin)]
#    ...     net = MLP([2, len(directions)], output="relu", init=[(W, None)])
#    ...     net([[1, 0], [cos(radians(angle)), sin(radians(angle))]])
#    ...     return net.layers[0]
#    >>> def open_for_both(angle):
#    ...     one, other = layer(angle, [15 + 30 * k for k in range(12)]).derivatives
#    ...     count = sum(g != 0 and h != 0 for g, h in zip(one, other))
#    ...     return Fraction(count, 12)
#    >>> [str(open_for_both(angle)) for angle in (60, 90, 120)]
#    ['1/3', '1/4', '1/6']
#
#    Units that are drawn instead, for a right angle:
#
#    >>> net = MLP([2, 20_000], output="relu", seed=5, bias=False)
#    >>> drawn = net.layers[0].weight
#    >>> both = sum(x.data > 0 and y.data > 0 for x, y in zip(*drawn)) / 20_000
#    >>> abs(both - 1 / 4) < 4 * (3 / 16 / 20_000) ** 0.5
#    True
#
#    And the angle behind the layer:
#
#    >>> one, other = layer(90, [(k + 0.5) / 4 for k in range(1440)]).activations
#    >>> cosine = sum(a * b for a, b in zip(one, other)) / sum(a * a for a in one)
#    >>> round(degrees(acos(cosine)), 2)
#    71.44
#
# The sentence that survives
# --------------------------
#
# **An example for which a unit is silent and shut leaves the weights of the unit alone, as long as nothing compares it with other examples and those weights serve nowhere else.**
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
# >>> column = [[unit] for unit in units]  # what our BatchNorm compares
# >>> across = BatchNorm(eps=0)(column)
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
# 3. Two examples point in opposite directions.
#    How many units of a layer without biases does neither of them open?
#
# .. dropdown:: Answer
#
#    None: each direction is on the side of one of the two.
#
#    >>> first, second = gates_on_circle(180, spread)
#    >>> sum(not (one or two) for one, two in zip(first, second))
#    0
#
# In the engine
# -------------
#
# How examples come to talk to each other is written out in :engine:`batch normalisation <contrasts.modules.BatchNorm>`.
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
