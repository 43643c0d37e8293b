r"""
Is a step the same when several machines share the batch?
=========================================================

.. needs:: 9 10

A large batch can be cut into parts, one for each machine.
Each machine works out the gradient of its own part, and then the machines take the average of these gradients.

.. guess::
   :answer: 2

   Four examples have the gradients 1, 1, 1 and 9, so their mean is 3. One machine has the first three examples, and another machine has the last one. Each machine takes the mean of its own gradients. What is the average of the two means?

   A. 3
   B. 5
   C. 6

   The first machine has the mean 1 and the second has the mean 9, so the average of the two means is 5.
   The example that is alone on its machine counts three times as much as each of the others.
"""

# Set-up: four examples on one machine, on two machines, and the figure
from fractions import Fraction

from matplotlib.patches import Rectangle

from sgdexplained import MLP, SGD, Scalar, draw, half_squared_error


def gradient(targets):
    """Return the gradient of one weight of 10, for the mean loss."""
    w = Scalar(Fraction(10))
    half_squared_error([w] * len(targets), targets).backward()
    return w.grad


def combined(machines, weighted):
    """Return what all machines have after they have exchanged, and the sum."""
    examples = sum(map(len, machines))
    shares = [
        Fraction(len(own), examples) if weighted else Fraction(1, len(machines))
        for own in machines
    ]
    means = [gradient(own) for own in machines]
    terms = list(zip(shares, means, strict=True))
    result = sum(share * mean for share, mean in terms)
    if len(machines) == 1:
        return result, f"{result}"
    added = " + ".join(f"{share} · {mean}" for share, mean in terms)
    return result, f"{added} = {result}"


even, uneven = [[9, 9], [9, 1]], [[9, 9, 9], [1]]
rows = [
    ("one machine", [[9, 9, 9, 1]], False),
    ("two and two", even, False),
    ("three and one", uneven, False),
    ("three and one,\neach × its share", uneven, True),
]
fig, ax = draw.figure(3.2)
with draw.style():
    ax.text(1.85, -0.95, "gradients,\nby machine", va="center", style="italic")
    ax.text(4.05, -0.95, "average of\nthe means", va="center", style="italic")
    for row, (name, machines, weighted) in enumerate(rows):
        ax.text(0, row, name, va="center_baseline")
        left = 1.85
        for own in machines:
            width = 0.43 * len(own)
            box = {"ec": draw.INK, "fc": "none", "lw": 1.3}
            ax.add_patch(Rectangle((left, row - 0.32), width, 0.64, **box))
            for number, target in enumerate(own):
                text = draw.number(gradient([target]))
                ax.text(
                    left + 0.215 + 0.43 * number,
                    row,
                    text,
                    ha="center",
                    va="center_baseline",
                )
            left += width + 0.18
        result, added = combined(machines, weighted)
        said = added + ("" if result == 3 else ", wrong")
        ax.text(4.05, row, said, va="center_baseline", fontweight="bold")
ax.set(xlim=(0, 7.4), ylim=(3.5, -1.45))
ax.axis("off")
draw.title(
    ax, "The plain average of the means is 3 only if the parts are equal."
)
draw.alt(
    ax,
    "Four examples with the gradients 1, 1, 1 and 9. On one machine the mean is"
    " 3. On two machines with two examples each, the average is 3 as well. With"
    " three examples on one machine and one on the other, the average is 5."
    " If the means 1 and 9 have the weights 3/4 and 1/4, it is 3 again.",
)

# %%
# All four examples on one machine have the mean 3.
# With two examples on each machine the means are 1 and 5, and their average is 3 again.
# With three and one the means are 1 and 9, and their average is 5, which is wrong.
#
# The right result comes out if the mean of each machine is multiplied by the machine's share of the examples.
# With three and one the shares are 3/4 and 1/4, and the result is 3/4 · 1 + 1/4 · 9 = 3.
#
# .. math::
#
#    g = \sum_{r} \frac{n_r}{N} \, g_r
#
# Here *r* is a machine, *n*\ :sub:`r` is the number of its examples, *N* is the number of all examples, and *g*\ :sub:`r` is the mean gradient on that machine.
# If all machines have equally many examples, all shares are the same, and the plain average is right.
#
# A unit that is open on one machine only
# ---------------------------------------
#
# Unit 2 of the network of page 1 is shut for the example (1, 2), and open for the example (2, 1).
# Now machine 1 has the example (1, 2) with the target 1, and machine 2 has the example (2, 1) with the target −1.
# They send their gradients to each other and take the average: this is called the *exchange* here.

# Set-up: one example on each machine, their mean, and the figure
layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
examples = [([1, 2], [1]), ([2, 1], [-1])]
nets = [MLP([2, 3, 1], init=layers) for _ in examples]
for net, (x, target) in zip(nets, examples, strict=True):
    half_squared_error(net([x]), [target]).backward()
into_unit_2 = [net.gradients()["W1"][0][1] for net in nets]
both = sum(into_unit_2) / 2
ax = draw.bars(
    ["machine 1: shut", "machine 2: open", "after the exchange: both"],
    [*into_unit_2, both],
    signed=True,
)
ax.set_xlabel("gradient of a weight into unit 2")
draw.title(
    ax,
    "Unit 2 is open on machine 2 only. After the exchange, its weight moves on both.",
)
draw.alt(
    ax,
    "Bars of one weight's gradient. On machine 1, where unit 2 is shut, it is"
    " 0. On machine 2, where unit 2 is open, it is 12. After the exchange it is"
    " 6 on both machines.",
)

