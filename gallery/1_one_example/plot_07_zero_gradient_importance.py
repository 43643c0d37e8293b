r"""
Flat here, cliff there
======================

Does a weight matter whose gradient is exactly zero?
A gradient tells how steep the loss is where the weight stands, and nothing about any other place.
You will see a weight with the gradient 0 that matters more than any other of its network.

A sentence that many believe: *a weight whose gradient is zero was not used, so it does not matter.*

It is false.
Of the thirteen weights and biases of this network, the one whose removal changes the loss most has the gradient 0.

The smallest network
--------------------

It is :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`: two inputs, three hidden units with ReLU, one output, and half the squared error as its loss.
We watch the weight from input 2 to unit 2, which is −2, and change nothing else.
"""

from fractions import Fraction

from sgdexplained import MLP, draw, half_squared_error


def network(weight=-2):
    W1, b1 = [[1, 1, 2], [1, weight, 0]], [0, 1, -1]
    return MLP([2, 3, 1], init=[(W1, b1), ([[1], [2], [-1]], [0])])


def loss_of(net):
    return half_squared_error(net([[1, 2]]), [[Fraction(1)]])


# %%
# Here is the loss for every value that the weight could have.

places = [Fraction(n, 20) for n in range(-64, 5)]
ax = draw.curve(places, [loss_of(network(w)).data for w in places])
draw.point(-2, 0.5, ax, hollow=True)
draw.point(0, 12.5, ax)
with draw.style():
    ax.text(-2, 1.7, "here it stands:\nslope 0, loss 0.5", ha="center")
    ax.text(-0.15, 12.5, "without it: 12.5", ha="right", va="center")
ax.set(xlabel="weight from input 2 to unit 2", ylabel="loss", ylim=(-0.6, 17))
ax.set(xticks=[-3, -2, -1, 0], yticks=[0, 5, 10, 15])
draw.title(ax, "The weight stands on a plateau, close to a cliff.")
draw.alt(
    ax,
    "The loss over one weight. It is flat at 0.5 from -3 to -1; right of -1 it"
    " climbs, to 12.5 at 0. The weight stands at -2, on the flat part.",
)

# %%
# Where the weight stands, its gradient is exactly zero.
# Remove it, that is, set it to 0, and the loss is 25 times as large.

net = network()
loss = loss_of(net)
loss.backward()
weight = net.layers[0].weight[1][1]
removed = loss_of(network(weight=0))
print(f"weight {weight.data}: gradient {weight.grad}")
print(f"loss {float(loss.data)}, without the weight {float(removed.data)}")

# %%
# Nothing contradicts the gradient: it says that *a little* more or less makes no difference, and that is so.
#
# .. claim:: X3
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: leaky-shut-gate, open-at-the-kink, doubled-seed
#
#    The gradient is a statement about one place: a weight can be flat here, and steep a little further on.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def loss_and_gradient(weight):
#    ...     W1, W2 = [[1, 1, 2], [1, weight, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     loss = half_squared_error(net([[1, 2]]), [[1]])
#    ...     loss.backward()
#    ...     return loss.data, net.layers[0].weight[1][1].grad
#
#    The loss and its slope with the weight at −3, −2, −1, −1/2, 0 and 1:
#
#    >>> places = -3, -2, -1, Fraction(-1, 2), 0, 1
#    >>> [tuple(map(float, loss_and_gradient(place))) for place in places]
#    [(0.5, 0.0), (0.5, 0.0), (0.5, 0.0), (4.5, 12.0), (12.5, 20.0), (40.5, 36.0)]

# %%
# Who uses whom
# -------------
#
# "The weight is not used, because its unit is silent": that has cause and effect the wrong way round.
# Unit 2 adds up what it hears: the first input times 1, the second times −2, and its bias.

terms = [1 * 1, 2 * -2, 1]
print("unit 2 adds up", terms, "and hears", sum(terms))

