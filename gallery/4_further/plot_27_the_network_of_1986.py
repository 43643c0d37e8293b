r"""
What did the network of 1986 learn?
===================================

.. needs:: 13

In 1986 a famous paper about backpropagation gave a network a small task: is a row of six zeros and ones *symmetric*?
A row is symmetric if it is the same from left to right and from right to left, for example 1 0 1 1 0 1.

.. guess::
   :answer: 3

   The network has six inputs, two hidden units and one output unit. All three are sigmoid units. One step uses the whole batch of 64 rows. How many of the 17 weights and biases does the first step move?

   A. Only those of active units
   B. About one half
   C. All of them

   The first weights are small numbers, so no sigmoid unit is inactive or saturated. Each input is 1 in half of the 64 rows, so every weight gets contributions. In this network they do not cancel.
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
        ax.set_title(f"weights into hidden unit {k + 1}", fontsize=15)
draw.title(
    fig,
    "The sizes are 1, 2 and 4. Inputs 1 and 6, 2 and 5, 3 and 4 have opposite weights.",
)
draw.alt(
    fig,
    "The six weights into each of two hidden units, divided by the smallest."
    " Above and below the middle they are mirror images with opposite signs,"
    " of sizes 1, 2 and 4 to within a few per cent.",
)
draw.show()

# %%
# The picture shows the weights after 2500 steps with momentum 0.9, the momentum of the paper (:footcite:t:`rumelhart1986`).
# Each weight is divided by the size of the smallest weight into its unit, and the printed numbers are rounded.
#
# The inputs 1 and 6, 2 and 5, and 3 and 4 are three *pairs*: the two inputs of a pair have the same distance from the middle.
# The two weights of a pair have nearly the same size and opposite signs.
# So with the three pairs together, the pre-activation of a hidden unit is nearly
#
# .. math::
#
#    z = w_1 (x_1 - x_6) + w_2 (x_2 - x_5) + w_3 (x_3 - x_4) + b
#
# Here :math:`x_1` to :math:`x_6` are the inputs, :math:`w_1` to :math:`w_3` are the weights from the first three, and *b* is the bias.
# In a symmetric row the two inputs of each pair are the same, so each pair adds nearly 0, and only the bias is left.
#
# The weights of the three pairs have nearly the sizes 4, 2 and 1.
# If the two inputs of a pair differ, the first pair adds nearly 4 or −4, the second 2 or −2, and the third 1 or −1.
# With one number from each pair that differs, the sum is never 0: for example, 1 + 2 − 4 is −1.
# So the three pairs add up to 0 only if the row is symmetric.
#
# In the network itself, where the weights are not divided, both biases are about −2.1, and the smallest weights have the size 3.1.
# For a symmetric row the pre-activation is nearly this bias, so both hidden activations are small: about 0.1.
# For every other row, the sum of the three pairs is not 0. In unit 2 this sum has the opposite sign of the sum in unit 1, because each weight has the opposite sign. So it is positive in one of the units.
# The smallest positive sum is about 1 with divided weights, so about 3 in the network itself.
# So the pre-activation of this unit is at least about 0.9, and its activation is at least 0.7.
#
# The weight from each hidden unit to the output is about −16.
# So an activation of 0.7 or more makes the output nearly 0: *not symmetric*.
# If both activations are small, the bias of the output unit makes the output nearly 1: *symmetric*.

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
#    Gradient descent with momentum can find a network with two hidden sigmoid units that tells whether a row of six zeros and ones is symmetric. In one network that it finds, two inputs at the same distance from the middle have weights of the same size and of opposite sign, to within 5 %. The sizes are in the ratio 1 : 2 : 4, to within 5 %. The biases of the hidden units are negative.
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
# Other networks solve the task too
# ---------------------------------
#
# From other random first weights, the training can find weights in the ratio 2 : 3 : 4.
# They work as well, because numbers ±2, ±3 and ±4 never add up to 0 either.
# From some first weights, the network is not yet right for all rows after 2500 steps.
#
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 0
#
#    The weights into a hidden unit are exactly −4, −2, 1, −1, 2 and 4, and its bias is 0. What is its pre-activation for the row 1 0 1 1 0 1?
#
#    −4 + 1 − 1 + 4 = 0. The row is symmetric, so the two weights of each pair cancel.
#
#    >>> row, w = [1, 0, 1, 1, 0, 1], [-4, -2, 1, -1, 2, 4]
#    >>> sum(x * y for x, y in zip(row, w))
#    0
#
# .. guess::
#    :answer: 5
#
#    The weights are the same. What is the pre-activation for the row 0 0 1 0 0 1, which is not symmetric?
#
#    In the pairs 1 and 6, and 3 and 4, the two inputs differ. The first pair adds 4, and the second pair adds 1.
#
#    >>> sum(x * y for x, y in zip([0, 0, 1, 0, 0, 1], w))
#    5
#
# In PyTorch: no gradient is zero
# -------------------------------
#
# Here all inputs are 1.
# The activations and the derivatives of the sigmoid units are not 0, so each gradient is different from 0.
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
