r"""
Does a gradient of zero mean that a weight is not needed?
=========================================================

.. needs:: 1 5

A gradient tells how steep the loss is at the place where a weight stands.
It tells nothing about any other place.

.. guess::
   :answer: 3

   A weight of −2 has the gradient zero. You remove it, which means that you set it to 0. What happens to the loss?

   A. Nothing, because its gradient is zero.
   B. It changes a little.
   C. It can become many times as large.

   The gradient only says that a *small* change makes no difference.
   Removing the weight is a large change, and the picture shows what happens: the loss grows from 0.5 to 12.5.
"""

# Set-up: the network of page 1, and the loss for other values of one weight
from collections import Counter
from fractions import Fraction

from sgdexplained import MLP, Scalar, draw, half_squared_error
from sgdexplained.contrasts import Adam, Embedding


def network(weight=-2):
    W1, b1 = [[1, 1, 2], [1, weight, 0]], [0, 1, -1]
    return MLP([2, 3, 1], init=[(W1, b1), ([[1], [2], [-1]], [0])])


def loss_of(net):
    return half_squared_error(net([[1, 2]]), [[Fraction(1)]])


places = [Fraction(n, 20) for n in range(-64, 5)]
ax = draw.curve(places, [loss_of(network(w)).data for w in places])
draw.point(-2, 0.5, ax, hollow=True)
draw.point(0, 12.5, ax)
with draw.style():
    ax.text(-2, 1.7, "the weight is −2:\ngradient 0, loss 0.5", ha="center")
    words = "without the weight:\nloss 12.5"
    ax.text(-0.15, 12.5, words, ha="right", va="center")
ax.set(xlabel="weight from input 2 to unit 2", ylabel="loss", ylim=(-0.6, 17))
ax.set(xticks=[-3, -2, -1, 0], yticks=[0, 5, 10, 15])
draw.title(ax, "The loss is flat where the weight is, and steep not far away.")
draw.alt(
    ax,
    "The loss over one weight. It is flat at 0.5 from -3 to -1; right of -1 it"
    " climbs, to 12.5 at 0. The weight is at -2, on the flat part.",
)

# %%
# This is the network of page 1, and the weight leads from input 2 to unit 2.
# Where it stands, the gradient is exactly zero.
# Without it the loss is 25 times as large.
# The gradient is not wrong: it is a statement about a very small change *h*.
#
# .. math::
#
#    \frac{\partial L}{\partial w} = \lim_{h \to 0} \frac{L(w + h) - L(w)}{h}
#
# Here *L(w)* is the loss with the weight *w*.
#
# .. claim:: X3
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: leaky-shut-gate, open-at-the-kink, doubled-derivative
#
#    The gradient is a statement about one place: the loss can be flat here, and steep not far away.
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
#    The loss and the gradient with the weight at −3, −2, −1, −1/2, 0 and 1:
#
#    >>> six = -3, -2, -1, Fraction(-1, 2), 0, 1
#    >>> [tuple(map(float, loss_and_gradient(place))) for place in six]
#    [(0.5, 0.0), (0.5, 0.0), (0.5, 0.0), (4.5, 12.0), (12.5, 20.0), (40.5, 36.0)]
#
# .. live:: network
#    :start: pick=W1.1.1
#
# The weight makes the unit inactive, not the other way round
# -----------------------------------------------------------
#
# Some say: the unit is inactive, so its weights are not used.
# But the pre-activation of unit 2 is 1 · 1 + 2 · (−2) + 1 = −2, and the weight contributes −4 to it.
# This weight is the *reason* why the unit is inactive.
# Without it the pre-activation would be 2, and the unit would be active.
#
# .. claim:: C4
#    :verdict: false as stated
#    :corrected: In a layer that connects every sender to every receiver, each weight is used in every forward pass. Weights and inputs make the pre-activation, and this decides whether a unit is inactive. A weight that keeps its unit inactive has the gradient zero, and it may matter most of all.
#    :sources: bengio2003, lecun1990
#    :refuted-by: against-left-out, leaky-shut-gate, whispering-relu
#
#    A weight into an inactive unit is not used in the forward pass, and so it has no effect.
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
#    The pre-activation of unit 2, the gradient of its weight, and the loss, with the weight −2 and without it:
#
#    >>> [one_pass(weight) for weight in (-2, 0)]
#    [(-2, 0.0, 0.5), (2, 20.0, 12.5)]
#
# Two different questions
# -----------------------
#
# *How steep is the loss here?* The gradient answers this question, and plain SGD moves a weight in proportion to it.
# *What happens without this weight?* That is another question, and its answer is the *deletion effect*: how much the loss grows when the weight is set to 0.
# Here are both answers for all thirteen weights and biases.

# Set-up: gradient and deletion effect of all thirteen, and the figure
net = network()
loss = loss_of(net)
loss.backward()
effects = {}
for name, w in net.named_parameters().items():
    value, w.data = w.data, 0
    effects[name] = loss_of(net).data - loss.data
    w.data = value

