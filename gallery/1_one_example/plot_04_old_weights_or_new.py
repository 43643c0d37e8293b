r"""
Does a layer use the old weights or the new ones?
=================================================

.. needs:: 2

Backpropagation goes through the network from the output back to the first layer.
When do the weights move: during backpropagation, or after it?

.. guess::
   :answer: 2

   Backpropagation computes the gradients of the last layer first. Suppose the last layer moves at once, before the gradients of the first layer are computed. What happens?

   A. Nothing, because each layer has its own weights.
   B. The first layer gets a wrong gradient.
   C. The last layer gets a wrong gradient.
   D. Training is faster, because the new weights are better.

   The gradients of the first layer are computed with the weights of the last layer.
   If these weights have moved, an error of the old network is multiplied by new weights.
   You get this wrong gradient if you write the backward pass yourself; the libraries on this page prevent it.
"""

# Set-up: two orders in time, and the figure
from fractions import Fraction

from sgdexplained import MLP, SGD, draw, half_squared_error

lanes = {
    "right": ["forward", "grad W₂", "grad W₁", "step W₂, W₁"],
    "wrong": ["forward", "grad W₂", "step W₂", "grad W₁", "step W₁"],
}
fig, ax = draw.figure(2.1)
with draw.style():
    for row, (name, boxes) in enumerate(lanes.items()):
        ax.text(0, row, name, va="center_baseline")
        left = 0.62
        for box in boxes:
            width = 1.84 if "," in box else 0.92
            step = box.startswith("step")
            face = draw.INK if step else "none"
            look = {"height": 0.46, "facecolor": face, "edgecolor": draw.INK}
            ax.barh(row, width - 0.1, left=left, **look)
            look = {"ha": "center", "va": "center_baseline", "fontsize": 13.5}
            look |= {"color": "white" if step else draw.INK}
            ax.text(left + width / 2 - 0.05, row, box, **look)
            left += width
    arrow = {"arrowstyle": "-|>", "color": draw.INK, "lw": 2.4}
    arrow |= {"connectionstyle": "arc3,rad=0.5"}
    ax.annotate("", (3.79, 1.26), (2.87, 1.26), arrowprops=arrow)
    ax.text(3.33, 1.7, "uses weights that have moved", ha="center", va="center")
ax.set(xlim=(0, 5.22), ylim=(1.85, -0.35))
ax.axis("off")
draw.title(ax, "Right: first compute all gradients, then move all weights.")
draw.alt(
    ax,
    "Two rows of boxes in order of time. Right: forward, gradients of W2,"
    " gradients of W1, then one step of both. Wrong: the step of W2 comes"
    " before the gradients of W1, which then use the weights that have moved.",
)

# %%
# In the picture, time runs from left to right.
# *W*\ :sub:`1` stands for the weights of the first layer, and *W*\ :sub:`2` for the weights of the last layer.
# *grad* computes gradients, and *step* moves weights.
#
# Backpropagation moves no weight.
# It computes all gradients with the *old* weights.
# Then one step moves all weights together.
#
# For example, take the weight *w* from input 1 to unit 1 in the network of page 1.
# Its gradient is a product of three factors.
# The third factor, the upstream gradient of unit 1, is itself a product: the weight *v* from unit 1 to the output, times the error (output − target).
#
# .. math::
#
#    \frac{\partial L}{\partial w} = x_1 \cdot \varphi'(z_1) \cdot \bigl( v \cdot (\text{output} - \text{target}) \bigr)
#
# Input 1 is *x*\ :sub:`1` = 1, the derivative of the activation of unit 1 is *φ′(z*\ :sub:`1`\ *)* = 1, the weight is *v* = 1, and the error is 2 − 1 = 1.
# So the gradient of *w* is 1.
#
# The gradient of *v* is 3.
# If the last layer moves too early, with the learning rate 1/10, *v* becomes 1 − 3/10 = 7/10.
# Then the product is 0.7 instead of 1.

# Set-up: the right gradients, those of the mistake, and the figure
x, target, lr = [1, 2], Fraction(1), Fraction(1, 10)


