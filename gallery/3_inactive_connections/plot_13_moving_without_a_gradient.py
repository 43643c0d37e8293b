r"""
Does a weight move when its gradient is zero?
=============================================

.. needs:: 3 5

A weight receives one gradient, and then its gradient is exactly zero.
Plain SGD leaves it where it is, but other optimisers do not.

.. guess::
   :answer: 4

   The optimiser is SGD with momentum 0.9. How much of its whole distance does the weight go while its gradient is zero?

   A. Nothing
   B. One tenth
   C. One half
   D. Nine tenths

   Let the gradient be 1: then the first step moves the weight by one learning rate.
   The steps that follow move it by 0.9, 0.81, 0.729 and so on, which add up to 9 more.
"""

# sphinx_gallery_thumbnail_number = 1

# Set-up: six optimisers, a gradient of 1 and then zeros, and the figure
from fractions import Fraction

from sgdexplained import (
    MLP,
    SGD,
    Scalar,
    Tensor,
    draw,
    explain,
    half_squared_error,
)
from sgdexplained.contrasts import (
    Adagrad,
    Adam,
    AdamW,
    Embedding,
    RMSprop,
    weight_norm,
)


def moves(make_optimiser, gradients, start=0):
    """Return how far each of these gradients moves a weight."""
    w = Scalar(start)
    optimiser = make_optimiser([w])
    found = []
    for gradient in gradients:
        before, w.grad = w.data, gradient
        optimiser.step()
        found.append(w.data - before)
    return found


optimisers = {
    "SGD": lambda w: SGD(w, lr=1),
    "Adagrad": lambda w: Adagrad(w, lr=1),
    "RMSprop": lambda w: RMSprop(w, lr=1),
    "Adam": lambda w: Adam(w, lr=1),
    "momentum": lambda w: SGD(w, lr=1, momentum=0.9),
    "Nesterov": lambda w: SGD(w, lr=1, momentum=0.9, nesterov=True),
}
once = [1] + [0] * 500
ways = {name: moves(make, once) for name, make in optimisers.items()}
first = {name: abs(way[0]) for name, way in ways.items()}
later = {name: abs(sum(way[1:])) for name, way in ways.items()}

fig, ax = draw.figure(3.0)
bar = {"height": 0.62, "ec": draw.INK, "lw": 1.2}
with draw.style():
    for row, name in enumerate(optimisers):
        ax.barh(row, first[name], fc=draw.INK, **bar)
        rest = {"left": first[name], "fc": "none", "hatch": "////"}
        if later[name] > 0:
            ax.barh(row, later[name], **rest, **bar)
        words = f"{first[name]:.3g} + {later[name]:.3g}"
        ends = first[name] + later[name] + 0.2
        ax.text(ends, row, words, va="center_baseline")
    ax.set_yticks(range(len(optimisers)), list(optimisers))
    ax.set_xlabel("distance, as a multiple of the learning rate")
    key = "■ with the gradient      ▨ while the gradient is exactly 0"
    ax.set_title(key, fontsize=13.5, loc="left")
ax.set(xlim=(0, 13), ylim=(5.6, -0.6), xticks=[0, 5, 10])
ax.tick_params(axis="y", length=0)
ax.spines["left"].set_visible(False)
draw.title(fig, "Three optimisers stop at once, three go on.")
draw.alt(
    fig,
    "Bars of how far a weight goes, in learning rates: in the first step, with"
    " a gradient of 1, and in 500 steps with a gradient of 0. SGD 1 and 0,"
    " Adagrad 1 and 0, RMSprop 10 and 0, Adam 1 and"
    f" {later['Adam']:.3g}, momentum 1 and 9,"
    " Nesterov momentum 1.9 and 8.1.",
)