# %%
# The weight contributes −4, more than anything else; that is *why* the unit hears −2 and is silent.
# Without it, the unit would hear 2 and speak.
# A layer like this one, where each sender is connected to each receiver, is called *dense*; it uses each weight each time.
#
# .. claim:: C4
#    :verdict: false as stated
#    :corrected: In a dense layer every weight is used in every forward pass. Weights and inputs make what the unit hears, and that decides whether it is silent; a weight that keeps its unit silent has the gradient zero and may matter most of all.
#    :sources: bengio2003, lecun1990
#    :refuted-by: against-left-out, leaky-shut-gate, whispering-relu
#
#    A weight that the forward pass does not use makes its unit inactive, and so it has no effect.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def one_pass(weight):
#    ...     W1, W2 = [[1, 1, 2], [1, weight, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     loss = half_squared_error(net([[1, 2]]), [[1]])
#    ...     loss.backward()
#    ...     unit = net.layers[0]
#    ...     return unit.pre_activations[0][1], unit.weight[1][1].grad, loss.data
#
#    What unit 2 hears, the gradient of its weight and the loss, with the weight −2 and without it:
#
#    >>> [one_pass(weight) for weight in (-2, 0)]
#    [(-2, 0.0, 0.5), (2, 20.0, 12.5)]

# %%
# Two questions
# -------------
#
# *How steep is the loss here?* is what a gradient answers, and plain SGD moves a weight in proportion to it.
# *What would happen without this weight?* is another question; call its answer the *deletion effect*.
# Ask both of all thirteen weights and biases.

effects = {}
print("name      value  gradient  deletion")
for name, w in net.named_parameters().items():
    value, w.data = w.data, 0
    effects[name] = loss_of(net).data - loss.data
    w.data = value
    print(f"{name:8} {value:6} {w.grad!s:>9} {effects[name]!s:>9}")

# %%
# If the two were one and the same, the dots of this picture would lie on a line.

from collections import Counter

there = Counter()
with draw.style():
    fig, ax = draw.figure(4.3)
    ax.axhline(0, color=draw.GRID)
    for name, w in net.named_parameters().items():
        place = abs(w.grad), effects[name]
        beside = 0.085 * there[place]
        there[place] += 1
        ax.plot(place[0] + beside, place[1], "o", color=draw.INK, ms=7)
    ax.text(0.15, 12, "slope 0, largest effect", va="center")
    ax.text(3, 2.2, "steepest", ha="center")
    ax.text(2.05, -1.4, "steep, no effect", ha="center", va="center")
ax.set(
    xlabel="how steep: size of the gradient",
    ylabel="deletion effect",
    xlim=(-0.2, 3.4),
)
ax.set(xticks=[0, 1, 2, 3], yticks=[0, 4, 8, 12], ylim=(-3, 13))
draw.title(ax, "The steepest weight is not the one most missed.")
draw.alt(
    ax,
    "A dot for each of the thirteen weights and biases: size of the gradient"
    " across, deletion effect up. One dot stands alone at gradient 0 and"
    " effect 12. The steepest, gradient 3, has the effect 1.5, and two with"
    " gradient 2 have none. There is no line.",
)

# %%
# Dots that belong on the same place stand side by side.
# The two weights with gradient 2 and no deletion effect teach something too.
# Removing the weight from input 2 to unit 1 takes the output from 2 to 0: as wrong as before, on the other side of the target.
# The weight from input 2 to unit 3 is 0 already, so there is nothing to remove; it moves by the step all the same.
#
# .. claim:: E1
#    :verdict: false as stated
#    :corrected: Plain SGD moves a weight in proportion to how steep the loss is at this place. What would happen without the weight is another number, and neither tells the other.
#    :sources: lecun1990, tanaka2020
#    :refuted-by: leaky-shut-gate, doubled-seed, sender-forgotten
#
#    How far a weight moves mirrors how much it matters to the loss.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> def loss():
#    ...     return half_squared_error(net([[1, 2]]), [[1]])
#    >>> loss().backward()
#    >>> def gradient_and_effect(name):
#    ...     w, before = net.named_parameters()[name], loss().data
#    ...     value, w.data = w.data, 0
#    ...     effect, w.data = loss().data - before, value
#    ...     return w.grad, effect
#
#    Gradient and deletion effect of the weights from input 2 to units 2 and 1, and from unit 1 to the output:
#
#    >>> names = "W1[1][1]", "W1[1][0]", "W2[0][0]"
#    >>> [gradient_and_effect(name) for name in names]
#    [(0.0, 12.0), (2.0, 0.0), (3.0, 1.5)]

