"""Words for why nothing comes back, as bits; and how PyTorch's operations are told."""

from __future__ import annotations

import re
from functools import cache
from math import prod
from typing import Any

import torch

from sgdexplained.pytorch.fast import any_true, kinds, looked_up
from sgdexplained.reasons import CODE as COMMON
from sgdexplained.reasons import WORDS as COMMON_WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRA = ("padding row", "hook", "op not known", "not finite")
STEP = ("cleared", "never stepped", "another optimizer", "changed outside")
WORDS = (*COMMON_WORDS, *(word for word in (*STEP, *EXTRA) if word not in COMMON_WORDS))
CODE = {word: code for code, word in enumerate(WORDS)}
PHRASES = {
    "own rule": "by the optimizer's own rule",
    "not listed": "not in the optimizer",
    "held": "held by the optimizer",
    "padding row": "in a padding row",
    "hook": "taken by a hook",
    "op not known": "behind an operation not known",
    "not finite": "with a gradient that is not finite",
    "cleared": "with a gradient lost before the step",
    "never stepped": "never stepped",
    "another optimizer": "by another optimizer",
    "changed outside": "changed outside the optimizer",
}

# ## Several reasons at once
#
# An entry of the graph has a set of reasons, one bit each. The lowest bit is told.

FLAT, INACTIVE, SHUT, SATURATED, CLOSED, PATHS, ROUNDING, UNDERFLOW, EXAMPLES, NEVER, MIXED = (
    1 << k for k in range(11)
)
HOOK, UNKNOWN = 1 << 11, 1 << 12

# Of an example that the loss is flat in as a whole; `FLAT` is then set as well.
WHOLE = 1 << 13

# Not connected at all, such as an entry that an index did not take: it is no reason, and where an
# entry is taken in another place that one decides. So all bits are set, and `and` forgets it.
OFF = 1 << 14
NEUTRAL = (1 << 15) - 1

# Of a weight whose receiver is not connected: its result is taken by nothing.
NOT_TAKEN = OFF | CLOSED

NAMES = {
    HOOK: "hook",
    UNKNOWN: "op not known",
    FLAT: "flat",
    INACTIVE: "inactive",
    SATURATED: "saturated",  # what is saturated is shut as well; the narrower word is told
    SHUT: "shut",
    CLOSED: "closed",
    PATHS: "paths cancel",
    ROUNDING: "rounding",
    UNDERFLOW: "underflow",
    EXAMPLES: "examples cancel",
    NEVER: "never together",
    MIXED: "mixed",
}
BITS = tuple(NAMES)


# So many rows of a matrix are looked at together, since NumPy copies what it picks.
ROWS_AT_A_TIME = 64


class Reasons:
    """A set of reasons for each entry of a tensor.

    Parameters
    ----------
    array : Tensor of int16
        Bits; 0 where something comes back.
    present : int
        All bits that may be set somewhere; of ``NEUTRAL`` only ``OFF``.
    """

    __slots__ = ("array", "present")

    def __init__(self, array: torch.Tensor, present: int) -> None:
        self.array, self.present = array, present

    def has(self, bit: int) -> torch.Tensor:
        """Return where a bit is set."""
        return (self.array & bit) != 0

    def bits(self) -> list[int]:
        """List the bits that may be set."""
        return [bit for bit in BITS if bit & self.present]

    def through(self, change: Any) -> Reasons:
        """Return the same, rearranged."""
        return Reasons(change(self.array), self.present)

    def turned(self) -> Reasons:
        """Return the same of the transpose."""
        return self.through(lambda array: array.transpose(-1, -2))


