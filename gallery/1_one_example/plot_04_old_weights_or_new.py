r"""
Does a layer use the old weights or the new ones?
=================================================

.. needs:: 2

Backpropagation goes through the network from the end to the beginning.
When do the weights move: during backpropagation, or after it?

.. guess::
   :answer: 2

   The last layer gets its gradients first. Somebody already moves this layer, before the first layer gets its gradients. What happens?

   A. Nothing, because each layer has its own weights.
   B. The first layer gets a wrong gradient.
   C. The last layer gets a wrong gradient.
   D. Training is faster, because the first layer sees better weights.

   What comes back to the first layer is multiplied by the weights of the last layer.
   If these have moved, an old error is multiplied by a new weight.
"""

# Set-up: two orders in time, and the figure
from fractions import Fraction

from sgdexplained import MLP, SGD, draw, half_squared_error

lanes = {
    "right": ["forward", "back W₂", "back W₁", "step W₂, W₁"],
    "wrong": ["forward", "back W₂", "step W₂", "back W₁", "step W₁"],
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
draw.title(ax, "First every derivative, then every weight.")
draw.alt(
    ax,
    "Two lanes of boxes in order of time. Right: forward, back through W2,"
    " back through W1, then one step of both. Wrong: the step of W2 comes"
    " before the way back through W1, which then uses the weights that have"
    " moved.",
)

# %%
# Backpropagation moves nothing.
# It works out all derivatives at the *old* weights, and then one step moves everything at the same time.
# In the picture, *W*\ :sub:`1` stands for the weights of the first layer, and *W*\ :sub:`2` for those of the last.
#
# Look at one weight of the first layer, from input 1 to unit 1 of the network of page 1.
# Its gradient is the product of three factors.
# The third, the upstream gradient, is itself a product: the weight *v* from unit 1 to the output, times the error:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = x_1 \cdot \varphi'(z_1) \cdot \bigl( v \cdot (\text{output} - \text{target}) \bigr)
#
# Here *x*\ :sub:`1` = 1 is the input, *φ′(z*\ :sub:`1`\ *)* = 1 is the derivative of the activation of unit 1, *v* = 1 is one of the weights of the last layer, and the error is 2 − 1 = 1.
# So the gradient is 1.
# The gradient of *v* is 3.
# If the last layer moves first, with the learning rate 1/10, *v* becomes 1 − 3/10 = 7/10, and the product is 0.7.

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
both = {"all at once: right": right, "last layer first: wrong": wrong}
for ax, (heading, matrix) in zip(axes, both.items(), strict=True):
    names = {"heading": heading, "columns": ["to 1", "to 2", "to 3"]}
    names |= {"rows": [], "width": draw.WIDTH / 2, "scale": 2.2}
    draw.weight_grid(matrix, ax, **names)
draw.title(
    fig, "The same error, sent back through old and through new weights."
)
draw.alt(
    fig,
    "Two grids of the gradients of the first layer. All at once: +1, 0, -1"
    " and +2, 0, -2. Last layer first: +0.7, 0, -1.1 and +1.4, 0, -2.2.",
)

# %%
# Which one is the derivative?
# We can find out without any theory: move the weight a little to both sides, and see how much the loss changes.
# At the old weights the answer is 1.
# After the last layer has moved, *v* is 7/10, the output is 9/10 and the error is −1/10, so the answer is 7/10 × (−1/10) = −7/100.
# So 0.7 is not the derivative before the move, and it is not the derivative after the move.


# Check: the derivative by small changes, at both places
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
# The engine prevents this mistake, and how depends on the kind of number.
# A *Scalar* holds one number, and it remembers the value that the forward pass used.
# A *Tensor* holds a whole array, and keeps no copy of the old values.
# If the array was changed after the forward pass, the backward pass stops with an error.
#
# .. claim:: X2
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: late-weights, change-unnoticed
#
#    A step moves all weights at once, after all gradients have been computed at the old weights. If you change a weight between the forward and the backward pass, a Scalar still uses the old value, and a Tensor, which keeps no copy of the old value, raises an error.
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
# One backward pass gives a derivative to everything that the loss was computed from.
# The derivative can be 0.
# A number that the loss was *not* computed from gets no derivative at all: its gradient is ``None``.
#
# .. claim:: B2
#    :verdict: holds when
#    :when: the weight can be trained and the loss was computed from it.
#    :corrected: One backward pass gives a derivative, which may be zero, to every number that can be trained and that the loss was computed from, all at the same old weights. Any other number has no gradient, and the optimiser skips it.
#    :sources: rumelhart1986
#    :refuted-by: late-weights, none-is-zero, zero-is-none, gates-ignored
#
#    Each iteration computes a gradient for every weight.
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
# Small changes give the gradients too, but each number needs two forward passes of its own.

# Set-up: the passes that both need for thirteen numbers, and the figure
weights = network().parameters()
passes = {"small changes": 2 * len(weights), "backpropagation": 2}
ax = draw.bars(list(passes), list(passes.values()))
ax.set_xlabel("passes through the network")
draw.title(ax, "The same 13 gradients take 26 passes, or 2.")
draw.alt(
    ax,
    "Two bars: small changes need 26 passes forward, backpropagation 2 in all.",
)
draw.show()

# %%
# For a million weights, small changes need two million passes, and backpropagation still needs one forward and one backward.
# Computing all derivatives costs no more than a few times as much as computing the loss :footcite:p:`griewank2008`.
#
# .. claim:: B1
#    :verdict: holds when
#    :when: there are too many weights to try them one by one.
#    :corrected: Backpropagation is the cheap way to the derivatives, and not the only one. It moves nothing: the optimiser does.
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
#    The forward passes that small changes need, and whether their gradients are those of one backward pass:
#
#    >>> len(losses), tried == [w.grad for w in net.parameters()]
#    (26, True)
#
# A wrong gradient usually raises no error, so it is worth checking one that you wrote yourself.
#
# .. claim:: X10
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: one-sided-difference, open-at-the-kink, doubled-derivative, gates-ignored
#
#    You can check every gradient by small changes to both sides. At a *kink*, where a function has no derivative, they mislead: for ReLU at 0 they give 1/2, which is the derivative of neither side. So a check must stay away from kinks.
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
#    In the mistake of the second picture, how many of the six gradients come out right?
#
#    The two of unit 2: its outgoing weight did not move, and the unit is shut anyway.
#
#    >>> sum(a == b for rows in zip(right, wrong) for a, b in zip(*rows))
#    2
#
# .. guess::
#    :answer: 1
#
#    The mistake is made the other way round: the *first* layer moves before the last layer gets its gradient. Is that gradient wrong?
#
#    A. No.
#    B. Yes.
#
#    The gradient of the last layer is the activation of its sender times the error, and both come from the forward pass.
#    What comes back to a layer has gone through the weights *ahead*, which are nearer to the output, and never through those behind, which are nearer to the input.
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
#    How many forward passes would small changes to both sides need for a network of 784 inputs, 100 hidden units and 10 outputs, with biases?
#
#    Two for each of its 79 510 numbers.
#
#    >>> 2 * (784 * 100 + 100 + 100 * 10 + 10)
#    159020
#
# In PyTorch: a step too early is an error
# ----------------------------------------
#
# ``backward()`` and ``step()`` are two calls, in this order.
# Like our Tensors, PyTorch keeps no copy of the old weights, and raises an error if they were changed between the two passes.
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
#    [W2.grad] = torch.autograd.grad(loss, [W2], retain_graph=True)
#    torch.optim.SGD([W2], lr=0.1).step()  # the last layer, too early
#    answer = "no error"
#    try:
#        loss.backward()
#    except RuntimeError as error:
#        answer = str(error)
#    assert "modified by an inplace operation" in answer
#
# In the engine, the backward pass first :engine:`sorts all computed numbers <backward.topological_order>`, so that the derivative of each number is complete before it is passed back to the numbers that this one was computed from.
# :engine:`gradcheck <differences.gradcheck>` compares the gradients with small changes.
#
# .. footbibliography::