# %%
# Ten times here, a tenth there
# -----------------------------
#
# How steep a weight is depends even on how the same network is written down.
# Multiply all that goes into unit 1 by 10, and divide its outgoing weight by 10.
# A ReLU that hears ten times as much says ten times as much, so the output is the same for every input.


def rescaled(factor):
    W1, b1 = [[factor, 1, 2], [factor, -2, 0]], [0, 1, -1]
    return MLP([2, 3, 1], init=[(W1, b1), ([[1 / factor], [2], [-1]], [0])])


def around_unit_1(factor):
    net = rescaled(Fraction(factor))
    loss_of(net).backward()
    w = net.named_parameters()
    return [w["W1[0][0]"], w["W1[1][0]"], w["W2[0][0]"]]


for factor in (1, 10):
    weights = around_unit_1(factor)
    print(f"times {factor}")
    print("  gradient         ", *(float(w.grad) for w in weights))
    print("  weight × gradient", *(float(w.data * w.grad) for w in weights))

# %%
# The incoming weights are ten times flatter and the outgoing one ten times steeper, though nothing was gained or lost.
# One thing has stayed: weight *times* gradient.

names = ["input 1", "input 2", "output"]
fig, axes = draw.figure(3.6, rows=2, columns=2)
for (left, right), factor in zip(axes, (1, 10), strict=True):
    weights = around_unit_1(factor)
    gradients = [float(w.grad) for w in weights]
    products = [w.data * w.grad for w in weights]
    draw.bars(names, gradients, left, colours=draw.POSITIVE)
    draw.bars(["", "", ""], products, right, colours=draw.POSITIVE)
    left.set_xlim(0, 40)
    right.set_xlim(0, 4)
    note = "" if factor == 1 else ", rescaled"
    left.set_title("gradient" + note, pad=4)
    right.set_title("weight × gradient" + note, pad=4)
draw.title(
    fig,
    "One network, written twice: gradients change; weight × gradient stays.",
)
draw.alt(
    fig,
    "Bars for the two weights into unit 1 and the one out of it. The gradients"
    " are 1, 2 and 3; rescaled they are 0.1, 0.2 and 30. Weight times gradient"
    " is 1, 2 and 3 both times.",
)

# %%
# And look at the three numbers on the right: 1 + 2 = 3.
# What comes in equals what goes out, and that is no accident.
#
# .. claim:: T2
#    :verdict: holds
#    :sources: tanaka2020
#    :refuted-by: leaky-shut-gate, sender-forgotten, biases-left-out
#
#    At each hidden unit with ReLU, leaky ReLU or no activation function, weight times gradient adds up to the same on both sides: over its incoming weights and its bias, and over its outgoing weights. That holds for every loss and every batch.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.contrasts import leaky_relu
#    >>> def both_sides(activation, X, targets):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     layers = [(W1, [0, 1, -1]), (W2, [0])]
#    ...     net = MLP([2, 3, 1], activation=activation, init=layers)
#    ...     half_squared_error(net(X), targets, reduction="sum").backward()
#    ...     W1, b1, W2, _ = net.arrays().values()
#    ...     into = [(W1[0][k], W1[1][k], b1[k]) for k in range(3)]
#    ...     return [
#    ...         [sum(w.data * w.grad for w in ws) for ws in side]
#    ...         for side in (into, W2)
#    ...     ]
#    >>> def leak(z):
#    ...     return leaky_relu(z, Fraction(1, 4))
#    >>> X, targets = [[1, 2], [2, 1], [-2, 1], [0, -2]], [[1], [-1], [2], [6]]
#    >>> for activation in (leak, None):
#    ...     into, out = both_sides(activation, X, targets)
#    ...     print(into == out)
#    True
#    True
#
#    With ReLU, into each of the three units and out of it:
#
#    >>> both_sides("relu", [[1, 2]], [[1]])
#    [[3.0, 0.0, -1.0], [3.0, 0.0, -1.0]]
#
# The reason is short.
# A ReLU that hears ten per cent more says ten per cent more, whether it is open or shut.
# So growing all that comes in by a small share changes the loss exactly as growing all that goes out by that share; the first change is that share of one sum, the second that share of the other.
# :footcite:t:`tanaka2020` prove a more general law, and use it to remove weights without cutting a network in two.
#
# A weight of zero
# ----------------
#
# Last, the weight that seems to matter least of all: one that *is* zero.
# One input, one hidden unit, one output; the outgoing weight is 0, so the network says 0, and the target is 2.

