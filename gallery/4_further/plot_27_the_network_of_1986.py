r"""
How did it begin? The network of 1986
=====================================

.. needs:: 13

In 1986 a paper showed backpropagation at work on a small puzzle: is a row of six zeros and ones the same from left and from right?
The network found its own answer.

.. guess::
   :answer: 3

   The network has six inputs, two hidden units and one output. Its units are sigmoid units. One step looks at all 64 rows at once. How many of the 17 weights and biases does it move?

   A. Only those of active units
   B. About one half
   C. All of them

   A sigmoid unit is never inactive, and its derivative is never 0. With one row alone, the weights of the inputs that are 0 would not move. But a step uses all 64 rows, and each input is 1 in half of them.
"""

# Set-up: the network, its training, and the figure
from itertools import product
from random import Random

import numpy as np

from sgdexplained import MLP, SGD, Tensor, draw, half_squared_error

ROWS = [list(row) for row in product([0, 1], repeat=6)]
SAME = [[int(row == row[::-1])] for row in ROWS]


def learn(seed, steps):
    """Train the network of 1986; say from which step it was always right."""
    random = Random(seed)

    def uniform(n, m):
        return [[random.uniform(-0.3, 0.3) for _ in range(m)] for _ in range(n)]

    init = [
        (uniform(6, 2), uniform(1, 2)[0]),
        (uniform(2, 1), uniform(1, 1)[0]),
    ]
    net = MLP([6, 2, 1], Tensor, "sigmoid", output="sigmoid", init=init)
    sgd = SGD(net.parameters(), lr=0.1, momentum=0.9)
    X, targets, right_from = np.array(ROWS, float), np.array(SAME, float), None
    for step in range(1, steps + 1):
        sgd.zero_grad()
        outputs = net(X)
        half_squared_error(outputs, targets, "sum").backward()
        if step == 1:
            assert all((w.grad != 0).all() for w in net.parameters())
        right = ((outputs.data > 0.5) == targets).all()
        right_from = (right_from or step) if right else None
        sgd.step()
    return net, right_from


net, right_from = learn(seed=5, steps=2500)
W1 = net.values()["W1"]
fig, places = draw.figure(3.1, columns=2)
for k, ax in enumerate(places):
    shares = [float(w / abs(W1[:, k]).min()) for w in W1[:, k]]
    names = [f"input {j}" for j in range(1, 7)] if k == 0 else [""] * 6
    texts = [draw.number(round(share, 1)) for share in shares]
    draw.bars(names, shares, ax, texts=texts)
    ax.axhline(2.5, color=draw.ZERO, lw=1.2, ls=(0, (3.2, 2.6)))
    with draw.style():
        ax.set_title(f"weights into unit {k + 1}", fontsize=15)
draw.title(
    fig,
    "The weights of mirrored inputs are equal and opposite; their sizes are 1 : 2 : 4.",
)
draw.alt(
    fig,
    "The six weights into each of two hidden units, divided by the smallest."
    " Above and below the middle they are mirror images with opposite signs,"
    " of sizes 1, 2 and 4 to within a few per cent.",
)
draw.show()

# %%
# The picture shows the weights after 2500 steps.
# Each is divided by the size of the smallest weight into its unit.
# The printed numbers are rounded, so two bars with the same number need not be equally long.
# Each step uses all 64 rows, with momentum 0.9, as in the paper (:footcite:t:`rumelhart1986`).
#
# The inputs 1 and 6, 2 and 5, and 3 and 4 are three *pairs*: each input is the mirror image of the other.
# The two weights of a pair are equal and opposite.
# In a symmetric row the two inputs of each pair are the same, so each pair adds 0, and only the bias of the unit is left.
#
# The sizes of the weights of the three pairs are in the ratio 1 : 2 : 4.
# If the smallest weight counts as 1, a pair whose inputs differ adds 1 or −1, 2 or −2, or 4 or −4.
# Such numbers never cancel: for example, 1 + 2 − 4 is −1.
# So only a symmetric row adds up to 0.
#
# Both biases are about −2.1.
# For a symmetric row the bias is the whole pre-activation, so both activations are small: about 0.1.
# For every other row the sum without the bias is positive in one unit and negative in the other, because the two units have opposite weights.
# The smallest weights have the size 3.1, so a positive sum is at least 3.1, and outweighs the bias.
# The activation of this unit is at least 0.7.
#
# If both activations are small, the bias of the output unit makes the output nearly 1: *symmetric*.
# An activation of 0.7 or more makes the output nearly 0, because the weight out of each hidden unit is about −16.
# So a small activation is not useless.

