r"""
Do zeros save work?
===================

.. needs:: 17

Many activations and many gradients are exactly zero.
A computer still multiplies by these zeros, unless the code leaves them out.

.. guess::
   :answer: 2

   A layer has 40 senders, and a batch has 64 examples. Only one activation in twenty is not zero, but each sender is active in at least one example. The code can leave out a sender that is inactive in all examples. How much of the work of finding the gradient does this save?

   A. Nineteen twentieths
   B. Nothing
   C. One half

   Each sender is active in some example, so the code cannot leave out any of them.
"""

# Set-up: two patterns with the same number of zeros, and the figure
from math import prod

import numpy as np
from matplotlib.colors import ListedColormap

from sgdexplained import MLP, draw
from sgdexplained.reasons import activation_derivative, sender_activation

rng = np.random.default_rng(17)
scattered = rng.permutation(64 * 40).reshape(64, 40) < 128
two_units = np.tile(np.arange(40) < 2, (64, 1))

with draw.style():
    fig, places = draw.figure(3.8, columns=2)
    for ax, active, name in zip(
        places,
        (scattered, two_units),
        (
            "40 senders active:\nnothing to leave out",
            "2 senders active:\n38 left out",
        ),
        strict=True,
    ):
        for k in np.flatnonzero(~active.any(axis=0)):
            ax.axvspan(k, k + 1, fc="none", ec=draw.GRID, hatch="////", lw=0)
        green = ListedColormap([draw.SENDER.colour])
        look = {"cmap": green, "interpolation": "none", "aspect": "auto"}
        ax.imshow(np.where(active, 1, np.nan), extent=(0, 40, 64, 0), **look)
        ax.set(xticks=[], yticks=[], ylim=(64, 0), xlabel="40 senders")
        ax.spines[:].set_visible(True)
        ax.set_title(name, fontsize=14)
    places[0].set_ylabel("64 examples")
draw.title(
    fig,
    "Both patterns have the same number of zeros. Only the pattern on the right saves work.",
)
draw.alt(
    fig,
    "Two maps of the activations of 40 senders in 64 examples; 128 places of"
    " 2560 are not zero. On the left they are scattered over all columns; on"
    " the right they fill two columns, and the other 38 are hatched, as they"
    " can be left out.",
)
draw.show()

# %%
# Each green square is an activation that is not zero.
# The gradient of a layer is a product of two matrices:
#
# .. math::
#
#    \frac{\partial L}{\partial W} = A^{\mathsf T} D
#
# *A* holds the activations, with one row for each example and one column for each sender.
# *D* holds the deltas, with one row for each example and one column for each receiver.
# (Here a *delta* is the derivative of the loss of the batch with respect to a pre-activation.)
# The sign T means that rows and columns are exchanged.
#
# With 64 examples, 40 senders and 20 receivers, this takes 64 · 40 · 20 = 51 200 multiplications.
# Only 128 of the activations are not zero, and each of them is multiplied by the deltas of 20 receivers.
# So only 128 · 20 = 2560 of the multiplications are needed.
#
# In the left pattern every sender is active in some example, so the code does all 51 200.
# (The left pattern is made so that each sender has at least one green square. If the squares were placed at random, on average 1.4 of the 40 senders would have none. Even then the code would save almost nothing.)
# In the right pattern two senders are active in all examples, and 38 in none.
# The code leaves out 38 columns of *A*, and does 2560 multiplications.

# Check: multiplications needed, in all, and after skipping
assert 64 * 40 * 20 == 51_200
for active, left in ((scattered, 51_200), (two_units, 2560)):
    assert active.sum() == 128
    assert 128 * 20 == 2560
    assert active[:, active.any(axis=0)].size * 20 == left
nobody = prod((2496 - k) / (2560 - k) for k in range(128))  # chance of a column
assert round(40 * nobody, 1) == 1.4

# %%
# What a step must remember
# -------------------------
#
# The backward pass needs numbers from the forward pass: the activation of each sender, and the derivative of each receiver's activation.
# The network of page 1 keeps nine such numbers for each example: 2 inputs, the activations of 3 hidden units, the derivatives of these 3 units, and the derivative of the output unit (always 1 here, but kept like the others).
# There are 13 weights and biases, so there are 13 gradients, for a batch of any size.
# So a larger batch needs more memory for activations and derivatives, but not for gradients:

