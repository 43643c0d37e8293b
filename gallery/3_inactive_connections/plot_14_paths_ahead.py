r"""
Do shut units nearer to the output make a gradient smaller?
===========================================================

.. needs:: 2 5

A weight acts on the output through the units ahead of it, that is, nearer to the output.
Some of these units are shut for an example.
Many people believe that the gradient of the weight must then be smaller.
On this page, the *gradient* of a weight is the derivative of the output, not of the loss.

.. guess::
   :answer: 4

   Two paths lead from a weight to the output, one through unit *r* and one through unit *q*. If the weight grows by 0.1, the path through *r* makes the output larger by 0.2, and the path through *q* makes it smaller by 0.1. Now unit *q* becomes shut. What happens to the gradient of the weight?

   A. It becomes zero.
   B. It becomes smaller.
   C. It stays the same.
   D. It becomes twice as large.

   With both paths the gradient is 2 − 1 = 1.
   Without the path through *q* it is 2, because the path through *q* made the gradient smaller.
"""

# Set-up: the network with two paths, and the figure
import math
from itertools import product

from sgdexplained import MLP, draw
from sgdexplained.contrasts import leaky_relu


def network(biases, carried=(2, -1), activation="relu"):
    """Return a network of some paths after a backward pass from its output."""
    n = len(carried)
    layers = [([[1] * n], biases), ([[c] for c in carried], None)]
    init = [([[1]], None), *layers]
    net = MLP([1, 1, n, 1], activation=activation, init=init)
    [[output]] = net([[1]])
    output.backward()
    return net


def first_gradient(net):
    return net.layers[0].weight[0][0].grad


def sketch(ax, is_open):
    """Draw the network: the input, the first unit, units r and q, the output."""
    places = {"1": (0, 0), "": (1, 0), "r": (2, 0.7), "q": (2, -0.7)}
    places["y"] = (3, 0)
    links = [("1", ""), ("", "r"), ("r", "y"), ("", "q"), ("q", "y")]
    for start, end in links:
        cut = "q" in (start, end) and not is_open
        look = {"ls": "--", "color": draw.ZERO} if cut else {"color": draw.INK}
        ends = zip(places[start], places[end], strict=True)
        ax.plot(*ends, lw=1.6, **look)
    for name, (x, y) in places.items():
        edge = draw.ZERO if name == "q" and not is_open else draw.INK
        ax.plot(x, y, "o", ms=21, mfc="white", mec=edge, zorder=3)
        ax.text(x, y, name, ha="center", va="center_baseline", zorder=4)
    for words, x, y in (("w", 0.5, 0.25), ("2", 2.7, 0.6), ("−1", 2.7, -0.62)):
        ax.text(x, y, words, ha="center", va="center")
    ax.set(xlim=(-0.3, 3.3), ylim=(-1.15, 1.15))
    ax.axis("off")


with draw.style():
    fig, rows = draw.figure(3.15, rows=2, columns=2)
for (left, ax), bias_of_q, word in zip(
    rows, (0, -2), ("open", "shut"), strict=True
):
    net = network(biases=[0, bias_of_q])
    is_open = net.layers[1].derivatives[0][1] != 0
    listed = [
        {"name": "through r", "product": 2, "open": True},
        {"name": "through q", "product": -1, "open": is_open},
    ]
    draw.paths(listed, ax, total="gradient")
    ax.set_xlim(-3.6, 3)
    with draw.style():
        sketch(left, is_open)
        left.set_title(f"unit q is {word}", fontstyle="italic")
        said = f"gradient of w: {first_gradient(net)}"
        ax.set_title(said, fontstyle="italic")
draw.title(fig, "One path is cut, and the gradient becomes twice as large.")
draw.alt(
    fig,
    "The network twice: an input 1, the weight w to a first unit, and from"
    " there paths through the units r and q to the output y. Beside it bars for"
    " the two paths and their sum. With q open: +2 through r, -1 through q,"
    " gradient +1. With q shut the second bar is hollow: +2 through r,"
    " gradient +2.",
)

