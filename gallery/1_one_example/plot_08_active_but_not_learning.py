r"""
Why does a weight into an active unit not move?
===============================================

.. needs:: 2 5

A ReLU unit must be active to learn: is that enough?

.. guess::
   :answer: 3

   A hidden ReLU unit is active for an example. Does one step of plain SGD move the weight that leads into it?

   A. Yes, always.
   B. Yes, unless the output is already right.
   C. Not always: there are several reasons why it can stay.
   D. No, never.

   The activation of the unit itself is not one of the three factors of its incoming weight.
   Each of the three factors can be zero although the unit is active.
"""

# Set-up: five active units, and the factors of their incoming weight
from fractions import Fraction

import numpy as np

from sgdexplained import (
    MLP,
    SGD,
    Tensor,
    draw,
    explain,
    half_squared_error,
    hinge,
    logistic,
)
from sgdexplained.contrasts import hard_tanh, relu6
from sgdexplained.reasons import co_active


def network(weight=2, bias=0, out=(3,), activation="relu"):
    layers = [([[weight]], [bias]), ([list(out)], [0] * len(out))]
    return MLP([1, 1, len(out)], activation=activation, init=layers)


def ask(net, X, targets, name="W1[0][0]"):
    wanted = [[Fraction(target) for target in row] for row in targets]
    sgd = SGD(net.parameters(), lr=Fraction(1, 10))
    return explain(net, X, wanted, half_squared_error, sgd).row(name)


cases = {
    "it moves": (network(), [[1]], [[5]]),
    "input 0": (network(bias=2), [[0]], [[5]]),
    "ReLU6 at 7": (network(weight=7, activation=relu6), [[1]], [[5]]),
    "right answer": (network(), [[1]], [[6]]),
    "0 ahead": (network(out=(0,)), [[1]], [[5]]),
}
answers = {name: ask(*case) for name, case in cases.items()}
ax = draw.products([(name, *row.factors[0]) for name, row in answers.items()])
draw.title(
    ax,
    "All five units are active, but only one gradient is not zero.",
)
draw.alt(
    ax,
    "Five products of activation, derivative and upstream gradient. The first"
    " is 1, 1 and 3 and gives 3. Input 0: the activation is 0. ReLU6 at 7: the"
    " derivative is 0. Right answer, and 0 ahead: the upstream gradient is 0."
    " The last four gradients are 0.",
)

# %%
# The network has one input, one hidden unit and one output.
# In the first line everything works: the input is 1, the weight 2, and the weight out of the unit is 3.
# The output is 6 and the target 5, so the error is 1.
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u = 1 \cdot 1 \cdot (3 \cdot 1) = 3
#
# Here *a* is the activation of the sender, *φ′(z)* is the derivative of the unit, and *u* is the upstream gradient: the weight ahead times the error.
# *Ahead* means nearer to the output, and *behind* means nearer to the input.
# In each of the other lines the gradient is zero for another reason, and the unit is active each time:
#
# - **The input is 0.** The unit is active because of its bias.
# - **The unit is saturated.** ReLU6 gives at most 6, so at 7 its derivative is 0. The output is then 3 · 6 = 18 and the error 13, so 3 · 13 = 39 comes back.
# - **The answer is right.** The error is 0, so nothing comes back.
# - **The weight ahead is 0.** The error cannot come back through it. A shut unit ahead has the same effect.

# Check: all are active, the gradients, and a shut unit ahead
for net, X, _ in cases.values():
    net(X)
    assert net.layers[0].activations[0][0] > 0
assert [row.gradient for row in answers.values()] == [3, 0, 0, 0, 0]
layers = [([[2]], [0]), ([[-1]], [1]), ([[3]], [0])]
assert ask(MLP([1, 1, 1, 1], init=layers), [[1]], [[5]]).gradient == 0

# %%
# Two contributions can cancel
# ----------------------------
#
# The error can come back on two paths, and the two can cancel.
# This unit has the activation 1, and leads to two outputs with the weights 1 and 2.
# The targets are −5 and 5, so the errors are 6 and −3.

torn = network(weight=1, out=(1, 2))
half_squared_error(torn([[1]]), [[-5, 5]]).backward()
ax = draw.network(torn)
draw.title(
    ax,
    "Both weights ahead move; for the one behind, 1·6 and 2·(−3) cancel.",
)
draw.alt(
    ax,
    "One input, one hidden unit, two outputs. The two outgoing weights, 1 and"
    " 2, have the gradients +6 and -3. The incoming weight is dashed, with"
    " gradient 0.",
)

