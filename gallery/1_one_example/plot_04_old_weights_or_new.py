r"""
All at once
===========

When does a layer move: as the backward pass goes by, or afterwards?
Afterwards: all gradients are worked out at the old weights, and only then does everything move, in one jump.
Move one layer too early and the layer before it learns something wrong.

A sentence that many believe: *backpropagation goes through the network from the end and updates each layer as it passes.*

It is false.
Backpropagation updates nothing: it works out derivatives, and the step comes afterwards.
Mix the two, and a gradient of 1 becomes 0.7.
"""

from sgdexplained import draw

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
    ax.text(3.33, 1.7, "reads what has moved", ha="center", va="center")
ax.set(xlim=(0, 5.22), ylim=(1.85, -0.35))
ax.axis("off")
draw.title(ax, "First every derivative, then every weight.")
draw.alt(
    ax,
    "Two lanes of boxes in order of time. Right: forward, back through W2,"
    " back through W1, then one step of both. Wrong: the step of W2 comes"
    " before the way back through W1, which then reads the weights that have"
    " moved.",
)

# %%
# Forward, all of it; backward, all of it; and then one step in which all weights move at the same time.
#
# The smallest network
# --------------------
#
# It is the network of :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, and the learning rate η is 1/10.

from fractions import Fraction

from sgdexplained import MLP, SGD, half_squared_error

x, target, lr = [1, 2], Fraction(1), Fraction(1, 10)


def network():
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, 1, -1]
    W2, b2 = [[1], [2], [-1]], [0]
    return MLP([2, 3, 1], init=[(W1, b1), (W2, b2)])


def loss_of(net):
    return half_squared_error(net([x]), [[target]])


# %%
# The mistake
# -----------
#
# Here is the false sentence as a program, kept as a warning.
# The last layer gets its gradients and moves at once.

net = network()
loss_of(net).backward()
last = net.layers[1]
SGD([w for row in last.weight for w in row], lr).step()
moved = [row[0].data for row in last.weight]
print("W2:", *moved)

# %%
# These weights, out of the hidden units, were 1, 2 and −1.
# Then the hidden layer gets its gradients, and each hidden unit is told *new weight times seed*.

seed, slopes = 1, [1, 0, 1]
deltas = [slopes[k] * moved[k] * seed for k in range(3)]
wrong = [[float(x_j * delta) for delta in deltas] for x_j in x]
wrong

# %%
# The number that decides
# -----------------------
#
# Do it right: all derivatives first, from the weights that made the error.

net = network()
loss_of(net).backward()
right = [[float(g) for g in row] for row in net.gradients()["W1"]]
right

# %%
# The first entry is 1 or 0.7, and we need no theory to see which.
# Move that weight a little to both sides and look how much the loss changes for it.


def loss_with(w, value):
    before, w.data = w.data, value
    loss = loss_of(net).data
    w.data = before
    return loss


def difference(w, h=Fraction(1, 1000)):
    return (loss_with(w, w.data + h) - loss_with(w, w.data - h)) / (2 * h)


print("slope:", difference(net.layers[0].weight[0][0]))

# %%
# It is 1.
# And 0.7 is not the derivative after the step of the last layer either.
# By then the network says 9/10, so the error is −1/10, and −1/10 × 7/10 is −7/100.

net = network()
loss_of(net).backward()
last = net.layers[1]
SGD([*(w for row in last.weight for w in row), *last.bias], lr).step()
print("slope after it:", difference(net.layers[0].weight[0][0]))

# %%
# The mistake multiplies an old error by a new weight, and that is the slope of the loss at neither place.

