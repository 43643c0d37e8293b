r"""
Does a weight move when its gradient is zero?
=============================================

.. needs:: 3 5

Suppose that the gradient of a weight is 1 in the first step, and exactly 0 in all later steps.
In these later steps plain SGD leaves the weight where it is, but some other optimisers still move it.

.. guess::
   :answer: 4

   With momentum 0.9, every step repeats nine tenths of the step before it, and adds the step of plain SGD. Add up all steps of the weight. Which part of this whole distance does the weight go while its gradient is zero?

   A. Nothing
   B. One tenth
   C. One half
   D. Nine tenths

   The first step moves the weight by 1 times the learning rate.
   The later steps move it by 0.9, 0.81, 0.729 and so on times the learning rate, and these numbers add up to 9.
   So the later steps are 9 of 10 parts.
"""

# sphinx_gallery_thumbnail_number = 1

# Set-up: four optimisers, a gradient of 1 and then zeros, and the figure
from sgdexplained import (
    MLP,
    SGD,
    Scalar,
    Tensor,
    draw,
    half_squared_error,
)
from sgdexplained.contrasts import (
    Adagrad,
    Adam,
    AdamW,
    Embedding,
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
    "Adam": lambda w: Adam(w, lr=1),
    "momentum": lambda w: SGD(w, lr=1, momentum=0.9),
}
once = [1] + [0] * 500
ways = {name: moves(make, once) for name, make in optimisers.items()}
first = {name: abs(way[0]) for name, way in ways.items()}
later = {name: abs(sum(way[1:])) for name, way in ways.items()}

fig, ax = draw.figure(2.4)
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
    key = "■ first step, gradient 1      ▨ later steps, gradient 0"
    ax.set_title(key, fontsize=13.5, loc="left")
ax.set(xlim=(0, 13), ylim=(3.6, -0.6), xticks=[0, 5, 10])
ax.tick_params(axis="y", length=0)
ax.spines["left"].set_visible(False)
draw.title(fig, "When the gradient is 0, two optimisers stop and two go on.")
draw.alt(
    fig,
    "Bars of how far a weight goes, in learning rates: in the first step, with"
    " a gradient of 1, and in 500 steps with a gradient of 0. SGD 1 and 0,"
    f" Adagrad 1 and 0, Adam 1 and {later['Adam']:.3g}, momentum 1 and 9.",
)

# %%
# Momentum keeps a number for each weight, its *velocity* *v*.
# Each step multiplies the velocity by 0.9 and adds the gradient *g*.
# Then it subtracts the learning rate times the velocity from the weight:
#
# .. math::
#
#    v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \eta\, v
#
# Here *w* is the weight, *η* is the learning rate, and *μ* is the momentum, 0.9.
# If *g* is 1 in the first step and then 0, the velocity is 1, then 0.9, then 0.81, and so on.
# The whole distance that the weight goes is the learning rate times the sum of these numbers:
#
# .. math::
#
#    1 + 0.9 + 0.9^2 + \dots = \frac{1}{1 - 0.9} = 10
#
# *Adam*, *Adagrad* and *RMSprop* are three other optimisers.
# Adam keeps a velocity too.
# Adagrad and RMSprop keep none, so with a gradient of 0 they do not move the weight.
#
# The next picture shows the network of page 1 after three steps with momentum.
# In these three steps the example had the inputs 1.5 and −0.5 and the target 5, and it opened unit 2.
# Now the example is that of page 1, and it shuts unit 2.
# So the weight from input 1 to unit 2 has the gradient 0, but the next step will move this weight by −1.982.
# All of this move comes from the velocity. In the picture, the part of a move that comes from the velocity is called *memory*.
#
# .. live:: account

# Check: the memory of this weight
layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
page_1 = MLP([2, 3, 1], init=layers)
optimiser = SGD(page_1.parameters(), lr=0.125, momentum=0.9)
for x, target in [([1.5, -0.5], 5)] * 3 + [([1, 2], 1)]:
    page_1.zero_grad()
    half_squared_error(page_1([x]), [[target]]).backward()
    before = page_1.layers[0].weight[0][1].data
    optimiser.step()
assert page_1.layers[0].weight[0][1].grad == 0
assert round(page_1.layers[0].weight[0][1].data - before, 3) == -1.982

# %%
# Weight decay also moves a weight whose gradient is zero
# -------------------------------------------------------
#
# *Weight decay* brings a weight nearer to 0 in every step, also if the gradient is 0.
# With the learning rate 0.1 and the decay 0.01, a weight loses 0.1 · 0.01 = one thousandth of its value in each step, and half of it in 693 steps.

# Check: the half-life of a weight, and where momentum ends
shrinking = moves(
    lambda w: SGD(w, lr=0.1, weight_decay=0.01), [0] * 693, start=2.0
)
assert abs(2 + sum(shrinking) - 1) < 1e-3
assert abs(first["momentum"] + later["momentum"] - 10) < 1e-9

