r"""
What does Adam do after many zeros?
===================================

.. needs:: 13

Adam's step is about one learning rate long, if gradients of the same sign and about the same size keep coming.
What happens if zeros come first, and then one gradient of 1?

.. guess::
   :answer: 4

   The gradient of a weight is 0 in ten thousand steps, and then it is 1. How long is this step of Adam?

   A. Much shorter than one learning rate
   B. About half a learning rate
   C. One learning rate
   D. More than three learning rates

   Adam divides by its memory of how large the gradients were.
   After many zeros this memory is 0, and one gradient of 1 fills only a little of it.
   So Adam divides by a small number, and the step is long.
"""

# Set-up: zeros and then a gradient of 1, and the figure
from sgdexplained import SGD, Scalar, draw
from sgdexplained.contrasts import Adagrad, Adam, AdamW, RMSprop


def moves(make_optimiser, gradients, start=0):
    """Return how far each of these gradients moves a weight."""
    w = Scalar(start)
    optimiser = make_optimiser([w])
    found = []
    for gradient in gradients:
        before, w.grad = w.data, gradient
        optimiser.step()
        found.append(w.data - before)
    return found


def adam(parameters):
    return Adam(parameters, lr=1)


zeros = [0, 10, 100, 1000, 10_000]
jumps = [-moves(adam, [0] * count + [1])[-1] for count in zeros]
names = [f"{count:,} zeros".replace(",", " ") for count in zeros]
names[0] = "no zeros"
ax = draw.bars(names, jumps, texts=[f"{jump:.2f}" for jump in jumps])
ax.set_xlim(0, 3.7)
with draw.style():
    ax.set_xlabel("step for a gradient of 1, in learning rates")
ax.figure.set_size_inches(ax.figure.get_figwidth(), 3.0)
draw.title(
    ax,
    "After 10 000 zeros, a gradient of 1 moves a weight three times as far as without zeros.",
)
draw.alt(
    ax,
    "Bars: the step of Adam for a gradient of 1, in learning rates. Without"
    " zeros before it the step is 1, after ten zeros 0.48, after a hundred"
    " 0.98, after a thousand 2.52, and after 10 000 it is 3.16.",
)

# %%
# Adam has two memories.
# The *velocity* is a mean of the gradients so far, in which old ones count less: in each step, 0.9 of the old velocity is kept, and 0.1 of the new gradient is added.
# This 0.9 is called :math:`\beta_1`.
# The *mean square* is made in the same way from the squared gradients: 0.999 of the old one is kept, and 0.001 of the new square is added.
# This 0.999 is called :math:`\beta_2`.
# The step is the learning rate times the velocity, divided by the root of the mean square.
# After many zeros both memories are 0, so one gradient of 1 makes the velocity 0.1 and the mean square 0.001.
# Then the length of the step, in learning rates, is almost this (:footcite:t:`kingma2015`):
#
# .. math::
#
#    \frac{1 - \beta_1}{\sqrt{1 - \beta_2}} = \frac{0.1}{\sqrt{0.001}} = 3.1623
#
# After only ten zeros both memories are 0 too, but the step is shorter than one learning rate.
# The reason is a correction that Adam makes in its first steps, because both memories start at 0.
# It enlarges both memories, but the mean square much more.
# In step *t* it divides the velocity by :math:`1 - 0.9^t` and the mean square by :math:`1 - 0.999^t`.
# This is called *bias correction*.
# In step 11, after ten zeros, it makes the velocity 1.46 times as large.
# But it makes the root of the mean square, by which the step is divided, 9.56 times as large.
# So the step is 3.1623 · 1.46 / 9.56 = 0.48 learning rates long.
# After thousands of steps both of these factors are nearly 1, so the step has its full length of nearly 3.16 learning rates.
#
# If more gradients of 1 follow after the 10 000 zeros, the next steps are even longer, because the velocity at first grows much faster than the root of the mean square.
# The step of the twelfth gradient of 1 is the longest, with 6.57 learning rates.