# %%
# The upstream gradient of the unit is 1 · 6 + 2 · (−3) = 0.
#
# Two *examples* can cancel in the same way.
# If the output is 3 for both and the targets are 2 and 4, the errors are +1 and −1, and the gradients add up to 0.

# Check: two paths, and two examples
assert torn.layers[0].weight[0][0].grad == 0
assert ask(network(weight=1), [[1], [1]], [[2], [4]]).gradient == 0

# %%
# Active in one example, open in another
# --------------------------------------
#
# The last reason why a weight can stay needs a batch of two examples.
# Two hidden units stand in a row, and the weight leads from the first to the second.
# The first unit passes a positive input on (weight 1, bias 0); the second has the weight −1 and the bias 1.
# The inputs are 2 and −1.
# The sender is active in the first example, and the receiver is open in the second one.
# But no example has both.

# Set-up: two units in a row, two examples, and the figure
chain = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
between = ask(chain, [[2], [-1]], [[5], [5]], "W2[0][0]")
ax = draw.products(
    [(f"example {i}", *factors) for i, factors in enumerate(between.factors, 1)]
)
draw.title(ax, "Each example has its own zero, so both products are 0.")
draw.alt(
    ax,
    "Two products of activation, derivative and upstream gradient. In example"
    " 1 the activation is 2 and the derivative is 0. In example 2 the"
    " activation is 0 and the derivative is 1. Both gradients are 0.",
)

# %%
# This is not rare.
# Take random networks with two layers of six units, and batches of four examples.
# Look at the weights between the two layers whose sender is active in some example, and whose receiver is open in some example.
# For about one fifth of them, this is never the same example.

# Check: forty random networks with four examples each, ten times
rng = np.random.default_rng(8)
apart = somewhere = 0
for _ in range(400):
    layers = [(rng.normal(size=(n, 6)), [0] * 6) for n in (3, 6)]
    net = MLP([3, 6, 6], node=Tensor, init=layers, output="relu")
    net(rng.normal(size=(4, 3)))
    layer = net.layers[1]
    ends = layer.inputs.any(axis=0), layer.derivatives.any(axis=0)
    both_ends = np.outer(*ends)
    somewhere += both_ends.sum()
    apart += (both_ends & (np.array(co_active(layer)) == 0)).sum()
assert 0.17 < apart / somewhere < 0.25

# %%
# .. claim:: D3
#    :verdict: false as stated
#    :corrected: An active unit is not enough. A weight gets a gradient other than zero only if, in one and the same example, its sender is active, its receiver is open, and an error comes back to the receiver. Even then the contributions of several paths or examples may cancel.
#    :sources: srivastava2014
#    :refuted-by: gates-ignored, whispering-relu, sender-forgotten, unweighted-return, together-or-apart
#
#    The weights of active units are guaranteed to be updated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.contrasts import relu6
#    >>> from sgdexplained.reasons import co_active
#    >>> def activation_and_gradient(x, target, w=2, b=0, out=3, kind="relu"):
#    ...     net = MLP([1, 1, 1], activation=kind, init=[([[w]], [b]), ([[out]], [0])])
#    ...     half_squared_error(net(x), target).backward()
#    ...     unit = net.layers[0]
#    ...     return unit.activations[0][0], unit.weight[0][0].grad
#
#    The activation of the unit, and the gradient of its incoming weight, when everything works:
#
#    >>> activation_and_gradient([[1]], [[5]])
#    (2, 3.0)
#
#    The input is 0; the unit is saturated; the answer is right; the weight ahead is 0; two examples cancel:
#
#    >>> activation_and_gradient([[0]], [[5]], b=2)
#    (2, 0.0)
#    >>> activation_and_gradient([[1]], [[5]], w=7, kind=relu6)
#    (6, 0.0)
#    >>> activation_and_gradient([[1]], [[6]])
#    (2, 0.0)
#    >>> activation_and_gradient([[1]], [[5]], out=0)
#    (2, 0.0)
#    >>> activation_and_gradient([[1], [1]], [[5], [7]])
#    (2, 0.0)
#
#    A sender that is active in one example and a receiver that is open in the other: how often together, and the gradient.
#
#    >>> net = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
#    >>> half_squared_error(net([[2], [-1]]), [[5], [5]]).backward()
#    >>> one = net.layers[1]
#    >>> one.inputs, one.derivatives, co_active(one), one.weight[0][0].grad
#    ([[2], [0]], [[0], [1]], [[0]], 0.0)
#
# A weight of zero moves
# ----------------------
#
# A weight of 0 looks as if it could not matter.
# But its own value is not one of the three factors, so it gets a gradient like any other weight.
# Only the weights behind it must wait, because the error is multiplied by 0 on its way back.
# Two weights of 0, one behind the other, never move in a chain like this one, because each of them makes the gradient of the other 0.

