"""An array that notes what was added to it. It needs NumPy, so only what has arrays opens it."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


class NotingArray(np.ndarray):  # type: ignore[type-arg]
    """An array that notes what was added to it, number by number.

    Examples
    --------
    >>> values = NotingArray.of(np.array([1.0, 2.0]))
    >>> values -= np.array([1e-20, 1.0])
    >>> values.tolist(), values.taken.tolist()
    ([1.0, 1.0], [-1e-20, -1.0])
    """

    taken: Any

    @classmethod
    def of(cls, data: Any) -> Self:
        """Return the same numbers, from which nothing has been taken."""
        noting = data.view(cls)
        noting.taken = np.zeros_like(data)
        return noting

    def __isub__(self, other: Any) -> Self:  # type: ignore[override, misc]
        self.taken = self.taken - np.asarray(other)
        return np.ndarray.__isub__(self, other)

    def __iadd__(self, other: Any) -> Self:  # type: ignore[override, misc]
        self.taken = self.taken + np.asarray(other)
        return np.ndarray.__iadd__(self, other)

    def __sub__(self, other: Any) -> Self:  # type: ignore[override]
        found = (np.asarray(self) - other).view(NotingArray)
        if hasattr(self, "taken"):
            found.taken = self.taken - np.asarray(other)
        return found  # type: ignore[return-value]

    def __add__(self, other: Any) -> Self:  # type: ignore[override]
        found = (np.asarray(self) + other).view(NotingArray)
        if hasattr(self, "taken"):
            found.taken = self.taken + np.asarray(other)
        return found  # type: ignore[return-value]
