r"""
Active but not learning
=======================

Does an active unit learn?
A ReLU unit must be active to learn, but that is not enough.
Here are seven ways in which a unit speaks up and its incoming weight still gets a gradient of exactly zero.

A sentence that many believe: *if a unit is active, the step updates its weights.*

It is false.
Of the first five units below, all are active, and one learns.

The smallest network
--------------------

One input, one hidden unit, one output.
Input 1, weight 2, so the unit hears 2 and says 2; its outgoing weight is 3, so the output is 6; the target is 5, so the error is 1.
The gradient of the incoming weight is 1 × 1 × 3: what its sender says, the slope of the unit, and the signal that comes back to it.
The function ``explain`` takes one step with a copy of a network and says, of each weight, whether it moves and why.
"""

from fractions import Fraction

from sgdexplained import MLP, SGD, draw, explain, half_squared_error
from sgdexplained.contrasts import relu6


def network(weight=2, bias=0, out=(3,), activation="relu"):
    layers = [([[weight]], [bias]), ([list(out)], [0] * len(out))]
    return MLP([1, 1, len(out)], activation=activation, init=layers)


def ask(net, X, targets, name="W1[0][0]"):
    wanted = [[Fraction(target) for target in row] for row in targets]
    sgd = SGD(net.parameters(), lr=Fraction(1, 10))
    return explain(net, X, wanted, half_squared_error, sgd).row(name)


# %%
# Four ways with one example
# --------------------------
#
# Now one thing is changed at a time, and the unit speaks each time.

cases = {
    "as above": (network(), [[1]], [[5]]),
    "zero input": (network(bias=2), [[0]], [[5]]),
    "full unit": (network(weight=7, activation=relu6), [[1]], [[5]]),
    "right answer": (network(), [[1]], [[6]]),
    "no way back": (network(out=(0,)), [[1]], [[5]]),
}
answers = {name: ask(*case) for name, case in cases.items()}

# %%
# Here are the three factors of the incoming weight.

ax = draw.products([(name, *row.factors[0]) for name, row in answers.items()])
draw.title(
    ax,
    "All five units are active; four are stopped by another factor that is 0.",
)
draw.alt(
    ax,
    "Five products of sender, slope and upstream signal. As above: 1, 1 and 3"
    " give 3. Zero input: the sender is 0. Full unit: the slope is 0. Right"
    " answer and no way back: the upstream signal is 0. The last four"
    " gradients are 0.",
)

# %%
# A product is zero if one of its factors is, and a unit's being active is none of the three factors of its *incoming* weight.
#
# - *Zero input.*
#   The unit speaks thanks to its bias; the weight's sender says 0.
# - *Full unit.*
#   A ReLU6 that hears 7 says 6, all it can, and its slope is 0.
# - *Right answer.*
#   The output is what it should be, so nothing comes back.
# - *No way back.*
#   The unit speaks into a weight of 0, so nothing comes back to it.
#
# The engine gives the same reasons in its own words, after what the unit says.

for name, (net, X, _) in cases.items():
    net(X)
    said = net.layers[0].activations[0][0]
    print(f"{name} says {said}. {answers[name].sentence}")

# %%
# A unit ahead that is shut leaves no way back either, just as a weight of 0 does.
#
# >>> ahead = MLP([1, 1, 1, 1], init=[([[2]], [0]), ([[-1]], [1]), ([[3]], [0])])
# >>> ask(ahead, [[1]], [[5]]).sentence
# 'Stays: no path ahead of unit 1 of layer 1 is open, each meets a shut unit.'
#
# Two orders at once
# ------------------
#
# The way back can be open, and what comes back can contradict itself.
# The unit serves two outputs, with the weights 1 and 2.
# It says 1; the first output should be −5 and is 1, an error of 6; the second should be 5 and is 2, an error of −3.
# What comes back is 1 × 6 + 2 × (−3) = 0.

torn = network(weight=1, out=(1, 2))
print(ask(torn, [[1]], [[-5, 5]]).sentence)

# %%
# Both orders are obeyed by the weights that carry them, and lost on the weight behind.

half_squared_error(torn([[1]]), [[-5, 5]]).backward()
ax = draw.network(torn)
draw.title(
    ax,
    "Both outgoing weights move; their orders to the unit cancel: 6 − 6 = 0.",
)
draw.alt(
    ax,
    "One input, one hidden unit, two outputs. The two outgoing weights, 1 and"
    " 2, have the gradients +6 and -3. The incoming weight is dashed, with"
    " gradient 0.",
)

# %%
# Two examples
# ------------
#
# A step can be taken for several examples, a *batch*; its gradient is the mean of theirs (more in :ref:`many examples <sphx_glr_story_2_batches_plot_09_many_examples.py>`).
# With the targets 2 and 4 and an output of 3, the errors are +1 and −1.

two = ask(network(weight=1), [[1], [1]], [[2], [4]])
print(two.sentence)

