r"""
Can the same function have different gradients?
===============================================

.. needs:: 7

Two networks can give the same output for every input, and still have different weights.

.. guess::
   :answer: 2

   All weights into a ReLU unit, and its bias, are multiplied by 10. The weight out of it is divided by 10. What happens to the gradients?

   A. Nothing, because the function is the same.
   B. On the weights into the unit they become ten times smaller, on the weight out of it ten times larger.
   C. They all become ten times larger.

   A weight into the unit is ten times as large now. Adding 0.1 to it has the same effect as adding 0.01 to the old weight, because the weight out of the unit is a tenth.
   So its gradient is a tenth of the old one.
   For the weight out of the unit it is the other way round.
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
    note = "as it was" if factor == 1 else "× 10 and ÷ 10"
    with draw.style():
        left.set_title(f"{note}: gradient", fontsize=14, pad=4)
        right.set_title("weight × gradient", fontsize=14, pad=4)
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
# This is unit 1 of the network of page 1.
# If the pre-activation of a ReLU unit is ten times as large, its activation is ten times as large too.
# The weight out of the unit is a tenth of what it was, so the output is the same for every input.
# The gradients are not the same, but weight *times* gradient is.
#
# Look at the three numbers on the right: 1 + 2 = 3.
# The sum over the weights into the unit equals the sum over the weights out of it:
#
# .. math::
#
#    \sum_{\text{in}} w \, \frac{\partial L}{\partial w} = \sum_{\text{out}} w \, \frac{\partial L}{\partial w}
#
# The sum on the left goes over the weights into a unit and its bias, and the sum on the right over the weights out of it.
# Here the bias is 0, so it adds nothing.
#
# The reason is short.
# Make all weights into the unit and its bias one per cent larger: the activation of a ReLU unit becomes one per cent larger, whether the unit is open or shut.
# Make all weights out of it one per cent larger instead: the loss changes in exactly the same way.
# If a weight changes by one per cent of itself, the loss changes by nearly one per cent of weight times gradient.
# So the first change moves the loss by nearly one per cent of the left sum, and the second by nearly one per cent of the right sum.
# The smaller the change, the more exactly this fits, so the two sums are equal.
# A more general law is proved by :footcite:t:`tanaka2020`.
#
# .. claim:: T2
#    :verdict: holds
#    :sources: tanaka2020
#    :refuted-by: leaky-shut-gate, sender-forgotten, biases-left-out
#
#    Take a hidden unit with ReLU, leaky ReLU or no activation function, and multiply each weight by its gradient. The products of the weights into the unit and of its bias have a sum. The products of the weights out of the unit have the same sum. This is so for every loss and every batch.
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
# When the balance is lost
# ------------------------
#
# - **With tanh** a pre-activation that is one per cent larger does not make the activation one per cent larger. With tanh in all three units, the two sums of unit 1 are −0.08 and −2.68.
# - **After a step** the two sums are equal again, because the law holds for the new weights too. But a second law holds only nearly. Add up the squares of the weights into a unit and of its bias, and subtract the squares of the weights out of it. With very short steps this difference would never change. For unit 1 it is 1² + 1² + 0² − 1² = 1. The same difference of the gradients is 1² + 2² + 1² − 3² = −3, because the gradient of the bias is 1. One step of SGD with the learning rate *η* changes the first difference by *η*\ ² times the second. With *η* = 1/10, it becomes 1 − 3/100 = 97/100.

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
# One prediction
# --------------
#
# .. guess::
#    :answer: 0
#
#    All weights into unit 2 and its bias are multiplied by 10, and the weight out of it is divided by 10. What is the sum of weight times gradient now, over the weights into the unit and its bias?
#
#    Unit 2 is shut and inactive, so all gradients around it are zero. Both sums are 0, into the unit and out of it.
#
#    >>> W1, W2 = [[1, 10, 2], [1, -20, 0]], [[1], [Fraction(1, 5)], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 10, -1]), (W2, [0])])
#    >>> loss_of(net).backward()
#    >>> w = net.named_parameters()
#    >>> [int(w[name].grad) for name in ("W1[0][1]", "W1[1][1]", "W2[1][0]")]
#    [0, 0, 0]
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
