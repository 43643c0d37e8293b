"""What an engine hands to the stopwatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Work(NamedTuple):
    """The piece of work that is timed, and what it must have come to.

    Attributes
    ----------
    step : callable
        Does the work once and returns its loss, in whatever form the engine has it.
    gradients : callable
        Returns the gradients of the last step as arrays, or as flat lists of floats.
    """

    step: Callable[[], Any]
    gradients: Callable[[], list[Any]]
