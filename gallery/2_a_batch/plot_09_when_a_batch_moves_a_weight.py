r"""
When does a batch move a weight?
================================

.. needs:: 1 2 5

Four examples go through the network of page 1 together, and SGD takes one step for all four.
How many weights and biases does this step leave where they are?

.. guess::
   :answer: 1

   Each hidden unit is shut in two of the four examples, and one example shuts all three units. How many of the thirteen gradients are zero for the batch?

   A. None.
   B. Four, as for the example of page 1 alone.
   C. About half of them.
   D. Twelve, as for the example that shuts all three units.

   A gradient of the batch is the mean of the gradients of its examples. So it is zero only if all of them are zero, or if they cancel.
   Here each of the thirteen weights and biases has a gradient that is not zero in at least one example, and nothing cancels.
"""

# Set-up: the network of page 1, four examples, and the figure
from fractions import Fraction

from sgdexplained import MLP, draw, half_squared_error
from sgdexplained.reasons import co_active

LAYERS = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
X = [[1, 2], [2, 1], [-2, 1], [0, -2]]
targets = [[Fraction(t)] for t in (1, -1, 2, 6)]


def backward(X, targets):
    """Return the network after these examples went forward and back."""
    net = MLP([2, 3, 1], init=LAYERS)
    half_squared_error(net(X), targets).backward()
    return net


def count_zeros(net):
    return sum(w.grad == 0 for w in net.parameters())


four = backward(X, targets)
assert count_zeros(four) == 0
assert count_zeros(backward(X[2:3], targets[2:3])) == 12
layer = four.layers[0]
deltas = [[float(4 * d) for d in row] for row in layer.deltas]  # undo the mean
ax = draw.batch_stack(
    layer.inputs,
    deltas,
    rows=["x₁", "x₂"],
    columns=["unit 1", "unit 2", "unit 3"],
)
draw.title(
    ax, "Three of the four examples have zeros; the mean of all four has none."
)
draw.alt(
    ax,
    "Four grids of two inputs by three hidden units, one for each example."
    " Example 1 leaves the column of unit 2 at zero, example 2 fills"
    " everything, example 3 nothing, and example 4 has one entry, -16, in the"
    " column of unit 2. Their mean has no zero: 1.75, 3, -1.75; 1.25, -2.5, -1.25.",
)

# %%
# Each of the first four grids holds the gradients of the six weights into the hidden units, for one example.
# The last grid holds the gradients of the batch, which are the means of these four.
# Look at the two weights into unit 2, the middle column.
# The lower one has the gradient 6 in example 2, −16 in example 4, and 0 in the other two examples, so the mean is (6 − 16)/4 = −2.5.
# None of these six means is zero. The other seven weights and biases of the network are not in the picture, but their gradients for the batch are not zero either.
#
# For each weight, the gradient of the batch is the mean over its *B* examples:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = \frac{1}{B} \sum_{i=1}^{B} a_i \cdot \varphi'(z_i) \cdot u_i
#
# In example number *i*, :math:`a_i` is the activation of the sender, :math:`\varphi'(z_i)` is the derivative of the activation at the receiver, and :math:`u_i` is the upstream gradient.
#
# .. claim:: D1
#    :verdict: holds when
#    :when: the loss of the batch is the mean of the losses of its examples, and the loss of an example depends on this example alone.
#    :corrected: The gradient of the batch is the mean of the gradients that its examples have when each of them is alone.
#    :sources: goyal2017, ioffe2015
#    :refuted-by: sum-for-mean, last-contribution-wins
#
#    The gradients of a batch come from the gradients of its examples.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> def gradients(X, targets):
#    ...     net = MLP([2, 3, 1], init=layers)
#    ...     half_squared_error(net(X), targets).backward()
#    ...     return [w.grad for w in net.parameters()]
#    >>> batch, wanted = [[1, 2], [2, 1], [-2, 1], [0, -2]], [[1], [-1], [2], [6]]
#    >>> by_itself = [gradients([x], [t]) for x, t in zip(batch, wanted)]
#    >>> gradients(batch, wanted) == [sum(parts) / 4 for parts in zip(*by_itself)]
#    True
#
# In the next picture, *δ* is the *delta* of a unit: the product :math:`\varphi'(z) \cdot u`.
#
# .. live:: territories
#    :start: e=1,2,1/2,1,-1/-2,1,2/0,-2,6
#    :lead: In the tables under the picture, each example has its own zeros. A button shows “in” while its example is in the batch. Press it to take the example out. Which zeros are in the mean then?
#
# A zero counts in the mean
# -------------------------
#
# In the next picture the gradient of a weight is 12 in one example, and 0 in all others.
# The mean also counts the zeros, so it is smaller in a larger batch.


# Set-up: a weight that one example alone can move, and the figure
def gradient_of_one_among(examples, reduction="mean"):
    """Return the gradient of a weight into a unit that only example 1 opens."""
    net = MLP([1, 1, 1], init=[([[1]], [0]), ([[1]], [0])])
    X = [[2]] + [[-1]] * (examples - 1)
    wanted = [[Fraction(-4)]] + [[Fraction(5)]] * (examples - 1)
    half_squared_error(net(X), wanted, reduction).backward()
    return net.layers[0].weight[0][0].grad


