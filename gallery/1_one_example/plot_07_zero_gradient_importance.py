r"""
Does a gradient of zero mean that a weight is not needed?
=========================================================

.. needs:: 1 5

The gradient of a weight tells how steep the loss is at the present value of this weight.
It does not tell how large the loss is at other values.

.. guess::
   :answer: 3

   A weight has the value −2 and the gradient 0. You remove the weight: you set it to 0. What happens to the loss?

   A. It stays the same, because the gradient is 0.
   B. It changes a little.
   C. It can become many times as large.

   The gradient is a statement about very *small* changes of the weight.
   The change from −2 to 0 is large.
   In the next picture, this change makes the loss grow from 0.5 to 12.5.
"""

# Set-up: the network of page 1, and the loss for other values of one weight
from collections import Counter
from fractions import Fraction

from sgdexplained import MLP, Scalar, draw, half_squared_error
from sgdexplained.contrasts import Embedding


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
draw.title(ax, "At −2 the loss is flat. At 0 the loss is 25 times as large.")
draw.alt(
    ax,
    "The loss over one weight. It is flat at 0.5 from -3 to -1; right of -1 it"
    " climbs, to 12.5 at 0. The weight is at -2, on the flat part.",
)

# %%
# This is the network of page 1, and the weight leads from input 2 to unit 2.
# To get the gradient, change the weight by a number *h*, divide the change of the loss by *h*, and let *h* come closer and closer to 0:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = \lim_{h \to 0} \frac{L(w + h) - L(w)}{h}
#
# Here *L(w)* is the loss if the weight has the value *w*.
#
# .. claim:: X3
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: leaky-shut-gate, open-at-the-kink, doubled-derivative
#
#    The gradient of a weight is a statement about its present value. The loss can be flat there, and steep at a value not far away.
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
#    The loss and the gradient, if the weight is −3, −2, −1, −1/2, 0 and 1:
#
#    >>> six = -3, -2, -1, Fraction(-1, 2), 0, 1
#    >>> [tuple(map(float, loss_and_gradient(place))) for place in six]
#    [(0.5, 0.0), (0.5, 0.0), (0.5, 0.0), (4.5, 12.0), (12.5, 20.0), (40.5, 36.0)]
#
# .. live:: network
#    :start: pick=W1.1.1
#    :lead: The chosen weight is −2, and its gradient is 0. Set the weight to 0 with the slider below the picture, and look at the output.
#
# The weight was used, although its gradient is zero
# --------------------------------------------------
#
# Unit 2 is inactive, and some people conclude that the weights into it were not used.
# But the pre-activation of unit 2 is 1·1 + 2·(−2) + 1 = −2, and the weight −2 contributes −4 to this sum.
# So unit 2 is inactive *because* this weight was used.
#
# .. claim:: C4
#    :verdict: false as stated
#    :corrected: In a layer that connects every sender to every receiver, each weight is used in every forward pass. The pre-activations are computed from the weights, and they decide which ReLU units are inactive. A weight that keeps a ReLU unit inactive has the gradient zero, and it may still have the largest effect of all.
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
#    The pre-activation of unit 2, the gradient of the weight, and the loss: first with the weight −2, and then without this weight.
#
#    >>> [one_pass(weight) for weight in (-2, 0)]
#    [(-2, 0.0, 0.5), (2, 20.0, 12.5)]
#
# How much the loss grows without a weight
# ----------------------------------------
#
# The *deletion effect* of a weight is the growth of the loss if the weight is set to 0.
# Each dot of the next picture is one of the thirteen weights and biases.

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
    ax.text(0.15, 12, "gradient 0, effect 12", va="center")
    ax.text(3, 2.2, "gradient 3,\neffect 1.5", ha="center")
    ax.text(1.75, -1.3, "gradient 2, effect 0", va="center")
    ax.set_xlabel("size of the gradient")
    ax.set_ylabel("deletion effect (growth of the loss)")
ax.set(xlim=(-0.2, 3.4), xticks=[0, 1, 2, 3])
ax.set(ylim=(-3, 13), yticks=[0, 4, 8, 12])
draw.title(ax, "The largest effect belongs to a weight with the gradient 0.")
draw.alt(
    ax,
    "A dot for each of the thirteen weights and biases: size of the gradient"
    " across, deletion effect up. One dot stands alone at gradient 0 and"
    " effect 12. The largest gradient, 3, has the effect 1.5, and two with"
    " gradient 2 have none. There is no line.",
)
draw.show()

