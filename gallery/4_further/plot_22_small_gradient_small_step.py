r"""
Does a small gradient make a small step?
========================================

.. needs:: 13 14 21

Under plain SGD, the step of a weight is the learning rate times its gradient.
So a weight with a small gradient hardly moves.
What does Adam do?

.. guess::
   :answer: 3

   The first gradient of a weight is one millionth. How long is its first step under Adam, compared with the first step of a weight whose gradient is 1?

   A. One millionth as long
   B. One thousandth as long
   C. Almost as long
   D. Much longer

   In the first step, Adam divides the gradient by the size of this gradient. So the size has almost no effect on the length of the step: it is 0.99 of a learning rate for one millionth, and 1 learning rate for 1.
"""

# Set-up: two optimisers, three gradients, and the figure
import numpy as np

from sgdexplained import SGD, Scalar, draw
from sgdexplained.contrasts import Adam


def first_step(make_optimiser, gradient):
    w = Scalar(0.0)
    w.grad = gradient
    make_optimiser([w]).step()
    return -w.data


makers = {
    "SGD": lambda w: SGD(w, lr=1.0),
    "Adam": lambda w: Adam(w, lr=1.0),
}
gradients = [1.0, 1e-3, 1e-6]
fig, places = draw.figure(3.9, rows=3, sharex=True)
for ax, size, words in zip(
    places, gradients, ("1", "a thousandth", "a millionth"), strict=True
):
    lengths = [first_step(make, size) for make in makers.values()]
    # 0.000001 is easier to compare with 1 than 1e-06.
    short = {"precision": 3, "fractional": False, "trim": "-"}
    texts = [np.format_float_positional(one, **short) for one in lengths]
    draw.bars(list(makers), lengths, ax, texts=texts)
    ax.set_xlim(0, 1.25)
    with draw.style():
        ax.set_title(f"gradient: {words}", fontstyle="italic", loc="left")
places[-1].set_xlabel("length of the first step (1 is one learning rate)")
fig.set_size_inches(fig.get_figwidth(), 4.3)
draw.title(
    fig, "A tiny gradient makes a tiny step under SGD, but not under Adam."
)
draw.alt(
    fig,
    "The length of the first step in learning rates. For the gradient 1 it is"
    " 1 for SGD and for Adam. For a thousandth it is 0.001 for SGD and 1 for"
    " Adam. For a millionth it is 0.000001 for SGD and 0.99 for Adam.",
)
draw.show()

