r"""
Can a dead unit come back?
==========================

.. needs:: 5 9

A unit is *dead* for a set of data if it is shut for every example in it.
Then the weights into it and its bias have the gradient zero, so plain SGD does not move them.

.. guess::
   :answer: 3

   A ReLU unit in the second hidden layer is dead for all the data. The optimiser is plain SGD. Can the unit open again?

   A. No, it is dead for ever.
   B. Only with another optimiser.
   C. Yes, if the layer before it changes.
   D. Yes, because the weights into it still move a little.

   The weights into the unit do not move.
   But the activations of the layer before it can change, because the weights of that layer can still get gradients through other units.
"""

# Set-up: twelve examples before and after one step, and the figure
from fractions import Fraction

from matplotlib.patheffects import withStroke

from sgdexplained import MLP, SGD, draw, half_squared_error
from sgdexplained.contrasts import Adam, leaky_relu
from sgdexplained.reasons import dead

cloud = [[a / 4, b / 4] for a in (2, 3, 4) for b in (1, 3, 5, 6)]
W1, W2 = [[1, 0], [0, 1]], [[1, 1], [1, 1]]
net = MLP([2, 2, 2, 1], init=[(W1, [0, 0]), (W2, [-3, 0]), ([[1], [1]], None)])


def inputs_of_p():
    net(cloud)
    return net.layers[0].activations


own = net.layers[1].weight[0][0].data, net.layers[1].bias[0].data
points = [inputs_of_p()]
assert dead(net, cloud)[1][0]
half_squared_error(net(cloud), [[5]] * len(cloud)).backward()
SGD(net.parameters(), lr=0.15).step()
points.append(inputs_of_p())
assert (net.layers[1].weight[0][0].data, net.layers[1].bias[0].data) == own

halo = [withStroke(linewidth=5, foreground="white")]
with draw.style():
    fig, places = draw.figure(3.75, columns=2, sharey=True)
for ax, seen, when in zip(
    places, points, ("before the step", "after the step"), strict=True
):
    is_open = [one + two > 3 for one, two in seen]
    ax.fill(
        [-1, 4, -1], [4, -1, -1], fc="none", ec=draw.GRID, hatch="////", lw=0
    )
    ax.plot([-1, 4], [4, -1], color=draw.INK, lw=2)
    for place, opens in zip(seen, is_open, strict=True):
        face = draw.INK if opens else "white"
        ax.plot(*place, "o", ms=8, mec=draw.INK, mfc=face, mew=1.6)
    with draw.style():
        ax.set_title(f"{when}:\nopen for {sum(is_open)} of {len(seen)}")
        ax.set_xlabel("activation of unit 1, layer 1")
        ax.text(3.38, 1.0, "p is open", fontweight="bold", ha="right")
        ax.text(1.3, 0.13, "p is shut", path_effects=halo)
    ax.set(xlim=(0, 3.4), ylim=(0, 3.4), aspect="equal")
    ax.set_xticks([0, 1, 2, 3])
    ax.set_yticks([0, 1, 2, 3])
with draw.style():
    places[0].set_ylabel("activation of unit 2")
draw.title(
    fig, "The border of the dead unit p stays, and the examples cross it."
)
draw.alt(
    fig,
    "Twelve examples as points: the activations of the two units of the first"
    " layer. A straight border divides the plane; on its hatched side the unit"
    " p is shut. Before the step all twelve points are on the hatched side."
    " After it the border is the same, and most points are on the other side.",
)

# %%
# In the picture, *p* is a unit of the second hidden layer.
# Each point is an example: its place shows the activations of the two units of the first hidden layer.
# The unit *p* is open on one side of a straight border.
# The weights into *p* and its bias decide where this border is. They do not move, so the border stays.
# The points move, because the step changes the weights of the first layer.
#
# The same with numbers
# ---------------------
#
# In a smaller network, the first layer has one unit, and its activation is called *h*.
# The second layer has two units, *p* with the pre-activation *h* − 2 and *q* with the pre-activation *h*.
# The output is the sum of the activations of *p* and *q*.
# All weights are 1, and the learning rate is 1/2.
# The only example is the input 1 with the target 4.
# So *h* is 1, the pre-activation of *p* is −1, and *p* is dead.
# The pre-activation of *q* is 1, so the output is 1.