# %%
# If a larger gradient always meant a larger effect, the dots would rise from left to right.
# (Where dots would cover each other, they stand side by side.)
#
# Two weights have a gradient of size 2 and the effect 0.
# The weight from input 2 to unit 3 is already 0, so removing it changes nothing.
# Without the weight from input 2 to unit 1, the output is 0 instead of 2, so the error is −1 instead of 1, and the loss is 0.5 as before.
# But a step moves both weights.
#
# .. claim:: E1
#    :verdict: false as stated
#    :corrected: Plain SGD moves a weight in proportion to its gradient. How much the loss grows without the weight is another number, and you cannot work out one of these two numbers from the other.
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
#    Gradient and deletion effect of three weights: from input 2 to unit 2, from input 2 to unit 1, and from unit 1 to the output.
#
#    >>> names = "W1[1][1]", "W1[1][0]", "W2[0][0]"
#    >>> [gradient_and_effect(name) for name in names]
#    [(0.0, 12.0), (2.0, 0.0), (3.0, 1.5)]
#
# Two other reasons for a gradient of zero
# ----------------------------------------
#
# - **The weight has its best value.** Then its gradient is 0, but without the weight the loss can be much larger. For example, let the output be 10 times the weight, and the target 10. With the weight 1 the loss is 0, and without the weight the loss is 50.
# - **The weight was really not used.** An *embedding* is a table with a row of weights for each word. An example uses only the rows of its own words. The other rows have the gradient 0, or no gradient: this depends on how the program keeps the table.

# Check: a weight at its best, and a table of words
rows = [[Scalar(1)], [Scalar(2)], [Scalar(3)]]
half_squared_error(Embedding(rows)([0, 2]), [[0], [0]]).backward()
assert [row[0].grad for row in rows] == [0.5, None, 1.5]

best = Scalar(1)
half_squared_error(best * 10, 10).backward()
assert best.grad == 0
assert half_squared_error(Scalar(0) * 10, 10).data == 50

# %%
# Two predictions
# ---------------
#
# .. live:: predict
#    :start: w=1,1,2,1,-0.5,0,0,1,-1,1,2,-1,0;pick=W1.1.1
#    :folded: The weight from input 2 to unit 2 is −1/2 instead of −2. Which of the thirteen numbers stay, and what is the gradient of this weight?
#
#    The pre-activation of unit 2 is 1 − 1 + 1 = 1, so all three hidden units are open, and no number stays. The output is 3 + 2·1 − 1 = 4, so the error is 3, and the upstream gradient of unit 2 is 2·3 = 6. So the gradient of the weight is 2·1·6 = 12.
#
# .. guess::
#    :answer: 2
#
#    You try thirteen times. Each time you remove another one of the thirteen weights and biases, and keep the other twelve. How often does the loss become *smaller*?
#
#    These two are the weight from input 1 to unit 1, and the bias of unit 3.
#    Without either of them the output is 1, which is the target.
#
#    >>> [(name, float(effect)) for name, effect in effects.items() if effect < 0]
#    [('W1[0][0]', -0.5), ('b1[2]', -0.5)]
#
# In PyTorch: gradient 0, effect 12
# ---------------------------------
#
# The weight from input 2 to unit 2 is a tensor of its own here, so that it gets its own gradient.
#
# .. code-block:: python
#
#    import torch
#
#    def loss(weight):
#        W1 = torch.tensor([[1.0, 1, 2], [1, 0, 0]])
#        W1[1, 1] = weight
#        hidden = (torch.tensor([1.0, 2]) @ W1 + torch.tensor([0.0, 1, -1])).relu()
#        return (hidden @ torch.tensor([1.0, 2, -1]) - 1).square() / 2
#
#    weight = torch.tensor(-2.0, requires_grad=True)
#    loss(weight).backward()
#    assert weight.grad == 0
#    assert loss(torch.tensor(0.0)) - loss(weight) == 12
#
# In the first picture the loss is flat at −2, because the derivative of ReLU is 0 at a negative pre-activation. In the engine, :engine:`relu <maths.NumberMaths.relu>` computes this derivative.
