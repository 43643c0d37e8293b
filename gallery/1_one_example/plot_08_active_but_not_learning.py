r"""
Does a weight into an active unit always move?
==============================================

.. needs:: 2 5

If a ReLU unit is inactive for an example, plain SGD does not move the weights into it.

.. guess::
   :answer: 3

   A hidden ReLU unit is active for an example. Does one step of plain SGD with this example move the weight into the unit?

   A. Yes, always.
   B. Yes, unless the output is already right.
   C. Not always: there are several reasons why the weight can stay.
   D. No, never.

   The gradient is a product of three factors.
   For a ReLU unit that is active, one factor is 1, the derivative.
   But each of the other two factors can be 0.
"""

# Set-up: an active unit in five networks, and the factors of the weight into it
from fractions import Fraction

import numpy as np

from sgdexplained import (
    MLP,
    SGD,
    Tensor,
    draw,
    explain,
    half_squared_error,
)
from sgdexplained.contrasts import relu6
from sgdexplained.reasons import co_active


def network(weight=2, bias=0, out=(3,), activation="relu"):
    layers = [([[weight]], [bias]), ([list(out)], [0] * len(out))]
    return MLP([1, 1, len(out)], activation=activation, init=layers)


def ask(net, X, targets, name="W1[0][0]"):
    wanted = [[Fraction(target) for target in row] for row in targets]
    sgd = SGD(net.parameters(), lr=Fraction(1, 10))
    return explain(net, X, wanted, half_squared_error, sgd).row(name)


cases = {
    "weight moves": (network(), [[1]], [[5]]),
    "input is 0": (network(bias=2), [[0]], [[5]]),
    "ReLU6 at 7": (network(weight=7, activation=relu6), [[1]], [[5]]),
    "output is right": (network(), [[1]], [[6]]),
    "weight out is 0": (network(out=(0,)), [[1]], [[5]]),
}
answers = {name: ask(*case) for name, case in cases.items()}
ax = draw.products([(name, *row.factors[0]) for name, row in answers.items()])
draw.title(
    ax,
    "The hidden unit is active in all five rows, but four gradients are 0.",
)
draw.alt(
    ax,
    "Five products of activation, derivative and upstream gradient. The first"
    " is 1, 1 and 3 and gives 3. Input is 0: the activation is 0. ReLU6 at 7: the"
    " derivative is 0. Output is right, and weight out is 0: the upstream gradient is 0."
    " The last four gradients are 0.",
)

# %%
# The network has one input, one hidden unit and one output, and each row shows the gradient of the weight into the hidden unit, as a product of three factors.
# The green column is the activation of its sender, which is the input. The activation of the hidden unit itself is not in the picture.
# In the first row the input is 1, the weight into the unit is 2, and the weight out of the unit is 3.
# The biases are 0, so the activation of the unit is 2, and the output is 6.
# The target is 5, so the error is 1:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u = 1 \cdot 1 \cdot (3 \cdot 1) = 3
#
# Here *a* is the input, *φ′(z)* is the derivative at the hidden unit, and *u* is its upstream gradient: the weight out of the unit times the error.
# In each other row the unit is active, but one factor is 0:
#
# - **Input is 0.** The sender is inactive. The unit is active because its bias is 2 here.
# - **ReLU6 at 7.** The unit is a ReLU6 unit here, and the weight into it is 7. ReLU6 is flat above 6, so its derivative is 0: the unit is saturated. The output is 3·6 = 18 and the error is 13, so the upstream gradient is 3·13 = 39.
# - **Output is right.** The target is 6 here, so the error is 0, and the upstream gradient is 3·0 = 0.
# - **Weight out is 0.** The output is 0 and the error is −5, so the upstream gradient is 0·(−5) = 0.
#
# In a longer chain, a shut unit between this unit and the output also makes the upstream gradient 0.

# Check: the five rows, and a shut unit between the hidden unit and the output
for net, X, _ in cases.values():
    net(X)
    assert net.layers[0].activations[0][0] > 0
assert [row.gradient for row in answers.values()] == [3, 0, 0, 0, 0]
layers = [([[2]], [0]), ([[-1]], [1]), ([[3]], [0])]
assert ask(MLP([1, 1, 1, 1], init=layers), [[1]], [[5]]).gradient == 0

# %%
# Contributions to a gradient can cancel
# --------------------------------------
#
# The unit in the next picture has the activation 1.
# It leads to two outputs, with the weights 1 and 2, so the outputs are 1 and 2.
# The targets are −5 and 5, so the errors are 6 and −3.
# The upstream gradient of the unit is the sum over both paths: 1·6 + 2·(−3) = 0.

torn = network(weight=1, out=(1, 2))
half_squared_error(torn([[1]]), [[-5, 5]]).backward()
ax = draw.network(torn)
draw.title(
    ax,
    "The weight into the unit stays, because 1·6 and 2·(−3) cancel.",
)
draw.alt(
    ax,
    "One input, one hidden unit, two outputs. The two outgoing weights, 1 and"
    " 2, have the gradients +6 and -3. The incoming weight is dashed, with"
    " gradient 0.",
)

# %%
# Two *examples* can do the same.
# If both have the same input, and their errors are +1 and −1, their gradients are opposite numbers, and the mean is 0.