# Set-up: one step of the small network
small = [([[1]], None), ([[1, 1]], [-2, 0]), ([[1], [1]], None)]
net = MLP([1, 1, 2, 1], init=small)
second, lines = net.layers[1], []
for when in ("before", "after"):
    half_squared_error(net([[1]]), [[4]]).backward()
    z, h = second.pre_activations[0][0], net.layers[0].activations[0][0]
    own = second.weight[0][0].data, second.bias[0].data
    lines.append(f"{when:7}{h:5}{z:8}{own[0]:15g}{own[1]:11g}")
    if when == "before":
        SGD(net.parameters(), lr=0.5).step()
print("           h  z of p  weight into p  bias of p", *lines, sep="\n")

# %%
# The table shows *h*, the pre-activation *z* of *p*, the weight into *p* and the bias of *p*.
# This weight and this bias have the gradient zero and do not move.
# But the derivative of the loss, 1 − 4 = −3, comes back to the first layer through *q*.
# So the weight from the input to the first layer has the gradient −3, and the step moves it. Then *h* is equal to the new weight, because the input is 1, and *p* is open:
#
# .. math::
#
#    h = 1 - \tfrac{1}{2} \cdot (-3) = \tfrac{5}{2} \qquad\quad z_p = h - 2 = \tfrac{1}{2}
#
# A unit of the first layer cannot open again in this way, because its inputs are the data.
#
# One step that is too long can kill a unit
# -----------------------------------------
#
# Now take another network, which is a single ReLU unit with the weight 1 and the bias 0. Its activation is the output.
# There are two examples, one with the input 1 and one with the input 2, and both targets are 0.
# The outputs are 1 and 2, so the derivatives of the loss are 1 and 2 too.
# For the weight, each derivative is multiplied by its input, and the gradient is the mean: (1 · 1 + 2 · 2) / 2 = 5/2.
# For the bias the gradient is (1 + 2) / 2 = 3/2.
# The picture shows the unit after one step, with three learning rates.

# Set-up: one step with three learning rates, and the figure
data, zeros = [[1], [2]], [[Fraction(0)], [Fraction(0)]]


def after_one_step(lr):
    net = MLP([1, 1], output="relu", init=[([[1]], [0])])
    half_squared_error(net(data), zeros).backward()
    SGD(net.parameters(), lr=lr).step()
    return net


rates = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)]
stepped = [after_one_step(lr) for lr in rates]
xs = [0, 3]
_, ax = draw.figure(3.3)
ax.axhspan(-3, 0, fc="none", ec=draw.GRID, hatch="////", lw=0)
for net, name in zip(stepped, ("1/10", "1/4", "1/2"), strict=True):
    [[[w]], [b]] = (net.values()[part] for part in ("W1", "b1"))
    label = f"learning rate {name}" if name == "1/10" else name
    draw.curve(xs, [w * x + b for x in xs], ax, colour=draw.INK)
    with draw.style():
        ax.text(3.05, float(w * 3 + b), name, va="center", clip_on=False)
    for x in (1, 2):
        z = float(w * x + b)
        face = draw.INK if z > 0 else "white"
        ax.plot(x, z, "o", mec=draw.INK, mfc=face, ms=9, zorder=4)
ax.axhline(0, color=draw.INK, lw=0.8)
with draw.style():
    ax.text(0.1, -1.9, "shut", fontstyle="italic", path_effects=halo)
    ax.text(0.1, 1.75, "open", fontstyle="italic")
    ax.text(3.05, 2.75, "learning\nrate", fontstyle="italic", clip_on=False)
    ax.set_xlabel("input (the two examples are marked)")
    ax.set_ylabel("pre-activation")
ax.set(xlim=xs, ylim=(-2.2, 3.2), xticks=[0, 1, 2, 3])
draw.title(
    ax, "With the learning rate 1/2, one step shuts the unit for both examples."
)
draw.alt(
    ax,
    "The pre-activation of the unit over its input after one step, for three"
    " learning rates, with the two examples marked. For 1/10 both are above"
    " zero, for 1/4 one is at zero and one above, for 1/2 a falling line has"
    " both below zero, in the hatched region where the unit is shut.",
)

# %%
# After the step with 1/2 the pre-activations are −1 and −5/4.
# So from now on these two examples give the weight and the bias the gradient zero.

# Check: the pre-activations after the step with 1/2, and who is dead
stepped[2](data)
assert stepped[2].layers[0].pre_activations == [[-1], [Fraction(-5, 4)]]
assert [dead(net, data)[0][0] for net in stepped] == [False, False, True]