# Check: the activations, and another start
activations = net.layers[0].activations
symmetric = np.array(SAME)[:, 0] == 1
larger = activations.max(axis=1)
assert right_from is not None
assert round(larger[symmetric].min(), 1) == 0.1
assert round(larger[symmetric].max(), 1) == 0.1
assert larger[~symmetric].min() >= 0.7
assert np.round(net.values()["W2"]).tolist() == [[-16], [-16]]
out = net.layers[-1].activations[:, 0]
assert out[symmetric].min() > 0.95
assert out[~symmetric].max() < 0.05
assert np.round(net.values()["b1"], 1).tolist() == [-2.1, -2.1]
assert np.round(abs(W1).min(axis=0), 1).tolist() == [3.1, 3.1]

other, right_from = learn(seed=8, steps=2500)
assert right_from is not None
W = other.values()["W1"]
ratios = [round(float(2 * w / abs(W[:, 0]).min()), 1) for w in W[:3, 0]]
assert ratios == [-2, -3, -4]
signs = [s for s in product([-1, 0, 1], repeat=3) if any(s)]
for sizes in ((1, 2, 4), (2, 3, 4)):
    assert all(np.dot(sizes, some) for some in signs)

assert learn(seed=0, steps=2500)[1] is None

# %%
# .. claim:: P1
#    :verdict: holds
#    :sources: rumelhart1986
#    :refuted-by: uphill, momentum-forgotten, sigmoid-never-saturates, biases-left-out
#
#    Gradient descent with momentum can find a network with two hidden sigmoid units that tells symmetric rows of six bits from others. On the two sides of the middle, the weights into a hidden unit are equal and opposite, and their sizes are in the ratio 1 : 2 : 4. The biases of the hidden units are negative.
#
#    >>> from itertools import product
#    >>> from random import Random
#    >>> import numpy as np
#    >>> from sgdexplained import MLP, SGD, Tensor, half_squared_error
#    >>> X = [list(row) for row in product([0.0, 1.0], repeat=6)]
#    >>> targets = [[float(row == row[::-1])] for row in X]
#    >>> random = Random(5)
#    >>> def uniform(n, m):
#    ...     return [
#    ...         [random.uniform(-0.3, 0.3) for _ in range(m)] for _ in range(n)
#    ...     ]
#    >>> hidden = uniform(6, 2), uniform(1, 2)[0]
#    >>> init = [hidden, (uniform(2, 1), uniform(1, 1)[0])]
#    >>> net = MLP([6, 2, 1], Tensor, "sigmoid", output="sigmoid", init=init)
#    >>> sgd = SGD(net.parameters(), lr=0.1, momentum=0.9)
#    >>> for _ in range(2000):
#    ...     sgd.zero_grad()
#    ...     half_squared_error(net(X), targets, "sum").backward()
#    ...     sgd.step()
#    >>> bool(((net(X).data > 0.5) == targets).all())
#    True
#    >>> bool((net.values()["b1"] < 0).all())
#    True
#    >>> W = net.values()["W1"] / abs(net.values()["W1"]).min(axis=0)
#    >>> bool((abs(W + W[::-1]) < 0.05).all())
#    True
#    >>> sizes = sorted(abs(W[:3, 0]))
#    >>> bool((abs(sizes / np.array([1, 2, 4]) - 1) < 0.05).all())
#    True
#    >>> [round(float(w)) for w in W[:, 0]]
#    [-4, -2, 1, -1, 2, 4]
#
# The famous weights are one answer of several
# --------------------------------------------
#
# Other random first weights can lead to weights in the ratio 2 : 3 : 4.
# They work as well, because pairs that add ±2, ±3 and ±4 can never cancel either.
# With some first weights, the network is not yet right for all rows after 2500 steps.
#
# One prediction
# --------------
#
# .. guess::
#    :answer: 0
#
#    The weights into a hidden unit are exactly −4, −2, 1, −1, 2 and 4, and its bias is 0. What is its pre-activation for the row 1 0 1 1 0 1?
#
#    −4 + 1 − 1 + 4 = 0, because the row is symmetric.
#
#    >>> row, w = [1, 0, 1, 1, 0, 1], [-4, -2, 1, -1, 2, 4]
#    >>> sum(x * y for x, y in zip(row, w))
#    0
#
# In PyTorch: no gradient is zero
# -------------------------------
#
# Here all inputs are 1.
# The activations of the sigmoid units are not 0, and their derivatives are not 0 either.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, Sequential, Sigmoid
#
#    torch.manual_seed(0)
#    net = Sequential(Linear(6, 2), Sigmoid(), Linear(2, 1), Sigmoid())
#    net(torch.ones(1, 6)).sum().backward()
#    assert all((w.grad != 0).all() for w in net.parameters())
#
# .. footbibliography::