there = Counter()
with draw.style():
    fig, ax = draw.figure(4.0)
    ax.axhline(0, color=draw.GRID)
    for name, w in net.named_parameters().items():
        place = abs(w.grad), effects[name]
        beside = 0.085 * there[place]
        there[place] += 1
        ax.plot(place[0] + beside, place[1], "o", color=draw.INK, ms=7)
    ax.text(0.15, 12, "gradient 0, largest effect", va="center")
    ax.text(3, 2.2, "largest\ngradient", ha="center")
    ax.text(2.05, -1.4, "size 2, no effect", ha="center", va="center")
    ax.set_xlabel("size of the gradient")
    ax.set_ylabel("deletion effect")
ax.set(xlim=(-0.2, 3.4), xticks=[0, 1, 2, 3])
ax.set(ylim=(-3, 13), yticks=[0, 4, 8, 12])
draw.title(
    ax, "The weight with the largest gradient is not the one most needed."
)
draw.alt(
    ax,
    "A dot for each of the thirteen weights and biases: size of the gradient"
    " across, deletion effect up. One dot stands alone at gradient 0 and"
    " effect 12. The largest gradient, 3, has the effect 1.5, and two with"
    " gradient 2 have none. There is no line.",
)
draw.show()

# %%
# If both questions had the same answer, the dots would lie on a line.
# (Where several dots would cover each other, they stand side by side.)
# Two weights have a gradient of size 2, and removing them does not change the loss.
# One of them is 0 already, so there is nothing to remove.
# Without the other, the output is 0 instead of 2: the error changes its sign, and the loss stays 0.5.
# A step moves both.
#
# .. claim:: E1
#    :verdict: false as stated
#    :corrected: Plain SGD moves a weight in proportion to how steep the loss is at this place. What would happen without the weight is another number, and you cannot work out one of the two numbers from the other.
#    :sources: lecun1990, tanaka2020
#    :refuted-by: leaky-shut-gate, doubled-derivative, sender-forgotten
#
#    How far a weight moves shows how much it matters to the loss.
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
#
# Four more cases
# ---------------
#
# - **Some parameters are not used.** An *embedding* is a table with one row of weights for each word, and an example uses only the rows of its own words. If each row is a parameter of its own, the other rows have no gradient at all, which is not the same as a gradient of zero. If the table is one array, they have zeros.
# - **If a weight stands at its best value,** its gradient is zero. Removing this weight can still make the loss much larger.
# - **Adam** does not move a weight in proportion to its gradient: in its first step all weights whose gradient is not 0 move equally far.
# - **The same function can have other gradients.** For example, one weight is doubled and the next one is halved: :ref:`sphx_glr_story_4_further_plot_18_same_function.py`.

# Check: a table of words, a weight at its best, and Adam
rows = [[Scalar(1)], [Scalar(2)], [Scalar(3)]]
half_squared_error(Embedding(rows)([0, 2]), [[0], [0]]).backward()
assert [row[0].grad for row in rows] == [0.5, None, 1.5]

best = Scalar(1)
half_squared_error(best * 10, 10).backward()
assert best.grad == 0
assert half_squared_error(Scalar(0) * 10, 10).data == 50

other = network()
loss_of(other).backward()
Adam(other.parameters(), lr=0.1).step()
after = other.named_parameters()
moved = [1 - float(after[name].data) for name in ("W1[0][0]", "W2[0][0]")]
assert [round(move, 4) for move in moved] == [0.1, 0.1]

# %%
# Two predictions
# ---------------
#
# .. live:: predict
#    :start: w=1,1,2,1,-0.5,0,0,1,-1,1,2,-1,0;pick=W1.1.1
#    :folded: The weight from input 2 to unit 2 is −1/2 instead of −2. Predict what stays, and its gradient.
#
#    The pre-activation of unit 2 is 1 − 1 + 1 = 1, so the unit is open; the output is 4, and the error is 3. The activation of the sender is 2 and the upstream gradient is 2 · 3, so the gradient is 2 · 6.
#
# .. guess::
#    :answer: 2
#
#    How many of the thirteen weights and biases can you remove so that the loss becomes *smaller*?
#
#    The weight from input 1 to unit 1, and the bias of unit 3.
#    Without either of them the output is 1, which is the target.
#
#    >>> [(name, float(effect)) for name, effect in effects.items() if effect < 0]
#    [('W1[0][0]', -0.5), ('b1[2]', -0.5)]
#
# In PyTorch: gradient 0, effect 12
# ---------------------------------
#
# .. code-block:: python
#
#    import torch
#
#    def loss(weight):
#        W1 = torch.stack([torch.tensor([1.0, 1, 2]), torch.stack(
#            [torch.tensor(1.0), weight, torch.tensor(0.0)])])
#        hidden = (torch.tensor([1.0, 2]) @ W1 + torch.tensor([0.0, 1, -1])).relu()
#        return (hidden @ torch.tensor([1.0, 2, -1]) - 1).square() / 2
#
#    weight = torch.tensor(-2.0, requires_grad=True)
#    loss(weight).backward()
#    assert weight.grad == 0
#    assert loss(torch.tensor(0.0)) - loss(weight) == 12
#
# In the engine, the flat part is where :engine:`relu <maths.NumberMaths.relu>` has the derivative 0.
