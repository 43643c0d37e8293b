r"""
Two kinds of zero
=================

Why are the gradients round an inactive unit zero?
For two different reasons: one holds for the weights that lead in, the other for those that lead out.
Take one reason away and the other zeros stay.

A sentence that many believe: *the weights of an inactive neuron are not activated, and that is why their gradients are zero.*

It is false.
Weights are never activated or not; the weight that we shall look at was used, and it is what made the unit inactive.
And the zeros on the two sides of the unit have nothing to do with each other.

The smallest network
--------------------

It is the network of :ref:`the bench <sphx_glr_story_1_one_example_plot_01_which_weights_move.py>`, whose second hidden unit hears −2 and says 0.
It stands in a function, so that we can give the hidden units another activation function, or one number another value.
"""

from sgdexplained import MLP, draw, half_squared_error
from sgdexplained.reasons import (
    activation_derivative,
    inactive,
    sender_activation,
    shut,
    upstream_gradient,
)


def bench(activation="relu", x=(1, 2), target=1, bias_of_unit_2=1):
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, bias_of_unit_2, -1]
    W2, b2 = [[1], [2], [-1]], [0]
    net = MLP([2, 3, 1], activation=activation, init=[(W1, b1), (W2, b2)])
    half_squared_error(net([list(x)]), [[target]]).backward()
    return net


net = bench()

# %%
# Two weights and a bias lead into unit 2, one weight leads out of it.
# The gradient of each is one product, *sender × slope × upstream*, so we can look which factor is zero.

hidden, last = net.layers
into = activation_derivative(hidden)[0][1], upstream_gradient(hidden)[0][1]
out = activation_derivative(last)[0][0], upstream_gradient(last)[0][0]
products = [
    ("x₁ → 2", sender_activation(hidden)[0][0], *into),
    ("x₂ → 2", sender_activation(hidden)[0][1], *into),
    ("bias of 2", 1, *into),
    ("2 → output", sender_activation(last)[0][1], *out),
]
ax = draw.products(products)
draw.title(
    ax,
    "The zero on the way in is the slope; the zero on the way out is the sender.",
)
draw.alt(
    ax,
    "A line of factors for each of four weights. From the inputs 1 and 2 and"
    " from the bias into unit 2: the sender says 1, 2 or 1, the slope is 0 and"
    " hatched, the upstream signal is 2. From unit 2 to the output: the sender"
    " is 0 and hatched, slope and upstream are 1. All four gradients are 0.",
)

# %%
# On the way in the senders speak, 1 and 2, the bias counts as a sender that says 1, and the loss cares, upstream 2; but the unit is *shut*, and its slope of 0 spoils the product.
# On the way out the output is open and the loss cares; but the unit is *silent*, and has nothing to send.
#
# Pull them apart
# ---------------
#
# For ReLU the two zeros always come together, so it is easy to take them for one.
# Other activation functions part them.
# This function says what unit 2 is, and which gradients there are round it.


def around_unit_2(net):
    hidden, gradients = net.layers[0], net.gradients()
    return {
        "inactive": inactive(hidden)[0][1],
        "shut": shut(hidden)[0][1],
        "in": [round(row[1], 4) for row in gradients["W1"]],
        "bias": round(gradients["b1"][1], 4),
        "out": round(gradients["W2"][1][0], 4),
    }


around_unit_2(net)

# %%
# A *tanh* unit that hears 0 says 0, but its slope there is 1.
# With the bias 3 unit 2 hears just that.

silent_only = bench("tanh", bias_of_unit_2=3)
around_unit_2(silent_only)

# %%
# Now only the weight out has the gradient 0.
#
# A *ReLU6* unit says at most 6, so one that hears 7 is as loud as it can be, and its slope is 0.
# With the bias 10 unit 2 hears 7.

from sgdexplained.contrasts.activations import relu6

shut_only = bench(relu6, bias_of_unit_2=10)
around_unit_2(shut_only)

# %%
# The other way round.
# So *inactive* is two words: **silent**, it says 0, which concerns the weights out of it; and **shut**, its slope is 0, which concerns the weights into it and its bias.
# Which activation function can be which, and where, is told on the next page, :ref:`sphx_glr_story_1_one_example_plot_06_inactive_or_shut.py`, with :claim:`B4`.

