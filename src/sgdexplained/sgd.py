"""Stochastic gradient descent, and what every optimiser of the package has in common.

An optimiser turns gradients into changes. Plain SGD is one line, ``w -= lr * dL/dw``: a weight
whose gradient is zero stays where it is. The other lines of this page are ways to move without a
gradient.
"""

from __future__ import annotations

from math import isfinite

from sgdexplained.errors import NotFiniteError, ShapeError
from sgdexplained.node import Node, beside, is_number, python_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


UNFINISHED = "The step did not finish: some parameters may have moved, others not."


class Optimiser:
    """What an optimiser is: parameters, a learning rate, and a memory for each parameter.

    A parameter without gradient (``None``) is skipped. A gradient of zero is a
    gradient, and its parameter is stepped, so that momentum and decay act.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train, such as ``net.parameters()``, or ``net.named_parameters()`` if errors
        should tell names.
    lr : number
        Learning rate, from 0.

    Attributes
    ----------
    parameters : list of Scalar or Tensor
        What is trained.
    lr : number
        Learning rate; may be changed between steps.
    memory : list of dict
        What is remembered of each parameter, in the order of `parameters`.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.
    TypeError
        If a parameter is not a leaf that takes a gradient.
    """

    def __init__(self, parameters: Iterable[Node] | Mapping[str, Node], lr: Any) -> None:
        if hasattr(parameters, "parameters"):
            raise TypeError(f"expected parameters, got {parameters!r}: give its .parameters()")
        named = parameters.items() if hasattr(parameters, "items") else enumerate(parameters)
        self._names, self.parameters = [], []
        for name, parameter in named:
            self._names.append(name)
            self.parameters.append(parameter)
            if not isinstance(parameter, Node):
                raise TypeError(f"parameter {name} is {parameter!r}, expected a Scalar or a Tensor")
            if parameter.left is not None or not getattr(parameter, "requires_grad", True):
                raise TypeError(
                    f"parameter {name} was computed or needs no gradient: not trainable"
                )
        if not self.parameters:
            raise ValueError("there are no parameters, expected at least one")
        if len({id(parameter) for parameter in self.parameters}) < len(self.parameters):
            raise ValueError("a parameter is given twice: it would be stepped twice")
        self.lr = self._checked_lr = self.setting("lr", lr)
        self.memory: list[dict[str, Any]] = [{} for _ in self.parameters]

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises
        ------
        NotFiniteError
            If a gradient is NaN or infinite; then nothing has moved.
        ShapeError
            If a gradient has another shape than its parameter; then nothing has moved.

        Notes
        -----
        A step that is interrupted (by Ctrl-C, say) has moved some parameters and not the others;
        a note on the exception says so.
        """
        self._check()
        try:
            self._move_all()
        except BaseException as error:
            error.add_note(UNFINISHED)
            raise

    def _check(self, *, gradients: bool = True) -> None:
        if self.lr is not self._checked_lr:
            self.lr = self._checked_lr = self.setting("lr", self.lr)
        if not gradients:
            return
        for name, parameter in zip(self._names, self.parameters, strict=True):
            gradient = parameter.grad
            if gradient is not None and not parameter.accepts(gradient):
                raise _refusal(name, parameter, gradient)

    def _move_all(self) -> None:
        for parameter, memory in zip(self.parameters, self.memory, strict=True):
            if parameter.grad is not None:
                self.move(parameter, parameter.grad, memory)
                parameter.stepped()

    def setting(self, name: str, value: Any, below: float = float("inf")) -> Any:
        """Return `value` if :func:`in_range`, in a type that can stand beside all parameters."""
        number = in_range(name, value, below)
        for parameter in self.parameters:
            number = beside(number, parameter.data)
        return number

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:
        """Move one parameter: the rule that tells one optimiser from another."""
        raise NotImplementedError

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget all gradients, see :meth:`Node.zero_grad <sgdexplained.node.Node.zero_grad>`."""
        for parameter in self.parameters:
            parameter.zero_grad(set_to_none=set_to_none)


class SGD(Optimiser):
    """Stochastic gradient descent, with the usual additions.

    Parameters
    ----------
    parameters : iterable of Scalar or Tensor, or mapping of names to them
        What to train.
    lr : number
        Learning rate η: the ratio of step to gradient.
    momentum : number, default 0
        How much of the last velocity is kept, from 0 to less than 1.
    nesterov : bool, default False
        Look ahead along the velocity, in the form that PyTorch uses.
    weight_decay : number, default 0
        λ of the penalty λ w² / 2.
    decoupled : bool, default False
        Shrink the weight itself by η λ w, instead of adding λ w to the gradient.

    Raises
    ------
    ValueError
        If there are no parameters, one is given twice, or a number is out of its range.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> w, unreached = Scalar(2.0), Scalar(5.0)
    >>> (3 * w).backward()
    >>> SGD([w, unreached], lr=0.5).step()
    >>> w.data, unreached.data
    (0.5, 5.0)
    """

    def __init__(
        self,
        parameters: Iterable[Node] | Mapping[str, Node],
        lr: Any,
        momentum: Any = 0,
        nesterov: bool = False,
        weight_decay: Any = 0,
        decoupled: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = self.setting("momentum", momentum, below=1)
        self.weight_decay = self.setting("weight_decay", weight_decay)
        self.nesterov, self.decoupled = nesterov, decoupled
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the velocity: expected momentum above 0")

    def move(self, parameter: Node, gradient: Any, memory: dict[str, Any]) -> None:
        """Move one parameter."""
        if self.weight_decay and self.decoupled:
            # w ← w - η λ w
            parameter.data -= self.lr * self.weight_decay * parameter.data
        elif self.weight_decay:
            # g ← g + λ w
            gradient = gradient + self.weight_decay * parameter.data
        if self.momentum:
            # v ← μ v + g
            velocity = memory["velocity"] = self.momentum * memory.get("velocity", 0) + gradient
            # Nesterov: the step that the next velocity would make if the gradient stayed
            gradient = gradient + self.momentum * velocity if self.nesterov else velocity
        # w ← w - η g      why minus: the gradient points uphill
        parameter.data -= self.lr * gradient


def _refusal(name: Any, parameter: Node, gradient: Any) -> Exception:
    """Return what is wrong with a gradient that its parameter does not accept.

    Examples
    --------
    >>> import numpy as np
    >>> from sgdexplained import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> for gradient in np.ones(3), np.array([np.nan, 1.0]):
    ...     print(_refusal("w", w, gradient))
    the gradient of parameter w has shape (3,), expected (2,): nothing moved
    the gradient of parameter w is not finite: nothing moved
    """
    shape, expected = getattr(gradient, "shape", ()), getattr(parameter.data, "shape", ())
    what = f"the gradient of parameter {name}"
    if shape != expected:
        return ShapeError(f"{what} has shape {shape}, expected {expected}: nothing moved")
    return NotFiniteError(f"{what} is not finite: nothing moved")


def in_range(name: str, value: Any, below: float = float("inf")) -> Any:
    """Return `value` if it is a number from 0 to less than `below`; else raise ``ValueError``."""
    number = python_number(value)
    if not is_number(number) or not 0 <= number < below:
        limit = (
            f"a number from 0 to less than {below}" if isfinite(below) else "a finite number from 0"
        )
        raise ValueError(f"{name} is {value!r}, expected {limit}")
    return number