# %%
# Decay can open a unit as well
# -----------------------------
#
# Weight decay moves a weight even if its gradient is zero.
# The next picture shows three units that are shut at first.
# Each of them has the weight −1 and the bias 1/2, and its input is 1 at first.
# All gradients are 0. In every step, decay multiplies the weight by 0.99. For two of the three units it multiplies the bias by 0.99 too.
#
# - **First layer, decay of both:** weight and bias shrink alike, so the pre-activation stays below zero.
# - **First layer, decay of the weight only:** the bias stays 1/2, so the pre-activation is above zero in the end.
# - **Second layer, decay of all:** the input of this unit shrinks too, because it is the activation of an open unit whose weight decays. So weight times input shrinks faster than the bias, and the pre-activation is above zero in the end.
#
# Two of these units open at step 69. Let *r* be 0.99 to the power of the number of steps.
# With decay of the weight only, the pre-activation is −\ *r* + 1/2. The unit of the second layer gets its input from an open unit with the weight *r*, the input 1 and the bias 0, so this input is *r*. Its own weight is −\ *r* and its bias is *r*/2, so its pre-activation is −\ *r* · *r* + *r*/2 = *r* · (−\ *r* + 1/2).
# Both are above 0 as soon as *r* is below 1/2, and this is so after 69 steps.


# Set-up: decay of all, or of the weight only, and the figure
def pre_activations_under_decay(net, parameters, x, steps=150):
    """Return the pre-activation of the last hidden unit, step by step."""
    optimiser, found = SGD(parameters, lr=0.1, weight_decay=0.1), []
    for _ in range(steps):
        net([x])
        found.append(net.layers[-1].pre_activations[0][0])
        for parameter in parameters:
            parameter.grad = 0  # no gradient of a loss, even when it is open
        optimiser.step()
    return found


def first_layer():
    return MLP([1, 1], output="relu", init=[([[-1.0]], [0.5])])


deep = MLP([1, 1, 1], output="relu", init=[([[1.0]], [0.0]), ([[-1.0]], [0.5])])
alike, weight_only = first_layer(), first_layer()
fates = {
    "weight only": pre_activations_under_decay(
        weight_only, weight_only.parameters()[:1], [1]
    ),
    "weight and bias": pre_activations_under_decay(
        alike, alike.parameters(), [1]
    ),
    "second layer": pre_activations_under_decay(deep, deep.parameters(), [1]),
}
opening = {
    name: next((k for k, z in enumerate(found) if z > 0), None)
    for name, found in fates.items()
}
assert list(opening.values()) == [69, None, 69]
assert 0.99**69 < 1 / 2 < 0.99**68

_, ax = draw.figure(3.4)
ax.axhspan(-0.6, 0, fc="none", ec=draw.GRID, hatch="////", lw=0)
ax.axhline(0, color=draw.INK, lw=0.8)
ax.plot(69, fates["second layer"][69], "o", color=draw.INK, ms=8, zorder=4)
names = {
    "weight only": ("first layer, decay\nof the weight only", 0.32),
    "weight and bias": ("first layer,\ndecay of both", -0.17),
    "second layer": ("second layer,\ndecay of all", 0.075),
}
for (name, found), line in zip(fates.items(), (":", "--", "-"), strict=True):
    ax.plot(range(len(found)), found, color=draw.INK, lw=2.4, ls=line)
    with draw.style():
        words, height = names[name]
        ax.text(154, height, words, va="center", clip_on=False)
with draw.style():
    ax.text(3, 0.24, "open", fontstyle="italic")
    ax.text(60, -0.5, "shut", fontstyle="italic", path_effects=halo)
    ax.text(66, 0.05, "step 69", ha="right", path_effects=halo)
    ax.set_ylabel("pre-activation")
    ax.set_xlabel("step (all gradients are 0)")
ax.set(xlim=(0, 150), ylim=(-0.58, 0.36), xticks=[0, 50, 100, 150])
ax.set_yticks([-0.5, 0], ["−0.5", "0"])
draw.title(ax, "After 69 steps, decay has opened two of three shut units.")
draw.alt(
    ax,
    "The pre-activation of three shut units over 150 steps in which all"
    " gradients are zero. In the first layer with decay of weight and bias it"
    " rises towards zero and stays below. In the first layer with decay of the"
    " weight only, and in the second layer with decay of all, it crosses zero at"
    " step 69 and is above zero from then on.",
)

