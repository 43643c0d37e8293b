r"""
Which weights does one step move?
=================================

.. needs:: nothing

The network below is small enough to work out by hand.
One training step changes some of its numbers, and leaves others alone.

.. guess::
   :answer: 3

   The network has thirteen numbers: nine weights and four biases. How many of them does one step of SGD move, for one example?

   A. All thirteen, each by a little.
   B. Only the four in the last layer.
   C. Nine.
   D. One.

   Nine move, and four stay.
   The four are the numbers around the second hidden unit, which is *inactive*: its output is 0.
"""

# Set-up: the network, one example, one step, and the figure
from fractions import Fraction

from sgdexplained import MLP, SGD, draw, gradcheck, half_squared_error, hinge

x, target = [1, 2], 1
W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, 1, -1]
W2, b2 = [[1], [2], [-1]], [0]
net = MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])
half_squared_error(net([x]), [[target]]).backward()
ax = draw.network(net, notes={(2, 0): "target 1"})
draw.title(ax, "Whatever touches the inactive unit has the gradient 0.")
draw.alt(
    ax,
    "A network of 2 inputs, 3 hidden units and 1 output. Two weights into the"
    " inactive second unit, its bias and the weight out of it are dashed, with"
    " gradient 0. The other nine gradients are not zero.",
)

# %%
# Each line is a weight, and it leads from a *sender* to a *receiver*.
# The thin number on a line is the weight, and the bold number is its *gradient*.
# The *loss* is a number that says how wrong the output is.
# The gradient says how much the loss changes if the weight changes a little.
# The thicker a line, the larger its gradient.
# A dashed line has a gradient of exactly 0, and so its weight stays.
#
# All numbers on these pages are computed by the *engine* of this site, a small Python package.
# The words in the next picture are explained below it.
# Python counts from 0, so the weight from input 1 to unit 2 is ``W1[0][1]``.
#
# .. live:: network
#    :lead: Drag the dot, which is the example, into another colour. Which lines become grey dashes? Choose one of them: below stands why it stays.
#
# Forward: what each unit computes
# --------------------------------
#
# A hidden unit adds up its inputs, each times a weight, and its bias.
# This sum is its *pre-activation* *z*.
# Then ReLU keeps what is positive, and replaces everything else by 0.
# The result is its *activation* *a*. For the three units:
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
# It is also *shut*: if *z* changes a little, *a* stays 0, so the derivative of its activation is 0.
# The other two are *active* and *open*.
#
# The output is 1·3 + 2·0 − 1·1 = 2, and the target is 1.
# The loss is half the squared error: (2 − 1)² / 2 = 1/2.
#
# Backward: first the derivative of the loss
# ------------------------------------------
#
# How much does the loss change if the output changes a little?
# The answer is the derivative of the loss, which is *output − target* = 1.

# Set-up: the loss over the output, its derivative, and the figure
outputs = [i / 10 for i in range(-4, 32)]
ax = draw.curve(outputs, [(output - target) ** 2 / 2 for output in outputs])
around = [1.2, 2.8]
draw.curve(around, [1 / 2 + (output - 2) for output in around], ax, dashed=True)
draw.point(2, 1 / 2, ax, label="output 2: derivative +1")
there = {"label": "target 1: derivative 0", "offset": (0, -22)}
draw.point(target, 0, ax, colour=draw.ZERO, hollow=True, **there)
ax.set(xlabel="output", ylabel="loss", ylim=(-0.9, 2.6))
ax.figure.set_size_inches(ax.figure.get_figwidth(), 2.2)
draw.title(ax, "The backward pass begins with the derivative of the loss.")
draw.alt(
    ax,
    "A parabola, the loss over the output. At the output 2 its derivative is"
    " 1; at the target 1 it is 0.",
)

# %%
# From this derivative, 1, each other number is found by multiplying.
#
# - The gradient of a weight into the output is the *activation of its sender*, times this derivative: 3, 0 and 1 for the three units.
# - What comes back to a hidden unit is its weight to the output, times this derivative. These *upstream gradients* are 1, 2 and −1.
# - A shut unit passes nothing back to its pre-activation. So 1, 0 and −1 are left.
# - The gradient of a weight into a hidden unit is the *input*, times the number left at this unit: 1, 0, −1 for input 1, and 2, 0, −2 for input 2.

