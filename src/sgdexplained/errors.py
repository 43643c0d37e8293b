"""The errors of this package: each says what was given and what was expected."""


class ShapeError(ValueError):
    """Two shapes do not fit; the message names both."""


class GraphError(RuntimeError):
    """The graph cannot answer: nothing to derive, or data changed since the forward pass."""


class NotFiniteError(ArithmeticError):
    """A loss, gradient or parameter is NaN or infinite; the message names it."""