class Crossed(Reasons):
    """Reasons of a matrix that hold for whole rows and whole columns: it is 0 there alone.

    Most often all zeros of a weight matrix are of this kind, so that no array of its shape is made.

    Parameters
    ----------
    rows, columns : NumPy arrays of int16
        Bits of each row and of each column.
    present : int

    Examples
    --------
    >>> import numpy as np
    >>> rows, columns = np.int16([0, INACTIVE]), np.int16([0, SHUT, 0])
    >>> Crossed(rows, columns, INACTIVE | SHUT).array
    tensor([[0, 4, 0],
            [2, 6, 2]], dtype=torch.int16)
    """

    __slots__ = ("columns", "rows")

    def __init__(self, rows: Any, columns: Any, present: int) -> None:
        self.rows, self.columns, self.present = rows, columns, present

    @property
    def array(self) -> torch.Tensor:  # type: ignore[override]
        """All bits."""
        return torch.from_numpy(self.rows[:, None] | self.columns)

    def through(self, change: Any) -> Reasons:
        """Return the same, rearranged: of a transpose as rows and columns still."""
        if getattr(change, "name", str)() == "TBackward0":
            return self.turned()
        return super().through(change)

    def turned(self) -> Crossed:
        """Return the same of the transpose."""
        return Crossed(self.columns, self.rows, self.present)

    def codes(self) -> list[int]:
        """List the codes that are told."""
        return sorted({code for code, _, _ in self._blocks()})

    def write(self, into: torch.Tensor) -> bool:
        """Write the codes into an array of codes; False, and nothing, if others stand there.

        Examples
        --------
        >>> import numpy as np
        >>> one = Crossed(np.int16([0, INACTIVE]), np.int16([0, SHUT]), INACTIVE | SHUT)
        >>> codes = torch.zeros(2, 2, dtype=torch.uint8)
        >>> one.write(codes), [[WORDS[code] for code in row] for row in codes]
        (True, [['', 'shut'], ['inactive', 'inactive']])
        >>> one.write(codes)
        False
        """
        numbers, blocks = into.numpy(), list(self._blocks())
        parts = [
            (code, rows[start : start + ROWS_AT_A_TIME, None], columns)
            for code, rows, columns in blocks
            for start in range(0, len(rows), ROWS_AT_A_TIME)
        ]
        if any(numbers[rows, columns].any() for _, rows, columns in parts):
            return False
        for code, rows, columns in parts:
            numbers[rows, columns] = code
        return True

    def _blocks(self) -> Iterator[tuple[int, Any, Any]]:
        """Yield each code with the rows and columns that it stands in."""
        for row in set(self.rows.tolist()):
            for column in set(self.columns.tolist()):
                if row | column:
                    rows, columns = (self.rows == row), (self.columns == column)
                    yield int(_TOLD[row | column]), rows.nonzero()[0], columns.nonzero()[0]


def told(reasons: Reasons) -> torch.Tensor | Crossed:
    """Return the code of the reason that is told for each entry: uint8, places in ``WORDS``.

    Examples
    --------
    >>> import torch
    >>> for code in told(Reasons(torch.tensor([0, SHUT | FLAT, NEUTRAL]), SHUT | FLAT | OFF)):
    ...     print(WORDS[code])
    <BLANKLINE>
    flat
    inactive
    """
    return reasons if isinstance(reasons, Crossed) else looked_up(_TOLD, reasons.array, mostly=0)


def present(codes: torch.Tensor | Crossed) -> list[int]:
    """List the codes that are told."""
    return codes.codes() if isinstance(codes, Crossed) else kinds(codes)


def full(codes: torch.Tensor | Crossed | None, like: torch.Tensor) -> torch.Tensor:
    """Return codes as an array in the shape of another."""
    if isinstance(codes, Crossed):
        codes = looked_up(_TOLD, codes.array, mostly=0)
    return torch.zeros_like(like, dtype=torch.uint8) if codes is None else codes


def _table() -> torch.Tensor:
    """Return the code of each set of bits."""
    sets = torch.arange(1 << 15)
    found = torch.zeros(len(sets), dtype=torch.uint8)
    for bit in reversed(BITS):
        found[(sets & bit) != 0] = CODE[NAMES[bit]]
    found[(sets & OFF) != 0] = COMMON["inactive"]
    found[NOT_TAKEN] = COMMON["not used"]
    return found


_TOLD = _table()


# ## Operations
#
# A node of PyTorch's graph is named after its operation: ``ReluBackward0``, ``MmBackward0``.