# %%
# Let *g* be the first gradient of a weight, and *η* the learning rate.
# Adam divides a mean of the gradients, the velocity, by the root of a mean of their squares (:ref:`page 21 <sphx_glr_story_4_further_plot_21_after_many_zeros.py>`).
# In the first step there is only one gradient.
# So with Adam's bias correction, the velocity is equal to *g*, and the root is equal to :math:`|g|`, the size of *g*.
# These are the first steps of SGD and of Adam:
#
# .. math::
#
#    \text{SGD: } -\eta\, g
#    \qquad\qquad
#    \text{Adam: } -\eta\, \frac{g}{|g| + \varepsilon}
#
# Adam's *ε* is a very small number, :math:`10^{-8}`, so that Adam never divides by 0.
# A gradient of :math:`10^{-6}` is a hundred times as large as *ε*, so the first step is 100/101 = 0.99 of a learning rate.
# The first step of Adam is much shorter than a learning rate only if the gradient is about as small as *ε*, or smaller.
#
# On average, shut units make a gradient smaller
# ----------------------------------------------
#
# Each shut unit cuts paths from a weight to the loss.
# In a single network this can make the gradient of the weight smaller or larger.
# On average over many random networks, the squared gradient becomes smaller (:ref:`page 14 <sphx_glr_story_3_inactive_connections_plot_14_paths_ahead.py>`).
# Therefore some people think that a weight with shut units ahead of it hardly moves:
#
# .. claim:: E4
#    :verdict: holds when
#    :when: the optimiser is plain SGD, and the shut units really make the gradient small.
#    :corrected: A weight whose gradient is small hardly moves under plain SGD. Adam divides the first gradient by its size. So if the gradients are much larger than *ε*, the first steps of all weights are about equally long.
#    :sources: kingma2015, bernstein2018
#    :refuted-by: adam-undivided, adam-without-root, fixed-step-length
#
#    A weight hardly moves if there are inactive connections, which here means shut units, between this weight and the loss.
#
#    >>> from sgdexplained import SGD, Scalar
#    >>> from sgdexplained.contrasts import Adam
#    >>> def step_length(make, gradient):
#    ...     w = Scalar(0.0)
#    ...     w.grad = gradient
#    ...     make([w], lr=1.0).step()
#    ...     return -w.data
#    >>> [step_length(SGD, gradient) for gradient in (1.0, 1e-6)]
#    [1.0, 1e-06]
#    >>> [round(step_length(Adam, gradient), 3) for gradient in (1.0, 1e-6)]
#    [1.0, 0.99]
#
# A skip connection keeps one path open
# -------------------------------------
#
# If every path from a weight to the loss goes through a shut unit, the gradient of this weight is not small but exactly 0.
# Then the first step of Adam is 0 as well, because 0 divided by *ε* is 0.
# Many deep networks prevent this with a *skip connection*.
# A *block* is a group of layers, and the skip connection adds the input of the block to the output of the block.
# So one path goes around the block, and on the way back a gradient can take this path.
#
# .. claim:: X11
#    :verdict: holds
#    :picture: none
#    :sources: veit2016
#    :refuted-by: last-contribution-wins, gates-ignored
#
#    If all units of a block are shut, the weights before the block still get a gradient through the skip connection. Without a skip connection, the gradient that reaches them is exactly 0.
#
#    >>> from sgdexplained import Scalar
#    >>> def gradient(x, skip):
#    ...     w = Scalar(1)
#    ...     before = w * x
#    ...     block = (before - 10).relu()
#    ...     (before + block if skip else block).backward()
#    ...     return w.grad
#    >>> gradient(3, skip=False), gradient(3, skip=True), gradient(30, skip=True)
#    (0, 3, 60)

# Check: a gradient of 0 under Adam
assert first_step(makers["Adam"], 0.0) == 0

# %%
# Two predictions
# ---------------
#
# .. guess::
#    :answer: 1/2
#    :unit: of a learning rate
#
#    The first gradient of a weight is as small as Adam's *ε*. How long is its first step under Adam?
#
#    Adam divides the gradient by its size plus *ε*. The two are equal, so the gradient is divided by twice its own size.
#
#    >>> round(first_step(makers["Adam"], 1e-8), 6)
#    0.5
#
# .. guess::
#    :answer: 3
#
#    A weight is 1, and its input is 3. Their product goes into a block of one ReLU unit with the bias −10, so this unit is shut. A skip connection adds the product to the output of the block. What is the derivative of this sum with respect to the weight?
#
#    Only the path around the block is open. On this path the sum is weight × input, so its derivative is the input, 3.
#
#    >>> w = Scalar(1)
#    >>> before = w * 3
#    >>> (before + (before - 10).relu()).backward()
#    >>> w.grad
#    3
#
# In PyTorch: the same two first steps
# ------------------------------------
#
# .. code-block:: python
#
#    import torch
#
#    def first_step(kind, gradient):
#        w = torch.zeros((), requires_grad=True)
#        w.grad = torch.tensor(gradient)
#        kind([w], lr=1.0).step()
#        return -w.item()
#
#    assert abs(first_step(torch.optim.SGD, 1e-6) - 1e-6) < 1e-12
#    assert abs(first_step(torch.optim.Adam, 1e-6) - 0.99) < 1e-3
#
# .. in_your_library:: Adam / tiny
#
# In the engine, :engine:`Adam's rule <contrasts.optimisers.Adam.move>` divides the velocity by the root of the mean square.