# %%
# .. claim:: C5
#    :verdict: holds when
#    :when: the unit is shut for every example that comes, and the optimiser is plain SGD without decay.
#    :corrected: Under plain SGD without decay, the weights into a ReLU unit stay as long as it is shut for every example. The unit can still open again if the layers before it change. Plain SGD with decay can open a unit too. In the first layer this needs a decay that treats weight and bias differently. In a deeper layer it can happen even if all weights and biases decay alike.
#    :sources: lu2020
#    :refuted-by: leaky-shut-gate, uphill
#
#    An inactive unit has gradient zero, and so its weights stay where they are.
#
#    A unit that one step has killed does not move in fifty more:
#
#    >>> from fractions import Fraction
#    >>> from sgdexplained import MLP, SGD, half_squared_error
#    >>> def train(net, X, targets, steps, **options):
#    ...     for _ in range(steps):
#    ...         net.zero_grad()
#    ...         half_squared_error(net(X), targets).backward()
#    ...         SGD(net.parameters(), **options).step()
#    ...     net(X)
#    >>> killed = MLP([1, 1], output="relu", init=[([[1]], [0])])
#    >>> X, nothing, half = [[1], [2]], [[Fraction(0)]] * 2, Fraction(1, 2)
#    >>> for steps in (1, 50):
#    ...     train(killed, X, nothing, steps, lr=half)
#    ...     print([str(z) for [z] in killed.layers[0].pre_activations])
#    ['-1', '-5/4']
#    ['-1', '-5/4']
#
#    Decay of weights and biases alike opens a unit of the second layer. It is shut after 68 steps, and open after 69:
#
#    >>> deep = [([[1.0]], [0.0]), ([[-1.0]], [0.5]), ([[1.0]], [0.0])]
#    >>> for steps in (68, 69):
#    ...     net = MLP([1, 1, 1, 1], init=deep)
#    ...     train(net, [[1]], [[0]], steps, lr=0.1, weight_decay=0.1)
#    ...     print(steps, net.layers[1].pre_activations[0][0] > 0)
#    68 False
#    69 True
#
#    A neighbour opens a unit in one step:
#
#    >>> layers = [([[1]], None), ([[1, 1]], [-2, 0]), ([[1], [1]], None)]
#    >>> opened, found = MLP([1, 1, 2, 1], init=layers), []
#    >>> for steps in (0, 1):
#    ...     train(opened, [[1]], [[Fraction(4)]], steps, lr=half)
#    ...     found.append(str(opened.layers[1].pre_activations[0][0]))
#    >>> found
#    ['-1', '1/2']
#
# Three different things: inactive, without contribution, and dead
# ----------------------------------------------------------------
#
# - *Inactive* is about one example: the activation of the unit is 0.
# - *Without contribution* is about a batch: the delta of the unit, which is the derivative of its activation times its upstream gradient, is 0 for each example in the batch. So the batch adds nothing to the gradients of the weights into the unit.
# - *Dead* is about a set of data: the unit is shut for every example in it.
#
# For example, if every output in a batch is equal to its target, then even an open unit is without contribution, but it is not dead.
#
# .. claim:: X5
#    :verdict: holds
#    :picture: none
#    :sources: lu2020
#    :refuted-by: dead-in-one-example, untouched-by-one-example, leaky-shut-gate
#
#    Inactive, without contribution, and dead are three different things: they are about one example, one batch, and a whole set of data.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.reasons import dead, inactive, without_contribution
#    >>> init = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
#    >>> net = MLP([2, 3, 1], init=init)
#
#    Unit 2, with two batches:
#
#    >>> half_squared_error(net([[1, 2], [2, 1]]), [[1], [-1]]).backward()
#    >>> [row[1] for row in inactive(net.layers[0])]
#    [True, False]
#    >>> without_contribution(net.layers[0])[1], dead(net, [[1, 2], [2, 1]])[0][1]
#    (False, False)
#    >>> half_squared_error(net([[1, 2], [-2, 1]]), [[1], [2]]).backward()
#    >>> without_contribution(net.layers[0])[1], dead(net, [[1, 2], [-2, 1]])[0][1]
#    (True, True)
#
#    A right answer sends nothing back to an open unit:
#
#    >>> half_squared_error(net([[2, 1]]), [[2]]).backward()
#    >>> without_contribution(net.layers[0])[1], dead(net, [[2, 1]])[0][1]
#    (True, False)
#
# Other ways to open or to kill a unit
# ------------------------------------
#
# - **New data** can open a dead unit, because a unit that is shut for all old examples can be open for a new one.
# - **A leaky ReLU** cannot die, because its derivative below zero is 1/100 and not 0.
# - **Momentum** can kill a unit. With the momentum 0.9 and the learning rate 1/10, the unit with the weight 1, the bias 0 and the inputs 1 and 2 is shut for both examples after three steps.
# - **Adam with an L2 penalty** can open a unit of the first layer. It moves every weight by about the same amount towards 0. Let a unit have a small negative weight with a large input, and a larger positive weight, and let it be shut. The negative weight reaches 0 earlier, and then the pre-activation is above 0: :ref:`page 21 <sphx_glr_story_4_further_plot_21_after_many_zeros.py>`.
# - **Before the first step** units can already be dead. In many deep and narrow networks, so many units are dead at the start that the output is the same for every input: :ref:`sphx_glr_story_4_further_plot_24_dead_at_birth.py`