# %%
# In the picture the input is 1, and the weight *w* leads from it to a first unit.
# From there one path goes through unit *r* to the output *y*, and another one through unit *q*.
# Weights without a number are 1, and *w* is 1 too.
# In the upper half the bias of *q* is 0, so *q* is open.
# In the lower half this bias is −2, so *q* is shut.
#
# A *path* is a chain of weights from an input, or from a bias, to the output.
# A path is *open* if all units on it are open, and it is *cut* if one of them is shut.
# Without biases, the output *y* of a ReLU network is a sum over the open paths, and so is the gradient of a weight :math:`w_1` of the first layer:
#
# .. math::
#
#    y = \sum_{\text{open paths}} x \, w_1 w_2 \cdots w_n
#    \qquad\quad
#    \frac{\partial y}{\partial w_1} = \sum_{\text{open paths through } w_1} x \, w_2 \cdots w_n
#
# Here *x* is the input at the start of a path, and :math:`w_1` to :math:`w_n` are the weights on this path.
# The product :math:`x \, w_2 \cdots w_n` is what the path *carries* for the weight :math:`w_1`: the input times all the other weights of the path.
# In the picture, the path through *r* carries +2 for *w*, and the path through *q* carries −1.
#
# With biases, there are also paths that start at a bias.
# None of these contains a weight of the first layer, so the second formula stays true.
#
# .. live:: paths
#
# Eight paths, and four of them open
# ----------------------------------
#
# The next network has the inputs 1 and 2, two layers of two units, one output, and no biases.
# Unit 2 of its second layer is shut, so four of the eight paths are cut.
# Each row of the picture is a path.
# For example, *x*\ :sub:`1` → 1 → 2 → *y* goes through unit 1 of the first layer and unit 2 of the second layer.
# The bar is the product of the input and of all weights of the path, and an open path adds this product to the output.

path_net = MLP(
    [2, 2, 2, 1],
    init=[
        ([[1, -1], [1, 2]], None),
        ([[2, 1], [-1, -2]], None),
        ([[1], [3]], None),
    ],
)
[[output]] = path_net([[1, 2]])
output.backward()
listed = draw.path_list(path_net)
W = [
    [[w.data for w in row] for row in layer.weight] for layer in path_net.layers
]
for path in listed:
    j, k, m, _ = path["places"]  # the input, a unit of each layer, the output
    numbers = [(1, 2)[j], W[0][j][k], W[1][k][m], W[2][m][0]]
    way = f"x{'₁₂'[j]} → {k + 1} → {m + 1} → y"
    texts = [
        f"({draw.number(n)})" if n < 0 else draw.number(n) for n in numbers
    ]
    path["name"] = f"{way}:  {' · '.join(texts)}"
    assert math.prod(numbers) == path["product"]
ax = draw.paths(listed, total="output")
draw.title(
    ax, "Four of the eight paths are open, and they add up to the output."
)
draw.alt(
    ax,
    "Eight bars. The four paths through the first unit of the second layer"
    " give +2, +1, +4 and -4; the four through its second unit are cut and"
    " hollow. The sum is 3.",
)

# %%
# .. claim:: T3
#    :verdict: holds
#    :sources: balduzzi2017
#    :refuted-by: gates-ignored, paths-all-open
#
#    In a ReLU network without biases, the output is a sum over all open paths: each adds its input times all its weights. The derivative for a weight is the same sum over the open paths through this weight, with the weight itself left out.
#
#    >>> from sgdexplained import MLP
#    >>> from sgdexplained.reasons import active_paths
#    >>> layers = [
#    ...     ([[1, -1], [1, 2]], None),
#    ...     ([[2, 1], [-1, -2]], None),
#    ...     ([[1], [3]], None),
#    ... ]
#    >>> net = MLP([2, 2, 2, 1], init=layers)
#    >>> [[output]] = net([[1, 2]])
#    >>> output.backward()
#    >>> output.data == sum(
#    ...     path.contribution for path in active_paths(net, [1, 2])
#    ... )
#    True
#    >>> def over_paths(name):
#    ...     return sum(
#    ...         path.without(name)
#    ...         for path in active_paths(net, [1, 2], through=name)
#    ...     )
#    >>> all(
#    ...     w.grad == over_paths(n)
#    ...     for n, w in net.named_parameters().items()
#    ...     if n[1] != "3"
#    ... )
#    True
#    >>> net.gradients()["W1"], len(active_paths(net, [1, 2]))
#    ([[2, -1], [4, -2]], 4)
#
# If one path is cut, the gradient can become smaller or larger
# -------------------------------------------------------------
#
# Here are four networks with two paths each. Each line says what the two paths carry, and what the gradient becomes if the second path is cut:

# Set-up: four networks with two paths
for carried in ((1, 2), (2, -1), (1, -2), (1, -1)):
    before = first_gradient(network([0, 0], carried))
    after = first_gradient(network([0, -2], carried))
    one, other = carried
    print(
        f"paths carry {one:+} and {other:+}: gradient {before:2} becomes {after}"
    )

# %%
# In the second network the gradient becomes larger, and in the third it changes its sign.
#
# The next claim calls a connection *inactive* if the unit at one of its ends is inactive.
#
# .. claim:: E2
#    :verdict: holds when
#    :when: the inactive connections cut every path ahead of the weight.
#    :corrected: If every path ahead of a weight is cut, a small change of the weight has no effect. If only some paths are cut, the effect on the output is in proportion to the sum of what the open paths carry. The cut paths are missing from this sum, so it can be smaller than before, or larger, or have the other sign.
#    :sources: balduzzi2017, veit2016
#    :refuted-by: gates-ignored, last-contribution-wins
#
#    If connections between a weight and the output are inactive, a change of the weight has less effect on the loss.
#
#    >>> from sgdexplained import MLP
#    >>> def gradient(carried, biases):
#    ...     layers = [([[1, 1]], biases), ([[c] for c in carried], None)]
#    ...     net = MLP([1, 1, 2, 1], init=[([[1]], None), *layers])
#    ...     net([[1]])[0][0].backward()
#    ...     return net.layers[0].weight[0][0].grad
#    >>> gradient([2, -1], biases=[-2, -2])
#    0
#    >>> def before_and_after(carried):
#    ...     return gradient(carried, [0, 0]), gradient(carried, [0, -2])
#    >>> fans = [1, 2], [2, -1], [1, -2], [1, -1]
#    >>> [before_and_after(carried) for carried in fans]
#    [(3, 1), (1, 2), (-1, 1), (0, 1)]
#
# On average, the squared gradient becomes smaller
# ------------------------------------------------
#
# Take a network with four paths, each of which carries +1 or −1. There are 2 · 2 · 2 · 2 = 16 such networks.
# Cut one path in each of them, and look only at the size of the gradient, not at its sign.
# In eight networks the size becomes larger, and in the other eight it becomes smaller.
# Now add up the *squared* gradients. Over the eight networks where the size becomes larger, the sum grows by 16. Over the other eight it falls by 32.
# So the mean over the sixteen networks falls by (32 − 16)/16, which is 1: it falls from 4 to 3.
# Each further cut makes this mean smaller by 1 again.


# Set-up: sixteen networks with four paths, and the figure
def strength(carried, cut):
    biases = [-2] * cut + [0] * (len(carried) - cut)
    return abs(first_gradient(network(biases, carried)))


cases = list(product([1, -1], repeat=4))
mean_squares = [
    sum(strength(case, cut) ** 2 for case in cases) / len(cases)
    for cut in range(5)
]
names = [f"{4 - cut} paths open" for cut in range(5)]
names[3] = "1 path open"
ax = draw.bars(names, mean_squares)
draw.title(ax, "The mean of the squared gradient is the number of open paths.")
draw.alt(
    ax,
    "Bars of the mean of the squared gradient over sixteen networks: 4 with"
    " four open paths, 3 with three, 2 with two, 1 with one, 0 with none.",
)
draw.show()