cases = {
    "ReLU hears −2": net,
    "tanh hears 0": silent_only,
    "ReLU6 hears 7": shut_only,
}
fig, ax = draw.figure(2.35)
with draw.style():
    ax.text(2.45, -0.72, "weight in", ha="center", style="italic")
    ax.text(4.3, -0.72, "weight out", ha="center", style="italic")
    for row, (name, case) in enumerate(cases.items()):
        ax.text(0, row, name, va="center_baseline")
        found = around_unit_2(case)
        for middle, gradient in [(2.45, found["in"][1]), (4.3, found["out"])]:
            look, colour = {"linestyle": (0, (3.2, 2.6)), "lw": 1.3}, draw.ZERO
            if gradient:
                colour = draw.POSITIVE if gradient > 0 else draw.NEGATIVE
                look = {"lw": 5.5}
            ends = [middle - 0.65, middle + 0.65]
            ax.plot(ends, [row, row], color=colour, **look)
            text = draw.number(gradient, signed=True)
            look = {"ha": "center", "va": "bottom", "fontweight": "bold"}
            ax.text(middle, row - 0.1, text, color=colour, **look)
        ring = {"markersize": 27, "color": "white", "markeredgecolor": draw.INK}
        ax.plot(3.375, row, "o", **ring)
        ax.text(3.375, row, "2", ha="center", va="center_baseline")
ax.set(xlim=(0, 5.2), ylim=(2.4, -0.95))
ax.axis("off")
draw.title(
    ax,
    "Shut cuts what leads in, silent what leads out; ReLU does both at once.",
)
draw.alt(
    ax,
    "Unit 2 with a weight in and a weight out, three times. As a ReLU that"
    " hears -2 both weights have the gradient 0 and are dashed. As a tanh that"
    " hears 0 the weight in has a gradient and the weight out has none. As a"
    " ReLU6 that hears 7 it is the reverse.",
)

# %%
# .. claim:: B5
#    :verdict: holds when
#    :when: inactive means that the unit says exactly 0; its slope has no part in it.
#    :corrected: A inactive sender gives every weight out of it a gradient of exactly zero for this example, for any activation function; the biases ahead of it do not notice.
#    :sources: rumelhart1986, lecun1998
#    :refuted-by: whispering-relu, sender-forgotten
#
#    The weights out of an inactive unit get a gradient of zero.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.contrasts.activations import relu6
#    >>> W1, W2 = [[1, 1, 2], [1, -2, 0]], [[1], [2], [-1]]
#    >>> def ahead_of(activation, bias):
#    ...     layers = [(W1, [0, bias, -1]), (W2, [0])]
#    ...     net = MLP([2, 3, 1], activation=activation, init=layers)
#    ...     half_squared_error(net([[1, 2]]), [[1]]).backward()
#    ...     return [g for [g] in net.gradients()["W2"]], net.gradients()["b2"]
#
#    A ReLU6 that is shut but speaks, and a ReLU that is silent:
#
#    >>> ahead_of(relu6, bias=10)
#    ([39.0, 78.0, 13.0], [13.0])
#    >>> ahead_of("relu", bias=1)
#    ([3.0, 0.0, 1.0], [1.0])

# %%
# No weight is switched off
# -------------------------
#
# What, then, is a weight that is *not activated*?
# Look at what unit 2 adds up: the inputs times their weights, and the bias.

names = ["1 × 1", "2 × (−2)", "bias 1", "unit 2 hears"]
terms = [1 * 1, 2 * -2, 1]
ax = draw.bars(names, [*terms, sum(terms)], signed=True)
ax.set_xlim(-5.4, 1.6)
draw.title(ax, "The weight −2 is not off: it shuts the unit.")
draw.alt(
    ax,
    "Bars of what unit 2 adds up: +1 from the first input, -4 from the"
    " second, +1 from the bias; together -2.",
)
draw.show()

