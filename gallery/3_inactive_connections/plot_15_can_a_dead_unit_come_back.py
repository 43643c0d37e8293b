r"""
Dead or asleep
==============

One step that is too long silences a unit for all its data.
You will see which of such units never speak again, and who can wake the others.

A sentence that many believe: *a dead ReLU unit is dead for ever, because its gradient is zero.*

Its own weights cannot bring it back, but they are not alone.
Here is a unit that is dead before a step and alive after it, and its own weights have not moved.

A unit that wakes
-----------------

A unit is :term:`dead` for a set of data if it is shut for all of it.

One input, a unit *h*, and behind it two units: *p* hears *h* − 2, and *q* hears *h*.
The data are a single example, 1; *p* is shut for it, so *p* is dead.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from sgdexplained import MLP, SGD, draw, half_squared_error
from sgdexplained.contrasts import Adam
from sgdexplained.reasons import dead, inactive, without_contribution

net = MLP(
    [1, 1, 2, 1], init=[([[1]], None), ([[1, 1]], [-2, 0]), ([[1], [1]], None)]
)
second = net.layers[1]
weight, bias = second.weight[0][0], second.bias[0]

half_squared_error(net([[1]]), [[4]]).backward()
print("before: p hears", second.pre_activations[0][0])
print("   gradients of its own:", weight.grad, bias.grad)

SGD(net.parameters(), lr=0.5).step()
net([[1]])
print("after:  p hears", second.pre_activations[0][0])
print("   weight and bias:     ", weight.data, bias.data)

# %%
# From −1 to +1/2 in one step: its own weight and bias had a gradient of zero, and are still 1 and −2.
# The signal went through *q*, its neighbour, and changed the weight that both depend on, from 1 to 5/2.
#
# The same with two inputs and twelve examples.
# A unit of the second layer sees each example as a point: what the two units of the first layer say.
# It is open on one side of a straight border, and the step of its neighbour moves the points.

cloud = [[a / 4, b / 4] for a in (2, 3, 4) for b in (1, 3, 5, 6)]
W1, W2 = [[1, 0], [0, 1]], [[1, 1], [1, 1]]
net = MLP([2, 2, 2, 1], init=[(W1, [0, 0]), (W2, [-3, 0]), ([[1], [1]], None)])


def seen_by_p():
    net(cloud)
    return net.layers[0].activations


points = [seen_by_p()]
print("before: dead", dead(net, cloud)[1][0])

half_squared_error(net(cloud), [[5]] * len(cloud)).backward()
SGD(net.parameters(), lr=0.125).step()
points.append(seen_by_p())
print("after:  dead", dead(net, cloud)[1][0])

# %%

from matplotlib.patheffects import withStroke

with draw.style():
    fig, places = draw.figure(3.3, columns=2, sharey=True)
for ax, seen, heading in zip(
    places, points, ("before: dead", "after: awake"), strict=True
):
    a, b = zip(*seen, strict=True)
    is_open = [one + two > 3 for one, two in seen]
    ax.fill(
        [-1, 4, -1], [4, -1, -1], fc="none", ec=draw.GRID, hatch="////", lw=0
    )
    ax.plot([-1, 4], [4, -1], color=draw.INK, lw=2)
    for state, colour, face in (
        (True, draw.POSITIVE, draw.POSITIVE),
        (False, draw.INK, "white"),
    ):
        chosen = [
            place for place in range(len(seen)) if is_open[place] == state
        ]
        at = [a[place] for place in chosen], [b[place] for place in chosen]
        ax.plot(*at, "o", ms=8, mec=colour, mfc=face, mew=1.8)
    ax.set(
        xlim=(0, 3.4), ylim=(0, 3.4), aspect="equal", xlabel="first unit says"
    )
    with draw.style():
        ax.set_title(heading, fontstyle="italic")
        ax.text(
            3.3,
            1.2,
            "p open",
            color=draw.POSITIVE,
            fontweight="bold",
            ha="right",
        )
        halo = [withStroke(linewidth=5, foreground="white")]
        ax.text(1.3, 0.12, "p shut", path_effects=halo)
    ax.set_xticks([0, 1, 2, 3])
    ax.set_yticks([0, 1, 2, 3])
places[0].set_ylabel("second unit says")
draw.title(
    fig, "The border of the dead unit stands still, and the data cross it."
)
draw.alt(
    fig,
    "Twelve points, what the first layer says of each example, and the"
    " straight border of the unit p. Before the step all points are on the"
    " hatched side, where p is shut. After it the border is the same, and the"
    " points have moved: most are on the open side.",
)

# %%
# Only a unit of the first layer, or one behind layers that are kept as they are, has no such neighbours: its inputs are the data.
#
# Three words
# -----------
#
# For one example, a unit is *silent* if it says 0, and *shut* if its slope is 0.
# For a batch, it is *untouched* if nothing came back to it from any example.
# For a set of data, it is *dead* if it is shut for all of it.
# Ask all three of unit 2 on the bench of :ref:`the first page <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, with four examples.

bench = MLP(
    [2, 3, 1],
    init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])],
)
X, targets = [[1, 2], [2, 1], [-2, 1], [0, -2]], [[1], [-1], [2], [6]]
half_squared_error(bench(X), targets).backward()

says_nothing = [row[1] for row in inactive(bench.layers[0])]
print(
    "silent in examples:      ", *(i + 1 for i in range(4) if says_nothing[i])
)
print("untouched by this batch: ", without_contribution(bench.layers[0])[1])
print("dead on all four:        ", dead(bench, X)[0][1])
print("dead on examples 1 and 3:", dead(bench, [X[0], X[2]])[0][1])

# %%
# .. claim:: X5
#    :verdict: holds
#    :sources: lu2020
#    :refuted-by: dead-in-one-example, untouched-by-one-example, leaky-shut-gate
#
#    Silent, untouched and dead are three different things: they are about one example, one batch and a whole set of data.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.reasons import dead, inactive, without_contribution
#    >>> bench = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> net = MLP([2, 3, 1], init=bench)
#    >>> half_squared_error(net([[1, 2], [2, 1]]), [[1], [-1]]).backward()
#    >>> [row[1] for row in inactive(net.layers[0])]
#    [True, False]
#    >>> without_contribution(net.layers[0])[1], dead(net, [[1, 2], [2, 1]])[0][1]
#    (False, False)
#    >>> half_squared_error(net([[1, 2], [-2, 1]]), [[1], [2]]).backward()
#    >>> without_contribution(net.layers[0])[1], dead(net, [[1, 2], [-2, 1]])[0][1]
#    (True, True)
#
#    A right answer leaves an open unit untouched:
#
#    >>> half_squared_error(net([[2, 1]]), [[2]]).backward()
#    >>> without_contribution(net.layers[0])[1], dead(net, [[2, 1]])[0][1]
#    (True, False)
#
# How to kill a unit
# ------------------
#
# One unit, the inputs 1 and 2, and 0 would be right for both.
# Its weight is 1, its bias 0, and the weight out of it is kept at 1.
# The gradient is 5/2 for the weight and 3/2 for the bias.
# Take one step with three learning rates.

data, nothing = [[1], [2]], [[Fraction(0)], [Fraction(0)]]


def after_one_step(lr):
    net = MLP([1, 1], output="relu", init=[([[1]], [0])])
    half_squared_error(net(data), nothing).backward()
    SGD(net.parameters(), lr=lr).step()
    return net


rates = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)]
stepped = [after_one_step(lr) for lr in rates]
for lr, net in zip(rates, stepped, strict=True):
    net(data)
    z = [str(value) for [value] in net.layers[0].pre_activations]
    print(
        f"rate {lr!s:4}  hears {', '.join(z):10} dead: {dead(net, data)[0][0]}"
    )

# %%
# With 1/2 the step goes too far: the unit hears −1 and −5/4, and is shut for both.
# From now on its gradient is zero whatever the targets are.

xs = [0, 3]
_, ax = draw.figure(3.5)
ax.axhspan(-3, 0, fc="none", ec=draw.GRID, hatch="////", lw=0)
looks = [(draw.POSITIVE, "1/10"), (draw.INK, "1/4"), (draw.NEGATIVE, "1/2")]
for net, (colour, name) in zip(stepped, looks, strict=True):
    [[[w]], [b]] = (net.values()[part] for part in ("W1", "b1"))
    draw.curve(xs, [w * x + b for x in xs], ax, colour=colour, label=name)
    ax.plot([1, 2], [float(w * x + b) for x in (1, 2)], "o", color=colour, ms=9)
ax.axhline(0, color=draw.INK, lw=0.8)
with draw.style():
    ax.text(0.1, -1.9, "shut", fontstyle="italic", path_effects=halo)
    ax.text(0.1, 1.75, "open", fontstyle="italic")
    ax.text(3.06, 2.6, "learning\nrate", fontstyle="italic", clip_on=False)
ax.set(
    xlim=xs,
    ylim=(-2.2, 3.2),
    xlabel="input (● the two examples)",
    ylabel="what the unit hears",
    xticks=[0, 1, 2, 3],
)
draw.title(
    ax, "One step too long, and the unit is below zero for all its data."
)
draw.alt(
    ax,
    "What the unit hears over its input after one step, for three learning"
    " rates, with the two examples marked. For 1/10 both are above zero, for"
    " 1/4 one is at zero and one above, for 1/2 a falling line has both below"
    " zero, in the hatched region where the unit is shut.",
)

# %%
# Decay, and what it cannot do
# ----------------------------
#
# Can weight decay wake a unit of the first layer?
# It moves weights without a gradient, but not every way out leads over zero.
# The first unit hears −1 + 1/2, its weight times the input 1 and its bias; the decay takes a hundredth of a weight in each step.


def fate(make_optimiser, x, weights, bias=None):
    """Return what a shut unit hears, step by step, until it opens."""
    unit = MLP([len(x), 1], output="relu", init=[(weights, bias)])
    optimiser, heard = make_optimiser(unit.parameters()), []
    for _ in range(150):
        unit.zero_grad()
        unit([x])[0][0].backward()
        heard.append(unit.layers[0].pre_activations[0][0])
        if heard[-1] > 0:
            break
        optimiser.step()
    return heard


def sgd(parameters):
    return SGD(parameters, lr=0.1, weight_decay=0.1)


def adam(parameters):
    return Adam(parameters, lr=1e-3, weight_decay=1e-4)


fates = {
    "decay of both": fate(sgd, [1], [[-1.0]], [0.5]),
    "decay of the weight": fate(lambda w: sgd(w[:1]), [1], [[-1.0]], [0.5]),
    "Adam with a penalty": fate(adam, [1, 3], [[1.0], [-0.4]]),
}
for name, heard in fates.items():
    last = f"opens at step {len(heard) - 1}"
    print(f"{name:19}", last if heard[-1] > 0 else f"hears {heard[-1]:.3f}")

# %%
# If all shrinks alike, what the unit hears is multiplied by 0.99 in each step: it comes ever closer to zero and never changes its sign.
# If the bias is spared, as is usual, a positive bias wins in the end.
# Adam makes all weights shrink by the same *amount*; with weights 1 and −0.4 and inputs 1 and 3 the smaller one is at zero first, and what is left is positive.

_, ax = draw.figure(3.5)
ax.axhspan(-0.6, 0, fc="none", ec=draw.GRID, hatch="////", lw=0)
ax.axhline(0, color=draw.INK, lw=0.8)
colours = (draw.NEGATIVE, draw.POSITIVE, draw.INK)
for heard, colour in zip(fates.values(), colours, strict=True):
    draw.curve(
        range(len(heard)), heard, ax, colour=colour, dashed=heard[-1] < 0
    )
    if heard[-1] > 0:
        ax.plot(len(heard) - 1, heard[-1], "o", color=colour, ms=8)
with draw.style():
    ax.text(
        149,
        -0.26,
        "decay of both: never",
        color=draw.NEGATIVE,
        ha="right",
        path_effects=halo,
    )
    ax.text(
        69, 0.035, "decay of the\nweight only", color=draw.POSITIVE, ha="center"
    )
    ax.text(112, 0.035, "Adam with\na penalty", color=draw.INK, ha="left")
    ax.text(
        149, -0.55, "shut", fontstyle="italic", ha="right", path_effects=halo
    )
ax.set(
    xlim=(0, 150), ylim=(-0.6, 0.2), xlabel="step", ylabel="what the unit hears"
)
ax.set_xticks([0, 50, 100, 150])
ax.set_yticks([-0.5, 0], ["−0.5", "0"])
draw.title(
    ax, "Decay that treats all alike never wakes a unit; uneven decay can."
)
draw.alt(
    ax,
    "What three shut units hear over 150 steps without gradients. With decay"
    " of weight and bias it rises towards zero and stays below. With decay of"
    " the weight only it crosses zero at step 69, with Adam and a penalty at"
    " step 108.",
)

# %%
# .. claim:: C5
#    :verdict: holds when
#    :when: the unit is shut for every example that comes, what it hears from the layer before does not change, and the optimiser is plain SGD.
#    :corrected: Under plain SGD the weights into a ReLU unit stay for as long as it is shut for every example; a change in the layers before it, or decay that is not the same for all, can open it again.
#    :sources: lu2020
#    :refuted-by: leaky-shut-gate, uphill
#
#    An inactive unit has gradient zero, and so its weights stay where they are.
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, SGD, half_squared_error
#    >>> def train(net, X, targets, lr, steps):
#    ...     for _ in range(steps):
#    ...         net.zero_grad()
#    ...         half_squared_error(net(X), targets).backward()
#    ...         SGD(net.parameters(), lr).step()
#    ...     net(X)
#    >>> killed = MLP([1, 1], output="relu", init=[([[1]], [0])])
#    >>> X, zeros, half = [[1], [2]], [[Fraction(0)]] * 2, Fraction(1, 2)
#    >>> for steps in (1, 50):
#    ...     train(killed, X, zeros, half, steps)
#    ...     print([str(z) for [z] in killed.layers[0].pre_activations])
#    ['-1', '-5/4']
#    ['-1', '-5/4']
#    >>> woken = MLP(
#    ...     [1, 1, 2, 1],
#    ...     init=[([[1]], None), ([[1, 1]], [-2, 0]), ([[1], [1]], None)],
#    ... )
#    >>> heard = []
#    >>> for steps in (0, 1):
#    ...     train(woken, [[1]], [[Fraction(4)]], half, steps)
#    ...     heard.append(str(woken.layers[1].pre_activations[0][0]))
#    >>> heard
#    ['-1', '1/2']
#
# Dead at birth
# -------------
#
# No training is needed for a network to be dead.
# Draw all weights of a network without biases at random, with both signs equally likely.
# The signal of one example is blocked if there is a layer in which all units are shut, and with *N* units that has the chance 1/2\ :sup:`N` in each layer.
# The *whole* network is dead if it says the same for every input; that is less likely, since another input may find another way (:footcite:t:`lu2020`).
#
# With one input, two hidden layers of two units, and an output, the chance is 5/32.
# Only the signs matter, so it can be counted out: how often is one input blocked, and how often is the network dead?


def blocked(signs, N):
    """Tell whether a network of these signs blocks the input 1, and all."""
    rows = [list(signs[N * j : N * j + N]) for j in range(N + 1)]
    W2 = [[2**j * sign for sign in row] for j, row in enumerate(rows[1:])]
    net = MLP(
        [1, N, N, 1], init=[(rows[:1], None), (W2, None), ([[1]] * N, None)]
    )
    [[right], [left]] = net([[1], [-1]])
    return right.data == 0, right.data == left.data == 0


for N in (2, 3):
    cases = [blocked(signs, N) for signs in product([-1, 1], repeat=N + N * N)]
    one, every = (
        Fraction(sum(column), len(cases)) for column in zip(*cases, strict=True)
    )
    print(f"{N} units: input blocked {one}, dead {every}")

# %%
# For one input the formula is 1 − ∏ (1 − 2\ :sup:`−N`) over the hidden layers, here 7/16 and 15/64, whatever the number of inputs of the network.
# Deeper networks are too many to count, so we draw them.
# One input means two kinds of signal, that of positive and that of negative numbers; a network is dead if both are blocked.
# Ten layers, nine of them hidden:


def share_of_dead(N, L, nets, rng):
    """Draw networks; return the shares with one and with both blocked."""
    signal = np.ones((nets, 2, 1)) * [[1.0], [-1.0]]
    for layer in range(L - 1):
        weights = rng.normal(size=(nets, N if layer else 1, N))
        signal = np.maximum(signal @ weights, 0)
        signal /= np.maximum(signal.max(axis=2, keepdims=True), 1e-30)
    none = signal.max(axis=2) == 0
    return float(none[:, 0].mean()), float(none.all(axis=1).mean())


rng, nets = np.random.default_rng(15), 10_000
depths = [3, 5, 10, 15, 20, 25, 30]
drawn = {
    N: [share_of_dead(N, L, nets, rng) for L in depths] for N in (2, 3, 5, 10)
}

print("units   input blocked   theory   dead")
for N, shares in drawn.items():
    one, every = shares[depths.index(10)]
    print(f"{N:5}{one:16.3f}{1 - (1 - 2.0**-N) ** 9:9.3f}{every:7.3f}")

# %%
# The deeper and the narrower a network is, the more often it is dead.
# The bands are the bounds of :footcite:t:`lu2020`.


def bounds(N, L):
    """Return the bounds of Lu et al. for the chance of a dead network."""
    a1 = 1 - 2.0**-N
    a2 = 1 - 2.0 ** (1 - N) - (N - 1) * 4.0**-N
    factor = (1 - 2.0 ** (1 - N)) * a1 / (1 + (N - 1) * 2.0**-N)
    return 1 - a1 ** (L - 2) + factor * (
        a2 ** (L - 2) - a1 ** (L - 2)
    ), 1 - a1 ** (L - 1)


_, ax = draw.figure(3.6)
every_depth = range(2, 31)
labels = {2: (3.2, 0.9), 3: (12, 0.53), 5: (12.5, 0.37), 10: (24, 0.06)}
for N, colour in zip(
    drawn, (draw.NEGATIVE, draw.INK, draw.POSITIVE, draw.ZERO), strict=True
):
    low, high = zip(*[bounds(N, L) for L in every_depth], strict=True)
    ax.fill_between(every_depth, low, high, color=colour, alpha=0.22, lw=0)
    ax.plot(depths, [both for _, both in drawn[N]], "o", color=colour, ms=7)
    with draw.style():
        ax.text(*labels[N], f"{N} units", color=colour, fontweight="bold")
ax.set(
    xlim=(2, 30.6),
    ylim=(0, 1.03),
    xlabel="layers of weights",
    ylabel="share dead at birth",
)
ax.set_xticks([3, 10, 20, 30])
draw.title(ax, "Deep and narrow networks are often dead before the first step.")
draw.alt(
    ax,
    "Share of random networks that are dead at birth, over the number of"
    " layers from 2 to 30, for layers of 2, 3, 5 and 10 units. Dots are drawn"
    " networks, bands are bounds from theory; all dots lie in their bands."
    " With 2 units nearly all are dead at 15 layers, with 10 units hardly any.",
)
draw.show()

# %%
# .. claim:: P2
#    :verdict: holds
#    :sources: lu2020
#    :refuted-by: whispering-relu, no-negative-weights
#
#    In a random ReLU network without biases and with *L* − 1 hidden layers of *N* units, the signal of one input is blocked with probability 1 − (1 − 2\ :sup:`−N`)\ :sup:`L−1`, and the whole network is constant with at most that; for *L* = 3 and one input with exactly (3 − 2\ :sup:`1−N`)/4\ :sup:`N`.
#
#    >>> from fractions import Fraction
#    >>> from itertools import product
#    >>> from sgdexplained import MLP
#    >>> one = every = 0
#    >>> last = [[1], [1]], None
#    >>> for a, b, c, d, e, f in product([-1, 1], repeat=6):
#    ...     layers = [([[a, b]], None), ([[c, d], [2 * e, 2 * f]], None), last]
#    ...     [[right], [left]] = MLP([1, 2, 2, 1], init=layers)([[1], [-1]])
#    ...     one += right.data == 0
#    ...     every += right.data == left.data == 0
#    >>> Fraction(one, 64) == 1 - Fraction(3, 4) ** 2
#    True
#    >>> def drawn(seed):
#    ...     net = MLP([1, 2, 2, 1], seed=seed, bias=False)
#    ...     return not any(output.data for [output] in net([[1], [-1]]))
#    >>> share = sum(map(drawn, range(1000))) / 1000
#    >>> abs(share - 5 / 32) < 0.046  # four standard errors
#    True
#    >>> Fraction(every, 64), (3 - Fraction(1, 2)) / 4**2
#    (Fraction(5, 32), Fraction(5, 32))
#
# The sentence that survives
# --------------------------
#
# **A unit that is shut for all its data cannot open itself by plain SGD; it opens again if what it hears changes, through weights before it that still learn, or through decay that treats its weights unequally.**
#
# Where it breaks
# ---------------
#
# *Units that leak* cannot die.
# After the same step with learning rate 1/2 they still have a gradient, of a hundredth of the usual size, and come back if the target asks for it.
#
# >>> from sgdexplained.contrasts import leaky_relu
# >>> net = MLP([1, 1], output=leaky_relu, init=[([[-0.25]], [-0.75])])
# >>> half_squared_error(net(data), [[1.0], [1.0]]).backward()
# >>> [round(w.grad, 4) for w in net.parameters()]
# [-0.0152, -0.0101]
#
# *New data can open it.*
# Dead is a word about a set: the unit with weight −1/4 and bias −3/4 is dead on 1 and 2, and open for −4.
#
# >>> dead(stepped[2], data)[0][0], dead(stepped[2], [*data, [-4]])[0][0]
# (True, False)
#
# *Seldom is not never.*
# A unit that one example in a hundred opens learns a hundredth of what it would from that example alone, but it learns: see :ref:`the page about many examples <sphx_glr_story_2_a_batch_plot_09_when_a_batch_moves_a_weight.py>`.
#
# *Momentum can kill* as well as wake: the unit that survived with learning rate 1/10 is carried on by its velocity.
#
# >>> net = MLP([1, 1], output="relu", init=[([[1]], [0])])
# >>> optimiser = SGD(
# ...     net.parameters(), lr=Fraction(1, 10), momentum=Fraction(9, 10)
# ... )
# >>> for _ in range(5):
# ...     net.zero_grad()
# ...     half_squared_error(net(data), nothing).backward()
# ...     optimiser.step()
# >>> dead(net, data)[0][0]
# True
#
# Predict first
# -------------
#
# 1. The unit with two examples takes one step.
#    Below which learning rate is it still open for both of them?
#
# .. dropdown:: Answer
#
#    Below 1/4.
#    A step takes (5/2) η from the weight and (3/2) η from the bias, so the first example is heard as 1 − 4 η and the second as 2 − (13/2) η; the first reaches zero first.
#
#    >>> def heard(lr):
#    ...     net = after_one_step(lr)
#    ...     _ = net(data)
#    ...     return [float(z) for [z] in net.layers[0].pre_activations]
#    >>> heard(Fraction(24, 100)), heard(Fraction(26, 100))
#    ([0.04, 0.44], [-0.04, 0.31])
#
# 2. The unit *p* hears *h* − 4 instead of *h* − 2.
#    Does the same step wake it?
#
# .. dropdown:: Answer
#
#    No: *h* becomes 5/2 all the same, which is not enough for −4.
#    It sleeps on, until more steps have come through *q*, or for ever if the answer is right before that.
#
#    >>> net = MLP(
#    ...     [1, 1, 2, 1],
#    ...     init=[([[1]], None), ([[1, 1]], [-4, 0]), ([[1], [1]], None)],
#    ... )
#    >>> half_squared_error(net([[1]]), [[4]]).backward()
#    >>> SGD(net.parameters(), lr=0.5).step()
#    >>> _ = net([[1]])
#    >>> net.layers[1].pre_activations[0][0]
#    -1.5
#
# 3. A network has one input, one hidden layer of ten units without biases, and one output.
#    How likely is it to be dead at birth?
#
# .. dropdown:: Answer
#
#    Not at all.
#    A unit that is shut for positive inputs is open for negative ones, so one of the two is always heard.
#
#    >>> nets = (MLP([1, 10, 1], seed=seed, bias=False) for seed in range(200))
#    >>> sum(all(dead(net, [[1], [-1]])[0]) for net in nets)
#    0
#
# In the engine
# -------------
#
# A unit is asked for by :engine:`dead <reasons.words.dead>`.
#
# In PyTorch
# ----------
#
# One line tells which units of a layer are dead on a batch of pre-activations ``z``.
# Here three units take the step of above, each with a learning rate of its own.
#
# .. code-block:: python
#
#    import torch
#
#    data = torch.tensor([[1.0], [2.0]])
#    w, b = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
#    loss = (data * w + b).relu().square().mean(dim=0) / 2
#    loss.sum().backward()
#
#    rates = torch.tensor([0.1, 0.25, 0.5])
#    z = data * (w - rates * w.grad) + (b - rates * b.grad)
#    dead = (z <= 0).all(dim=0)
#    assert dead.tolist() == [False, False, True]
#
# .. footbibliography::
