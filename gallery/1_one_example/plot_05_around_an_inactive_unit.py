r"""
Why are the gradients around an inactive unit zero?
===================================================

.. needs:: 1 2

The weights that lead into an inactive unit have the gradient zero, and so have the weights that lead out of it.
Is the reason the same?

.. guess::
   :answer: 3

   Unit 2 has the pre-activation −2, so ReLU gives it the activation 0. Why does a step not move the weights around it?

   A. These weights were not used.
   B. For all of them the error does not reach the unit.
   C. There is one reason on the way in, and another on the way out.
   D. The weights are zero themselves.

   The picture below shows it: on the way in the *derivative* is zero, on the way out the *activation* is.
   All these weights were used, and the error does reach the unit: its upstream gradient is 2.
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
    ("x₁ → 2", sender_activation(hidden)[0][0], *into),
    ("x₂ → 2", sender_activation(hidden)[0][1], *into),
    ("bias of 2", 1, *into),
    ("2 → output", sender_activation(last)[0][1], *out),
]
ax = draw.products(products)
draw.title(
    ax,
    "On the way in the derivative is 0; on the way out the activation is 0.",
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
# Each line is one product.
# This is the gradient of the loss *L* with respect to a weight *w* that leads from a sender to a receiver:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = a \cdot \varphi'(z) \cdot u
#
# Here *a* is the activation of the sender, and *φ′(z)* is the derivative of the activation function at the receiver's pre-activation *z*.
# The upstream gradient *u* says how much the loss changes with the activation of the receiver.
# For a bias, *a* is 1.
#
# .. live:: network
#    :start: pick=W2.1.0
#
# Two zeros, in two places
# ------------------------
#
# **On the way in**, the senders are active: the inputs are 1 and 2.
# The error comes back as well: the upstream gradient is 2.
# But unit 2 is *shut*, which means that its derivative is 0, and so the product is 0.
#
# **On the way out**, the output unit is open, and the error comes back to it.
# But unit 2 is *inactive*, which means that its activation is 0, and so the product is 0.
#
# ReLU makes both zeros at once, because it is flat exactly where it gives 0.
# Other activation functions separate them.


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
    "ReLU, z = −2": net,
    "tanh, z = 0": network("tanh", bias_of_unit_2=3),
    "ReLU6, z = 7": network(relu6, bias_of_unit_2=10),
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
            words = "0"
            if gradient:
                colour, words = draw.INK, "not 0"
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
    "A shut unit stops what leads in, an inactive unit stops what leads out.",
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
# A tanh unit with the pre-activation 0 is inactive and open: its activation is 0, and its derivative is 1.
# ReLU6 gives at most 6, so with the pre-activation 7 it is active and shut: its activation is 6, and its derivative is 0.
# The next page tells for which activation functions a unit can be inactive or shut, and where: :ref:`sphx_glr_story_1_one_example_plot_06_inactive_or_shut.py`.
#
# .. claim:: B5
#    :verdict: holds when
#    :when: *inactive* means that the activation of the unit is exactly 0. Its derivative does not matter.
#    :corrected: An inactive sender gives every weight that leads out of it a gradient of exactly zero for this example, whatever its activation function is. The biases of the next layer are not affected.
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
#    The gradients of the last layer, first with a ReLU6 unit that is shut but active, and then with a ReLU unit that is inactive:
#
#    >>> ahead_of(relu6, bias=10)
#    ([39.0, 78.0, 13.0], [13.0])
#    >>> ahead_of("relu", bias=1)
#    ([3.0, 0.0, 1.0], [1.0])

# %%
# No weight is switched off
# -------------------------
#
# Many people say that the weights at an inactive neuron *are not activated*, and mean that the network does not use these weights.
# Look at the pre-activation of unit 2: each input times its weight, and the bias.

names = ["1 × 1", "2 × (−2)", "bias 1", "pre-activation"]
terms = [1 * 1, 2 * -2, 1]
ax = draw.bars(names, [*terms, sum(terms)], signed=True)
ax.set_xlim(-5.4, 1.6)
draw.title(ax, "The weight −2 is used: it is what shuts the unit.")
draw.alt(
    ax,
    "Bars of what is added up to the pre-activation of unit 2: +1 from the"
    " first input, -4 from the second, +1 from the bias; together -2.",
)
draw.show()

# %%
# The weight −2 contributes −4, more than all the rest.
# Without it the pre-activation would be +2, and the unit would be open.
# Its gradient of 0 says only that a *small* change of this weight does not change the loss.
#
# .. claim:: B6
#    :verdict: false as stated
#    :corrected: Units are active or inactive; weights are not. In a layer that connects every sender to every receiver, each weight is used in every forward pass. The gradient of a weight can be zero for an example, and the reason is at one of its two ends, or at both: the sender is inactive, or nothing comes back through the receiver.
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
#    The pre-activation of unit 2 and the gradient of the weight, with the weight −2 and with 0 in its place:
#
#    >>> unit_2(-2), unit_2(0)
#    ((-2, 0.0), (2, 20.0))
#
# When none of the four is zero, and when others are
# --------------------------------------------------
#
# - **With a leak.** Leaky ReLU multiplies a negative pre-activation by 1/100, so the unit is neither inactive nor shut, and none of the gradients is zero.
# - **With another example.** The zeros belong to one example. With a second example that opens unit 2, none of the four is zero in the mean: :ref:`sphx_glr_story_2_a_batch_plot_09_when_a_batch_moves_a_weight.py`.
# - **With an input of 0.** A weight into an open unit has the gradient zero too, if it leads from an input of 0. An input is not a unit, but an input of 0 is an inactive sender.

# Check: what this list says
leaking = around_unit_2(network(lambda z: leaky_relu(z, 0.01)))
assert (leaking["inactive"], leaking["shut"]) == (False, False)
assert all([*leaking["in"], leaking["bias"], leaking["out"]])

init = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
both = MLP([2, 3, 1], init=init)
half_squared_error(both([[1, 2], [2, 1]]), [[1], [-1]]).backward()
mean = around_unit_2(both)
assert all([*mean["in"], mean["bias"], mean["out"]])

zero_input = around_unit_2(network(x=(0, -2), target=6))
assert (zero_input["inactive"], zero_input["in"]) == (False, [0, -16])

# %%
# Three predictions
# -----------------
#
# .. guess::
#    :answer: 4
#
#    The weight out of unit 2 is 2. Make it 5. How many of the four gradients in the first picture are zero now?
#
#    On the way in only the upstream gradient changes, to 5 × 1, and it is still multiplied by the derivative 0.
#    On the way out the gradient is the activation of unit 2 times the upstream gradient, and the weight itself is not a factor.
#    The output does not change either, because 0 × 5 is 0.
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
#    The unit is a ReLU6 with the bias 8, so its pre-activation is 5. How many of the four gradients are zero?
#
#    Between 0 and 6 a ReLU6 unit is active and open.
#    The output is 3 + 2 × 5 − 1 = 12, so the upstream gradient at the output is 11, and the delta of unit 2 is 2 × 11.
#
#    >>> around_unit_2(network(relu6, bias_of_unit_2=8))
#    {'inactive': False, 'shut': False, 'in': [22.0, 44.0], 'bias': 22.0, 'out': 55.0}
#
# .. live:: predict
#    :start: e=1,0,1;pick=W1.0.1
#    :folded: The unit is ReLU again, and the second input becomes 0. Choose in the picture what stays.
#
#    The pre-activation of unit 2 is 1 + 0 + 1 = 2, so the unit is open. Only the weights from the second input stay, because their sender is inactive now.
#
# In PyTorch: a row leads in, a column leads out
# ----------------------------------------------
#
# PyTorch keeps a row of weights for each receiver.
# So the gradients of the weights into unit 2 are a row of zeros, and those of the weights out of unit 2 are a column of zeros.
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
# In the engine, both zeros are factors in :engine:`the line that computes the gradients around a unit <units.Unit>`.
