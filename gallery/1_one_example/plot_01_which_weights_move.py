r"""
Which weights does one step move?
=================================

.. needs:: nothing

One training step changes some numbers of a network, and leaves the others as they are.
Here you work out one whole step by hand.

.. guess::
   :answer: 3

   The network in the picture has thirteen numbers that training can change: nine weights and four biases. How many of them does one step of SGD change, for one example?

   A. All thirteen, each by a little.
   B. Only the four in the last layer.
   C. Nine.
   D. One.

   Nine numbers move, and four stay.
   The four are the three weights at the second hidden unit, and its bias.
   This unit is *inactive*: its output is 0.
"""

# Set-up: the network, one example, and the figure
from fractions import Fraction

from sgdexplained import MLP, SGD, draw, gradcheck, half_squared_error

x, target = [1, 2], 1
W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, 1, -1]
W2, b2 = [[1], [2], [-1]], [0]
net = MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])
half_squared_error(net([x]), [[target]]).backward()
ax = draw.network(net, show="values", notes={(2, 0): "target 1"})
draw.title(ax, "Nine weights, four biases, and one inactive unit.")
draw.alt(
    ax,
    "A network of 2 inputs, 3 hidden units and 1 output, with the value of each"
    " weight on its line and each bias under its unit. The second hidden unit"
    " is shut and inactive: its pre-activation is -2 and its activation is 0.",
)

# %%
# Each line leads from its *sender* (left) to its *receiver* (right).
# The number on a line is a weight.
# Under a unit stands its bias *b*.
# The example has the inputs 1 and 2.
#
# Forward: what each unit computes
# --------------------------------
#
# A hidden unit multiplies each input (*x*\ :sub:`1` and *x*\ :sub:`2`) by a weight, adds the products, and adds its bias.
# The result is its *pre-activation* *z*, on the left side of the unit.
# ReLU keeps *z* if it is positive, and replaces *z* by 0 if not.
# The result of ReLU is the *activation* *a*, on the right side.
#
# .. math::
#
#    z = w_1 x_1 + w_2 x_2 + b \qquad a = \max(z, 0)
#
# - unit 1: *z* = 1·1 + 1·2 + 0 = 3, so *a* = 3
# - unit 2: *z* = 1·1 − 2·2 + 1 = −2, so *a* = 0
# - unit 3: *z* = 2·1 + 0·2 − 1 = 1, so *a* = 1
#
# Unit 2 is *inactive*, because its activation is 0.
# Unit 2 is also *shut*, because the derivative of its activation is 0: if *z* changes a little, *a* stays 0.
# Units 1 and 3 are *active* (*a* is not 0) and *open* (the derivative is 1).
# A ReLU unit with a *z* below 0 is always both inactive and shut.
#
# The output does the same without ReLU: 1·3 + 2·0 − 1·1 + 0 = 2.
# The *loss* says how wrong the output is.
# The target is 1, and the loss is half the squared error: (2 − 1)² / 2 = 1/2.
#
# Backward: the gradient of each weight and each bias
# ---------------------------------------------------
#
# The *gradient* of a weight says how much the loss changes if the weight changes a little.
# To find it, begin with the derivative of the loss with respect to the output, which is *output − target* = 1.
# All gradients come from this 1 by multiplying:
#
# - **Weights into the output**: multiply the *activation of the sender* by 1. The gradients are 3, 0 and 1.
# - **Hidden units**: multiply the weight from the unit to the output by 1. The results 1, 2 and −1 are the *upstream gradients* of the three units.
# - Then multiply each upstream gradient by the derivative of the activation, which is 1 for an open unit and 0 for a shut unit. The results 1, 0 and −1 are the *deltas* of the three units.
# - **Weights into a hidden unit**: multiply the *input* by the delta of the unit. The gradients are 1, 0 and −1 for the weights from input 1, and 2, 0 and −2 for the weights from input 2.
# - **Biases**: the gradients of the hidden units' biases are the deltas 1, 0 and −1. The gradient of the output's bias is 1.