def network():
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, 1, -1]
    W2, b2 = [[1], [2], [-1]], [0]
    return MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])


def loss_of(net):
    return half_squared_error(net([x]), [[target]])


net = network()
loss_of(net).backward()
right = [[float(g) for g in row] for row in net.gradients()["W1"]]

# the mistake: the last layer moves, and then the error comes back through it
last = net.layers[1]
SGD([w for row in last.weight for w in row], lr).step()
moved = [row[0].data for row in last.weight]
error, derivatives = 1, [1, 0, 1]
deltas = [derivatives[k] * moved[k] * error for k in range(3)]
wrong = [[float(x_j * d) for d in deltas] for x_j in x]

edges = {"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0}
fig, axes = draw.figure(1.65, columns=2, layout="none", gridspec_kw=edges)
both = {"old weights: right": right, "new weights: wrong": wrong}
for ax, (heading, matrix) in zip(axes, both.items(), strict=True):
    names = {"heading": heading, "columns": ["to 1", "to 2", "to 3"]}
    names |= {"rows": [], "width": draw.WIDTH / 2, "scale": 2.2}
    draw.weight_grid(matrix, ax, **names)
draw.title(
    fig, "The gradients of W₁, computed with old and with new weights W₂."
)
draw.alt(
    fig,
    "Two grids of the gradients of the first layer. Old weights: +1, 0, -1"
    " and +2, 0, -2. New weights: +0.7, 0, -1.1 and +1.4, 0, -2.2.",
)

# %%
# Which of the two is the derivative of the loss with respect to *w*: 1 or 0.7?
# You can measure this derivative: make *w* a little larger and a little smaller, and see how much the loss changes.
#
# - With the old weights, the result is 1.
# - After the last layer has moved, its weights are 0.7, 2 and −1.1, and its bias is −0.1. The output is 0.7·3 + 2·0 − 1.1·1 − 0.1 = 0.9, so the error is −0.1. Measuring gives −0.07, which is 0.7 · (−0.1).
#
# So 0.7 is not the derivative before the move, and also not the derivative after it.


# Check: the derivative, measured before and after the last layer has moved
def loss_with(net, w, value):
    before, w.data = w.data, value
    loss = loss_of(net).data
    w.data = before
    return loss


def difference(net, w, h=Fraction(1, 1000)):
    up, down = loss_with(net, w, w.data + h), loss_with(net, w, w.data - h)
    return (up - down) / (2 * h)


before_step, after_step = network(), network()
assert difference(before_step, before_step.layers[0].weight[0][0]) == 1
loss_of(after_step).backward()
last = after_step.layers[1]
SGD([*(w for row in last.weight for w in row), *last.bias], lr).step()
first = after_step.layers[0].weight[0][0]
assert difference(after_step, first) == Fraction(-7, 100)
assert wrong[0][0] == 0.7

# %%
# Can you get such a wrong gradient without an error message? Not in the engine, which is the program of this site.
# It computes with single numbers, called *Scalars*, or with whole arrays of numbers, called *Tensors*:
#
# .. claim:: X2
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: late-weights, change-unnoticed
#
#    A step moves all weights together, after all gradients have been computed with the old weights. Suppose you change a weight between the forward and the backward pass. With Scalars, the engine has kept the old value, so the gradients are still right. With Tensors, it has kept no copy, so the backward pass stops with an error.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import GraphError, MLP, Scalar, Tensor, half_squared_error
#    >>> def gradient_if_moved_too_early(node, new):
#    ...     W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], node, init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     loss = half_squared_error(net([[1, 2]]), [[1]])
#    ...     if node is Scalar:
#    ...         net.layers[1].weight[0][0].data = new
#    ...     else:
#    ...         net.layers[1].weight.data[0, 0] = new
#    ...     loss.backward()
#    ...     return net.gradients()["W1"]
#    >>> try:
#    ...     gradient_if_moved_too_early(Tensor, 0.7)
#    ... except GraphError as error:
#    ...     print(error)
#    an array of shape (3, 1) was changed between the forward and the backward pass: run the forward pass again, or step afterwards
#
#    With Scalars the gradient of the first layer is right, although the last layer has moved:
#
#    >>> gradient_if_moved_too_early(Scalar, Fraction(7, 10))
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#
# A gradient of zero, and no gradient
# -----------------------------------
#
# The backward pass computes a gradient for each weight that was used to compute the loss.
# This gradient can be 0.
# Some weights are not used by a forward pass, for example the weights of a layer that was skipped.
# Such a weight gets no gradient, and Python shows ``None`` instead of a number.
#
# .. claim:: B2
#    :verdict: holds when
#    :picture: none
#    :when: the weight can be trained (training is not switched off for it), and it was used to compute the loss.
#    :corrected: One backward pass computes a gradient, which may be zero, for every weight that can be trained and that was used to compute the loss. It computes all of them with the same old weights. Any other weight has no gradient, and the optimiser skips it.
#    :sources: rumelhart1986
#    :refuted-by: late-weights, none-is-zero, zero-is-none, gates-ignored
#
#    Each training step computes a gradient for every weight.
#
#    >>> from sgdexplained import MLP, SGD, Scalar, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> zero, missing = net.layers[0].weight[0][1], Scalar(1)
#    >>> loss = half_squared_error(net([[1, 2]]), [[1]])
#    >>> net.layers[1].weight[0][0].data = 0.7  # too late to matter
#    >>> loss.backward()
#    >>> [w.grad for w in net.parameters()]
#    [1.0, 0.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.0, -1.0, 3.0, 0.0, 1.0, 1.0]
#    >>> zero.grad, missing.grad
#    (0.0, None)
#
#    Weight decay makes a weight with the gradient 0 smaller, and does nothing to one without a gradient:
#
#    >>> SGD([*net.parameters(), missing], lr=0.5, weight_decay=0.5).step()
#    >>> zero.data, missing.data
#    (0.75, 1)
#
# Why use backpropagation at all?
# -------------------------------
#
# You can also measure a gradient, as above: make the weight a little larger and a little smaller.
# But this needs two forward passes for each weight and each bias.

# Set-up: the passes that both need for thirteen numbers, and the figure
weights = network().parameters()
passes = {"measuring": 2 * len(weights), "backpropagation": 2}
ax = draw.bars(list(passes), list(passes.values()))
ax.set_xlabel("passes through the network")
draw.title(
    ax, "13 gradients: measuring needs 26 passes, backpropagation needs 2."
)
draw.alt(
    ax,
    "Two bars: measuring needs 26 forward passes, backpropagation 2 in all.",
)
draw.show()

# %%
# For a million weights, measuring needs two million passes.
# Backpropagation still needs two: one forward and one backward.
# Both together cost only a few times as much as the forward pass alone :footcite:p:`griewank2008`.
#
# .. claim:: B1
#    :verdict: holds when
#    :when: there are too many weights to measure each gradient by small changes.
#    :corrected: Backpropagation is the cheap way to compute the gradients, but not the only way. It moves no weight. The optimiser moves the weights.
#    :sources: rumelhart1986, griewank2008
#    :refuted-by: gates-ignored, doubled-derivative, unweighted-return
#
#    Backpropagation is an essential part of updating weights.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> losses = []
#    >>> def changed_loss(w, value):
#    ...     before, w.data = w.data, value
#    ...     losses.append(half_squared_error(net([[1, 2]]), [[Fraction(1)]]))
#    ...     w.data = before
#    ...     return losses[-1].data
#    >>> h = Fraction(1, 1000)
#    >>> tried = [
#    ...     (changed_loss(w, w.data + h) - changed_loss(w, w.data - h)) / (2 * h)
#    ...     for w in net.parameters()
#    ... ]
#    >>> before = net.values()
#    >>> half_squared_error(net([[1, 2]]), [[Fraction(1)]]).backward()
#    >>> net.values() == before
#    True
#
#    How many forward passes small changes need, and whether they give the same gradients as one backward pass:
#
#    >>> len(losses), tried == [w.grad for w in net.parameters()]
#    (26, True)
#
# If you write code for a gradient yourself and make a mistake, you usually see no error message.
# So check your code by measuring.
#
# .. claim:: X10
#    :verdict: holds
#    :picture: none
#    :sources: griewank2008
#    :refuted-by: one-sided-difference, open-at-the-kink, doubled-derivative, gates-ignored
#
#    You can check a gradient by measuring, but not at a *kink*, where a function has no derivative. ReLU has a kink at 0: left of it the derivative is 0, and right of it the derivative is 1. If you make *z* a little larger and a little smaller, you find the mean of both, 1/2, which is neither. So a check must stay away from kinks.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, Scalar, gradcheck, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> def loss():
#    ...     return half_squared_error(net([[1, 2]]), [[Fraction(1)]])
#    >>> gradcheck(loss, net.parameters())  # the largest error
#    0
#    >>> def relu(z):
#    ...     return Scalar(z).relu().data
#    >>> steps = [Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**9)]
#    >>> z = Scalar(0)
#    >>> z.relu().backward()
#    >>> [str((relu(h) - relu(-h)) / (2 * h)) for h in steps], z.grad
#    (['1/2', '1/2', '1/2'], 0)
#
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 2
#
#    In the second picture, look at the grid of wrong gradients. How many of its six gradients are still right?
#
#    The two gradients in the column of unit 2 are right.
#    They are 0 with any weights of the last layer, because unit 2 is shut.
#
#    >>> sum(a == b for rows in zip(right, wrong) for a, b in zip(*rows))
#    2
#
# .. guess::
#    :answer: 1
#
#    Suppose the *first* layer moves after the forward pass, and before the gradients of the last layer are computed. Are the gradients of the last layer wrong?
#
#    A. No.
#    B. Yes.
#
#    Each gradient of the last layer is the activation of a hidden unit times the error.
#    Both numbers were computed in the forward pass, so the new weights of the first layer do not change them.
#
#    >>> net = network()
#    >>> loss = loss_of(net)
#    >>> for w in [w for row in net.layers[0].weight for w in row]:
#    ...     w.data = 100
#    >>> loss.backward()
#    >>> [[int(g) for g in row] for row in net.gradients()["W2"]]
#    [[3], [0], [1]]
#
# .. guess::
#    :answer: 159020
#    :unit: passes
#
#    A network has 784 inputs, 100 hidden units and 10 outputs, with biases. How many forward passes does it take to measure all its gradients?
#
#    It has 784 · 100 + 100 weights and biases in the first layer, and 100 · 10 + 10 in the last layer.
#    These are 79 510 numbers, and each needs two passes.
#
#    >>> 2 * (784 * 100 + 100 + 100 * 10 + 10)
#    159020
#
# In PyTorch: a step too early is an error
# ----------------------------------------
#
# In PyTorch, ``backward()`` computes the gradients, then ``step()`` moves the weights.
# Like our Tensors, PyTorch keeps no copy of the old weights.
# If the backward pass needs a weight that has changed since the forward pass, PyTorch raises an error.
#
# .. code-block:: python
#
#    import torch
#
#    W1 = torch.tensor([[1.0, 1, 2], [1, -2, 0]], requires_grad=True)
#    b1 = torch.tensor([0, 1, -1])
#    W2 = torch.tensor([1.0, 2, -1], requires_grad=True)
#    loss = ((torch.tensor([1.0, 2]) @ W1 + b1).relu() @ W2 - 1) ** 2 / 2
#
#    # the gradient of W2 only; keep what a second backward pass needs
#    [W2.grad] = torch.autograd.grad(loss, [W2], retain_graph=True)
#    torch.optim.SGD([W2], lr=0.1).step()  # the last layer, too early
#    answer = "no error"
#    try:
#        loss.backward()
#    except RuntimeError as error:
#        answer = str(error)
#    assert "modified by an inplace operation" in answer
#
# In the engine: :engine:`the order of the backward pass <backward.topological_order>`, and :engine:`the check by small changes <differences.gradcheck>`.
#
# .. footbibliography::
