r"""
One product per weight
======================

When is the gradient of a weight exactly zero, and what makes it so?
It is three numbers multiplied: what the sender of the weight said, the slope of its receiver, and how much the loss cares about the receiver.
So a zero has one of three causes, and you can tell which.

A sentence that many believe: *to know which weights a step moves, it is enough to know which units are active.*

It is false.
Here the same two hidden units are active twice; the first time nine numbers move, the second time none.

The smallest network
--------------------

It is the network of :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`: two inputs, three hidden units with ReLU, one output.
It stands in a function, so that we can change one number at a time.
"""

from sgdexplained import MLP, draw, half_squared_error
from sgdexplained.reasons import (
    activation_derivative,
    delta,
    inactive,
    sender_activation,
    upstream_gradient,
)


def bench(x=(1, 2), target=1, bias_of_unit_2=1, out_of_unit_3=-1):
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, bias_of_unit_2, -1]
    W2, b2 = [[1], [2], [out_of_unit_3]], [0]
    net = MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])
    half_squared_error(net([list(x)]), [[target]]).backward()
    return net


net = bench()
hidden = net.layers[0]

# %%
# Three factors
# -------------
#
# A weight of the first layer leads from an input, its *sender*, to a hidden unit, its *receiver*.
# Three numbers are all that matters to it.
#
# - What did the sender say?
# - What is the *slope* of the receiver: how much more would it say if it heard a little more?
# - How much does the loss change for each bit more that the receiver says? That number comes back from the layers ahead, so it is called the *upstream signal*.
#
# Think of each as a coloured film that covers all the weights.
# The gradient is what you see through all three.

ax = draw.factors(
    sender_activation(hidden)[0],
    activation_derivative(hidden)[0],
    upstream_gradient(hidden)[0],
)
draw.title(
    ax, "A gradient is three factors multiplied: a single zero makes it zero."
)
draw.alt(
    ax,
    "Four grids, two senders by three receivers. The senders say 1 and 2,"
    " along rows. The slopes are 1, 0 and 1, along columns, and so are the"
    " upstream signals 1, 2 and -1. Their product is the gradient: +1, 0, -1"
    " in the first row and +2, 0, -2 in the second.",
)

# %%
# Is that what the engine finds?
# Each weight multiplies the number of its row by the two numbers of its column.

senders, slopes, signals = [1, 2], [1, 0, 1], [1, 2, -1]
products = [[a * slopes[k] * signals[k] for k in range(3)] for a in senders]
products

# %%
# >>> products == net.gradients()["W1"]
# True
#
# The last layer is no exception: its senders are the hidden units, its output has the slope 1, and its upstream signal is the seed.
#
# >>> last = net.layers[1]
# >>> sender_activation(last)[0], activation_derivative(last)[0], upstream_gradient(last)[0]
# ([3, 0, 1], [1], [1.0])
# >>> net.gradients()["W2"]
# [[3.0], [0.0], [1.0]]
#
# A bias is a weight whose sender always says 1, so its gradient is slope times upstream.
# The product is as old as backpropagation: :footcite:t:`rumelhart1986` write it as the error signal of the receiver times what the sender said.
#
# The number that decides
# -----------------------
#
# Now let the target be 2, which is what the network says.
# Nothing about the units changes; the second is silent, the others are active.


for target in (1, 2):
    case = bench(target=target)
    moved = sum(w.grad != 0 for w in case.parameters())
    print(f"target {target}: {moved} numbers move")
    print("  silent", inactive(case.layers[0])[0])

# %%
# Nine, and then none.
# Nor does the status tell which way to go: the weights into units 1 and 3 move in opposite directions, because the signals that come back to them are 1 and −1; the loss wants less of the one and more of the other.
#
# Each factor has its own way to be zero, and each leaves a mark of its own.
# Start from a network without any zero, by giving unit 2 the bias 4, and make one factor zero at a time.