# Check: these numbers, by the engine and by small changes of each number
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
#    For one example, the backward pass begins with one number at each output: the derivative of the loss with respect to this output. Multiplied by weights, activations and derivatives on the way back, these numbers give the gradient of each weight.
#
#    The derivatives are those that small changes find, with a difference of 0:
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
# The step: each number minus its gradient times the learning rate
# ----------------------------------------------------------------
#
# This rule is plain *SGD*, which stands for stochastic gradient descent:
#
# .. math::
#
#    w \leftarrow w - \eta \, \frac{\partial L}{\partial w}
#
# Here *w* is a weight or a bias, *L* is the loss, and *η* = 0.1 is the learning rate.

# Set-up: the step, and the figure
before = net.values()
SGD(net.parameters(), lr=0.1).step()
after = net.values()
ax = draw.step(before, after)
draw.title(ax, "Nine numbers move against their gradient; four stay.")
draw.alt(
    ax,
    "Weights and biases before and after the step. The column into unit 2 and"
    " the weight out of it are hatched: they stay. What had a positive gradient"
    " is blue and went down, what had a negative one is orange and went up.",
)
draw.show()

# %%
# Blue means a positive gradient, as above: these numbers went down.
# Orange means a negative one: these went up.
# The darker a box, the farther its number moved.
#
# .. claim:: C1
#    :verdict: holds
#    :sources: bottou2018, goyal2017
#    :refuted-by: uphill, fixed-step-length
#
#    Plain SGD subtracts from each weight the derivative of the loss, times the learning rate.
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
# When other weights move, or none
# --------------------------------
#
# - **A right answer moves nothing.** With the target 2 the derivative of the loss is 0, and so are all thirteen gradients.
# - **With another loss, other outputs are right.** For the label 1, *hinge loss* is 0 at every output of 1 or more. So at the output 2 nothing moves.
# - **The step need not help.** This very step makes the loss larger, from 0.5 to 0.696: :ref:`sphx_glr_story_1_one_example_plot_03_how_far_downhill.py`.
# - **Other optimisers have other rules.** With momentum a weight can move even when its gradient is 0: :ref:`sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py`.


# Check: what this list says
def count_zeros(x=(1, 2), target=1, bias_of_unit_2=1):
    changed = MLP([2, 3, 1], init=[(W1, [0, bias_of_unit_2, -1]), (W2, b2)])
    half_squared_error(changed([list(x)]), [[target]]).backward()
    return sum(w.grad == 0 for w in changed.parameters())


from sgdexplained import Scalar

assert (count_zeros(), count_zeros(target=2)) == (4, 13)
output = Scalar(2.0)
hinge(output, 1).backward()
assert output.grad == 0
assert round(half_squared_error(net([x]), [[target]]).data, 3) == 0.696

# %%
# Three predictions
# -----------------
#
# Each question changes one number. How many of the thirteen gradients are exactly zero then?
#
# .. guess::
#    :answer: 0
#
#    The bias of unit 2 is 4 instead of 1.
#
#    The pre-activation of unit 2 is 1 − 4 + 4 = 1, so this unit is active and open, and the output is 4.
#
#    >>> count_zeros(bias_of_unit_2=4)
#    0
#
# .. live:: predict
#    :start: e=0,2,1;pick=W1.1.0
#    :folded: The first input is 0 instead of 1. Choose in the picture what stays.
#
#    Units 2 and 3 are inactive now, and around each of them four gradients are 0. The ninth is the weight from the first input to unit 1: this unit is open, but the input is 0. An input of 0 is an inactive sender too. A weight with both reasons is counted under its sender.
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
# In PyTorch: the same numbers, with rows and columns exchanged
# -------------------------------------------------------------
#
# ``torch.nn.Linear`` keeps a row of weights for each *receiver*, so its gradient is that of our engine, transposed.
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
# In the engine, :engine:`half the squared error <losses.half_squared_error>` gives the first derivative, :engine:`the backward pass <backward.propagate>` finds the others, and :engine:`the step <sgd.SGD.move>` moves the weights.