# %%
# .. claim:: B7
#    :verdict: holds when
#    :when: the optimiser is plain SGD, Adagrad or RMSprop (which has an optional momentum that must be off), and there is no weight decay.
#    :corrected: A gradient of zero leaves a weight where it is if the optimiser keeps no velocity, uses for each weight only the gradient of this weight, and has no decay. Momentum and Adam go on in the direction of their velocity, and decay brings the weight nearer to 0.
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
# A weight can also have no gradient at all: in Python, its gradient is ``None``.
# Then the optimisers of this site, and those of PyTorch, leave the weight where it is.
#
# The difference matters for an *embedding*, which is a table with one row of weights for each word.
# An example uses only the rows of its own words, and in the gradient of the table all other rows are zeros.
# The next picture shows a table for five words, and sixteen texts of one word each.
# Word 5 never occurs.
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
places[-1].set_xlabel("text   (● word occurs   ○ gradient 0, moves anyway)")
draw.title(fig, "For each text SGD moves one row, and AdamW moves all five.")
draw.alt(
    fig,
    "Five words by sixteen texts, for three optimisers. Under SGD only the"
    " word of each text moves. Under Adam a word goes on moving after it has"
    " occurred once. Under AdamW all five words move at every text, the word"
    " that never occurs among them.",
)
draw.show()

# %%
# With Adam, the row of a word goes on moving after the first text in which the word occurs.
# The row of word 5 stays, because word 5 never occurs.
# With AdamW even this row moves, because of the weight decay.
# The program keeps the whole table as one array. So its gradient is one array too, with zeros in the rows that were not used. If each row were an array of its own, a row that is not used would have no gradient, and all three optimisers would leave it where it is.
#
# .. claim:: X7
#    :verdict: holds
#    :refuted-by: none-is-zero, zero-is-none
#
#    If the gradient of a weight is 0, an optimiser uses its usual rule with this 0, so velocity or decay can still move the weight. If a weight has no gradient, the optimisers of this site skip it.
#
#    >>> from sgdexplained import Scalar
#    >>> from sgdexplained.contrasts import AdamW
#    >>> zero, none = Scalar(2.0), Scalar(2.0)
#    >>> zero.grad = 0
#    >>> AdamW([zero, none], lr=0.5, weight_decay=0.25).step()
#    >>> zero.data, none.data
#    (1.75, 2.0)
#
# What else can move a weight whose gradient is zero
# --------------------------------------------------
#
# - **Newton's method** uses the gradients of all weights for each of its moves. So it can move a weight whose own gradient is zero.
# - **Weight normalisation** multiplies all weights of a unit by one common number, which is learned too. If this number changes, all weights of the unit that are not 0 change.
#
# After many zeros, a gradient can be different from 0 again: :ref:`sphx_glr_story_4_further_plot_21_after_many_zeros.py`

# Check: Newton's method and weight normalisation
determinant = 2 * 2 - 1 * 1  # of the matrix ((2, 1), (1, 2))
step = [(2 * 3 - 1 * 0) // determinant, (2 * 0 - 1 * 3) // determinant]
assert step == [2, -1]  # although the gradient is (3, 0)

v = [Scalar(3.0), Scalar(4.0)]
weight_norm(v, 5.0)[0].backward()
assert [round(number.grad, 2) for number in v] == [0.64, -0.48]

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1/2
#    :unit: of the distance
#
#    The gradient is 1 in the first step, and then 0. The momentum is 1/2 instead of 9/10. Which part of its whole distance does the weight go while the gradient is zero?
#
#    The steps are 1, 1/2, 1/4 and so on times the learning rate, and these numbers add up to 2.
#    The first step is 1 of these 2, and all later steps are the other half.
#
#    >>> way = moves(
#    ...     lambda w: SGD(w, lr=1, momentum=1 / 2), [1] + [0] * 500
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
#    In the end, the first gradient has moved the weight down by ten learning rates, and the second has moved it up by ten.
#    But this takes many steps: after the second step the weight is still 0.9 learning rates from its start.
#
#    >>> way = moves(optimisers["momentum"], [1, -1] + [0] * 500)
#    >>> [round(sum(way[:count]), 3) + 0 for count in (1, 2, 12, 502)]
#    [-1.0, -0.9, -0.314, 0.0]
#
# In PyTorch: ``None`` is skipped, zeros are not
# ----------------------------------------------
#
# ``zero_grad()`` sets the gradients to ``None``, so the optimiser skips each parameter that the next batch does not use.
# ``zero_grad(set_to_none=False)`` sets the gradients to zero, so velocity and decay still move such a parameter.
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
# In the engine, :engine:`the step of every optimiser <sgd.Optimiser.step>` skips weights without a gradient, and :engine:`Adam's rule <contrasts.optimisers.Adam.move>` keeps the velocity.