edges = {"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0}
fig, axes = draw.figure(1.65, columns=2, layout="none", gridspec_kw=edges)
both = {"all at once: right": right, "layer by layer: wrong": wrong}
for ax, (heading, matrix) in zip(axes, both.items(), strict=True):
    names = {"heading": heading, "columns": ["to 1", "to 2", "to 3"]}
    names |= {"rows": [], "width": draw.WIDTH / 2}
    draw.weight_grid(matrix, ax, **names)
draw.title(
    fig,
    "Move the last layer too early, and the one before gets a wrong gradient.",
)
draw.alt(
    fig,
    "Two grids of the gradients of the first layer. All at once: +1, 0, -1"
    " and +2, 0, -2. Layer by layer: +0.7, 0, -1.1 and +1.4, 0, -2.2.",
)

# %%
# The engine does not let it happen unnoticed.
# So far each weight has been a node of its own, a *Scalar*, which remembers the value that the forward pass used; a *Tensor* holds a whole matrix, would have to copy it, and refuses instead.
#
# .. claim:: X2
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: late-weights, change-unnoticed
#
#    Everything moves at once, from the old weights. Change a weight between the two passes, and a Scalar goes back by the old one, while a Tensor, which keeps no copy, refuses to go back at all.
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
#    With Scalars the gradient of the first layer is right, though the last layer has moved:
#
#    >>> gradient_if_moved_too_early(Scalar, Fraction(7, 10))
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]

# %%
# Every number, whether it moves or not
# -------------------------------------
#
# The pass gives a derivative to everything that the loss was computed from and that may be trained.
# The four zeros of the bench are computed and stored like the rest.
# What the loss was *not* computed from gets no derivative, and that is something else than zero.
#
# .. claim:: B2
#    :verdict: holds when
#    :when: the weight can be trained and the loss was computed from it.
#    :corrected: One backward pass gives a derivative, perhaps zero, to every number that can be trained and that the loss was computed from, all of them at the same old weights; any other number has no gradient, and the optimiser skips it.
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
#    Weight decay shrinks a weight with the gradient 0, and never sees one without:
#
#    >>> SGD([*net.parameters(), missing], lr=0.5, weight_decay=0.5).step()
#    >>> zero.data, missing.data
#    (0.75, 1)

# %%
# Check it yourself
# -----------------
#
# The differences above are a way to get all gradients without any backward pass.
# They are slower, since each number needs two forward passes of its own.

net = network()
loss_of(net).backward()
weights = net.parameters()
by_differences = [difference(w) for w in weights]
print("equal:", by_differences == [w.grad for w in weights])

passes = {"differences": 2 * len(weights), "backpropagation": 2}
print("passes:", passes)

# %%
# Differences to one side would do with 14 passes, one of them at the weights as they are; they are less exact.
# With a million weights it is two million passes, and still one forward and one backward: :footcite:t:`griewank2008` prove that all derivatives together cost no more than a small multiple of computing the loss, however many there are.

ax = draw.bars(list(passes), list(passes.values()))
draw.title(ax, "The same 13 gradients: 26 passes, or just 2.")
draw.alt(
    ax,
    "Two bars: differences need 26 passes forward, backpropagation 2 in all.",
)
draw.show()

