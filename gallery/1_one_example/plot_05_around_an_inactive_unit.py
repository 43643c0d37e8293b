r"""
Why are the gradients around an inactive unit zero?
===================================================

.. needs:: 1 2

If a ReLU unit is inactive for an example, the weights into it have the gradient 0, and the weights out of it too.
Is the reason the same?

.. guess::
   :answer: 3

   Unit 2 is a ReLU unit with the pre-activation −2, so its activation is 0. Why does a step of plain SGD not move the weights into this unit and out of it?

   A. These weights were not used.
   B. The error does not come back to unit 2.
   C. There is one reason for the weights into the unit, and another for the weights out of it.
   D. These weights are 0.

   The next picture shows the two reasons.
   All these weights were used, and the error does come back to unit 2: its upstream gradient is 2.
"""

# Set-up: the network of page 1, and four of its weights
from sgdexplained import MLP, draw, half_squared_error
from sgdexplained.contrasts.activations import leaky_relu, relu6
from sgdexplained.reasons import (
    activation_derivative,
    inactive,
    sender_activation,
    shut,
    upstream_gradient,
)


def network(activation="relu", x=(1, 2), target=1, bias_of_unit_2=1):
    W1, b1 = [[1, 1, 2], [1, -2, 0]], [0, bias_of_unit_2, -1]
    W2, b2 = [[1], [2], [-1]], [0]
    net = MLP([2, 3, 1], activation=activation, init=[(W1, b1), (W2, b2)])
    half_squared_error(net([list(x)]), [[target]]).backward()
    return net


net = network()
hidden, last = net.layers
into = activation_derivative(hidden)[0][1], upstream_gradient(hidden)[0][1]
out = activation_derivative(last)[0][0], upstream_gradient(last)[0][0]
products = [
    ("x₁ → unit 2", sender_activation(hidden)[0][0], *into),
    ("x₂ → unit 2", sender_activation(hidden)[0][1], *into),
    ("bias of unit 2", 1, *into),
    ("unit 2 → output", sender_activation(last)[0][1], *out),
]
ax = draw.products(products)
draw.title(
    ax,
    "Into unit 2: the derivative is 0. Out of unit 2: the activation is 0.",
)
draw.alt(
    ax,
    "A line of factors for each of four weights. From the inputs 1 and 2 and"
    " from the bias into unit 2: the activation of the sender is 1, 2 or 1,"
    " the derivative is 0 and hatched, the upstream gradient is 2. From unit 2"
    " to the output: the activation is 0 and hatched, the derivative and the"
    " upstream gradient are 1. All four gradients are 0.",
)

# %%
# Each row is the gradient of the loss *L* with respect to one weight *w*, as a product of three factors:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u
#
# These are the factors of page 2: the activation *a* of the sender (1 for a bias), the derivative of the activation *φ′(z)* at the receiver with the pre-activation *z*, and the upstream gradient *u* of the receiver.
#
# .. live:: network
#    :start: pick=W2.1.0
#    :lead: Unit 2 has two bars: the left one says that it is shut, the right one that it is inactive. Drag the dot, which is the example, until both bars are gone. Which lines are no longer dashed?
#
# Two zeros, for two reasons
# --------------------------
#
# **Into unit 2.**
# The senders are the inputs 1 and 2, and the upstream gradient is 2.
# But unit 2 is *shut*: its derivative is 0, so each product is 0.
#
# **Out of unit 2.**
# Here unit 2 is the sender, and the output is the receiver.
# Unit 2 is *inactive*: its activation is 0, so the product is 0.
#
# With another activation function, a unit can be inactive without being shut, or shut without being inactive.


# Set-up: unit 2 with three activation functions, and the figure
def around_unit_2(net):
    hidden, gradients = net.layers[0], net.gradients()
    return {
        "inactive": inactive(hidden)[0][1],
        "shut": shut(hidden)[0][1],
        "in": [float(row[1]) for row in gradients["W1"]],
        "bias": float(gradients["b1"][1]),
        "out": float(gradients["W2"][1][0]),
    }


