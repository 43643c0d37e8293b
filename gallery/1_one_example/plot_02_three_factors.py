r"""
Why is a gradient a product of three numbers?
=============================================

.. needs:: 1

The gradient of a weight can be zero for three different reasons.
This page shows all three, and which gradients each of them makes 0.

.. guess::
   :answer: 1

   In the network of page 1, two of the three hidden units are active, and one step moves nine of the thirteen weights and biases. Now the target is 2 instead of 1. The output is still 2. How many weights and biases does the step move now?

   A. None.
   B. Nine, because the same units are active.
   C. Only those of the last layer.
   D. Thirteen.

   The same units are active and open as before.
   But the output is equal to the target, so the derivative of the loss is 0.
   Each gradient is a product, and this 0 makes every product 0.
"""

# Set-up: the network of page 1, its three factors, and the figure
from sgdexplained import MLP, Scalar, draw, half_squared_error
from sgdexplained.reasons import (
    activation_derivative,
    delta,
    inactive,
    sender_activation,
    upstream_gradient,
)


def network(x=(1, 2), target=1, bias_of_unit_2=1, out_of_unit_3=-1):
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, bias_of_unit_2, -1]
    W2, b2 = [[1], [2], [out_of_unit_3]], [0]
    net = MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])
    half_squared_error(net([list(x)]), [[target]]).backward()
    return net


net = network()
hidden = net.layers[0]
factors = [
    words(hidden)[0]
    for words in (sender_activation, activation_derivative, upstream_gradient)
]
ax = draw.factors(*factors)
draw.title(
    ax, "Three factors are multiplied; one factor of 0 makes the gradient 0."
)
draw.alt(
    ax,
    "Four grids, two senders by three receivers. The activations of the"
    " senders are 1 and 2, along rows. The derivatives are 1, 0 and 1, along"
    " columns, and so are the upstream gradients 1, 2 and -1. Their product is"
    " the gradient: +1, 0, -1 in the first row and +2, 0, -2 in the second.",
)

# %%
# The picture shows the six weights from the two inputs to the three hidden units.
# Each grid has one box for each weight.
# For example, the weight from input 2 to unit 3 has its box in row 2 (*from 2*) and column 3 (*to 3*).
# Its factors are 2, 1 and −1, so its gradient is 2 × 1 × (−1) = −2.
#
# For every weight *w* of the network, the gradient is
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u
#
# - *a* is the **activation of the sender**. If the sender is an input, *a* is the input itself.
# - *φ′(z)* is the **derivative of the activation function** φ of the receiver, at its pre-activation *z*. For ReLU it is 1 if *z* is positive, and 0 if *z* is negative. The output of this network has no activation function, so *φ′(z)* is 1 there.
# - *u* is the **upstream gradient** of the receiver: how much the loss *L* changes if the activation of the receiver changes a little.
#
# This product is the chain rule.
# For a small change of *w*, the change of *z* is *a* times the change of *w*.
# The change of the receiver's activation is *φ′(z)* times the change of *z*.
# And the change of the loss is *u* times the change of this activation.
#
# For a bias, *a* is 1. (:doc:`All symbols </reference/notation>` have a page of their own.)
# The product of the last two factors, *φ′(z)* · *u*, is the *delta* of the receiver.
#
# .. live:: network
#    :start: pick=W1.1.0
#    :lead: Choose a line. Then the text below the picture shows the gradient of this weight as a product of three factors. Which of them is 0 when the gradient is 0?

# Check: in both layers the product is what the engine finds
for layer, name in zip(net.layers, ("W1", "W2"), strict=True):
    [senders], [deltas] = sender_activation(layer), delta(layer)
    products = [[a * d for d in deltas] for a in senders]
    assert products == net.gradients()[name]

# %%
# Three patterns of zeros
# -----------------------
#
# Take the same network, but with a bias of 4 instead of 1 at unit 2.
# Now all three units are open, and none of the gradients of the six weights from the inputs is 0.
# From there, each grid of the next picture changes one thing:
#
# - left: input 2 is 0 instead of 2. The error (output − target) is 9.
# - middle: the bias of unit 2 is 1 again, so unit 2 is shut. The error is 1.
# - right: the target is 4 instead of 1. The output is 4 too, so the error is 0.

