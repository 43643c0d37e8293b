r"""
Does a small gradient make a small step?
========================================

.. needs:: 13 14

Under plain SGD a weight with a small gradient hardly moves.
Other optimisers use the gradient in another way.

.. guess::
   :answer: 3

   The first gradient of a weight is one millionth. How long is its first step under Adam, compared with the first step of a weight whose gradient is 1?

   A. One millionth as long
   B. One thousandth as long
   C. Almost as long
   D. Much longer

   Adam divides the gradient by its own size, so the size has almost no effect on the first step.
"""

# Set-up: three optimisers, three gradients, and the figure
from fractions import Fraction

from sgdexplained import SGD, Scalar, draw
from sgdexplained.contrasts import Adam, SignSGD


def first_step(make_optimiser, gradient):
    w = Scalar(0.0)
    w.grad = gradient
    make_optimiser([w]).step()
    return -w.data


makers = {
    "SGD": lambda w: SGD(w, lr=1.0),
    "Adam": lambda w: Adam(w, lr=1.0),
    "SignSGD": lambda w: SignSGD(w, lr=1.0),
}
gradients = [1.0, 1e-3, 1e-6]
fig, places = draw.figure(3.9, rows=3, sharex=True)
for ax, size, words in zip(
    places, gradients, ("1", "a thousandth", "a millionth"), strict=True
):
    lengths = [first_step(make, size) for make in makers.values()]
    texts = [f"{length:.3g}" for length in lengths]
    draw.bars(list(makers), lengths, ax, texts=texts)
    ax.set_xlim(0, 1.25)
    with draw.style():
        ax.set_title(f"gradient: {words}", fontstyle="italic", loc="left")
places[-1].set_xlabel("length of the first step, in learning rates")
fig.set_size_inches(fig.get_figwidth(), 5.4)
draw.title(fig, "Under SGD a tiny gradient makes a tiny step; not under Adam.")
draw.alt(
    fig,
    "The length of the first step in learning rates. For the gradient 1 it is"
    " 1 for SGD, Adam and SignSGD, which uses only the sign. For a thousandth it"
    " is 0.001 for SGD and 1 for the others. For a millionth it is 1e-06 for"
    " SGD, 0.99 for Adam and 1 for the sign.",
)
draw.show()

# %%
# The third bar of each group is *SignSGD*, an optimiser that uses only the sign of the gradient: each of its steps is one learning rate long.
#
# Let *g* be the first gradient of a weight, and *η* the learning rate.
# In the first step, Adam's bias correction (:ref:`page 21 <sphx_glr_story_4_further_plot_21_after_many_zeros.py>`) makes the velocity *g* and the root of the mean square :math:`|g|`.
# So these are the first steps of SGD and of Adam:
#
# .. math::
#
#    \text{SGD: } -\eta\, g
#    \qquad\qquad
#    \text{Adam: } -\eta\, \frac{g}{|g| + \varepsilon}
#
# Adam's *ε* is a very small number, :math:`10^{-8}`, that keeps the division possible when the gradient is 0.
# A gradient of :math:`10^{-6}` is a hundred times as large as *ε*, so Adam makes 99 hundredths of a full step.
# Only a gradient that is about as small as *ε*, or smaller, makes the first step of Adam noticeably shorter.
#
# What has this to do with inactive connections?
# Shut units cut paths that lead back to a weight, so over many random networks the mean of its squared gradient is smaller (:ref:`page 14 <sphx_glr_story_3_inactive_connections_plot_14_paths_ahead.py>`).
# Therefore some people think that a weight hardly moves if units ahead of it are shut:
#
# .. claim:: E4
#    :verdict: holds when
#    :when: the optimiser is plain SGD, and the gradient itself is small.
#    :corrected: A weight whose gradient is small hardly moves under plain SGD. Under an optimiser that divides by the size of the gradient, it moves about as far as any other weight.
#    :sources: kingma2015, bernstein2018
#    :refuted-by: adam-undivided, adam-without-root, fixed-step-length
#
#    Weights with inactive connections ahead of them hardly move.
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
# If every path ahead of a weight goes through a shut unit, its gradient is not small but 0.
# Then no division helps: the first step of Adam is 0 as well.
# Many deep networks prevent this with a *skip connection*.
# A *block* is a group of layers, and the skip connection adds the input of the block to its output.
# So one path goes around the block, and the gradient can pass there.
#
# .. claim:: X11
#    :verdict: holds
#    :sources: veit2016
#    :refuted-by: last-contribution-wins, gates-ignored
#
#    With a skip connection around it, a block whose units are all shut still lets the gradient pass; without one it does not.
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
#
# Steps of the same length can go the wrong way
# ---------------------------------------------
#
# Four examples give one weight the gradients −1, −1, −1 and 9.
# Their mean is 3/2, so the weight should become smaller.
# SignSGD takes them one by one, and uses only their signs: three steps go up and one goes down, so the weight becomes larger.

# Check: four signs, and a gradient of 0 under Adam
w = Scalar(Fraction(0))
signs = SignSGD([w], lr=Fraction(1))
for w.grad in (-1, -1, -1, 9):
    signs.step()
assert w.data == 2
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
#    The size of the gradient and *ε* are equal, so the gradient is divided by twice its own size.
#
#    >>> round(first_step(makers["Adam"], 1e-8), 6)
#    0.5
#
# .. guess::
#    :answer: 3
#
#    A weight is 1, and its input is 3. Their product goes into a block of one ReLU unit with the bias −10, so the unit is shut. A skip connection adds the product to the output of the block. By which number must a small change of the weight be multiplied to give the change of this sum?
#
#    Only the path around the block is open, so the derivative is the input, 3.
#    With the input 30 the unit is open too, and both paths together give 30 + 30 = 60.
#
#    >>> w = Scalar(1)
#    >>> before = w * 3
#    >>> (before + (before - 10).relu()).backward()
#    >>> w.grad
#    3
#
# In PyTorch: one millionth, and a full step
# ------------------------------------------
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
# In the engine, :engine:`Adam's rule <contrasts.optimisers.Adam.move>` is where the division happens.
