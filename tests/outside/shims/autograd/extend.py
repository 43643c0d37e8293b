"""Autograd's own inside, which tests of other things import."""

from autograd import __getattr__

__all__ = ["__getattr__"]