# Check: the limit, the longest step, and the whole way
limit = (1 - 0.9) / (1 - 0.999) ** 0.5
assert round(limit, 4) == 3.1623
assert round(jumps[-1], 4) == 3.1622
enlarged = 1 / (1 - 0.9**11), 1 / (1 - 0.999**11) ** 0.5
assert [round(one, 2) for one in enlarged] == [1.46, 9.56]
assert round(limit * enlarged[0] / enlarged[1], 2) == 0.48
assert [round(jump, 2) for jump in jumps[1:4]] == [0.48, 0.98, 2.52]
after = [-move for move in moves(adam, [0] * 10_000 + [1] * 20)[10_000:]]
assert after.index(max(after)) == 12 - 1
assert round(max(after), 2) == 6.57

# %%
# A tiny penalty is not tiny for Adam
# -----------------------------------
#
# There are two ways to make a weight smaller in each step.
# *Weight decay* multiplies the weight by a number just below 1.
# An *L2 penalty* adds a small share of the weight to its gradient.
# Under plain SGD the two make the same step. This is why many programs call both of them weight decay.
# Under Adam the two do not make the same step.
# If the gradient of the loss is zero, the penalty is the whole gradient, so the velocity and the root of the mean square are both about as large as the penalty. Adam divides one by the other, and the quotient is nearly 1.
# So even a tiny penalty makes steps of nearly one learning rate.
#
# In the picture the gradient of the loss is zero, the weight is 2 at first, the learning rate is 0.001, and the penalty adds 0.0001 times the weight to the gradient.

# Set-up: a weight of 2 with a penalty and no other gradient, and the figure
penalty, rate, still = 1e-4, 1e-3, [0] * 1000
under_sgd = moves(
    lambda w: SGD(w, lr=rate, weight_decay=penalty), still, start=2.0
)
under_adam = moves(
    lambda w: Adam(w, lr=rate, weight_decay=penalty), still, start=2.0
)
under_adamw = moves(lambda w: AdamW(w, lr=rate), still, start=2.0)
same_decay = moves(
    lambda w: AdamW(w, lr=rate, weight_decay=penalty), still, start=2.0
)

_, ax = draw.figure(3.0)
marks = range(0, 1001, 20)
for way, name, height in (
    (under_sgd, "SGD", 2.06),
    (under_adam, "Adam", 0.92),
):
    draw.curve(marks, [2 + sum(way[:mark]) for mark in marks], ax)
    with draw.style():
        ax.text(1000, height, name, fontweight="bold", ha="right")
with draw.style():
    ax.set_xlabel("step (the gradient of the loss is 0)")
    ax.set_ylabel("weight")
ax.set(ylim=(0, 2.35), yticks=[0, 1, 2])
draw.title(
    ax,
    "With SGD this tiny penalty hardly moves the weight; with Adam it moves the weight far.",
)
draw.alt(
    ax,
    "A weight of 2 over 1000 steps without a gradient of the loss and with an"
    " L2 penalty of 0.0001. Under SGD it stays at 2, to the eye; under Adam it"
    " falls steadily to 1.12.",
)
draw.show()

# %%
# The first step of SGD is 0.001 · 0.0001 · 2, and the first step of Adam is one learning rate, 0.001: it is 5000 times as long.
# *AdamW* uses weight decay instead of the penalty, so the decay is not divided by anything (:footcite:t:`loshchilov2019`).
# A decay of 0.0001 multiplies the weight by 1 − 0.001 · 0.0001 in each step, so after a thousand steps the weight is 1.9998.
# With AdamW's usual decay, 0.01, the weight is 1.98 then.

# Check: first steps, and where the weights end
assert round(under_adam[0] / under_sgd[0], -1) == 5000
ends = [2 + sum(way) for way in (under_sgd, under_adam, under_adamw)]
assert [round(end, 2) for end in ends] == [2.0, 1.12, 1.98]
assert round(2 + sum(same_decay), 4) == 1.9998
assert abs(ends[2] - 2 * (1 - 1e-5) ** 1000) < 1e-9

