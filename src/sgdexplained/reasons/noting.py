"""An array that notes what was added to it. It needs NumPy, so only what has arrays opens it."""

from __future__ import annotations

from typing import Any

import numpy as np

_Array: Any = np.ndarray


class NotingArray(_Array):  # type: ignore[misc]
    """An array that notes what was added to it, number by number.

    Examples
    --------
    >>> values = NotingArray.of(np.array([1.0, 2.0]))
    >>> values -= np.array([1e-20, 1.0])
    >>> values.tolist(), values.taken.tolist()
    ([1.0, 1.0], [-1e-20, -1.0])
    >>> (values + 1).taken.tolist(), (values * 2 - 1).taken
    ([1.0, 0.0], None)
    """

    taken: Any

    @classmethod
    def of(cls, data: Any) -> Any:
        """Return the same numbers, from which nothing has been taken."""
        return _noted(data, np.zeros_like(data))

    def __sub__(self, other: Any) -> Any:
        return _noted(np.asarray(self) - other, _sum(self.taken, -np.asarray(other)))

    def __add__(self, other: Any) -> Any:
        return _noted(np.asarray(self) + other, _sum(self.taken, np.asarray(other)))

    def __isub__(self, other: Any) -> Any:
        self[...] = np.asarray(self) - other
        self.taken = _sum(self.taken, -np.asarray(other))
        return self

    def __iadd__(self, other: Any) -> Any:
        self[...] = np.asarray(self) + other
        self.taken = _sum(self.taken, np.asarray(other))
        return self

    def __array_finalize__(self, parent: Any) -> None:
        """Forget: of what is computed from it otherwise nothing can be told."""
        self.taken = None


def _sum(taken: Any, other: Any) -> Any:
    return None if taken is None else taken + other


def _noted(data: Any, taken: Any) -> Any:
    noting = data.view(NotingArray)
    noting.taken = taken
    return noting