zero = MLP([1, 1, 1], init=[([[3]], None), ([[0]], None)])
half_squared_error(zero([[1]]), [[2]]).backward()
print("gradients:", zero.gradients())

# %%
# The gradient of the zero weight is what its sender says, 3, times the error, −2.
# Its own value is not a factor of it.
# What it blocks is the way back: the signal is multiplied by 0 before it reaches the weight *behind* it.

ax = draw.network(zero)
draw.title(
    ax, "A zero weight moves; it is the weight behind it that must wait."
)
draw.alt(
    ax,
    "A chain of one input, one hidden unit and one output. The weight out of"
    " the hidden unit is 0 and has the gradient -6, drawn thick. The weight"
    " into it is 3 and has the gradient 0, dashed.",
)
draw.show()

# %%
# .. claim:: X4
#    :verdict: holds
#    :sources: hu2022
#    :refuted-by: zero-weight-frozen, unweighted-return
#
#    A weight of zero is not frozen: it gets its gradient as any other, and holds up only the weights behind it, until its own first step.
#
#    >>> from sgdexplained import MLP, SGD, half_squared_error
#    >>> net = MLP([1, 1, 1], init=[([[3]], None), ([[0]], None)])
#    >>> sgd = SGD(net.parameters(), lr=0.25)
#    >>> def gradients():
#    ...     sgd.zero_grad()
#    ...     half_squared_error(net([[1]]), [[2]]).backward()
#    ...     return [w.grad for w in net.parameters()]
#    >>> before = gradients()
#    >>> sgd.step()
#
#    The gradients of the first weight and of the zero weight, before and after one step:
#
#    >>> before, gradients()
#    ([0.0, -6.0], [3.75, 7.5])
#
# This is put to use: an addition to a trained network ends in weights of zero, so that at first it changes nothing, and it learns from the first step on :footcite:p:`hu2022,zhang2023`.
#
# Where it breaks
# ---------------
#
# *Some parameters are indeed not used.*
# A table with a row for each word is asked only for the words of the example.
# The other rows have no gradient at all, rather than a gradient of zero, and no unit is silent.
#
# >>> from sgdexplained import Scalar
# >>> from sgdexplained.contrasts import Embedding
# >>> table = [[Scalar(1)], [Scalar(2)], [Scalar(3)]]
# >>> half_squared_error(Embedding(table)([0, 2]), [[0], [0]]).backward()
# >>> [row[0].grad for row in table]
# [0.5, None, 1.5]
#
# *At its best, a weight is flat.*
# Let the output be 10 *w* and the target 10.
# At *w* = 1 the gradient is 0, and removing *w* costs 50; at *w* = 0 the gradient is −100, and there is nothing to remove.
#
# >>> def gradient_at(value):
# ...     w = Scalar(value)
# ...     loss = half_squared_error(w * 10, 10)
# ...     loss.backward()
# ...     return loss.data, w.grad
# >>> gradient_at(1), gradient_at(0)
# ((0.0, 0.0), (50.0, -100.0))
#
# *Adam does not follow the slope either.*
# The weight from unit 1 to the output is three times as steep as the weight from input 1 to unit 1; in Adam's first step they move equally far.
#
# >>> from sgdexplained.contrasts import Adam
# >>> net = network()
# >>> loss_of(net).backward()
# >>> Adam(net.parameters(), lr=0.1).step()
# >>> w = net.named_parameters()
# >>> [round(float(w[name].data), 4) for name in ("W1[0][0]", "W2[0][0]")]
# [0.9, 0.9]
#
# *Two zeros in a row are frozen.*
# If the weight behind is 0 as well, the sender says 0 and the way back is closed: no step will ever move either.
#
# >>> both = MLP([1, 1, 1], init=[([[0]], None), ([[0]], None)])
# >>> half_squared_error(both([[1]]), [[2]]).backward()
# >>> both.gradients()
# {'W1': [[0.0]], 'W2': [[0.0]]}
#
# *The balance is a matter of the activation function.*
# With tanh, ten per cent more in is not ten per cent more out, and unit 1 has −0.08 on one side and −2.68 on the other.
#
# >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
# >>> soft = MLP([2, 3, 1], activation="tanh", init=[(W1, [0, 1, -1]), (W2, [0])])
# >>> half_squared_error(soft([[1, 2]]), [[1]]).backward()
# >>> w = soft.named_parameters()
# >>> into = sum(w[n].data * w[n].grad for n in ("W1[0][0]", "W1[1][0]", "b1[0]"))
# >>> round(into, 4), round(w["W2[0][0]"].data * w["W2[0][0]"].grad, 4)
# (-0.0798, -2.6813)
#
# *A step keeps the balance only nearly.*
# For each unit, the squared incoming weights minus the squared outgoing ones would never change, if steps were tiny.
# A step of size η changes the difference by η² times the same difference of the gradients: for unit 1 of the bench, with η = 1/10, from 1 to 97/100.
#
# >>> from sgdexplained import SGD
# >>> net = rescaled(Fraction(1))
# >>> w = net.named_parameters()
# >>> around = [w[n] for n in ("W1[0][0]", "W1[1][0]", "b1[0]", "W2[0][0]")]
# >>> def difference(numbers):
# ...     *into, out = [number**2 for number in numbers]
# ...     return sum(into) - out
# >>> before = difference(one.data for one in around)
# >>> loss_of(net).backward()
# >>> SGD(net.parameters(), lr=Fraction(1, 10)).step()
# >>> after = difference(one.data for one in around)
# >>> str(before), str(after), str(difference(one.grad for one in around) / 100)
# ('1', '97/100', '-3/100')
#
# Predict first
# -------------
#
# 1. The weight from input 2 to unit 2 is −1/2 instead of −2.
#    What is its gradient?
#
# .. dropdown:: Answer
#
#    Unit 2 hears 1 − 1 + 1 = 1 and is open, the output is 4, and the error 3.
#    The sender says 2, and 2 × 3 comes back: the gradient is 2 × 6.
#
#    >>> net = network(weight=Fraction(-1, 2))
#    >>> loss_of(net).backward()
#    >>> str(net.layers[0].weight[1][1].grad)
#    '12'
#
# 2. Which of the thirteen can you remove so that the loss becomes *smaller*?
#
# .. dropdown:: Answer
#
#    Two: the weight from input 1 to unit 1, and the bias of unit 3.
#    Without either, the output is 1, which is the target.
#
#    >>> [(name, float(effect)) for name, effect in effects.items() if effect < 0]
#    [('W1[0][0]', -0.5), ('b1[2]', -0.5)]
#
# 3. All that goes into unit 2 is multiplied by 10, and its outgoing weight divided by 10.
#    What does weight times gradient add up to, on each side?
#
# .. dropdown:: Answer
#
#    To 0, on both sides, as before: the unit is shut and silent, and the balance holds as 0 = 0.
#
#    >>> W1, W2 = [[1, 10, 2], [1, -20, 0]], [[1], [Fraction(1, 5)], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 10, -1]), (W2, [0])])
#    >>> loss_of(net).backward()
#    >>> w = net.named_parameters()
#    >>> [int(w[name].grad) for name in ("W1[0][1]", "W1[1][1]", "W2[1][0]")]
#    [0, 0, 0]
#
# In the engine
# -------------
#
# A flat stretch is where :engine:`relu <maths.NumberMaths.relu>` has the slope 0.
#
# In PyTorch
# ----------
#
# One line starts the last layer at zero; in the first step nothing before it moves.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential, init
#
#    net = Sequential(Linear(1, 1, bias=False), ReLU(), Linear(1, 1, bias=False))
#    init.constant_(net[0].weight, 3)
#    init.zeros_(net[-1].weight)
#
#    loss = (net(torch.tensor([[1.0]])) - 2).square().sum() / 2
#    loss.backward()
#    assert net[-1].weight.grad.item() == -6  # moves
#    assert net[0].weight.grad.item() == 0  # waits
#
# .. footbibliography::
