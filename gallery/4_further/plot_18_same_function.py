r"""
Can the same function have different gradients?
===============================================

.. needs:: 7

Two networks can give the same output for every input, and still have different weights.

.. guess::
   :answer: 2

   All weights into a ReLU unit, and its bias, are multiplied by 10. The weight out of it is divided by 10. What happens to the gradients?

   A. Nothing, because the function is the same.
   B. The gradients of the weights into the unit become ten times smaller, and the gradient of the weight out of it becomes ten times larger.
   C. They all become ten times larger.

   The weight out of the unit is a tenth now, so what comes out of the unit counts only a tenth.
   To change the output as much as before, a weight into the unit must change ten times as far, so its gradient is a tenth of the old one.
   The activation of the unit is ten times as large, so the gradient of the weight out of it is ten times the old one.
"""

# Set-up: one network, written down in two ways, and the figure
from fractions import Fraction

from sgdexplained import MLP, SGD, draw, half_squared_error


def rescaled(factor):
    W1, b1 = [[factor, 1, 2], [factor, -2, 0]], [0, 1, -1]
    return MLP([2, 3, 1], init=[(W1, b1), ([[1 / factor], [2], [-1]], [0])])


def loss_of(net):
    return half_squared_error(net([[1, 2]]), [[Fraction(1)]])


def around_unit_1(factor):
    net = rescaled(Fraction(factor))
    loss_of(net).backward()
    w = net.named_parameters()
    return [w["W1[0][0]"], w["W1[1][0]"], w["W2[0][0]"]]


names = ["x₁ → unit 1", "x₂ → unit 1", "unit 1 → output"]
fig, axes = draw.figure(3.6, rows=2, columns=2)
for (left, right), factor in zip(axes, (1, 10), strict=True):
    weights = around_unit_1(factor)
    gradients = [float(w.grad) for w in weights]
    products = [w.data * w.grad for w in weights]
    draw.bars(names, gradients, left, colours=draw.POSITIVE, signed=True)
    draw.bars(["", "", ""], products, right, colours=draw.POSITIVE, signed=True)
    left.set_xlim(0, 42)
    right.set_xlim(0, 42)
    note = "before" if factor == 1 else "after"
    with draw.style():
        left.set_title(f"{note}: gradient", fontsize=14, pad=4)
        right.set_title(f"{note}: weight × gradient", fontsize=14, pad=4)
        for ax in (left, right):
            ax.set_xticks([0, 20, 40])
draw.title(
    fig,
    "The gradients change; weight × gradient stays the same.",
)
draw.alt(
    fig,
    "Bars for the two weights into unit 1 and the one out of it. The gradients"
    " are 1, 2 and 3; rescaled they are 0.1, 0.2 and 30. Weight times gradient"
    " is 1, 2 and 3 both times.",
)
draw.show()

# %%
# The picture shows unit 1 of the network of page 1, for the example (1, 2) with the target 1.
# The upper half shows it before the change that the question asks about, and the lower half after it.
# After the change its pre-activation and its activation are ten times as large, and the weight out of it is a tenth, so the output is the same for every input.
# The gradients are not the same, but weight *times* gradient is.
#
# Look at the right column, weight × gradient. The two numbers of the weights into the unit add up to the number of the weight out of it: 1 + 2 = 3.
# This is a law for every ReLU unit:
#
# .. math::
#
#    \sum_{\text{in}} w \, \frac{\partial L}{\partial w} = \sum_{\text{out}} w \, \frac{\partial L}{\partial w}
#
# The sum on the left is over the bias of a unit and all weights into it.
# The sum on the right is over all weights out of it.
# Here the bias is 0, so it adds nothing.
#
# Why are the two sums equal?
# Make the bias of the unit and all weights into it one per cent larger.
# Then the activation of the unit is one per cent larger, because it is a ReLU unit, and so everything that the unit sends on is one per cent larger.
# Now make the weights out of the unit one per cent larger instead.
# Again everything that the unit sends on is one per cent larger, so the loss changes by the same amount.
#
# If a weight changes a little, the change of the loss is nearly the change of the weight times the gradient.
# One per cent of a weight *w* is *w*/100, so this weight alone changes the loss by nearly 1/100 · *w* · gradient.
# If the bias and all weights into the unit grow by one per cent, these changes add up to nearly 1/100 of the left sum.
# If all weights out of it grow by one per cent, the changes of the loss add up to nearly 1/100 of the right sum.
# The loss changes by the same amount both times, so the two sums are nearly equal.
# With a smaller change than one per cent, the two sums must be even more nearly equal.
# But they are the same two numbers for every change. So their difference is smaller than any small number: it is 0, and the two sums are exactly equal.
# A more general law is proved by :footcite:t:`tanaka2020`.
#
# .. claim:: T2
#    :verdict: holds
#    :sources: tanaka2020
#    :refuted-by: leaky-shut-gate, sender-forgotten, biases-left-out
#
#    Take a hidden unit with ReLU, leaky ReLU or no activation function. Multiply each of these numbers by its gradient: the weights into the unit, its bias, and the weights out of it. The products for the bias and for the weights into the unit have the same sum as the products for the weights out of the unit. This is so for every loss that depends only on the outputs of the network, and for every batch.
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
# With tanh the two sums differ
# -----------------------------
#
# With tanh, a pre-activation that is one per cent larger does not make the activation one per cent larger.
# So the law does not hold: with tanh in all three units, the two sums of unit 1 are −0.08 and −2.68.
#
# A second law, for very short steps
# ----------------------------------
#
# Add up the squares of the weights into a unit and of its bias, and subtract the squares of the weights out of it.
# For unit 1 this difference is 1² + 1² + 0² − 1² = 1, and very short steps of plain SGD hardly change it.
# A step with the learning rate *η* changes a square *w*\ ² to *w*\ ² − 2\ *η* · *w* · gradient + *η*\ ² · gradient².
# The parts −2\ *η* · *w* · gradient have the same sum for the weights in and for the weights out, so they cancel. Only the parts with *η*\ ² are left.
# The gradients are 1 and 2 for the weights in, 1 for the bias and 3 for the weight out.
# So with *η* = 1/10 the difference becomes 1 + (1² + 2² + 1² − 3²) / 100 = 97/100.