# Set-up: three networks with one zero factor each, and the figure
cases = {
    "input 2 is 0": network(x=(1, 0), bias_of_unit_2=4),
    "unit 2 is shut": network(bias_of_unit_2=1),
    "output is right": network(bias_of_unit_2=4, target=4),
}
every = [case.gradients()["W1"] for case in cases.values()]
largest = max(abs(g) for rows in every for row in rows for g in row)
edges = {"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0}
fig, axes = draw.figure(1.65, columns=3, layout="none", gridspec_kw=edges)
for ax, (heading, case) in zip(axes, cases.items(), strict=True):
    names = {"heading": heading, "columns": ["to 1", "to 2", "to 3"]}
    names |= {"rows": [], "width": draw.WIDTH / 3, "scale": largest}
    draw.weight_grid(case.gradients()["W1"], ax, **names)
draw.title(
    fig, "An input of 0 makes a row of zeros, a shut unit makes a column."
)
draw.alt(
    fig,
    "Three grids of the six gradients of the first layer, rows by sender and"
    " columns by receiver. Without the second input the second row is 0 and"
    " hatched. With unit 2 shut the second column is. With the right output"
    " all six are.",
)

# %%
# - **The sender has the activation 0**: all weights out of this sender have the gradient 0. They are one row.
# - **The receiver is shut**: all weights into this receiver have the gradient 0. They are one column.
# - **The upstream gradient is 0**: here the output is right, so the upstream gradient of each unit is 0, and all gradients are 0.
#
# So can you say which weights move, if you only know which units are active? Only under conditions:
#
# .. claim:: A2
#    :verdict: holds when
#    :when: every hidden unit is a ReLU, the output has no activation function, and the upstream gradient of the receiver is not 0. Here an input of 0 counts as inactive too. And you then know only *whether* a weight moves, not how far.
#    :corrected: For one example, the gradient of a weight is the activation of its sender, times the derivative of the activation at its receiver, times the upstream gradient there. Without rounding, it is zero if one of the three is zero, and only then.
#    :sources: rumelhart1986, goodfellow2016
#    :refuted-by: sender-forgotten, gates-ignored, target-forgotten
#
#    If you know which units are active, you know which weights are updated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.reasons import (
#    ...     activation_derivative,
#    ...     sender_activation,
#    ...     upstream_gradient,
#    ... )
#    >>> def one_step(target):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net([[1, 2]]), [[target]]).backward()
#    ...     return net
#    >>> case = one_step(target=1)
#    >>> one = case.layers[0]
#    >>> [a], [d] = sender_activation(one), activation_derivative(one)
#    >>> [u] = upstream_gradient(one)
#    >>> [[a_j * d[k] * u[k] for k in range(3)] for a_j in a]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#    >>> case.gradients()["W1"]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#
#    For the targets 1 and 2 the same units are active, but not as many numbers move:
#
#    >>> steps = [one_step(target) for target in (1, 2)]
#    >>> [sum(w.grad != 0 for w in net.parameters()) for net in steps]
#    [9, 0]
#
# One example gives a multiplication table
# ----------------------------------------
#
# Write the activation of each sender on the left, and the delta of each receiver at the top.
# Each gradient is the product of the two.

# Set-up: the same gradients as a table, and the figure
[senders], [deltas] = sender_activation(hidden), delta(hidden)
ax = draw.weight_grid(
    net.gradients()["W1"],
    rows=[f"activation = {a}" for a in senders],
    columns=[f"delta = {draw.number(d)}" for d in deltas],
)
draw.title(ax, "Two activations times three deltas make six gradients.")
draw.alt(
    ax,
    "A grid of two rows and three columns. The rows are headed by the"
    " activations of the senders, 1 and 2, the columns by the deltas 1, 0 and"
    " -1. Each cell is the product: the second row is twice the first.",
)
draw.show()

# %%
# The second row is twice the first row, because input 2 is twice input 1.
#
# .. claim:: X1
#    :verdict: holds
#    :sources: rumelhart1986, lecun1998
#    :refuted-by: sender-forgotten, last-contribution-wins
#
#    For one example, the gradient of each weight is the activation of its sender times the delta of its receiver, so the gradients of a layer are a multiplication table: all rows are multiples of one row. The gradient of a batch is the mean (or the sum) of such tables, one for each example.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def gradient(examples, targets):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net(examples), targets).backward()
#    ...     return net.gradients()["W1"]
#    >>> first, second = gradient([[1, 2]], [[1]]), gradient([[2, 1]], [[-1]])
#    >>> first, second
#    ([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]], [[6.0, 12.0, -6.0], [3.0, 6.0, -3.0]])
#
#    The inputs (1, 2) make the second row twice the first, and the inputs (2, 1) make it half the first.
#    The mean of both tables is not a multiplication table:
#
#    >>> gradient([[1, 2], [2, 1]], [[1], [-1]])
#    [[3.5, 6.0, -3.5], [2.5, 3.0, -2.5]]
#
# In other networks
# -----------------
#
# - **Other activation functions.** Their derivative can have other values than 0 and 1. With tanh it is about forty times as large at unit 3 (*z* = 1) as at unit 1 (*z* = 3).
# - **A shut output.** Let the output be a ReLU with the bias −3. Its pre-activation is 2 − 3 = −1, so the output is 0 and shut. For the target 3 the output is wrong. But the derivative at the output is 0, so all thirteen gradients are 0.
# - **Rounded numbers.** A computer can round the product of very small factors to 0, although no factor is 0.
# - **A shared weight.** If a network uses one weight in two places, its gradient is the sum of two products. This sum can be 0, for example 2 − 2, although no factor is 0.

# Check: what this list says
W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
soft = MLP([2, 3, 1], activation="tanh", init=[(W1, [0, 1, -1]), (W2, [0])])
soft([[1, 2]])
assert inactive(soft.layers[0]) == [[False, False, False]]
[(first, _, third)] = activation_derivative(soft.layers[0])
assert 40 < third / first < 45

stopped = MLP([2, 3, 1], output="relu", init=[(W1, [0, 1, -1]), (W2, [-3])])
loss = half_squared_error(stopped([[1, 2]]), [[3]])
loss.backward()
assert loss.data == 4.5
assert all(w.grad == 0 for w in stopped.parameters())

w = Scalar(1.0)
((w * 1e-200) * 1e-200).backward()
assert w.grad == 0
w = Scalar(5)
(w * 3 - w * 3).backward()
assert w.grad == 0

# %%
# Three predictions
# -----------------
#
# .. live:: predict
#    :start: w=1,1,2,1,-2,0,0,1,-1,1,2,1,0;pick=W1.0.2
#    :folded: The weight from unit 3 to the output is +1 instead of −1. Which numbers stay? And what is the gradient of the weight from input 1 to unit 3?
#
#    The same four numbers stay, because unit 2 is still inactive.
#    The output is 3 + 1 = 4, so the derivative of the loss is 4 − 1 = 3.
#    The upstream gradient of unit 3 is its weight to the output times this derivative: 1 × 3 = 3.
#    Unit 3 is open, and input 1 is 1, so the gradient is 1 × 1 × 3 = 3.
#
# .. guess::
#    :answer: 3
#
#    The target is −1 instead of 1. Then all gradients are multiplied by the same number. By which one?
#
#    The derivative of the loss is 2 − (−1) = 3 instead of 1, and each upstream gradient contains this factor.
#
#    >>> network(target=-1).gradients()["W1"]
#    [[3.0, 0.0, -3.0], [6.0, 0.0, -6.0]]
#
# .. guess::
#    :answer: 1
#
#    The network gets a second output. For one example, are the gradients of the first layer still a multiplication table?
#
#    A. Yes.
#    B. No, it is the sum of two tables.
#    C. Only if both outputs are equally wrong.
#
#    Each hidden unit adds up what comes back from the two outputs, so it still has one delta.
#    The second row is still twice the first row:
#
#    >>> two = MLP(
#    ...     [2, 3, 2],
#    ...     init=[(W1, [0, 1, -1]), ([[1, 1], [2, 0], [-1, 1]], [0, 0])],
#    ... )
#    >>> half_squared_error(two([[1, 2]]), [[1, 0]]).backward()
#    >>> two.gradients()["W1"]
#    [[5.0, 0.0, 3.0], [10.0, 0.0, 6.0]]
#
# In PyTorch: how to see the deltas
# ---------------------------------
#
# PyTorch computes the deltas too, but keeps them only if you call ``retain_grad()`` before the backward pass.
#
# .. code-block:: python
#
#    import torch
#
#    x = torch.tensor([1.0, 2])
#    W1 = torch.tensor([[1.0, 1, 2], [1, -2, 0]], requires_grad=True)
#    b1, W2 = torch.tensor([0, 1, -1]), torch.tensor([1.0, 2, -1])
#
#    z = x @ W1 + b1
#    z.retain_grad()  # without this line z.grad is None
#    loss = (z.relu() @ W2 - 1) ** 2 / 2
#    loss.backward()
#    assert z.grad.tolist() == [1, 0, -1]  # the deltas
#    assert W1.grad.equal(torch.outer(x, z.grad))  # the table
#
# In the engine: the product :engine:`for one unit <units.Unit>`, and :engine:`for a whole layer <affine.Affine>`.