# %%
# .. claim:: B1
#    :verdict: holds when
#    :when: there are too many weights to try them one by one.
#    :corrected: Backpropagation is the cheap way to the derivatives, not the only one, and it moves nothing: the optimiser does.
#    :sources: rumelhart1986, griewank2008
#    :refuted-by: gates-ignored, doubled-seed, unweighted-return
#
#    Backpropagation is an essential part of updating weights.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> losses = []
#    >>> def loss_with(w, value):
#    ...     before, w.data = w.data, value
#    ...     losses.append(half_squared_error(net([[1, 2]]), [[Fraction(1)]]))
#    ...     w.data = before
#    ...     return losses[-1].data
#    >>> h = Fraction(1, 1000)
#    >>> tried = [
#    ...     (loss_with(w, w.data + h) - loss_with(w, w.data - h)) / (2 * h)
#    ...     for w in net.parameters()
#    ... ]
#    >>> before = net.values()
#    >>> half_squared_error(net([[1, 2]]), [[Fraction(1)]]).backward()
#    >>> net.values() == before
#    True
#
#    The forward passes that differences need, and whether their gradients are the same as those of one backward pass:
#
#    >>> len(losses), tried == [w.grad for w in net.parameters()]
#    (26, True)
#
# A wrong gradient usually raises no error, so it is worth checking one that you wrote yourself.
# In fractions the check is exact here, because between kinks, the places where a unit opens or shuts, the loss along any single weight is a parabola, and for a parabola the difference to both sides *is* the slope.
#
# .. claim:: X10
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: one-sided-difference, open-at-the-kink, doubled-seed, gates-ignored
#
#    You can check every gradient by differences to both sides; but at a kink they answer 1/2 for a ReLU however small they are, which is no slope of either side, so a check must stay away from kinks.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, Scalar, gradcheck, half_squared_error
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    >>> def loss():
#    ...     return half_squared_error(net([[1, 2]]), [[Fraction(1)]])
#    >>> gradcheck(loss, net.parameters())  # the largest error
#    0
#    >>> def says(z):
#    ...     return Scalar(z).relu().data
#    >>> steps = [Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**9)]
#    >>> z = Scalar(0)
#    >>> z.relu().backward()
#    >>> [str((says(h) - says(-h)) / (2 * h)) for h in steps], z.grad
#    (['1/2', '1/2', '1/2'], 0)
#
# Where it breaks
# ---------------
#
# *There are other ways down.*
# Try a random change and keep it if the loss falls: that is a search without any derivative, and here the second try is better.
#
# >>> from random import Random
# >>> random, tries = Random(0), 0
# >>> while True:
# ...     tries, other = tries + 1, network()
# ...     for w in other.parameters():
# ...         w.data += random.choice(
# ...             [Fraction(-1, 20), Fraction(0), Fraction(1, 20)]
# ...         )
# ...     if loss_of(other).data < Fraction(1, 2):
# ...         break
# >>> tries, round(float(loss_of(other).data), 4)
# (2, 0.285)
#
# *A kink says so.*
# ``gradcheck`` does not answer 1/2; it tells you that you stand on a kink.
#
# >>> from sgdexplained import Scalar, gradcheck
# >>> z = Scalar(Fraction(0))
# >>> try:
# ...     gradcheck(z.relu, [z])
# ... except AssertionError as error:
# ...     print(error)
# parameter 0: backward gives 0, central differences give 1/2; the slope is 0 on one side and 1 on the other: a kink
#
# Predict first
# -------------
#
# 1. In the mistake, which entries of the hidden layer's gradient come out right?
#
# .. dropdown:: Answer
#
#    Those of unit 2: its outgoing weight did not move, and it is shut anyway.
#
#    >>> [[a == b for a, b in zip(*rows)] for rows in zip(right, wrong)]
#    [[False, True, False], [False, True, False]]
#
# 2. The mistake is made the other way round: the hidden layer moves first, and then the last layer gets its gradient from the activations that were computed before.
#    Is that gradient wrong?
#
# .. dropdown:: Answer
#
#    No.
#    The gradient of the last layer is activation times seed, both from the forward pass; the hidden weights are no factor of it.
#    What comes back passes through the weights *ahead* of a layer, never through those behind it.
#
#    >>> net = network()
#    >>> loss = half_squared_error(net([x]), [[target]])
#    >>> for w in [w for row in net.layers[0].weight for w in row]:
#    ...     w.data = 100
#    >>> loss.backward()
#    >>> [[int(g) for g in row] for row in net.gradients()["W2"]]
#    [[3], [0], [1]]
#
# 3. How many forward passes would differences to both sides need for a network of 784 inputs, 100 hidden units and 10 outputs, with biases?
#
# .. dropdown:: Answer
#
#    >>> 2 * (784 * 100 + 100 + 100 * 10 + 10)
#    159020
#
# In the engine
# -------------
#
# The order in which the derivatives are taken is that of :engine:`a search through the graph <backward.topological_order>`; the check by differences is :engine:`gradcheck <differences.gradcheck>`.
#
# In PyTorch
# ----------
#
# ``backward()`` and ``step()`` are two calls, in this order.
# A step too early is an error, as with our Tensors: PyTorch keeps no copy of the old weights, while our Scalars remember theirs.
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
# .. footbibliography::