# %%
# Its weight of −2 contributes −4, more than all the rest; without it unit 2 would hear +2 and be open.
# That its gradient is 0 says that a *small* change of it changes nothing, and no more.
#
# .. claim:: B6
#    :verdict: false as stated
#    :corrected: Units are active or silent, weights never: each weight takes part in every forward pass. What can be closed for an example is the edge, on which the gradient is zero, and one can say at which end: a inactive sender, or a receiver that passes nothing back.
#    :sources: rumelhart1986
#    :refuted-by: against-left-out, leaky-shut-gate, gates-ignored
#
#    A weight at an inactive neuron is not activated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def hears(weight):
#    ...     W1, W2 = [[1, 1, 2], [1, weight, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net([[1, 2]]), [[1]]).backward()
#    ...     heard = net.layers[0].pre_activations[0][1]
#    ...     return heard, net.gradients()["W1"][1][1]
#
#    What unit 2 hears and the gradient of the weight, with the weight of −2 and with 0 in its place:
#
#    >>> hears(-2), hears(0)
#    ((-2, 0.0), (2, 20.0))
#
# Where it breaks
# ---------------
#
# *A leak opens both sides, a little.*
# Leaky ReLU passes one hundredth of what is negative: unit 2 says −1/50 and its slope is 1/100.
# None of the zeros is left.
#
# >>> from fractions import Fraction
# >>> from sgdexplained.contrasts.activations import leaky_relu, silu
# >>> leaking = bench(lambda z: leaky_relu(z, Fraction(1, 100)))
# >>> found = around_unit_2(leaking)
# >>> [float(g) for g in found["in"]], float(found["out"])
# ([0.0192, 0.0384], -0.0192)
#
# *An open unit, and still zero.*
# An input can be silent too.
# With x = (0, −2) and the target 6, unit 2 hears 5, its delta is 8, and its bias learns; but the weight from the first input gets 0 × 8.
# No unit is to blame.
#
# >>> around_unit_2(bench(x=(0, -2), target=6))
# {'inactive': False, 'shut': False, 'in': [0.0, -16.0], 'bias': 8.0, 'out': 20.0}
#
# *Nearly is not exactly.*
# SiLU, a smooth relative of ReLU, falls a little below 0 before it rises; at its lowest point it speaks and is shut.
# But −1.27846454 is only near that point, as every float is, so the slope is tiny and not 0.
#
# >>> from sgdexplained import Scalar
# >>> z = Scalar(-1.27846454)
# >>> a = silu(z)
# >>> a.backward()
# >>> round(a.data, 3), 0 < abs(z.grad) < 1e-8
# (-0.278, True)
#
# *This example, this step.*
# All four zeros belong to one example.
# A second example, with x = (2, 1) and the target −1, makes unit 2 hear 1, and in the mean of both none of the four is zero.
#
# >>> net = MLP(
# ...     [2, 3, 1],
# ...     init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])],
# ... )
# >>> half_squared_error(net([[1, 2], [2, 1]]), [[1], [-1]]).backward()
# >>> [row[1] for row in net.gradients()["W1"]], net.gradients()["W2"][1]
# ([6.0, 3.0], [1.5])
#
# Predict first
# -------------
#
# 1. The weight out of unit 2 is 2.
#    Make it 5.
#    Which of the four zeros go away?
#
# .. dropdown:: Answer
#
#    None.
#    On the way in only the upstream signal changes, to 5 × 1, and it is still multiplied by the slope 0.
#    On the way out the gradient is what unit 2 says times the seed, and the weight itself is no factor of it.
#    Not even the output notices, since 0 × 5 is 0.
#
#    >>> net = MLP(
#    ...     [2, 3, 1],
#    ...     init=[
#    ...         ([[1, 1, 2], [1, -2, 0]], [0, 1, -1]),
#    ...         ([[1], [5], [-1]], [0]),
#    ...     ],
#    ... )
#    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
#    >>> upstream_gradient(net.layers[0])[0][1]
#    5.0
#    >>> around_unit_2(net)
#    {'inactive': True, 'shut': True, 'in': [0.0, 0.0], 'bias': 0.0, 'out': 0.0}
#
# 2. The unit is a ReLU6 with the bias 8, so that it hears 5.
#    Which gradients are zero?
#
# .. dropdown:: Answer
#
#    None: between 0 and 6 it is active and open.
#    The output is 3 + 2 × 5 − 1 = 12, so the seed is 11 and the delta of unit 2 is 2 × 11.
#
#    >>> around_unit_2(bench(relu6, bias_of_unit_2=8))
#    {'inactive': False, 'shut': False, 'in': [22.0, 44.0], 'bias': 22.0, 'out': 55.0}
#
# 3. In the ReLU network, the second input becomes 0, so x = (1, 0).
#    Unit 2 now hears 1 + 0 + 1 = 2.
#    Which of the four are zero?
#
# .. dropdown:: Answer
#
#    One, and the unit has no part in it: the weight from the second input, whose sender is silent.
#    The output is 1 + 2 × 2 − 1 = 4, the seed 3.
#
#    >>> around_unit_2(bench(x=(1, 0)))
#    {'inactive': False, 'shut': False, 'in': [6.0, 0.0], 'bias': 6.0, 'out': 6.0}
#
# In the engine
# -------------
#
# Both zeros are factors of :engine:`the shares that a unit hands out <units.Unit>`.
#
# In PyTorch
# ----------
#
# The two zeros stand in different places: the weights are kept with a row for each receiver, so what leads into unit 2 is a row, and what leads out of it a column.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    net = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
#    numbers = [[1, 1], [1, -2], [2, 0]], [0, 1, -1], [[1, 2, -1]], [0]
#    with torch.no_grad():
#        for w, values in zip(net.parameters(), numbers):
#            w[:] = torch.tensor(values)
#
#    loss = (net(torch.tensor([[1.0, 2]])) - 1).square().sum() / 2
#    loss.backward()
#    assert net[0].weight.grad.tolist() == [[1, 2], [0, 0], [-1, -2]]
#    assert net[2].weight.grad.tolist() == [[3, 0, 1]]