# Set-up: the figure
ax = draw.network(net, notes={(2, 0): "target 1"})
draw.title(ax, "The four numbers at the inactive unit have the gradient 0.")
draw.alt(
    ax,
    "A network of 2 inputs, 3 hidden units and 1 output. Two weights into the"
    " inactive second unit, its bias and the weight out of it are dashed, with"
    " gradient 0. The other nine gradients are not zero.",
)
draw.show()

# %%
# The second number on a line is the gradient of the weight.
# The thicker a line, the farther the gradient is from 0.

# Check: the gradients by this package, and measured by changing each number a little
assert net.gradients() == {
    "W1": [[1, 0, -1], [2, 0, -2]],
    "b1": [1, 0, -1],
    "W2": [[3], [0], [1]],
    "b2": [1],
}
difference = gradcheck(
    lambda: half_squared_error(net([x]), [[Fraction(target)]]), net.parameters()
)
assert difference == 0

# %%
# .. claim:: B3
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: doubled-derivative, target-forgotten, softmax-without-label
#
#    For one example, the backward pass begins with the derivative of the loss with respect to each output. From these derivatives and from the weights, the activations and the derivatives of the activations, it computes all gradients.
#
#    You can also measure each gradient: change the weight a little, and see how much the loss changes. The backward pass gives the same numbers, because the difference is 0:
#
#    >>> from fractions import Fraction
#    >>> from math import log
#    >>> from sgdexplained import (
#    ...     MLP,
#    ...     Scalar,
#    ...     gradcheck,
#    ...     half_squared_error,
#    ...     softmax_cross_entropy,
#    ... )
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> small = MLP([2, 3, 1], init=layers)
#    >>> def loss_of_small():
#    ...     return half_squared_error(small([[1, 2]]), [[Fraction(1)]])
#    >>> gradcheck(loss_of_small, small.parameters())
#    0
#
#    Three classes have the probabilities 0.6, 0.3 and 0.1, and the first class is right. The derivative at each output is its probability, minus 1 for the right class:
#
#    >>> scores = [Scalar(log(6)), Scalar(log(3)), Scalar(0.0)]
#    >>> softmax_cross_entropy([scores], [0]).backward()
#    >>> [round(score.grad, 12) for score in scores]
#    [-0.4, 0.3, 0.1]
#
#    For half the squared error the derivative is output minus target:
#
#    >>> outputs = small([[1, 2]])
#    >>> half_squared_error(outputs, [[1]]).backward()
#    >>> outputs[0][0].grad
#    1.0
#
# The step: subtract the learning rate times the gradient
# -------------------------------------------------------
#
# *Plain SGD* (stochastic gradient descent) multiplies each gradient by the learning rate, and subtracts the result from the weight or bias:
#
# .. math::
#
#    w \leftarrow w - \eta \, \frac{\partial L}{\partial w}
#
# Here *w* is a weight or a bias, *L* is the loss, ∂\ *L*/∂\ *w* is the gradient of *w*, and *η* = 0.1 is the learning rate.
# For example:
#
# - The weight from unit 1 to the output is 1, and its gradient is 3. It becomes 1 − 0.1·3 = 0.7.
# - The weight from input 1 to unit 3 is 2, and its gradient is −1. It becomes 2 − 0.1·(−1) = 2.1.
#
# .. claim:: C1
#    :verdict: holds
#    :sources: bottou2018, goyal2017
#    :refuted-by: uphill, fixed-step-length
#
#    Plain SGD multiplies the gradient of each weight by the learning rate, and subtracts the result from the weight.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, SGD, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> small = MLP([2, 3, 1], init=layers)
#    >>> half_squared_error(small([[1, 2]]), [[Fraction(1)]]).backward()
#    >>> SGD(small.parameters(), lr=Fraction(1, 10)).step()
#    >>> [float(w.data) for w in small.parameters()]
#    [0.9, 1.0, 2.1, 0.8, -2.0, 0.2, -0.1, 1.0, -0.9, 0.7, 2.0, -1.1, -0.1]
#
# In the next picture you can take the step yourself. Its colours show the moves: blue goes up, orange goes down.
# It also gives each weight its name in Python: ``W1`` holds the weights into the hidden units, and Python counts from 0, so the weight from input 1 to unit 2 is ``W1[0][1]``.
#
# .. live:: network
#    :start: show=move
#    :lead: Drag the dot, which is the example, into another colour. Which lines become grey dashes? Choose one of them: the text below says why it stays.
#
# What else to know about this step
# ---------------------------------
#
# - **If the output is right, nothing moves.** With the target 2 the derivative of the loss is 0, so all thirteen gradients are 0.
# - **A step can make the loss larger.** This step does: the loss is 0.696 after it, instead of 0.5: :ref:`sphx_glr_story_1_one_example_plot_03_how_far_downhill.py`
# - **Other optimisers have other rules.** With momentum a weight can move even when its gradient is 0: :ref:`sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py`