sizes = [1, 2, 4, 8, 32]
assert {gradient_of_one_among(size, "sum") for size in sizes} == {12}
ax = draw.bars(
    ["alone", *(f"1 of {size}" for size in sizes[1:])],
    [gradient_of_one_among(size) for size in sizes],
    colours=draw.POSITIVE,
    signed=True,
)
ax.set_xlabel("gradient of the weight")
draw.title(ax, "The larger the batch, the less one example moves the weight.")
draw.alt(
    ax,
    "Bars: the gradient of a weight that a single example moves is 12 if the"
    " example is alone, 6 in a batch of two, 3 in four, 3/2 in eight and 3/8"
    " in thirty-two. No bar is zero.",
)

# %%
# .. claim:: D4
#    :verdict: holds when
#    :when: the unit is inactive and shut in every example of the batch, and the optimiser is plain SGD.
#    :corrected: If a ReLU unit is inactive in an example, this example adds exactly zero to the gradients of the weights into this unit and out of it. If only *k* of the *B* examples give a weight a gradient that is not 0, the gradient of the batch is *k/B* times the mean of these *k* gradients.
#    :sources: srivastava2014
#    :refuted-by: leaky-shut-gate, sum-for-mean
#
#    The weights of inactive units add nothing to the gradient of a batch, and do not change.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def gradient(X, targets):
#    ...     net = MLP([1, 1, 1], init=[([[1]], [0]), ([[1]], [0])])
#    ...     half_squared_error(net(X), targets).backward()
#    ...     return net.layers[0].weight[0][0].grad
#    >>> gradient([[-1], [-1]], [[5], [5]])
#    0.0
#    >>> def one_among(B):
#    ...     return gradient([[2]] + [[-1]] * (B - 1), [[-4]] + [[5]] * (B - 1))
#    >>> [one_among(B) for B in (1, 2, 4, 32)]
#    [12.0, 6.0, 3.0, 0.375]

# %%
# The sender active and the receiver open, in the same example
# ------------------------------------------------------------
#
# In the next network each of the three inputs stands for a word: it is 1 if the word occurs in the example, and 0 if not.
# Three units receive these inputs, so each weight leads from a word to a unit.

# Set-up: three words, three units, three examples, and the figure
from matplotlib.patches import Rectangle