cases = {
    "input 2 is 0": bench(x=(1, 0), bias_of_unit_2=4),
    "unit 2 shut": bench(bias_of_unit_2=1),
    "right answer": bench(bias_of_unit_2=4, target=4),
}

edges = {"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0}
fig, axes = draw.figure(1.65, columns=3, layout="none", gridspec_kw=edges)
for ax, (heading, case) in zip(axes, cases.items(), strict=True):
    names = {"heading": heading, "columns": ["to 1", "to 2", "to 3"]}
    names |= {"rows": [], "width": draw.WIDTH / 3}
    draw.weight_grid(case.gradients()["W1"], ax, **names)
draw.title(
    fig, "Silent senders empty rows, shut receivers columns, right answers all."
)
draw.alt(
    fig,
    "Three grids of the six gradients of the first layer, rows by sender and"
    " columns by receiver. Without the second input the second row is 0 and"
    " hatched. With unit 2 shut the second column is. With the right answer"
    " all six are.",
)

# %%
# .. claim:: A2
#    :verdict: holds when
#    :when: every unit is a ReLU, the signal that comes back to the receiver is not zero, and the question is only *whether* a weight moves, not how far or which way.
#    :corrected: The gradient of a weight is what its sender said times the slope of its receiver times the upstream signal there, and it is zero exactly if one of the three is.
#    :sources: rumelhart1986, goodfellow2016
#    :refuted-by: sender-forgotten, gates-ignored, target-forgotten
#
#    Whether units are active decides which weights are updated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.reasons import sender_activation, activation_derivative, upstream_gradient
#    >>> def one_step(target):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net([[1, 2]]), [[target]]).backward()
#    ...     return net
#    >>> case = one_step(target=1)
#    >>> one = case.layers[0]
#    >>> slopes, signals = activation_derivative(one)[0], upstream_gradient(one)[0]
#    >>> [[a * slopes[k] * signals[k] for k in range(3)] for a in sender_activation(one)[0]]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#    >>> case.gradients()["W1"]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#
#    The same units are active for both targets; so many numbers move:
#
#    >>> steps = [one_step(target) for target in (1, 2)]
#    >>> [sum(w.grad != 0 for w in net.parameters()) for net in steps]
#    [9, 0]

# %%
# A multiplication table
# ----------------------
#
# Slope times upstream belongs to the receiver alone; it is the receiver's *delta*.
# So the gradient of a layer is a multiplication table: senders down the side, deltas along the top.

deltas = delta(hidden)[0]
ax = draw.weight_grid(
    net.gradients()["W1"],
    rows=[f"said {said}" for said in senders],
    columns=[f"delta {draw.number(d)}" for d in deltas],
)
draw.title(ax, "One example gives a multiplication table.")
draw.alt(
    ax,
    "A grid of two rows and three columns. The rows are headed by what the"
    " senders said, 1 and 2, the columns by the deltas 1, 0 and -1. Each cell"
    " is the product: the second row is twice the first.",
)
draw.show()

# %%
# The second row is twice the first, since the second sender said twice as much.
# With a thousand inputs and a thousand units the million gradients would still be made of two thousand numbers.
# Mathematicians call such a matrix *rank one*.
#
# .. claim:: X1
#    :verdict: holds
#    :sources: rumelhart1986, lecun1998
#    :refuted-by: sender-forgotten, last-contribution-wins
#
#    For one example the gradient of a layer's weights is one product each, what the sender said times the delta of the receiver, so all rows are multiples of one row; the gradient of a batch is made of one such table for each example.
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
#    The inputs (1, 2) make the second row twice the first, the inputs (2, 1) make it half the first.
#    The mean of both is no multiplication table any more:
#
#    >>> gradient([[1, 2], [2, 1]], [[1], [-1]])
#    [[3.5, 6.0, -3.5], [2.5, 3.0, -2.5]]
#
# Where it breaks
# ---------------
#
# *On and off say little about units that are not ReLUs.*
# The same network with tanh has three active units, and none is silent.
# But their slopes differ: unit 1 hears 3, is almost as loud as it can be, and lets through about one fortieth of what unit 3 does, which hears 1.
#
# >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
# >>> soft = MLP([2, 3, 1], activation="tanh", init=[(W1, [0, 1, -1]), (W2, [0])])
# >>> _ = soft([[1, 2]])
# >>> inactive(soft.layers[0])
# [[False, False, False]]
# >>> [round(rise, 4) for rise in activation_derivative(soft.layers[0])[0]]
# [0.0099, 0.0707, 0.42]
#
# *Very wrong, and still no lesson.*
# Give the output a ReLU as well, and the bias −3, so that it hears −1 and says 0.
# For the target 3 the loss is 4.5 and the seed −3, but the output itself is shut, and every product has a factor of zero.
#
# >>> closed = MLP([2, 3, 1], output="relu", init=[(W1, [0, 1, -1]), (W2, [-3])])
# >>> loss = half_squared_error(closed([[1, 2]]), [[3]])
# >>> loss.backward()
# >>> loss.data, sum(w.grad == 0 for w in closed.parameters())
# (4.5, 13)
#
# *Computers round.*
# In exact numbers a product is zero only if a factor is; floats have a smallest number, and below it is 0.
#
# >>> from sgdexplained import Scalar
# >>> w = Scalar(1.0)
# >>> ((w * 1e-200) * 1e-200).backward()
# >>> w.grad
# 0.0
#
# *One product is for one use.*
# A weight that is used twice has two products, and they add up; they can even cancel.
#
# >>> w = Scalar(5)
# >>> (w * 3 - w * 3).backward()
# >>> w.grad
# 0
#
# Predict first
# -------------
#
# 1. The weight from unit 3 to the output is +1 instead of −1, so the network says 4.
#    What is the gradient of the first layer?
#
# .. dropdown:: Answer
#
#    The seed is 4 − 1 = 3.
#    Units 1 and 3 both have the upstream signal 1 × 3, so their deltas are 3 and 3, and unit 2 is shut as before.
#
#    >>> bench(out_of_unit_3=1).gradients()["W1"]
#    [[3.0, 0.0, 3.0], [6.0, 0.0, 6.0]]
#
# 2. The target is −1 instead of 1.
#    By what factor do the gradients grow?
#
# .. dropdown:: Answer
#
#    The seed is 2 − (−1) = 3, and it is a factor of every upstream signal, so all gradients are three times as large.
#
#    >>> bench(target=-1).gradients()["W1"]
#    [[3.0, 0.0, -3.0], [6.0, 0.0, -6.0]]
#
# 3. A second output is added, with the weights 1, 0 and 1 and the target 0.
#    Is the gradient of the first layer still a multiplication table?
#
# .. dropdown:: Answer
#
#    Yes.
#    The second output says 3 + 1 = 4 and is wrong by 4, the first by 1.
#    A unit adds up what comes back from both: 1 × 1 + 1 × 4 = 5 to unit 1, and −1 × 1 + 1 × 4 = 3 to unit 3.
#    Still one delta for each receiver, and the second row is twice the first.
#
#    >>> two = MLP(
#    ...     [2, 3, 2],
#    ...     init=[(W1, [0, 1, -1]), ([[1, 1], [2, 0], [-1, 1]], [0, 0])],
#    ... )
#    >>> half_squared_error(two([[1, 2]]), [[1, 0]]).backward()
#    >>> two.gradients()["W1"]
#    [[5.0, 0.0, 3.0], [10.0, 0.0, 6.0]]
#
# In the engine
# -------------
#
# The product stands in one place for numbers, :engine:`a unit as one node <units.Unit>`, and in one for arrays, :engine:`a layer as one node <affine.Affine>`.
#
# In PyTorch
# ----------
#
# The product is the same, but where our layers keep their deltas, PyTorch throws them away unless you ask for them before the backward pass.
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
# .. footbibliography::
