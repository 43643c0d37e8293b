r"""
Why is a gradient a product of three numbers?
=============================================

.. needs:: 1

The gradient of a weight can be zero for three different reasons.
Here you see all three, and how to tell which one it is.

.. guess::
   :answer: 1

   In the network of page 1, two of the three hidden units are active, and nine numbers move. Now only the target changes, from 1 to 2, which is exactly the output. How many numbers move?

   A. None.
   B. Nine, because the same units are active.
   C. Only those of the last layer.
   D. Thirteen.

   The same units are active and open as before.
   But the output is right, so the derivative of the loss is 0. Every upstream gradient is then 0, and so is every product.
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
draw.title(ax, "A gradient is a product of three factors; one zero makes it 0.")
draw.alt(
    ax,
    "Four grids, two senders by three receivers. The activations of the"
    " senders are 1 and 2, along rows. The derivatives are 1, 0 and 1, along"
    " columns, and so are the upstream gradients 1, 2 and -1. Their product is"
    " the gradient: +1, 0, -1 in the first row and +2, 0, -2 in the second.",
)

# %%
# A weight leads from a *sender* to a *receiver*.
# Here the senders are the two inputs, and the receivers are the three hidden units.
# Its gradient is
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u
#
# - *a* is the **activation of the sender**: 1 or 2.
# - *φ′(z)* is the **derivative of the activation function** φ at the receiver's pre-activation *z*. For ReLU it is 1 if *z* is positive, and 0 if not.
# - *u* is the **upstream gradient**: how much the loss *L* changes with the activation of the receiver.
#
# The chain rule multiplies the three.
# If *w* changes a little, *z* changes *a* times as much.
# The activation of the receiver changes *φ′(z)* times as much as *z*, and the loss changes *u* times as much as this activation.
#
# For example, the weight from input 2 to unit 3 has 2 × 1 × (−1) = −2.
# For a bias, *a* is 1.
# The last two factors belong to the receiver alone, and their product is called its *delta*.
# The rule of the three factors is as old as backpropagation :footcite:p:`rumelhart1986`.
#
# .. live:: network
#    :start: pick=W1.1.0
#    :lead: Choose a line. Below the picture its gradient stands as a product of three factors. Which of them is 0 when the gradient is 0?

# Check: in both layers the product is what the engine finds
for layer, name in zip(net.layers, ("W1", "W2"), strict=True):
    [senders], [deltas] = sender_activation(layer), delta(layer)
    products = [[a * d for d in deltas] for a in senders]
    assert products == net.gradients()[name]

# %%
# Each factor leaves its own pattern of zeros
# -------------------------------------------
#
# Give unit 2 the bias 4 instead of 1: then all units are open, and none of the gradients in the first layer is 0.
# Now make one factor zero at a time: input 2 becomes 0; or the bias goes back to 1, which shuts unit 2; or the target becomes 4, which is the output.
# The other gradients change too, because the error changes.

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
draw.title(fig, "A sender of 0 makes a row of zeros, a shut receiver a column.")
draw.alt(
    fig,
    "Three grids of the six gradients of the first layer, rows by sender and"
    " columns by receiver. Without the second input the second row is 0 and"
    " hatched. With unit 2 shut the second column is. With the right output"
    " all six are.",
)

# %%
# - If the **sender** has the activation 0, the gradients of all weights that lead out of it are 0. That is a row.
# - If the **receiver** is shut, the gradients of all weights that lead into it are 0. That is a column.
# - If the **output is right**, nothing comes back to any unit, and all gradients are 0.
#
# So it is not enough to know which units are active.
# Which units are active also does not tell you in which direction a weight goes: the weights into units 1 and 3 move in opposite directions, because their upstream gradients are 1 and −1.
#
# .. claim:: A2
#    :verdict: holds when
#    :when: every unit is a ReLU, the upstream gradient of the receiver is not zero, and the question is only *whether* a weight moves, not how far or in which direction.
#    :corrected: The gradient of a weight is the activation of its sender, times the derivative of the activation at its receiver, times the upstream gradient there. It is zero exactly if one of the three is zero.
#    :sources: rumelhart1986, goodfellow2016
#    :refuted-by: sender-forgotten, gates-ignored, target-forgotten
#
#    Whether units are active decides which weights are updated.
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
#    The same units are active for both targets, and this many numbers move:
#
#    >>> steps = [one_step(target) for target in (1, 2)]
#    >>> [sum(w.grad != 0 for w in net.parameters()) for net in steps]
#    [9, 0]
#
# One example gives a multiplication table
# ----------------------------------------
#
# Write the activations of the senders at the side, and the deltas of the receivers along the top.
# Every gradient of the layer is the product of the two.

# Set-up: the same gradients as a table, and the figure
[senders], [deltas] = sender_activation(hidden), delta(hidden)
ax = draw.weight_grid(
    net.gradients()["W1"],
    rows=[f"activation {a}" for a in senders],
    columns=[f"delta {draw.number(d)}" for d in deltas],
)
draw.title(ax, "Two senders and three receivers make six gradients.")
draw.alt(
    ax,
    "A grid of two rows and three columns. The rows are headed by the"
    " activations of the senders, 1 and 2, the columns by the deltas 1, 0 and"
    " -1. Each cell is the product: the second row is twice the first.",
)
draw.show()

# %%
# The second row is twice the first, because the second input is twice the first.
# A layer with a thousand senders and a thousand receivers has a million gradients, and for one example they are made of only two thousand numbers.
# Such a table, in which all rows are multiples of one row, is called a matrix of *rank one*.
#
# .. claim:: X1
#    :verdict: holds
#    :sources: rumelhart1986, lecun1998
#    :refuted-by: sender-forgotten, last-contribution-wins
#
#    For one example, each gradient of a layer's weights is the activation of the sender times the delta of the receiver, so all rows are multiples of one row. The gradient of a batch is made of one such table for each example.
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
#    The mean of both is no multiplication table any more:
#
#    >>> gradient([[1, 2], [2, 1]], [[1], [-1]])
#    [[3.5, 6.0, -3.5], [2.5, 3.0, -2.5]]
#
# Four cases to know
# ------------------
#
# - **Other activation functions** have more than the derivatives 0 and 1. With tanh all three units are active. Unit 1 has *z* = 3 and unit 3 has *z* = 1, and the derivative of unit 1 is about one fortieth of the derivative of unit 3.
# - **A shut output** stops everything. With a ReLU at the output and the bias −3, the output is 0; for the target 3 the loss is 4.5, and all thirteen gradients are 0.
# - **Floating-point numbers round.** The product of two tiny numbers can become 0, although no factor is 0.
# - **A weight that is used twice** has two products, which add up and can even cancel.

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
#    :folded: The weight from unit 3 to the output is +1 instead of −1. Predict what stays, and a gradient.
#
#    The output is 4 now, so the derivative of the loss is 3. The upstream gradient of unit 3 is 1 × 3, this unit is open, and input 1 is 1.
#
# .. guess::
#    :answer: 3
#    :unit: times
#
#    The target is −1 instead of 1. How many times as large as before are the gradients?
#
#    The derivative of the loss is 2 − (−1) = 3 instead of 1, and it is a factor of every upstream gradient.
#
#    >>> network(target=-1).gradients()["W1"]
#    [[3.0, 0.0, -3.0], [6.0, 0.0, -6.0]]
#
# .. guess::
#    :answer: 1
#
#    A second output is added. Is the gradient of the first layer still a multiplication table?
#
#    A. Yes.
#    B. No, it is the sum of two tables.
#    C. Only if both outputs are equally wrong.
#
#    A unit adds up what comes back from both outputs, and that gives one delta for each receiver.
#    The second row is twice the first as before.
#
#    >>> two = MLP(
#    ...     [2, 3, 2],
#    ...     init=[(W1, [0, 1, -1]), ([[1, 1], [2, 0], [-1, 1]], [0, 0])],
#    ... )
#    >>> half_squared_error(two([[1, 2]]), [[1, 0]]).backward()
#    >>> two.gradients()["W1"]
#    [[5.0, 0.0, 3.0], [10.0, 0.0, 6.0]]
#
# In PyTorch: ask for the deltas before the backward pass
# -------------------------------------------------------
#
# The product is the same, but PyTorch throws the deltas away unless you ask for them.
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
# In the engine this product is written twice: for numbers in the code of :engine:`one unit <units.Unit>`, and for arrays in the code of :engine:`one layer <affine.Affine>`.
#
# .. footbibliography::