def kind(node: Any) -> str:
    """Return the operation of a node of the graph: ``Relu``."""
    return _kind(node.name())


@cache
def _kind(name: str) -> str:
    return re.sub(r"(Backward\d*)$", "", name.rpartition("::")[2])


# Nothing but another view of the same numbers.
VIEWS = {
    "T", "Transpose", "Permute", "View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze",
    "Clone", "Alias", "Movedim", "Swapaxes",
}  # fmt: skip

# Some entries are taken, and the others not.
TAKING = {
    "Select", "Slice", "Split", "SplitWithSizes", "UnsafeSplit", "UnsafeSplitWithSizes", "Unbind",
    "Index", "IndexSelect", "Gather", "Take", "TakeAlongDim", "Narrow", "Chunk", "Diagonal",
    "Cat", "Stack", "ConstantPadNd", "AsStrided", "Unfold", "MaxPool2DWithIndices",
    "MaxPool3DWithIndices", "MaxPool1DWithIndices", "AdaptiveMaxPool2D", "AdaptiveMaxPool3D",
    "Embedding", "Tril", "Triu",
}  # fmt: skip

# Through these a parameter can be followed, place by place.
FOLLOWED = VIEWS | {
    "Select", "Slice", "Split", "SplitWithSizes", "UnsafeSplit", "UnsafeSplitWithSizes", "Unbind",
    "Narrow", "Chunk", "Diagonal", "ToCopy", "Tril", "Triu",
}  # fmt: skip

# One number from one number, in the same place.
ELEMENTWISE = {
    "Relu", "Threshold", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Silu", "Mish", "Sigmoid",
    "Tanh", "LogSigmoid", "Softplus", "Softshrink", "Hardshrink", "Hardtanh", "Hardswish",
    "Hardsigmoid", "Clamp", "ClampMin", "ClampMax", "Abs", "Neg", "Exp", "Expm1", "Log", "Log1P",
    "Log2", "Log10", "Sqrt", "Rsqrt", "Pow", "Reciprocal", "Sin", "Cos", "Tan", "Asin", "Acos",
    "Atan", "Sinh", "Cosh", "Erf", "Erfc", "Erfinv", "Round", "Floor", "Ceil", "Trunc", "Sign",
    "Sgn", "Frac", "Logit", "NanToNum", "MaskedFill", "NativeDropout", "FeatureDropout", "ToCopy",
    "Heaviside", "Fmod", "Remainder", "RreluWithNoise",
}  # fmt: skip

# The same of several numbers, which may have been spread out.
OF_SEVERAL = {
    "Where", "Maximum", "Minimum", "Fmax", "Fmin", "Addcmul", "Addcdiv", "Lerp", "Atan2", "Hypot",
    "Copysign", "Xlogy", "Mul", "Div", "Pow",
}  # fmt: skip

# Functions whose derivative is 0 wherever there is one.
STEPS = {"Round", "Floor", "Ceil", "Trunc", "Sign", "Sgn", "Heaviside"}

# Each entry of the result depends on entries of other units.
MIXING = {
    "Mm", "Addmm", "Bmm", "Baddbmm", "Addbmm", "Mv", "Addmv", "Dot", "Vdot", "Convolution",
    "NativeLayerNorm", "NativeGroupNorm", "Softmax", "SafeSoftmax", "LogSoftmax", "Trilinear",
    "Norm", "LinalgVectorNorm", "Logsumexp", "Cumsum", "Prod", "Var", "Std",
}  # fmt: skip

# Layers that normalise, and multiply by a weight of their own.
NORMS = ("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "NativeLayerNorm",
         "NativeGroupNorm", "FusedRmsNorm")  # fmt: skip

# Running these a second time runs the reader's code, or a second backward pass.
NOT_ASKED = ("CheckpointFunction", "CompiledFunction")


