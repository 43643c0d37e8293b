"""Explain a step of a PyTorch model: needs ``pip install "sgdexplained[torch]"``.

:func:`sgdexplained.explain` opens this room when it is given a ``torch.nn.Module``; nothing else of
the package does.
"""

from sgdexplained.pytorch.model import explain_model
from sgdexplained.pytorch.report import ModelExplanation

__all__ = ["ModelExplanation", "explain_model"]