zero = MLP([1, 1, 1], init=[([[3]], None), ([[0]], None)])
half_squared_error(zero([[1]]), [[2]]).backward()
ax = draw.network(zero)
draw.title(ax, "The zero weight moves; the weight behind it must wait.")
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
#    A weight of zero is not frozen. It gets its gradient like any other weight, and only the weights behind it must wait until the zero weight has moved.
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
# This is useful: new layers that are added to a trained network can have a last layer of zero weights. They change nothing at first, and learn from the first step on :footcite:p:`hu2022,zhang2023`.
#
# What opens the way again
# ------------------------
#
# - **The bias** of a unit moves although its input is 0, because a bias has no sender that could be inactive.
# - **Another loss** is satisfied by other answers. For the label 1 and the output 6 the hinge loss is 0, but the logistic loss is not.
# - **A smooth unit** can let a little through where another is shut: hard tanh at 2 is shut, but tanh at 2 has the derivative 0.07.
# - **A small change** ends a cancellation: with the targets 2 and 4.1 the weight moves.
# - **Momentum** moves a weight although its gradient is zero: :ref:`sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py`.


# Check: what this list says
def gradient_with(loss):
    net = network()
    loss(net([[1]]), [[1]]).backward()
    return net.layers[0].weight[0][0].grad


def derivative_at_2(activation):
    net = network(activation=activation)
    net([[1]])
    return net.layers[0].derivatives[0][0]


assert ask(network(bias=2), [[0]], [[5]], "b1[0]").gradient == 3
assert gradient_with(hinge) == 0 > gradient_with(logistic)
assert derivative_at_2(hard_tanh) == 0
assert round(derivative_at_2("tanh"), 2) == 0.07
small_change = ask(network(weight=1), [[1], [1]], [[2], ["4.1"]])
assert small_change.gradient == Fraction(-3, 20)
both = MLP([1, 1, 1], init=[([[0]], None), ([[0]], None)])
half_squared_error(both([[1]]), [[2]]).backward()
assert both.gradients() == {"W1": [[0]], "W2": [[0]]}

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 30
#
#    The ReLU6 unit has the pre-activation 5 instead of 7, and the target is 5. What is the gradient of its incoming weight?
#
#    At 5 a ReLU6 unit is open, so its activation is 5.
#    The output is 3 · 5 = 15, the error is 10, and 3 · 10 comes back.
#
#    >>> str(ask(network(weight=5, activation=relu6), [[1]], [[5]]).gradient)
#    '30'
#
# .. guess::
#    :answer: 2
#
#    In the two units in a row, the input of the second example is 3 instead of −1. Does the weight between the two units move now?
#
#    A. Yes
#    B. No
#
#    The first unit is active in both examples now, but it shuts the second unit in both.
#
#    >>> str(ask(chain, [[2], [3]], [[5], [5]], "W2[0][0]").gradient)
#    '0'
#
# In PyTorch: count the gradients that are exactly zero
# -----------------------------------------------------
#
# This finds the unit for which two paths cancel.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    net = Sequential(Linear(1, 1), ReLU(), Linear(1, 2))
#    with torch.no_grad():
#        for w, values in zip(net.parameters(), ([[1]], [0], [[1], [2]], [0, 0])):
#            w[:] = torch.tensor(values)
#
#    output = net(torch.tensor([[1.0]]))
#    ((output - torch.tensor([[-5, 5]])).square().sum() / 2).backward()
#    zeros = {name: (w.grad == 0).sum() for name, w in net.named_parameters()}
#    assert zeros == {"0.weight": 1, "0.bias": 1, "2.weight": 0, "2.bias": 0}
#
# In the engine, :engine:`co_active <reasons.words.co_active>` counts in how many examples the sender is active and the receiver is open.
#
# .. footbibliography::
