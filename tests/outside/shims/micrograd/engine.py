"""Micrograd's name for a number with a past."""

from sgdexplained import Scalar as Value

__all__ = ["Value"]