# %%
# Momentum keeps a *velocity* *v*.
# Each step keeps nine tenths of it and adds the gradient *g*:
#
# .. math::
#
#    v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \eta\, v
#
# Here *w* is the weight, *η* is the learning rate, and *μ* is the momentum, 0.9.
# With *g* = 1 once and zeros from then on, the velocity is 1, 0.9, 0.81, and so on.
# In all, the weight goes the learning rate times this number:
#
# .. math::
#
#    1 + 0.9 + 0.9^2 + \dots = \frac{1}{1 - 0.9} = 10
#
# *Nesterov* momentum looks one step ahead along the velocity, and it ends at 10 as well.
# *Adam* keeps a velocity too, and divides it by the usual size of the gradients; its later steps add up to 5.01.
# *Adagrad* and *RMSprop* divide the gradient itself and keep no velocity, so a gradient of 0 makes no step.
# RMSprop divides by the root of a running mean of squared gradients.
# This mean starts at 0, and a first gradient of 1 brings it only to 1/100.
# The root is 1/10, so the first step is 10 times the learning rate.
# In the next picture three steps have been taken.
# In it, *memory* is what the velocity has kept from earlier steps.
#
# .. live:: account
#
# The unit does not move the weight; the optimiser does
# -----------------------------------------------------
#
# Here is one ReLU unit with one input and one weight; the learning rate is 0.1.
# The first example opens the unit.
# All later examples shut it, so the gradient of the weight is zero, however wrong the answer is.

# Set-up: the unit, and five steps with momentum
opening, shutting = ([[1]], [[Fraction(0)]]), ([[-1]], [[Fraction(1)]])
net = MLP([1, 1], output="relu", init=[([[1]], None)])
w = net.layers[0].weight[0][0]
optimiser = SGD([w], lr=Fraction(1, 10), momentum=Fraction(9, 10))

print("step   gradient      move   weight")
for step in range(1, 6):
    x, target = opening if step == 1 else shutting
    before = w.data
    net.zero_grad()
    half_squared_error(net(x), target).backward()
    optimiser.step()
    move, now = float(w.data - before), float(w.data)
    print(f"{step:4}{w.grad!s:>11}{move:10.4f}{now:9.4f}")

# %%
# Why will this weight move in the next step?
# :func:`~sgdexplained.explain` gives the reason:

for reason in explain(net, *shutting, half_squared_error, optimiser):
    print(f"{reason.name} moves by {float(reason.move):.4f}: {reason.why}")

# %%
# *Weight decay* also moves a weight with a gradient of zero.
# In every step it subtracts the learning rate times the decay times the weight.
# With the decay 0.01 and the learning rate 0.1, a weight loses one thousandth in a step, and half in 693.

# Check: the half-life of a weight, and where momentum ends
shrinking = moves(
    lambda w: SGD(w, lr=0.1, weight_decay=0.01), [0] * 693, start=2.0
)
assert abs(2 + sum(shrinking) - 1) < 1e-3
assert abs(first["Nesterov"] + later["Nesterov"] - 10) < 1e-9
assert abs(first["momentum"] + later["momentum"] - 10) < 1e-9

# %%
# .. claim:: B7
#    :verdict: holds when
#    :when: the optimiser is plain SGD, Adagrad, or RMSprop without momentum, and there is no weight decay.
#    :corrected: A gradient of zero leaves a weight where it is if the optimiser remembers no direction and there is no decay. Momentum and Adam go on in the direction that they remember, and decay makes the weight smaller.
#    :sources: sutskever2013, kingma2015, loshchilov2019
#    :refuted-by: zero-is-none, momentum-forgotten, adam-without-memory, no-decay
#
#    If the gradient is zero, the weight is not updated.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import SGD, Scalar
#    >>> from sgdexplained.contrasts import Adagrad, Adam, RMSprop
#    >>> def weight_after(optimiser, w, gradients):
#    ...     for w.grad in gradients:
#    ...         optimiser.step()
#    ...     return w.data
#
#    Plain SGD, and the two optimisers without a velocity, leave the weight where it is:
#
#    >>> w = Scalar(Fraction(2))
#    >>> str(weight_after(SGD([w], lr=Fraction(1, 10)), w, [0, 0]))
#    '2'
#    >>> for make in (Adagrad, RMSprop):
#    ...     w = Scalar(0.0)
#    ...     optimiser = make([w], lr=1.0)
#    ...     once = weight_after(optimiser, w, [1])
#    ...     print(weight_after(optimiser, w, [0, 0]) == once)
#    True
#    True
#
#    Decay, Adam and momentum move it:
#
#    >>> w = Scalar(Fraction(2))
#    >>> decay = SGD([w], lr=Fraction(1, 10), weight_decay=Fraction(1, 100))
#    >>> str(weight_after(decay, w, [0, 0]))
#    '998001/500000'
#    >>> w = Scalar(0.0)
#    >>> round(weight_after(Adam([w], lr=1.0), w, [1, 0, 0]), 3)
#    -2.188
#    >>> w = Scalar(Fraction(0))
#    >>> momentum = SGD([w], lr=Fraction(1, 10), momentum=Fraction(9, 10))
#    >>> [str(weight_after(momentum, w, [gradient])) for gradient in [1, 0, 0]]
#    ['-1/10', '-19/100', '-271/1000']
#
# A gradient of zero is not the same as no gradient
# -------------------------------------------------
#
# When an optimiser finds no gradient at all, ``None`` in Python, it leaves the weight alone.
# The difference shows in an *embedding*, a table with one row of weights for each word.
# An example uses only the rows of its words, and in the gradient of the table all other rows are zeros.
# Sixteen short texts follow, with one word in each; word 3 occurs once, and word 5 never.
# *AdamW* is Adam with weight decay.