# %%
# Each example wants the weight to move, and the step does not.
#
# The seventh way is the strangest, and it needs a batch as well.
# The sender is active in one example, and the receiver is open in one example: but it is not the same example.
# The first unit says the input, if that is positive; the second hears 1 minus what the first says.

chain = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
between = ask(chain, [[2], [-1]], [[5], [5]], "W2[0][0]")
print(between.sentence)

# %%
# Each example has its own zero.

ax = draw.products(
    [(f"example {i}", *factors) for i, factors in enumerate(between.factors, 1)]
)
draw.title(
    ax, "Active once and open once, but never together: each product is zero."
)
draw.alt(
    ax,
    "Two products of sender, slope and upstream signal. In example 1 the"
    " sender says 2 and the slope is 0. In example 2 the sender says 0 and the"
    " slope is 1. Both gradients are 0.",
)

# %%
# .. claim:: D3
#    :verdict: false as stated
#    :corrected: Activity is not enough. A weight has a gradient only if, in one and the same example, its sender is not silent, its receiver is open and a signal comes back; and even then the contributions of routes or of examples may cancel.
#    :sources: srivastava2014
#    :refuted-by: gates-ignored, whispering-relu, sender-forgotten, unweighted-return, together-or-apart
#
#    The weights of active units are guaranteed to be updated.
#
#    >>> from sgdexplained import MLP, half_squared_error
#    >>> from sgdexplained.contrasts import relu6
#    >>> from sgdexplained.reasons import co_active
#    >>> def says_and_learns(x, target, w=2, b=0, out=3, activation="relu"):
#    ...     layers = [([[w]], [b]), ([[out]], [0])]
#    ...     net = MLP([1, 1, 1], activation=activation, init=layers)
#    ...     half_squared_error(net(x), target).backward()
#    ...     unit = net.layers[0]
#    ...     return unit.activations[0][0], unit.weight[0][0].grad
#
#    What the unit says, and the gradient of its incoming weight, as it should be:
#
#    >>> says_and_learns([[1]], [[5]])
#    (2, 3.0)
#
#    The input is 0; the unit is full; the answer is right; the outgoing weight is 0; two examples cancel:
#
#    >>> says_and_learns([[0]], [[5]], b=2)
#    (2, 0.0)
#    >>> says_and_learns([[1]], [[5]], w=7, activation=relu6)
#    (6, 0.0)
#    >>> says_and_learns([[1]], [[6]])
#    (2, 0.0)
#    >>> says_and_learns([[1]], [[5]], out=0)
#    (2, 0.0)
#    >>> says_and_learns([[1], [1]], [[5], [7]])
#    (2, 0.0)
#
#    Sender and receiver, each at work in one of two examples: how often together, and the gradient.
#
#    >>> net = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
#    >>> half_squared_error(net([[2], [-1]]), [[5], [5]]).backward()
#    >>> one = net.layers[1]
#    >>> one.inputs, one.derivatives, co_active(one), one.weight[0][0].grad
#    ([[2], [0]], [[0], [1]], [[0]], 0.0)

# %%
# How common is that?
# -------------------
#
# Take random networks with 3 inputs and two layers of 6 units, and random batches.
# Of the weights between the two layers whose ends are both at work somewhere in the batch, how many never have both at work at once?
# After ± stands the standard error of each share.


from statistics import mean, stdev

import numpy as np

from sgdexplained import Tensor
from sgdexplained.reasons import co_active

rng, rounds = np.random.default_rng(8), 20


def share_apart(batch, bias, nets=40):
    apart = somewhere = 0
    for _ in range(nets):
        layers = [(rng.normal(size=(n, 6)), [bias] * 6) for n in (3, 6)]
        net = MLP([3, 6, 6], node=Tensor, init=layers, output="relu")
        net(rng.normal(size=(batch, 3)))
        layer = net.layers[1]
        speaks, opens = layer.inputs.any(axis=0), layer.derivatives.any(axis=0)
        both_ends = np.outer(speaks, opens)
        never_at_once = np.array(co_active(layer)) == 0
        somewhere += both_ends.sum()
        apart += (both_ends & never_at_once).sum()
    return apart / somewhere


shares = {}
print("batch  biases 0        biases −1")
for batch in (1, 2, 4, 8, 16):
    line = f"{batch:5}"
    for bias in (0, -1):
        runs = [share_apart(batch, bias) for _ in range(rounds)]
        shares[batch, bias] = mean(runs)
        line += f"  {mean(runs):.3f} ± {stdev(runs) / rounds**0.5:.3f}"
    print(line)

# %%
# With one example "somewhere" and "at once" are the same, so the share is 0.
# With a few examples it is about a fifth; with many it falls again, because sooner or later the two ends meet.
# Units that open rarely, because of a bias of −1, miss each other more often.

fig, (left, right) = draw.figure(2.5, columns=2)
for ax, bias, heading in [(left, 0, "biases 0"), (right, -1, "biases −1")]:
    batches = [1, 2, 4, 8, 16]
    percent = [100 * shares[batch, bias] for batch in batches]
    labels = [f"batch of {batch}" if bias == 0 else "" for batch in batches]
    draw.bars(
        labels, percent, ax, texts=[f"{value:.0f} %" for value in percent]
    )
    ax.set_xlim(0, 60)
    ax.set_title(heading, pad=4)
