"""Optimisers that move a weight whose gradient is 0, or move all weights alike.

Each divides a gradient by what it remembers of the gradients before it, number by number. The
size of a step then says little about the size of the gradient: 1e-6 and 1 move a weight equally
far. Those that also remember a direction (Adam, AdamW) go on moving when the gradient has become
0; those that also decay move a weight that never had any.

Conventions and defaults are those of PyTorch: ε outside the square root, and a count of steps for
each parameter, which stands still while the parameter has no gradient.
"""

from __future__ import annotations

from sgdexplained.node import Node, beside
from sgdexplained.sgd import Optimiser, in_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Parameters = Iterable[Node] | Mapping[str, Node]


class SignSGD(Optimiser):
    """Move every number by exactly the learning rate, downhill; by nothing where it is 0.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number
        Learning rate η: here it is the length of a step, not a ratio.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or the learning rate is negative.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> w, v = Scalar(1.0), Scalar(1.0)
    >>> (w / 1024 + 1024 * v).backward()
    >>> SignSGD([w, v], lr=0.25).step()
    >>> w.data, v.data
    (0.75, 0.75)
    """

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:  # noqa: ARG002
        """Move one parameter."""
        # w ← w - η sign(g)
        step = parameter.maths.step
        parameter.data -= self.lr * (step(gradient, 0) - step(-gradient, 0))


class Adagrad(Optimiser):
    """Divide by the root of the sum of all squared gradients so far: it moves less and less.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number, default 0.01
        Learning rate η.
    eps : number, default 1e-10
        ε, above 0: keeps 0 / 0 away.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.

    Examples
    --------
    Gradient 1, then 0, then 1 again: while it is 0 the weight stays, and nothing is forgotten.

    >>> from sgdexplained import Scalar
    >>> w = Scalar(0.0)
    >>> adagrad = Adagrad([w], lr=1)
    >>> for gradient in 1, 0, 1:
    ...     w.grad = gradient
    ...     adagrad.step()
    ...     print(f"{w.data:.4f}")
    -1.0000
    -1.0000
    -1.7071
    """

    def __init__(self, parameters: Parameters, lr: Any = 0.01, eps: Any = 1e-10) -> None:
        super().__init__(parameters, lr)
        self.eps = _above_zero("eps", self.setting("eps", eps))

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:
        """Move one parameter."""
        # s ← s + g²
        squares = memory["squares"] = memory.get("squares", 0) + gradient * gradient
        # w ← w - η g / (√s + ε)
        parameter.data -= self.lr * gradient / (parameter.maths.sqrt(squares) + self.eps)


class RMSprop(Optimiser):
    """Divide by the root of a running mean of squared gradients, which forgets in time.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number, default 0.01
        Learning rate η.
    alpha : number, default 0.99
        How much of the running mean is kept, from 0 to less than 1.
    eps : number, default 1e-8
        ε, above 0: keeps 0 / 0 away.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.

    Examples
    --------
    The mean starts at 0, so a first gradient of 1 counts as large: 1 / √0.01 = 10 learning rates.

    >>> from sgdexplained import Scalar
    >>> w = Scalar(0.0)
    >>> w.grad = 1
    >>> RMSprop([w], lr=1).step()
    >>> round(w.data, 6)
    -9.999999
    """

    def __init__(
        self, parameters: Parameters, lr: Any = 0.01, alpha: Any = 0.99, eps: Any = 1e-8
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha = self.setting("alpha", alpha, below=1)
        self.eps = _above_zero("eps", self.setting("eps", eps))

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:
        """Move one parameter."""
        # s ← α s + (1 - α) g²
        squares = self.alpha * memory.get("squares", 0) + (1 - self.alpha) * gradient * gradient
        memory["squares"] = squares
        # w ← w - η g / (√s + ε)
        parameter.data -= self.lr * gradient / (parameter.maths.sqrt(squares) + self.eps)


class Adam(Optimiser):
    """Running means of the gradient and of its square; the step is one over the root of the other.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number, default 0.001
        Learning rate η: about the length of a step, whatever the gradient.
    betas : (number, number), default (0.9, 0.999)
        How much of each running mean is kept, from 0 to less than 1.
    eps : number, default 1e-8
        ε, above 0: keeps 0 / 0 away.
    weight_decay : number, default 0
        λ of the penalty λ w² / 2. It joins the gradient, and is divided like it: a weight on which
        nothing else pulls shrinks by about η a step, however small λ is.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.

    Examples
    --------
    A gradient of 1, and then none: the weight goes on in the direction that it remembers.

    >>> from sgdexplained import Scalar
    >>> w = Scalar(0.0)
    >>> adam = Adam([w], lr=1)
    >>> for gradient in 1, 0, 0:
    ...     w.grad = gradient
    ...     adam.step()
    ...     print(f"{w.data:.3f}")
    -1.000
    -1.670
    -2.188
    """

    decoupled = False

    def __init__(
        self,
        parameters: Parameters,
        lr: Any = 0.001,
        betas: Sequence[Any] = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
    ) -> None:
        super().__init__(parameters, lr)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"betas is {betas!r}, expected two numbers")
        self.betas = tuple(self.setting("a beta", beta, below=1) for beta in betas)
        self.eps = _above_zero("eps", self.setting("eps", eps))
        self.weight_decay = self.setting("weight_decay", weight_decay)

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:
        """Move one parameter."""
        if self.weight_decay and self.decoupled:
            # w ← w - η λ w
            parameter.data -= self.lr * self.weight_decay * parameter.data
        elif self.weight_decay:
            # g ← g + λ w
            gradient = gradient + self.weight_decay * parameter.data
        beta1, beta2 = self.betas
        t = memory["steps"] = memory.get("steps", 0) + 1
        # m ← β₁ m + (1 - β₁) g      s ← β₂ s + (1 - β₂) g²
        mean = memory["mean"] = beta1 * memory.get("mean", 0) + (1 - beta1) * gradient
        squares = beta2 * memory.get("squares", 0) + (1 - beta2) * gradient * gradient
        memory["squares"] = squares
        # w ← w - η m̂ / (√ŝ + ε)      with m̂ = m / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ)
        #
        # Why divide? Both means start at 0 and are too small for a while; after t equal gradients
        # they have come just 1 - βᵗ of the way.
        spread = parameter.maths.sqrt(squares / (1 - beta2**t))
        parameter.data -= self.lr * mean / (1 - beta1**t) / (spread + self.eps)