# Check: how the size and its square change in the sixteen networks
larger = [strength(case, 1) > strength(case, 0) for case in cases]
assert sum(larger) == 8
assert sum(strength(case, 1) < strength(case, 0) for case in cases) == 8

grown = [strength(case, 1) ** 2 - strength(case, 0) ** 2 for case in cases]
assert sum(by for by in grown if by > 0) == 16
assert sum(by for by in grown if by < 0) == -32

# %%
# .. claim:: E3
#    :verdict: false as stated
#    :corrected: When a path is cut, the gradient of a weight can become smaller, become larger, or change its sign. Only on average over many networks, its square is in proportion to the number of open paths. For this, the paths must carry independent random numbers, all with the mean zero and the same variance.
#    :sources: balduzzi2017, he2015
#    :refuted-by: gates-ignored, last-contribution-wins
#
#    If more of the connections between a weight and the output are inactive, the gradient of this weight is smaller.
#
#    >>> from itertools import product
#    >>> from sgdexplained import MLP
#    >>> def gradient(carried, cut):
#    ...     n = len(carried)
#    ...     biases = [-2] * cut + [0] * (n - cut)
#    ...     layers = [([[1] * n], biases), ([[c] for c in carried], None)]
#    ...     net = MLP([1, 1, n, 1], init=[([[1]], None), *layers])
#    ...     net([[1]])[0][0].backward()
#    ...     return net.layers[0].weight[0][0].grad
#    >>> def mean_square(cut):
#    ...     cases = product([1, -1], repeat=4)
#    ...     return sum(gradient(case, cut) ** 2 for case in cases) / 16
#    >>> [mean_square(cut) for cut in range(5)]
#    [4.0, 3.0, 2.0, 1.0, 0.0]
#    >>> gradient([-1, 2], cut=0), gradient([-1, 2], cut=1)
#    (1, 2)
#
# A leaky ReLU does not cut a path
# --------------------------------
#
# A leaky ReLU multiplies a negative number by 0.01, instead of replacing it by 0.
# So if the units of the first picture are leaky ReLUs, and *q* has the bias −2, the path through *q* carries 0.01 · (−1), and the gradient of *w* is 2 − 0.01 = 1.99.

# Check: a leaky ReLU
leaking = network([0, -2], activation=leaky_relu)
assert first_gradient(leaking) == 1.99

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: -1
#
#    In the network of the first picture, unit *q* is open, and unit *r* becomes shut. What is the gradient of *w*?
#
#    Only the path through *q* is open, and it carries −1.
#
#    >>> first_gradient(network(biases=[-2, 0]))
#    -1
#
# .. guess::
#    :answer: 2
#
#    In the network with eight paths, the weight from input 1 to unit 1 of the first layer changes from 1 to 2, and no unit opens or shuts. By how much does the output change?
#
#    Only one open path goes through this weight: x₁ → 1 → 1 → y.
#    For this weight the path carries 1 · 2 · 1 = 2. The weight grows by 1, so the output grows by 2.
#
#    >>> path_net.layers[0].weight[0][0].data = 2
#    >>> [[after]] = path_net([[1, 2]])
#    >>> after.data - 3
#    2
#
# In PyTorch: the network of the first picture
# --------------------------------------------
#
# The gradient of *w* is 1 if *q* is open, and 2 if *q* is shut.
#
# .. code-block:: python
#
#    import torch
#
#    def gradient(bias_of_q):
#        w = torch.tensor(1.0, requires_grad=True)
#        first = torch.relu(w * 1)
#        r, q = torch.relu(first), torch.relu(first + bias_of_q)
#        (2 * r - q).backward()
#        return w.grad.item()
#
#    assert gradient(bias_of_q=0) == 1
#    assert gradient(bias_of_q=-2) == 2
#
# In the engine, :engine:`active_paths <reasons.paths.active_paths>` lists the open paths.