# %%
# .. claim:: P10
#    :verdict: holds
#    :picture: none
#    :sources: kingma2015, loshchilov2019
#    :refuted-by: adam-without-correction, adam-without-root, decay-past-the-gradient
#
#    Adam's gradients for a weight were all zero, and now comes the first that is not zero. With the usual :math:`\beta_1` and :math:`\beta_2`, this step is shorter than 3.1623 learning rates, which is :math:`\frac{1 - \beta_1}{\sqrt{1 - \beta_2}}`. After many zeros the step is almost as long as this. Under plain SGD, weight decay and an L2 penalty make the same step. Under Adam they do not.
#
#    >>> from sgdexplained import SGD, Scalar
#    >>> from sgdexplained.contrasts import Adam, AdamW
#    >>> def weight_after(make, gradients, start, **options):
#    ...     w = Scalar(start)
#    ...     optimiser = make([w], **options)
#    ...     for w.grad in gradients:
#    ...         optimiser.step()
#    ...     return w.data
#    >>> pulls = [1.0, -0.5, 0.0, 0.25]
#    >>> options = {"lr": 0.5, "weight_decay": 0.25}
#    >>> penalised = weight_after(SGD, pulls, 2.0, **options, decoupled=False)
#    >>> penalised == weight_after(SGD, pulls, 2.0, **options, decoupled=True)
#    True
#    >>> thousand = [0.0] * 1000
#    >>> [
#    ...     round(weight_after(make, thousand, 2.0, weight_decay=0.01), 3)
#    ...     for make in (Adam, AdamW)
#    ... ]
#    [1.119, 1.98]
#    >>> round(weight_after(Adam, [0.0] * 9999 + [1.0], 0.0, lr=1.0), 4)
#    -3.1622
#
# Other optimisers after zeros
# ----------------------------
#
# - **RMSprop** divides the gradient by the root of its mean square. In each step it keeps 0.99 of the mean square and adds 0.01 of the new square. A gradient of 0 divided by this root is 0, so zeros do not move the weight. But each zero makes the mean square smaller. Many gradients of 1 bring the mean square to 1. If then 500 zeros follow, it falls to 0.99\ :sup:`500` = 0.0066, and the next gradient of 1 makes it 0.0165. So this gradient moves the weight 1 / √0.0165 = 7.78 learning rates.
# - **Adagrad** divides by the root of the sum of all squared gradients, and this sum never fades. After one gradient of 1 and any number of zeros, the next gradient of 1 is divided by √(1 + 1) = √2.

# Check: RMSprop and Adagrad
way = moves(lambda w: RMSprop(w, lr=1), [1] * 2000 + [0] * 500 + [1])
assert [round(abs(way[k]), 2) for k in (1999, 2000, -1)] == [1.0, 0.0, 7.78]
assert [round(0.99**500, 4), round(0.99**501 + 0.01, 4)] == [0.0066, 0.0165]
way = moves(lambda w: Adagrad(w, lr=1), [1, 0, 0, 0, 0, 0, 1])
assert [round(abs(way[k]), 4) for k in (1, -1)] == [0.0, 0.7071]

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 10
#    :unit: learning rates
#
#    Under RMSprop, the very first gradient of a weight is 1. How long is the step? RMSprop keeps 0.99 of its mean square, adds 0.01 of the new square, and has no bias correction.
#
#    The mean square is 0.01 after this gradient, and its root is 1/10. So the step is 1 divided by 1/10.
#
#    >>> round(abs(moves(lambda w: RMSprop(w, lr=1), [1])[0]), 2)
#    10.0
#
# .. guess::
#    :answer: 1.9
#
#    A weight is 2 and its gradient stays 0, but there is a penalty of 10\ :sup:`−4`. Adam takes a hundred steps with the learning rate 0.001. What is the weight then, to one decimal?
#
#    Each step is about one learning rate long, so a hundred steps make about 0.1.
#
#    >>> round(2 + sum(under_adam[:100]), 1)
#    1.9
#
# In PyTorch: 3.16 learning rates after 10 000 zeros
# --------------------------------------------------
#
# .. code-block:: python
#
#    import torch
#
#    w = torch.zeros((), requires_grad=True, dtype=torch.float64)
#    optimiser = torch.optim.Adam([w], lr=1.0)
#    for gradient in [0.0] * 10_000 + [1.0]:
#        w.grad = torch.tensor(gradient, dtype=torch.float64)
#        optimiser.step()
#    assert abs(w.item() + 3.1622) < 1e-3
#
# Already the first step of Adam, without zeros before it, is not the same in all libraries:
#
# .. in_your_library:: Adam / one
#
# MLX leaves the bias correction out unless it is asked for, so the first step of its Adam is 3.1623 learning rates long.
#
# In the engine, :engine:`Adam's rule <contrasts.optimisers.Adam.move>` keeps both memories.
#
# .. footbibliography::
