"""The words for why a weight moves or stays, and their codes.

For arrays a reason is a small number, one byte for each weight: its place in ``WORDS``.
"""

from __future__ import annotations

MOVING = ("gradient", "memory", "decay", "memory+decay", "own rule")
"""Why a weight moves: by its gradient, or by something else."""

ZERO = (
    "flat",
    "inactive",
    "shut",
    "saturated",
    "closed",
    "paths cancel",
    "rounding",
    "underflow",
    "examples cancel",
    "never together",
    "mixed",
)
"""Why a gradient is 0, in the order in which reasons are told if several hold."""

HELD = (
    "not used",
    "no gradient",
    "cut",
    "frozen",
    "not listed",
    "lr 0",
    "swallowed",
    "held",
)
"""Why a weight stays though its gradient is not 0, or though there is none."""

WORDS = ("", *MOVING, *ZERO, *HELD)
"""All words, each at the place of its code; the first stands for nothing."""

CODE = {word: code for code, word in enumerate(WORDS)}
"""The code of each word."""

# As a summary writes them, after how many there are.
PHRASES = {
    "gradient": "by the gradient",
    "memory": "by memory",
    "decay": "by decay",
    "memory+decay": "by memory and decay",
    "own rule": "by the optimiser's own rule",
    "flat": "with a flat loss",
    "inactive": "with an inactive sender",
    "shut": "with a shut receiver",
    "saturated": "with a saturated receiver",
    "closed": "with no open path ahead",
    "paths cancel": "with paths that cancel",
    "rounding": "lost in rounding",
    "underflow": "too small for the number type",
    "examples cancel": "with examples that cancel",
    "never together": "with ends never active together",
    "mixed": "for mixed reasons",
    "not used": "not used by the loss",
    "no gradient": "without a gradient",
    "cut": "cut off from the loss",
    "frozen": "with requires_grad=False",
    "not listed": "not in the optimiser",
    "lr 0": "with learning rate 0",
    "swallowed": "with a swallowed step",
    "held": "held by the optimiser",
}
"""The words of a summary; a reason that is not here is written as it is."""