cases = {
    "ReLU, z = −2\ninactive, shut": net,
    "tanh, z = 0\ninactive, open": network("tanh", bias_of_unit_2=3),
    "ReLU6, z = 7\nactive, shut": network(relu6, bias_of_unit_2=10),
}
fig, ax = draw.figure(2.9)
with draw.style():
    ax.text(2.45, -0.72, "weight in", ha="center", style="italic")
    ax.text(4.3, -0.72, "weight out", ha="center", style="italic")
    for row, (name, case) in enumerate(cases.items()):
        ax.text(0, row, name, va="center")
        found = around_unit_2(case)
        for middle, gradient in [(2.45, found["in"][1]), (4.3, found["out"])]:
            look, colour = {"linestyle": (0, (3.2, 2.6)), "lw": 1.3}, draw.ZERO
            words = "gradient 0"
            if gradient:
                colour, words = draw.INK, "gradient not 0"
                look = {"lw": 5.5}
            ends = [middle - 0.65, middle + 0.65]
            ax.plot(ends, [row, row], color=colour, **look)
            look = {"ha": "center", "va": "bottom", "fontweight": "bold"}
            ax.text(middle, row - 0.1, words, color=colour, **look)
        ring = {"markersize": 27, "color": "white", "markeredgecolor": draw.INK}
        ax.plot(3.375, row, "o", **ring)
ax.set(xlim=(0, 5.2), ylim=(2.4, -0.95))
ax.axis("off")
draw.title(
    ax,
    "Weights into a shut unit stay. Weights out of an inactive unit stay.",
)
draw.alt(
    ax,
    "Unit 2 with a weight in and a weight out, three times. As a ReLU with the"
    " pre-activation -2 both weights have the gradient 0 and are dashed. As a"
    " tanh with the pre-activation 0 the gradient of the weight in is not 0"
    " and that of the weight out is 0. As a ReLU6 with the pre-activation 7"
    " it is the reverse.",
)

# %%
# Tanh at 0 has the activation 0 and the derivative 1.
# ReLU6 is ReLU with the upper limit 6, so at 7 its activation is 6, and its derivative is 0.
# The next page shows more such units: :ref:`sphx_glr_story_1_one_example_plot_06_inactive_or_shut.py`
#
# .. claim:: B5
#    :verdict: holds when
#    :when: *inactive* means, as on this site, that the activation of the unit is exactly 0, and not only nearly 0.
#    :corrected: If a unit is inactive for an example, the gradient of each weight out of this unit is exactly 0 for this example. This is so for every activation function. The biases of the next layer can still move.
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
#    The gradients of the three weights into the output, and of the bias of the output. First unit 2 is a ReLU6 unit that is shut but active, and then a ReLU unit that is inactive:
#
#    >>> ahead_of(relu6, bias=10)
#    ([39.0, 78.0, 13.0], [13.0])
#    >>> ahead_of("relu", bias=1)
#    ([3.0, 0.0, 1.0], [1.0])

# %%
# An inactive unit does not switch off its weights
# ------------------------------------------------
#
# Many people say that the weights at an inactive neuron *are not activated*.
# They mean that the network does not use these weights.
# But look at the pre-activation of unit 2: each input times its weight, all added up, plus the bias.

names = ["1 × 1", "2 × (−2)", "bias 1", "pre-activation"]
terms = [1 * 1, 2 * -2, 1]
ax = draw.bars(names, [*terms, sum(terms)], signed=True)
ax.set_xlim(-5.4, 1.6)
draw.title(ax, "The weight −2 is used: it makes the pre-activation negative.")
draw.alt(
    ax,
    "Bars of what is added up to the pre-activation of unit 2: +1 from the"
    " first input, -4 from the second, +1 from the bias; together -2.",
)
draw.show()