words = [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
W1 = [[2, -4, 1], [1, 1, 1], [-4, 2, 1]]
word_net = MLP([3, 3, 1], init=[(W1, [0, 0, 0]), ([[1], [1], [1]], [0])])
half_squared_error(word_net(words), [[0], [0], [0]]).backward()
is_open = word_net.layers[0].derivatives
together = co_active(word_net.layers[0])


def table(ax, matrix, colour, heading, rows, columns):
    """Write whole numbers into a grid, tinted, or hatched where they are 0."""
    for j, row in enumerate(matrix):
        for k, value in enumerate(row):
            look = (
                {"fc": colour, "alpha": 0.25}
                if value
                else {"fc": "none", "hatch": "////"}
            )
            ax.add_patch(Rectangle((k, j), 1, 1, lw=0, ec=draw.GRID, **look))
            ax.add_patch(
                Rectangle((k, j), 1, 1, lw=0.9, ec=draw.ZERO, fc="none")
            )
            look = {"ha": "center", "va": "center"}
            if not value:
                look["bbox"] = {"fc": "white", "ec": "none", "pad": 1.5}
            ax.text(k + 0.5, j + 0.5, int(value), **look)
    ax.set(xlim=(-0.02, 3.02), ylim=(3.02, -0.02), aspect="equal")
    ax.set_xticks([0.5, 1.5, 2.5], columns)
    ax.set_yticks([0.5, 1.5, 2.5], rows)
    ax.tick_params(length=0, pad=2, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_title(heading, style="italic", pad=4)


examples, senders, receivers = (
    [f"{name} {number}" for number in (1, 2, 3)]
    for name in ("ex.", "word", "unit")
)
with draw.style():
    fig, (first, second, third) = draw.figure(2.55, width=7.2, columns=3)
    table(first, words, draw.SENDER.colour, "word occurs", examples, senders)
    table(
        second,
        is_open,
        draw.DERIVATIVE.colour,
        "unit is open",
        examples,
        receivers,
    )
    table(third, together, draw.INK, "examples with both", senders, receivers)
draw.title(
    fig,
    "For two weights, no example has the word and the open unit together.",
)
draw.alt(
    fig,
    "Three grids. Which of three words each of three examples contains, and"
    " which of three units it opens: no column is empty. Then the number of"
    " examples in which both happen, for each weight: it is 0 for word 3 to"
    " unit 1 and for word 1 to unit 2, and not 0 for the other seven.",
)
draw.show()

# %%
# The third grid counts, for each weight, the examples in which the word occurs *and* the unit is open.
# Unit 1 is open only in example 1, and word 3 does not occur there.
# So the weight from word 3 to unit 1 has the gradient 0.
# The weight from word 1 to unit 2 has the gradient 0 too, because unit 2 is open only in example 2, and word 1 does not occur there.

# Check: these two gradients are zero, and no others
zero = [[w.grad == 0 for w in row] for row in word_net.layers[0].weight]
assert zero == [[count == 0 for count in row] for row in together]
assert sum(map(sum, zero)) == 2

# %%
# .. claim:: T1
#    :verdict: holds
#    :sources: srivastava2014
#    :refuted-by: leaky-shut-gate, sender-forgotten
#
#    If the gradient of a weight is not zero, then there is an example in the batch in which its sender is active and its receiver is open at the same time. This is so for ReLU units, and for a loss that is the sum or the mean of the losses of the single examples.
#
#    Random networks of whole numbers look for an exception:
#
#    >>> from random import Random
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> random = Random(9)
#    >>> def whole(n, m):
#    ...     return [[random.randint(-3, 3) for _ in range(m)] for _ in range(n)]
#    >>> shapes = [(2, 5), (5, 5), (5, 1)]
#    >>> moved = exceptions = 0
#    >>> for _ in range(50):
#    ...     net = MLP(
#    ...         [2, 5, 5, 1],
#    ...         init=[(whole(n, m), whole(1, m)[0]) for n, m in shapes],
#    ...     )
#    ...     half_squared_error(net(whole(4, 2)), whole(4, 1), "sum").backward()
#    ...     for layer in net.layers[:2]:
#    ...         for j, row in enumerate(layer.weight):
#    ...             for k, w in enumerate(row):
#    ...                 pairs = zip(layer.inputs, layer.pre_activations)
#    ...                 together = any(a[j] != 0 and z[k] > 0 for a, z in pairs)
#    ...                 moved += w.grad != 0
#    ...                 exceptions += w.grad != 0 and not together
#    >>> moved > 500, exceptions
#    (True, 0)
#
# When a batch moves more or fewer weights than here
# --------------------------------------------------
#
# - **Fewer, if examples cancel.** If the gradients of two examples are +1 and −1, their mean is 0 and the weight stays, although each of them alone would move it.
# - **Fewer, if examples are similar.** They shut nearly the same units, so weights that stay for one example stay for the others too: :ref:`sphx_glr_story_4_further_plot_25_dropout_and_likeness.py`
# - **More, with leaky ReLU.** Its units are never shut, so one example alone moves nearly all weights.
# - **More, with batch normalisation.** An example that shuts a unit can still move the weights into it: :ref:`sphx_glr_story_3_inactive_connections_plot_16_examples_of_one_batch.py`

# Check: two examples that cancel
pair = MLP([1, 1, 1], init=[([[1]], [0]), ([[1]], [0])])
half_squared_error(pair([[1], [1]]), [[0], [2]]).backward()
assert pair.layers[0].weight[0][0].grad == 0


# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 4
#
#    The batch holds only examples 1 and 3. In example 1 only unit 2 is shut, so four gradients are zero. Example 3 shuts all three hidden units. How many of the thirteen gradients are zero for this batch?
#
#    In example 3 only the bias of the output has a gradient that is not zero, and in example 1 this bias has one too.
#    So the same four gradients are zero as in example 1 alone.
#
#    >>> count_zeros(backward([X[0], X[2]], [targets[0], targets[2]]))
#    4
#
# .. guess::
#    :answer: 9/4
#
#    The batch holds example 1 three times, and example 3 once. The weight out of unit 1 has the gradient 3 in example 1, and 0 in example 3. What is its gradient for the batch?
#
#    The mean of 3, 3, 3 and 0 is 9/4.
#
#    >>> repeated = backward([X[0]] * 3 + [X[2]], [targets[0]] * 3 + [targets[2]])
#    >>> repeated.layers[1].weight[0][0].grad
#    Fraction(9, 4)
#
# In PyTorch: ``.grad`` holds the mean
# ------------------------------------
#
# If the loss is the mean over the batch, ``.grad`` holds the mean of the gradients.
# ``torch.func`` computes a separate gradient for each example.
#
# .. code-block:: python
#
#    import torch
#    from torch.func import grad, vmap
#
#    W1 = torch.tensor([[1.0, 1, 2], [1, -2, 0]], requires_grad=True)
#    b1, W2 = torch.tensor([0, 1, -1]), torch.tensor([1.0, 2, -1])
#    X = torch.tensor([[1.0, 2], [2, 1], [-2, 1], [0, -2]])
#    targets = torch.tensor([1, -1, 2, 6])
#
#    def loss(W1, x, target):
#        return ((x @ W1 + b1).relu() @ W2 - target) ** 2 / 2
#
#    grids = vmap(grad(loss), in_dims=(None, 0, 0))(W1, X, targets)
#    assert grids[:, :, 1].tolist() == [[0, 0], [12, 6], [0, 0], [0, -16]]
#    loss(W1, X, targets).mean().backward()
#    assert grids.mean(0).equal(W1.grad)
#
# In the engine, the contributions of all examples are added up in :engine:`the backward pass <backward.propagate>`.