# %%
# Without the exchange, machine 1 would not move this weight.
# After the exchange, both machines have the gradient 6, and both move the weight by the same step.
# So a weight can move although its gradient is 0 on one machine.
# It stays only if its gradient is 0 *on every machine*, or if the gradients of the machines cancel.
#
# No gradient on one machine
# --------------------------
#
# If a machine does not use a parameter at all, the parameter has no gradient there: ``None``, not 0.
# In our engine, such a missing gradient counts as 0 in the exchange, if another machine has a gradient for the parameter.
# So all machines take the same step.
# If no machine has a gradient, the gradient stays ``None``, and the optimiser does not move the parameter.
#
# The order of a sum
# ------------------
#
# Floating-point numbers are rounded after each addition, so the order of a sum can change its last digit:
#
# >>> (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)
# (0.6000000000000001, 0.6)
#
# Therefore four machines may get another last digit than one machine with the same batch.
# But all four get the *same* digit, because they all take the same sum from the exchange.
#
# How many numbers are sent
# -------------------------
#
# Let *p* be the number of machines, and *n* the number of parameters.
# In the usual exchange the machines stand in a *ring*: each machine sends only to the next one, and the last machine sends to the first.
# Each machine cuts its list of *n* gradients into *p* parts, so a part has *n*/*p* numbers.
#
# - *First round.* Machine 1 sends its part 1, machine 2 its part 2, and so on. The next machine adds its own numbers of this part, and in the next sending it passes the sum on. After *p* − 1 sendings each part has visited all machines, so every machine holds one finished part: the sum over all machines.
# - *Second round.* The finished parts go around the ring, again with *p* − 1 sendings. Then every machine has all parts.
#
# So each machine sends this many numbers:
#
# .. math::
#
#    2 \, (p - 1) \, \frac{n}{p}
#
# This is less than 2\ *n*, for any number of machines.
# What the exchange costs on a real machine is measured in :doc:`/reference/machines`.
#
# Let real processes do it
# ------------------------
#
# To try this, one computer can do the work of all the machines.
# It runs one process (a running program) for each of them.
# Each process has a number, its *rank*, counted from 0.
# The next lines are the end of the script of this page, which you can download below.
# The command ``mpiexec -n 2 python plot_28_several_machines.py`` starts two processes, and each has one example.
# Without ``mpiexec`` there is only one process, and it has the whole batch.
# How to set this up is shown on another page: :doc:`/howto/several-machines`.

from sgdexplained.parallel import Ranks, shard

# `layers` and `examples` stand in the code of the second picture.
with Ranks() as ranks:
    net = MLP([2, 3, 1], init=layers)
    mine = shard(examples, ranks.rank, ranks.size)
    inputs, targets = zip(*mine, strict=True)
    half_squared_error(net(inputs), targets).backward()
    ranks.average_gradients(net.named_parameters(), examples=len(mine))
    SGD(net.parameters(), lr=0.1).step()
    moved_to = net.values()["W1"][0][1]
    print(f"rank {ranks.rank} of {ranks.size}: the weight is now {moved_to}")
    if ranks.rank == 0:
        draw.show()

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 4
#
#    Eight machines have equally many examples. A weight has the gradient 32 on one machine, and 0 on all others. What is the gradient of this weight after the exchange?
#
#    The average of the eight gradients is 32 / 8 = 4.
#
#    >>> sum([32, 0, 0, 0, 0, 0, 0, 0]) / 8
#    4.0
#
# .. guess::
#    :answer: 1
#
#    Each machine *adds up* the gradients of its examples, and the exchange takes the average of these sums. Then the number of machines is doubled, and the batch stays the same. How long is the step of plain SGD now, compared with before?
#
#    A. Half as long
#    B. Twice as long
#    C. As long as before
#
#    The sum over the batch stays the same, but now it is divided by twice as many machines.
#
#    >>> def step(machines):
#    ...     return sum([1, 1, 1, 9]) / machines
#    >>> step(2), step(4)
#    (6.0, 3.0)
#
# In PyTorch: the mean of the means
# ---------------------------------
#
# ``DistributedDataParallel`` takes the plain average over the machines, and does not ask how many examples each one had.
# To make all examples count equally in the mean, multiply the mean loss of each machine by this factor before the backward pass:
#
# .. math::
#
#    p \cdot \frac{n_r}{N}
#
# Again *p* is the number of machines, *n*\ :sub:`r` is the number of examples on this machine, and *N* is the number of all examples.
# The factor *p* is needed because the average divides by *p*.
#
# .. code-block:: python
#
#    import torch
#
#    target = [torch.tensor([9.0, 9.0, 9.0]), torch.tensor([1.0])]
#    own = []
#    for mine in target:
#        w = torch.tensor(10.0, requires_grad=True)
#        loss = ((w - mine) ** 2 / 2).mean()
#        (loss * len(mine) * 2 / 4).backward()
#        own.append(w.grad)
#    assert [g.item() for g in own] == [1.5, 4.5]
#    assert sum(own) / 2 == 3
#
# In *gradient accumulation*, one machine works through the parts of a batch one after the other, and then takes one step.
# There too, the gradient of each part must be multiplied by the share of this part in the batch.
#
# Without these shares, libraries give different results:
#
# .. in_your_library:: uneven-parts
#
# In the engine, the whole exchange is :class:`sgdexplained.parallel.Ranks`.