class AdamW(Adam):
    """Adam whose decay shrinks the weight itself, past the running means.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number, default 0.001
        Learning rate η.
    betas : (number, number), default (0.9, 0.999)
        How much of each running mean is kept, from 0 to less than 1.
    eps : number, default 1e-8
        ε, above 0: keeps 0 / 0 away.
    weight_decay : number, default 0.01
        λ: each step first takes away η λ of the weight.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.

    Examples
    --------
    A gradient of 0 is stepped and the weight decays; where there is no gradient it stays.

    >>> from sgdexplained import Scalar
    >>> zero, none = Scalar(2.0), Scalar(2.0)
    >>> zero.grad = 0
    >>> AdamW([zero, none], lr=0.5, weight_decay=0.25).step()
    >>> zero.data, none.data
    (1.75, 2.0)
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        lr: Any = 0.001,
        betas: Sequence[Any] = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)


class MovingAverage:
    """A copy of the weights that follows them slowly, and goes on when they have stopped.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor
        What to follow.
    decay : number, default 0.99
        How much of the copy is kept at each update, from 0 to less than 1.

    Attributes
    ----------
    values : list of number or array
        The copy, in the order of the parameters.

    Raises
    ------
    ValueError
        If there are no parameters, or the decay is out of its range.

    Examples
    --------
    The weight jumps from 0 to 8 and then stands still. Its average does not.

    >>> from sgdexplained import Scalar
    >>> w = Scalar(0)
    >>> average = MovingAverage([w], decay=0.5)
    >>> w.data = 8
    >>> for _ in range(3):
    ...     average.update()
    ...     print(average.values)
    [4.0]
    [6.0]
    [7.0]
    """

    def __init__(self, parameters: Iterable[Node], decay: Any = 0.99) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("there are no parameters, expected at least one")
        for parameter in self.parameters:
            if not isinstance(parameter, Node):
                raise TypeError(f"a parameter is {parameter!r}, expected a Scalar or a Tensor")
        self.decay = in_range("decay", decay, below=1)
        # Adding 0 makes a copy: an array is stepped in place.
        self.values = [parameter.data + 0 for parameter in self.parameters]

    def update(self) -> None:
        """Move every value of the copy a little towards its weight."""
        # c ← d c + (1 - d) w
        for place, parameter in enumerate(self.parameters):
            decay = beside(self.decay, parameter.data)
            self.values[place] = decay * self.values[place] + (1 - decay) * parameter.data


def _above_zero(name: str, value: Any) -> Any:
    """Return `value`, a number from 0, if it is not 0; else raise ``ValueError``."""
    if value == 0:
        raise ValueError(f"{name} is {value!r}, expected a number above 0: 0 / 0 is no step")
    return value