# Set-up: which rows each optimiser moves, and the figure
texts = [1, 3, 0, 1, 0, 2, 3, 0, 1, 3, 0, 0, 1, 3, 0, 1]


def rows_moved(make_optimiser):
    """Return pairs: the number of a text, and a row that moves then."""
    table = Embedding(Tensor([[1.0]] * 5))
    optimiser = make_optimiser([table.weight])
    found = []
    for number, word in enumerate(texts, start=1):
        before = table.weight.data.copy()
        table.weight.zero_grad()
        table([word]).backward(gradient=[[1.0]])
        optimiser.step()
        moved = (table.weight.data != before)[:, 0]
        found += [(number, row) for row in range(5) if moved[row]]
    return found


kinds = {
    "SGD": lambda w: SGD(w, lr=0.01),
    "Adam": lambda w: Adam(w, lr=0.01),
    "AdamW": lambda w: AdamW(w, lr=0.01),
}
hits = set(enumerate(texts, start=1))
fig, places = draw.figure(5.2, rows=3, sharex=True)
for ax, (name, make) in zip(places, kinds.items(), strict=True):
    found = rows_moved(make)
    full = [one for one in found if one in hits]
    hollow = [one for one in found if one not in hits]
    ax.scatter(*zip(*full, strict=True), s=62, color=draw.INK, zorder=3)
    if hollow:
        look = {"fc": "none", "ec": draw.INK, "lw": 1.4, "zorder": 3}
        ax.scatter(*zip(*hollow, strict=True), s=34, **look)
    with draw.style():
        ax.set_title(
            f"{name}: {len(hollow)} moves with the gradient zero", fontsize=15
        )
        ax.set_yticks(range(5), [f"word {row + 1}" for row in range(5)])
        ax.grid(axis="y")
    ax.set(ylim=(4.6, -0.6), xlim=(0.4, 16.6))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
places[-1].set_xticks([1, 4, 8, 12, 16])
places[-1].set_xlabel("text   (● moves, is in it   ○ moves, gradient 0)")
draw.title(
    fig, "SGD moves the words that occur; AdamW moves all words in every step."
)
draw.alt(
    fig,
    "Five words by sixteen texts, for three optimisers. Under SGD only the"
    " word of each text moves. Under Adam a word goes on moving after it has"
    " occurred once. Under AdamW all five words move at every text, the word"
    " that never occurs among them.",
)
draw.show()