def phrase(  # noqa: C901, PLR0911, PLR0912 (a list of phrases)
    node: Any, name: str, *, constant: bool = False, weighted: bool = False, empty: bool = False
) -> str:
    """Say what an operation did that lets nothing through.

    Parameters
    ----------
    node : graph node
    name : str
        The call that the reader wrote: ``relu``.
    constant : bool, default False
        Whether it is a softmax or a normalisation of one entry.
    weighted : bool, default False
        Whether it normalises and none of its weights is 0.
    empty : bool, default False
        Whether it is a loss in which no label counts.
    """
    what = kind(node)
    if hasattr(node, "_forward_cls"):
        return f"{name} gives 0"
    if what in STEPS:
        return f"{name} is flat: its derivative is 0 everywhere"
    if what.startswith("Clamp") and name.endswith(("margin_loss", "embedding_loss", "hinge_loss")):
        return f"the margin of {name} is met"
    if what.startswith(("Clamp", "Hardtanh")):
        return f"outside the limits of {name}"
    if constant:
        return f"{name} over one entry is constant"
    if what == "Where":
        return f"not chosen by {name}"
    if what.startswith(("Max", "Min", "Amax", "Amin", "AdaptiveMax", "Topk", "Sort", "Kthvalue")):
        return f"not chosen by {name}"
    if what.startswith("NllLoss"):
        if empty:  # why is told by `uncounted`
            return f"no label counts in {name}"
        return f"no label that counts is this class in {name}"
    if name == "dropout" or "Dropout" in what:
        return f"dropped by {name}"
    if what in {"Mul", "Div"}:
        return f"times 0 in {name}"
    if what in {"Mm", "Addmm", "Bmm", "Convolution", "Mv", "Baddbmm"}:
        return f"weights of 0 in {name}"
    if what in TAKING:
        return f"not taken by {name}"
    if what.endswith("Norm") and what.startswith(NORMS) and not weighted:
        return f"weights of 0 in {name}"
    return f"the derivative of {name} is 0"


def uncounted(node: Any) -> tuple[str, str]:
    """Say why no label counts in a loss, or nothing; asked before the graph is freed.

    Returns
    -------
    str
        Why, where that is known: what the loss itself has kept shows it.
    str
        What it did then that is no number, such as a mean of nothing.
    """
    what = kind(node)
    if what == "Mean" and getattr(node, "_saved_self_sym_numel", 1) == 0:
        return "", "is the mean of no numbers: 0 / 0"
    if not what.startswith("NllLoss"):
        return "", ""
    added = node._saved_reduction != 0  # noqa: SLF001
    if added and float(node._saved_total_weight):  # noqa: SLF001
        return "", ""
    labels, left = node._saved_target, _signed(node._saved_ignore_index)  # noqa: SLF001
    weight = node._saved_weight  # noqa: SLF001
    taken = labels[labels != left].long()
    if not labels.numel():
        why = "there is none"
    elif not taken.numel():
        why = f"every label is ignore_index = {left}"
    elif weight is not None and not any_true(weight[taken] != 0):
        why = "the weight of the class of each label is 0"
    else:
        return "", ""
    mean = node._saved_reduction == 1  # noqa: SLF001
    return why, "divides by the number of labels that count: 0 / 0" if mean else ""


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def of_one(node: Any) -> bool:
    """Return whether a node is a softmax or a normalisation of one entry; asked before it is freed.

    Such a result is constant: 1, or 0 before weight and bias.
    """
    what = kind(node)
    if what == "NativeLayerNorm":
        return prod(node._saved_normalized_shape) == 1  # noqa: SLF001
    if what not in {"Softmax", "SafeSoftmax", "LogSoftmax"}:
        return False
    result = getattr(node, "_saved_result", None)
    dim = getattr(node, "_saved_dim", None)
    if result is None or dim is None or result.dim() == 0:
        return False
    return bool(result.shape[_signed(dim)] == 1)


def has_weights(node: Any) -> bool:
    """Return whether a node normalises, and none of its weights is 0; asked before it is freed."""
    if not kind(node).startswith(NORMS):
        return False
    weight = getattr(node, "_saved_weight", None)
    return weight is None or bool(weight.all())