# Check: tanh, and one step
W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
soft = MLP([2, 3, 1], activation="tanh", init=[(W1, [0, 1, -1]), (W2, [0])])
half_squared_error(soft([[1, 2]]), [[1]]).backward()
w = soft.named_parameters()
into = sum(w[n].data * w[n].grad for n in ("W1[0][0]", "W1[1][0]", "b1[0]"))
out = w["W2[0][0]"].data * w["W2[0][0]"].grad
assert (round(into, 2), round(out, 2)) == (-0.08, -2.68)

net = rescaled(Fraction(1))
w = net.named_parameters()
around = [w[n] for n in ("W1[0][0]", "W1[1][0]", "b1[0]", "W2[0][0]")]


def difference(numbers):
    *into, out = [number**2 for number in numbers]
    return sum(into) - out


assert difference(one.data for one in around) == 1
loss_of(net).backward()
SGD(net.parameters(), lr=Fraction(1, 10)).step()
assert difference(one.data for one in around) == Fraction(97, 100)
assert difference(one.grad for one in around) / 100 == Fraction(-3, 100)

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 0
#
#    The bias of unit 2 and all weights into it are multiplied by 10, and the weight out of it is divided by 10. The example is (1, 2) again. What is the sum of weight times gradient now, over the bias of the unit and the weights into it?
#
#    Unit 2 is shut and inactive for this example, so the gradients of its weights in, of its bias and of its weight out are zero.
#    So both sums are 0.
#
#    >>> W1, W2 = [[1, 10, 2], [1, -20, 0]], [[1], [Fraction(1, 5)], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 10, -1]), (W2, [0])])
#    >>> loss_of(net).backward()
#    >>> w = net.named_parameters()
#    >>> [int(w[name].grad) for name in ("W1[0][1]", "W1[1][1]", "W2[1][0]")]
#    [0, 0, 0]
#
# .. guess::
#    :answer: -1
#
#    In the network of page 1, the weight from unit 3 to the output is −1, and its gradient is 1. What is the sum of weight times gradient over the bias of unit 3 and the weights into it?
#
#    For the weight out, weight times gradient is −1 · 1 = −1. By the law, the other sum is the same.
#
#    >>> net = rescaled(Fraction(1))
#    >>> loss_of(net).backward()
#    >>> w = net.named_parameters()
#    >>> sum(w[name].data * w[name].grad for name in ("W1[0][2]", "W1[1][2]", "b1[2]"))
#    Fraction(-1, 1)
#
# In PyTorch: both sums
# ---------------------
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    torch.manual_seed(0)
#    net = Sequential(Linear(5, 4), ReLU(), Linear(4, 3)).double()
#    net(torch.randn(10, 5, dtype=torch.float64)).square().sum().backward()
#    W1, b1, W2, _ = [w * w.grad for w in net.parameters()]
#    assert torch.allclose(W1.sum(dim=1) + b1, W2.sum(dim=0))
#
# .. footbibliography::