# Check: what the step does, and what this list says
def count_zeros(x=(1, 2), target=1, bias_of_unit_2=1):
    changed = MLP([2, 3, 1], init=[(W1, [0, bias_of_unit_2, -1]), (W2, b2)])
    half_squared_error(changed([list(x)]), [[target]]).backward()
    return sum(w.grad == 0 for w in changed.parameters())


assert (count_zeros(), count_zeros(target=2)) == (4, 13)
SGD(net.parameters(), lr=0.1).step()
assert round(net.layers[1].weight[0][0].data, 9) == 0.7
assert round(net.layers[0].weight[0][2].data, 9) == 2.1
assert round(half_squared_error(net([x]), [[target]]).data, 3) == 0.696

# %%
# Three predictions
# -----------------
#
# Each question changes one number. How many of the thirteen gradients are then exactly 0?
#
# .. guess::
#    :answer: 0
#
#    The bias of unit 2 is 4 instead of 1.
#
#    The pre-activation of unit 2 is 1 − 4 + 4 = 1, so now all three units are active and open.
#    The inputs are not 0, and the output is 4 and not the target, so none of the gradients is 0.
#
#    >>> count_zeros(bias_of_unit_2=4)
#    0
#
# .. live:: predict
#    :start: e=0,2,1;pick=W1.1.0
#    :folded: The first input is 0 instead of 1. Which numbers stay? Open the picture and choose them.
#
#    Nine numbers stay.
#    The pre-activation of unit 2 is −3, and the pre-activation of unit 3 is −1, so both units are inactive.
#    At each of them four gradients are 0, which makes eight.
#    The ninth is the gradient of the weight from input 1 to unit 1: this unit is open, but the sender is 0.
#
# .. guess::
#    :answer: 4
#
#    The target is 100 instead of 1.
#
#    The derivative of the loss is −98 instead of 1, so every gradient is multiplied by −98, and 0 times −98 is 0.
#    The size of the error decides how far the weights move. It does not decide which of them move, unless the error is 0.
#
#    >>> count_zeros(target=100)
#    4
#
# In PyTorch: rows and columns exchanged
# --------------------------------------
#
# In ``torch.nn.Linear``, the weights into one receiver are a row.
# On this site they are a column of a matrix, so the code exchanges rows and columns with ``.T``.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    net = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
#    W1, b1, W2, b2 = net.parameters()
#    with torch.no_grad():
#        W1[:] = torch.tensor([[1, 1, 2], [1, -2, 0]]).T
#        b1[:] = torch.tensor([0, 1, -1])
#        W2[:] = torch.tensor([[1], [2], [-1]]).T
#        b2[:] = 0
#
#    loss = (net(torch.tensor([[1.0, 2]])) - 1).square().sum() / 2
#    loss.backward()
#    assert W1.grad.T.tolist() == [[1, 0, -1], [2, 0, -2]]
#
# In the engine, which is the program of this site, you can read :engine:`the loss <losses.half_squared_error>`, :engine:`the backward pass <backward.propagate>` and :engine:`the step <sgd.SGD.move>`.