draw.title(fig, "Many weights have two working ends that never work together.")
seen = {
    bias: [round(100 * shares[batch, bias]) for batch in batches]
    for bias in (0, -1)
}
draw.alt(
    fig,
    "Bars for batches of 1, 2, 4, 8 and 16 examples. With biases 0 the shares"
    f" are {seen[0]} per cent, with biases -1 {seen[-1]} per cent.",
)
draw.show()

# %%
# Where it breaks
# ---------------
#
# Each of these ways holds for one weight, one loss, one step; a small change opens it.
#
# *The bias goes on.*
# A zero input stops the weights from that input, not the bias: its sender always says 1.
#
# >>> ask(network(bias=2), [[0]], [[5]], "b1[0]").gradient
# Fraction(3, 1)
#
# *What is right depends on the loss.*
# For the label 1 and the output 6, hinge loss is content; logistic loss is never quite content.
#
# >>> from sgdexplained import hinge, logistic
# >>> def gradient_with(loss):
# ...     net = network()
# ...     loss(net([[1]]), [[1]]).backward()
# ...     return net.layers[0].weight[0][0].grad
# >>> gradient_with(hinge), round(gradient_with(logistic), 4)
# (0, -0.0074)
#
# *A smooth unit is never quite full.*
# Hard tanh at 2 is shut; tanh at 2 has a slope of 0.07.
#
# >>> from sgdexplained.contrasts import hard_tanh
# >>> def slope_at_2(activation):
# ...     net = network(activation=activation)
# ...     _ = net([[1]])
# ...     return round(net.layers[0].derivatives[0][0], 4)
# >>> slope_at_2(hard_tanh), slope_at_2("tanh")
# (0, 0.0707)
#
# *A blocked way opens.*
# The weight of 0 ahead gets a gradient of its own, moves, and lets the signal through in the next step.
#
# >>> ask(network(out=(0,)), [[1]], [[5]], "W2[0][0]").sentence
# 'Moves: unit 1 is 2 × derivative 1 × upstream gradient -5.'
#
# *Cancelling is brittle.*
# Let the second target be 4.1 instead of 4, and the weight moves.
#
# >>> ask(network(weight=1), [[1], [1]], [[2], ["4.1"]]).gradient
# Fraction(-3, 20)
#
# *Other optimisers remember.*
# With momentum a weight moves on though its gradient is zero, see :ref:`moving without a gradient <sphx_glr_story_3_inactive_connections_plot_13_moving_without_a_gradient.py>`.
#
# Predict first
# -------------
#
# 1. The full unit hears 5 instead of 7.
#    With the target 5, what is the gradient of its incoming weight?
#
# .. dropdown:: Answer
#
#    ReLU6 at 5 is open and says 5; the output is 15, the error 10, and 3 × 10 comes back.
#
#    >>> ask(network(weight=5, activation=relu6), [[1]], [[5]]).gradient
#    Fraction(30, 1)
#
# 2. In the chain of two units, the input of the second example is 3 instead of −1.
#    Does the weight between the two units move now?
#
# .. dropdown:: Answer
#
#    No.
#    The first unit is now active in both examples, and shuts the second in both.
#
#    >>> ask(chain, [[2], [3]], [[5], [5]], "W2[0][0]").sentence
#    'Stays: unit 1 of layer 2 is shut in both examples.'
#
# 3. A unit has two outgoing weights, 1 and 1.
#    It says 1, and both outputs should be 1.
#    Is its gradient zero because orders cancel?
#
# .. dropdown:: Answer
#
#    No: both outputs are right, so no orders come back that could cancel.
#
#    >>> ask(network(weight=1, out=(1, 1)), [[1]], [[1, 1]]).sentence
#    'Stays: the loss is flat here, its derivative there is 0.'
#
# In the engine
# -------------
#
# Which two ends work at the same time is counted by :engine:`co_active <reasons.words.co_active>`.
#
# In PyTorch
# ----------
#
# No line differs, but one helps to look: how many gradients of each layer are exactly zero?
# Here it finds the unit with two orders.
#
# .. code-block:: python
#
#    import torch
#    from torch.nn import Linear, ReLU, Sequential
#
#    net = Sequential(Linear(1, 1), ReLU(), Linear(1, 2))
#    with torch.no_grad():
#        for w, values in zip(net.parameters(), ([[1]], [0], [[1], [2]], [0, 0])):
#            w[:] = torch.tensor(values)
#
#    output = net(torch.tensor([[1.0]]))
#    ((output - torch.tensor([[-5, 5]])).square().sum() / 2).backward()
#    zeros = {name: (w.grad == 0).sum() for name, w in net.named_parameters()}
#    assert zeros == {"0.weight": 1, "0.bias": 1, "2.weight": 0, "2.bias": 0}