# Check: two paths, and two examples
assert torn.layers[0].weight[0][0].grad == 0
assert ask(network(weight=1), [[1], [1]], [[2], [4]]).gradient == 0

# %%
# The sender active in one example, the receiver open in another
# --------------------------------------------------------------
#
# Take a chain of two hidden ReLU units.
# The first unit has the weight 1 and the bias 0, and the second unit has the weight −1 and the bias 1.
# The weight out of the second unit is 1.
# A batch of two examples has the inputs 2 and −1, and both targets are 5.
# The next picture shows the factors of the weight between the two units.

# Set-up: a chain of two units, two examples, and the figure
chain = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
between = ask(chain, [[2], [-1]], [[5], [5]], "W2[0][0]")
ax = draw.products(
    [(f"example {i}", *factors) for i, factors in enumerate(between.factors, 1)]
)
draw.title(
    ax, "Example 1: the receiver is shut. Example 2: the sender is inactive."
)
draw.alt(
    ax,
    "Two products of activation, derivative and upstream gradient. In example"
    " 1 the activation is 2 and the derivative is 0. In example 2 the"
    " activation is 0 and the derivative is 1. Both gradients are 0.",
)

# %%
# In example 1 the first unit has the activation 2, so the pre-activation of the second unit is −2 + 1 = −1.
# In example 2 the first unit has the activation 0, so the pre-activation of the second unit is 0 + 1 = 1.
# So there is no example in which the sender is active and the receiver is open too, and the weight stays.
#
# Such weights are not rare.
# We made random networks with two layers of six units, and batches of four examples.
# Take a weight between the two layers, with a sender that is active in at least one of the four examples, and a receiver that is open in at least one.
# Between one sixth and one quarter of these weights stay, because their sender is never active in an example in which their receiver is open.

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
assert 1 / 6 < apart / somewhere < 1 / 4

# %%
# .. claim:: D3
#    :verdict: false as stated
#    :corrected: It is not enough that a unit is active. A weight gets a gradient other than zero only if, in one and the same example, its sender is active, its receiver is open, and the upstream gradient of the receiver is not 0. Even then the contributions of several examples may cancel.
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
#    The activation of the unit, and the gradient of the weight into it. First the weight moves:
#
#    >>> activation_and_gradient([[1]], [[5]])
#    (2, 3.0)
#
#    Then five reasons why it stays: the input is 0; the unit is saturated; the output is right; the weight out of the unit is 0; two examples cancel.
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
#    For the weight between two units, in two examples: the activations of the sender, the derivatives of the receiver, in how many examples both are not 0, and the gradient.
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
# The value of a weight is not one of the three factors of its own gradient, so a weight of 0 can move.
# But it can make other weights wait.
# In the next picture the input is 1 and the target is 2. The weight out of the hidden unit is 0, and this 0 is a factor of the upstream gradient of the hidden unit.
# So the weight into the hidden unit has the gradient 0 until the weight of 0 has moved.

zero = MLP([1, 1, 1], init=[([[3]], None), ([[0]], None)])
half_squared_error(zero([[1]]), [[2]]).backward()
ax = draw.network(zero)
draw.title(
    ax, "The weight of 0 moves. The weight into the hidden unit must wait."
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
#    A weight of zero is not frozen. It gets its gradient like any other weight. If all paths from another weight to the output lead through the zero weight, this other weight must wait until the zero weight has moved.
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
#    The gradients of the weight into the hidden unit, and of the zero weight, before and after one step:
#
#    >>> before, gradients()
#    ([0.0, -6.0], [3.75, 7.5])
#
# If *both* weights of this network are 0, neither of them ever moves, because each makes the gradient of the other 0.
#
# Weights of 0 are useful in new layers of a trained network: :doc:`/ask/zero-weight`
#
# If the weight into the unit has the gradient zero, what can still move?
# -----------------------------------------------------------------------
#
# - **The bias of the unit.** If the input is 0, the bias of the unit can move, because a bias has no sender that could be inactive.
# - **The weight itself.** With momentum, a weight can move although its gradient is 0: :ref:`sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py`


# Check: what this list says
assert ask(network(bias=2), [[0]], [[5]], "b1[0]").gradient == 3
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
#    In the row *ReLU6 at 7*, the weight into the unit is 5 instead of 7. The target is still 5. What is the gradient of this weight?
#
#    The pre-activation is 5, and between 0 and 6 ReLU6 is the same as ReLU. So the activation is 5, and the derivative is 1.
#    The output is 3·5 = 15 and the error is 10, so the upstream gradient is 3·10 = 30.
#    The gradient is 1·1·30 = 30.
#
#    >>> str(ask(network(weight=5, activation=relu6), [[1]], [[5]]).gradient)
#    '30'
#
# .. guess::
#    :answer: 2
#
#    In the chain of two hidden units, the input of the second example is 3 instead of −1. Does the weight between the two units move now?
#
#    A. Yes
#    B. No
#
#    The first unit is active in both examples now, with the activations 2 and 3.
#    But the second unit is shut in both, because its pre-activations are −1 and −2.
#
#    >>> str(ask(chain, [[2], [3]], [[5], [5]], "W2[0][0]").gradient)
#    '0'
#
# In PyTorch: count the gradients that are exactly zero
# -----------------------------------------------------
#
# This is the network with two paths that cancel.
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