# %%
# The weight −2 contributes −4, and the rest together is only +2.
# Without this weight the pre-activation would be +2, and unit 2 would be open.
# The gradient 0 says only that a very *small* change of this weight does not change the loss.
#
# .. claim:: B6
#    :verdict: false as stated
#    :corrected: Units are active or inactive; weights are not. In a layer that connects every sender to every receiver, each weight is used in every forward pass. For one example, the gradient of a weight is 0 if its sender is inactive, or its receiver is shut, or the upstream gradient of its receiver is 0.
#    :sources: rumelhart1986
#    :refuted-by: against-left-out, leaky-shut-gate, gates-ignored
#
#    The weights at an inactive neuron have the gradient 0 because these weights are not activated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> def unit_2(weight):
#    ...     W1, W2 = [[1, 1, 2], [1, weight, 0]], [[1], [2], [-1]]
#    ...     net = MLP([2, 3, 1], init=[(W1, [0, 1, -1]), (W2, [0])])
#    ...     half_squared_error(net([[1, 2]]), [[1]]).backward()
#    ...     z = net.layers[0].pre_activations[0][1]
#    ...     return z, net.gradients()["W1"][1][1]
#
#    The pre-activation of unit 2 and the gradient of the weight, first with the weight −2, and then with the weight 0:
#
#    >>> unit_2(-2), unit_2(0)
#    ((-2, 0.0), (2, 20.0))
#
# When the gradients around unit 2 are not zero
# ---------------------------------------------
#
# - **With leaky ReLU.** Leaky ReLU multiplies a negative pre-activation by a small number, for example by 1/100. So unit 2 is active and open, and none of the four gradients is 0.
# - **With a second example.** A second example, with the inputs 2 and 1, opens unit 2. If the output of the network is not exactly right for it, this example gives each of the four numbers a gradient that is not 0. So the mean over both examples is not 0 for any of the four numbers: :ref:`sphx_glr_story_2_a_batch_plot_09_when_a_batch_moves_a_weight.py`

# Check: what this list says
leaking = around_unit_2(network(lambda z: leaky_relu(z, 0.01)))
assert (leaking["inactive"], leaking["shut"]) == (False, False)
assert all([*leaking["in"], leaking["bias"], leaking["out"]])

init = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
both = MLP([2, 3, 1], init=init)
half_squared_error(both([[1, 2], [2, 1]]), [[1], [-1]]).backward()
mean = around_unit_2(both)
assert all([*mean["in"], mean["bias"], mean["out"]])

# %%
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 4
#
#    The weight out of unit 2 is 5 instead of 2. How many of the four gradients in the first picture are 0 now?
#
#    For the weights into unit 2 and for its bias, only the upstream gradient changes: it is 5 × 1 instead of 2 × 1. It is still multiplied by the derivative 0.
#    For the weight out of unit 2, no factor changes. The activation of unit 2 is still 0. The output is still 2, because 0 × 5 = 0, so the upstream gradient is still 1. The weight itself is not one of the factors.
#
#    >>> W2 = [[1], [5], [-1]]
#    >>> changed = MLP([2, 3, 1], init=[init[0], (W2, [0])])
#    >>> half_squared_error(changed([[1, 2]]), [[1]]).backward()
#    >>> around_unit_2(changed)
#    {'inactive': True, 'shut': True, 'in': [0.0, 0.0], 'bias': 0.0, 'out': 0.0}
#
# .. guess::
#    :answer: 0
#
#    All hidden units are ReLU6 units, and the bias of unit 2 is 8, so its pre-activation is 5. How many of the four gradients are 0?
#
#    Between 0 and 6, ReLU6 is the same as ReLU, so unit 2 is active and open.
#    The output is 3 + 2 × 5 − 1 = 12, so the upstream gradient of the output is 12 − 1 = 11.
#    For unit 2 it is 2 × 11 = 22, so no factor is 0.
#
#    >>> around_unit_2(network(relu6, bias_of_unit_2=8))
#    {'inactive': False, 'shut': False, 'in': [22.0, 44.0], 'bias': 22.0, 'out': 55.0}
#
# .. live:: predict
#    :start: e=1,0,1;pick=W1.0.1
#    :folded: The hidden units are ReLU units again, and the bias of unit 2 is 1. The second input is 0 instead of 2. Choose in the picture what stays.
#
#    The pre-activation of unit 2 is 1 + 0 + 1 = 2, so all three hidden units are active and open. The second input is 0, and an input of 0 is an inactive sender. So only the three weights out of the second input stay.
#
# In PyTorch: a row of zeros and a column of zeros
# ------------------------------------------------
#
# PyTorch keeps the weights into one unit in a row, and the weights out of one unit in a column.
# So row 2 of the first layer's gradients is zeros.
# In the last layer, column 2 is zero; with one output it is a single number.
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
#
# In the engine, the three factors are multiplied in :engine:`the line that computes the gradients around a unit <units.Unit>`.