# Set-up: numbers kept for one, two, three and four examples
layers_of_page_1 = [
    ([[1, 1, 2], [1, -2, 0]], [0, 1, -1]),
    ([[1], [2], [-1]], [0]),
]
four_examples = [[1, 2], [2, 1], [-2, 1], [0, -2]]


def numbers_kept(examples):
    """Count the numbers that the backward pass needs from the forward pass."""
    net = MLP([2, 3, 1], init=layers_of_page_1)
    net(four_examples[:examples])
    rows = [
        row
        for layer in net.layers
        for row in sender_activation(layer) + activation_derivative(layer)
    ]
    return sum(map(len, rows))


for examples in (1, 2, 3, 4):
    print(
        f"examples {examples}  numbers kept {numbers_kept(examples):2}  gradients 13"
    )

# %%
# .. claim:: X12
#    :verdict: holds
#    :sources: griewank2008
#    :refuted-by: late-weights, change-unnoticed
#
#    For each example, the backward pass needs the activations of the senders and the derivatives of the receivers. It also needs the weights with the values that they had in the forward pass. So all these numbers must be kept. For a larger batch more numbers must be kept, but the number of gradients stays the same.
#
#    >>> import numpy as np
#    >>> from sgdexplained import GraphError, MLP, Tensor, half_squared_error
#    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#
#    Change a weight between the forward and the backward pass. A network of scalars has kept the old value, so the gradient does not change:
#
#    >>> net = MLP([2, 3, 1], init=layers)
#    >>> loss = half_squared_error(net([[1, 2]]), [[1]])
#    >>> net.layers[1].weight[0][0].data = 100
#    >>> loss.backward()
#    >>> net.gradients()["W1"]
#    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
#
#    A network of arrays keeps no copy. It notices that the old value is lost, and raises an error:
#
#    >>> net = MLP([2, 3, 1], node=Tensor, init=layers)
#    >>> loss = half_squared_error(net([[1, 2]]), [[1]])
#    >>> net.layers[1].weight.data[0, 0] = 100
#    >>> try:
#    ...     loss.backward()
#    ... except GraphError:
#    ...     print("cannot go back")
#    cannot go back
#
#    The numbers that are kept and the gradients, for one example and for four:
#
#    >>> def room(X):
#    ...     net = MLP([2, 3, 1], node=Tensor, init=layers)
#    ...     half_squared_error(net(X), [[1]] * len(X)).backward()
#    ...     kept = sum(
#    ...         np.size(layer.inputs) + np.size(layer.derivatives)
#    ...         for layer in net.layers
#    ...     )
#    ...     return kept, sum(w.grad.size for w in net.parameters())
#    >>> room([[1, 2]]), room([[1, 2], [2, 1], [-2, 1], [0, -2]])
#    ((9, 13), (36, 13))
#
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 90
#
#    How many activations and derivatives does the network of page 1 keep for a batch of ten examples?
#
#    Nine for each example: two inputs, the activations and the derivatives of three hidden units, and the derivative of the output unit.
#
#    >>> numbers_kept(1) * 10
#    90
#
# .. guess::
#    :answer: 3840
#
#    The right pattern is changed: now three senders are active in all 64 examples, and 37 in none. How many multiplications does the code do?
#
#    The code leaves out 37 columns of *A*, so 64 · 3 · 20 are left.
#
#    >>> 64 * (40 - 37) * 20
#    3840
#
# In PyTorch: skip the inactive senders yourself
# ----------------------------------------------
#
# PyTorch keeps a row of weights for each receiver.
# So there the gradient has 20 rows and 40 columns, and it is :math:`D^{\mathsf T} A`.
#
# .. code-block:: python
#
#    import torch
#
#    torch.manual_seed(17)
#    A, D = torch.randint(-9, 10, (64, 40)), torch.randint(-9, 10, (64, 20))
#    A[:, 2:] = 0  # all units but two are inactive
#
#    active = A.any(dim=0)
#    gradient = torch.zeros(20, 40, dtype=torch.long)
#    gradient[:, active] = D.T @ A[:, active]
#    assert active.sum() == 2
#    assert gradient.equal(D.T @ A)
#
# In the engine, :engine:`the layer <layers.Linear>` keeps the arrays that the backward pass needs.