# %%
# Under Adam a word goes on moving from the first time that it occurs, and a word that never occurs stays.
# The decay of AdamW moves even that one.
# If each row were a parameter of its own, a row that is not used would have no gradient, and all three optimisers would leave it alone.
#
# .. claim:: X7
#    :verdict: holds
#    :refuted-by: none-is-zero, zero-is-none
#
#    With a gradient of 0, an optimiser takes its step. Without a gradient, ours takes none.
#
#    >>> from sgdexplained import Scalar
#    >>> from sgdexplained.contrasts import AdamW
#    >>> zero, none = Scalar(2.0), Scalar(2.0)
#    >>> zero.grad = 0
#    >>> AdamW([zero, none], lr=0.5, weight_decay=0.25).step()
#    >>> zero.data, none.data
#    (1.75, 2.0)
#
# More that can move a weight, or move it farther
# -----------------------------------------------
#
# - **Newton's method** multiplies the gradient by a matrix. A weight with the gradient zero then moves by the gradients of others.
# - **Weight normalisation** makes the weights of a unit from a direction and one length, which all of them share. So if the length has a gradient, all weights of the unit that are not 0 can move.
# - **A weight that several units use**, as in a convolution, has a gradient as soon as one of these units is open: :ref:`sphx_glr_story_3_inactive_connections_plot_16_examples_of_one_batch.py`.
# - **After many zeros**, Adam and RMSprop take longer steps than usual: :ref:`sphx_glr_story_4_further_plot_21_after_many_zeros.py`.

# Check: Newton's method, weight normalisation, and a filter of two weights
determinant = 2 * 2 - 1 * 1  # of the matrix ((2, 1), (1, 2))
step = [(2 * 3 - 1 * 0) // determinant, (2 * 0 - 1 * 3) // determinant]
assert step == [2, -1]  # although the gradient is (3, 0)

v = [Scalar(3.0), Scalar(4.0)]
weight_norm(v, 5.0)[0].backward()
assert [round(number.grad, 2) for number in v] == [0.64, -0.48]

taps, x, shift = [Scalar(1), Scalar(1)], [1, 2, 3, 4], [0, 0, -8]
units = [taps[0] * x[k] + taps[1] * x[k + 1] + shift[k] for k in range(3)]
assert [z.data for z in units] == [3, 5, -1]  # the third unit is shut
sum(z.relu() for z in units).backward()
assert [tap.grad for tap in taps] == [1 + 2, 2 + 3]

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1/2
#    :unit: of the distance
#
#    The momentum is 1/2 instead of 9/10. How much of its distance does the weight go while the gradient is zero?
#
#    The moves are 1, 1/2, 1/4 and so on, and they add up to 2.
#    The first of them, with the gradient, is half of that.
#
#    >>> way = moves(
#    ...     lambda w: SGD(w, lr=1, momentum=Fraction(1, 2)), [1] + [0] * 500
#    ... )
#    >>> float(sum(way[1:]) / sum(way))
#    0.5
#
# .. guess::
#    :answer: 0
#    :unit: learning rates from its start
#
#    The gradients are 1, then −1, and then zeros; the momentum is 0.9. How far from its start does the weight end?
#
#    Each of the two gradients moves it ten learning rates in the end, one down and the other up.
#    But this takes time: after the second step the weight is still 0.9 learning rates away.
#
#    >>> way = moves(optimisers["momentum"], [1, -1] + [0] * 500)
#    >>> [round(sum(way[:count]), 3) + 0 for count in (1, 2, 12, 502)]
#    [-1.0, -0.9, -0.314, 0.0]
#
# In PyTorch: ``None`` is skipped, zeros are not
# ----------------------------------------------
#
# ``zero_grad()`` sets gradients to ``None``, so the optimiser skips each parameter that the next batch does not use.
# ``zero_grad(set_to_none=False)`` sets them to zero, so velocity and decay go on moving the weights.
#
# .. code-block:: python
#
#    import torch
#
#    def after_two_steps(**options):
#        w = torch.tensor(1.0, requires_grad=True)
#        optimiser = torch.optim.SGD([w], lr=0.1, momentum=0.9)
#        w.backward()
#        optimiser.step()
#        optimiser.zero_grad(**options)
#        optimiser.step()  # nothing has come back since
#        return round(w.item(), 6)
#
#    assert after_two_steps() == 0.9
#    assert after_two_steps(set_to_none=False) == 0.81
#
# .. in_your_library:: SGD, momentum 0.9 / then-none
#
# In the engine, :engine:`the step of every optimiser <sgd.Optimiser.step>` decides what is skipped, and each rule is about ten lines long, such as :engine:`Adam's <contrasts.optimisers.Adam.move>`.