# Check: new data, a leak, momentum, and Adam with a penalty
assert dead(stepped[2], data)[0][0]
assert not dead(stepped[2], [*data, [-4]])[0][0]

leaking = MLP([1, 1], output=leaky_relu, init=[([[-0.25]], [-0.75])])
half_squared_error(leaking(data), [[1.0], [1.0]]).backward()
assert all(w.grad != 0 for w in leaking.parameters())

moving = MLP([1, 1], output="relu", init=[([[1]], [0])])
optimiser = SGD(
    moving.parameters(), lr=Fraction(1, 10), momentum=Fraction(9, 10)
)
for _ in range(3):
    moving.zero_grad()
    half_squared_error(moving(data), zeros).backward()
    optimiser.step()
assert dead(moving, data)[0][0]

penalised = MLP([2, 1], output="relu", init=[([[1.0], [-0.4]], None)])
adam = Adam(penalised.parameters(), lr=1e-3, weight_decay=1e-4)
assert dead(penalised, [[1, 3]])[0][0]
for _ in range(150):
    penalised.zero_grad()
    penalised([[1, 3]])[0][0].backward()
    adam.step()
    if not dead(penalised, [[1, 3]])[0][0]:
        break
assert not dead(penalised, [[1, 3]])[0][0]

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1/4
#
#    The unit with the weight 1, the bias 0 and the inputs 1 and 2 takes one step of plain SGD. Below which learning rate does it stay open for both examples?
#
#    A step with the learning rate *η* takes 5/2 times *η* from the weight and 3/2 times *η* from the bias.
#    So these are the pre-activations for the two examples after the step:
#
#    .. math::
#
#       1 - 4\,\eta \qquad 2 - \tfrac{13}{2}\,\eta
#
#    The first is zero at *η* = 1/4, and the second is zero only at the larger rate 4/13.
#
#    >>> def pre_activations(lr):
#    ...     net = after_one_step(lr)
#    ...     _ = net(data)
#    ...     return [float(z) for [z] in net.layers[0].pre_activations]
#    >>> pre_activations(Fraction(24, 100)), pre_activations(Fraction(26, 100))
#    ([0.04, 0.44], [-0.04, 0.31])
#
# .. guess::
#    :answer: 2
#
#    In the network with *p* and *q*, let the pre-activation of *p* be *h* − 4 instead of *h* − 2. Does the same step open *p*?
#
#    A. Yes
#    B. No
#
#    The step makes *h* 5/2 as before, and 5/2 − 4 is still below zero.
#
#    >>> farther = [([[1]], None), ([[1, 1]], [-4, 0]), ([[1], [1]], None)]
#    >>> net = MLP([1, 1, 2, 1], init=farther)
#    >>> half_squared_error(net([[1]]), [[4]]).backward()
#    >>> SGD(net.parameters(), lr=0.5).step()
#    >>> _ = net([[1]])
#    >>> net.layers[1].pre_activations[0][0]
#    -1.5
#
# In PyTorch: one line finds dead units
# -------------------------------------
#
# Three copies of the unit with the weight 1 and the bias 0 take one step, each with its own learning rate.
# Here ``z`` holds their pre-activations, with a row for each example and a column for each unit.
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
# In the engine, :engine:`dead <reasons.words.dead>` tells whether a unit is dead.
