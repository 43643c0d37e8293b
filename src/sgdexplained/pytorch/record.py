"""Watch a forward pass: which call made which tensor of which, and where a gradient is left behind.

PyTorch tells the graph of a loss only as far as gradients flow. What a call cuts off is not in it,
so calls are watched while they happen.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from sgdexplained.pytorch.fast import finite
from sgdexplained.pytorch.names import own
from sgdexplained.pytorch.plain import composed, plain_checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sgdexplained.pytorch.watch import Watch

_TORCH = str(Path(torch.__file__).parent)
_DRAWN = str(Path(torch.__file__).parent / "distributions")
_HERE = str(Path(__file__).parents[1])
_KERAS = f"{os.sep}keras{os.sep}src{os.sep}"  # whose layers call PyTorch for the reader
_CALLED = torch.nn.Module._call_impl.__code__  # noqa: SLF001 (its frame tells that a module runs)
_APPLY = torch.autograd.Function.apply.__func__.__code__  # and this one a function of the reader's

# Calls that take numbers out of a tensor, so that nobody sees where they go.
LEAVES_TORCH = {
    "item", "numpy", "tolist", "__float__", "__int__", "__bool__", "__array__", "__index__",
    "__complex__", "__dlpack__", "_local_scalar_dense",
}  # fmt: skip

# Calls whose result knows the shape, the type or the device of a tensor, and not its numbers.
SHAPE_ALONE = {
    "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like",
    "randint_like", "new_zeros", "new_ones", "new_empty", "new_full", "size",
}  # fmt: skip

# Calls that draw numbers: what they make is data.
DRAWS = {"rand", "randn", "randint", "randperm", "bernoulli", "normal", "multinomial", "poisson"}


# Losses that take logits, and what they do with them.
TWICE = {
    "binary_cross_entropy_with_logits": {"Sigmoid"},
    "cross_entropy": {"Softmax", "LogSoftmax"},
}

# Functions of this package that run the reader's code.
STARTS = {"call_model", "call_loss"}

# Calls that are written as signs.
SIGNS = {
    "gt": ">", "__gt__": ">", "lt": "<", "__lt__": "<", "ge": ">=", "__ge__": ">=", "le": "<=",
    "__le__": "<=", "eq": "==", "__eq__": "==", "ne": "!=", "__ne__": "!=",
    "add": "+", "__add__": "+", "__radd__": "+", "sub": "-", "__sub__": "-", "rsub": "-",
    "__rsub__": "-", "mul": "*", "__mul__": "*", "__rmul__": "*", "div": "/", "truediv": "/",
    "__truediv__": "/", "__rdiv__": "/", "__rtruediv__": "/", "matmul": "@", "__matmul__": "@",
    "__rmatmul__": "@", "pow": "**", "__pow__": "**", "__getitem__": "an index",
    "neg": "-", "__neg__": "-", "__bool__": "if", "__float__": "float()", "__int__": "int()",
    "__index__": "an index", "__array__": "np.asarray",
}  # fmt: skip

COMPARISONS = {
    ">", "<", ">=", "<=", "==", "!=", "isclose", "isnan", "isinf", "isfinite", "logical_not",
    "logical_and", "logical_or", "logical_xor",
}  # fmt: skip

# Calls that a reader knows as methods: "cut by .item()" is found in a line sooner than "by item".
METHODS = {"item", "tolist", "numpy", "detach", "detach_", "long", "int", "short", "char", "byte"}


def tensors(found: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors in arguments or results, however they are nested."""
    if isinstance(found, torch.Tensor):
        yield found
    elif isinstance(found, list | tuple):
        for one in found:
            yield from tensors(one)
    elif isinstance(found, dict):
        for one in found.values():
            yield from tensors(one)
    elif hasattr(found, "__dataclass_fields__"):
        for name in found.__dataclass_fields__:
            yield from tensors(getattr(found, name, None))


def reader_frame(depth: int = 1) -> Any:
    """Return the innermost frame that is the reader's own, or ``None``."""
    frame: Any = sys._getframe(depth)  # noqa: SLF001 (inspect reads files)
    while frame is not None and passed_over(frame):
        frame = frame.f_back
    return frame


def passed_over(frame: Any) -> bool:
    """Tell whether a frame is PyTorch's, of Keras or of this package."""
    name = frame.f_code.co_filename
    return name.startswith((_TORCH, _HERE)) or name == "<string>" or _KERAS in name


def where() -> tuple[str, bool, Any, str]:
    """Return the line of the reader's code that is running, and if it has called a module.

    Lines of PyTorch and of this package are passed over. Where a pass was started by this package
    and no line of the reader's is inside it, there is no line.

    Returns
    -------
    str
        ``model.py:12``
    bool
        Whether it called a module, and none of the reader's own: what ran is not in this line.
    frame or None
        Of the line.
    str
        What it has called, if that is of a kind whose inner calls a reader does not know: a
        distribution, for example ``Normal.sample``.

    Examples
    --------
    >>> line, inside, _, _ = where()
    >>> line.startswith("<doctest") or ":" in line, inside
    (True, False)
    """
    frame: Any = sys._getframe(1)  # noqa: SLF001 (traceback.extract_stack reads files, at each call)
    inside, called = False, ""
    while frame is not None:
        code = frame.f_code
        if not passed_over(frame):
            return f"{Path(code.co_filename).name}:{frame.f_lineno}", inside, frame, called
        if code.co_name in STARTS and code.co_filename.startswith(_HERE):
            return "", inside, None, called
        inside |= code is _CALLED
        called = code.co_qualname if code.co_filename.startswith(_DRAWN) else ""
        frame = frame.f_back
    return "", inside, None, called


def in_own_function() -> bool:
    """Tell whether the forward pass of an ``autograd.Function`` runs: it has a gradient of its own.

    Examples
    --------
    >>> in_own_function()
    False
    """
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code is not _APPLY:
        frame = frame.f_back
    return frame is not None


def own_function(node: Any) -> Call | None:
    """Return name and line of the reader's own ``autograd.Function`` that made a node, or ``None``.

    No call of it is seen, so this is where its backward pass is written.
    """
    kind = getattr(node, "_forward_cls", None)
    backward = inspect.unwrap(getattr(kind, "backward", None) or own_function)
    if kind is None or not hasattr(backward, "__code__"):
        return None
    code = backward.__code__
    line = f"{Path(code.co_filename).name}:{code.co_firstlineno}"
    return Call(f"backward() of {kind.__name__}", line)


def cutting(name: str, made: torch.Tensor | None, results: list[torch.Tensor]) -> str:
    """Return the name of a call that cuts a graph, as the reader knows it.

    Parameters
    ----------
    name : str
        Of the call.
    made : Tensor or None
        The result that has no gradient; ``None`` if the numbers left PyTorch.
    results : list of Tensor
        All that the call made.

    Examples
    --------
    >>> both = list(torch.ones(2, 2).max(1))
    >>> cutting("max", both[1], both), cutting(">", both[1], both[1:]), cutting("item", None, [])
    ('the indices of max', 'the comparison >', '.item()')
    """
    if name in COMPARISONS:
        return f"the comparison {name}"
    whole = made is not None and not (made.is_floating_point() or made.is_complex())
    if whole and any(one.is_floating_point() for one in results):
        return f"the indices of {name.removesuffix('_with_indices')}"
    if name in METHODS:
        return f".{name}()"
    if whole and name in {"to", "type"}:
        return f".{name}({str(made.dtype).removeprefix('torch.')})"  # type: ignore[union-attr]
    return name


class Call(NamedTuple):
    """One call: what it is named, and the reader's line.

    `off` names what switched gradients off around it, such as ``no_grad``; `module` the innermost
    module that it stands in; `inside` tells that the line called this module, and not the function;
    `outer` that it is the line that called the model, which tells nothing.
    """

    name: str
    line: str
    off: str = ""
    module: Any = ""
    inside: bool = False
    outer: bool = False

    @property
    def place(self) -> str:
        """Where it stands: a line, or a module, or both; with the word before it.

        Examples
        --------
        >>> Call("relu", "a.py:3").place, Call("relu", "", module="1 (ReLU)").place
        ('at a.py:3', 'in module 1 (ReLU)')
        >>> Call("relu", "a.py:3", module="1 (ReLU)", inside=True).place
        'in module 1 (ReLU) at a.py:3'
        """
        alone = self.outer or not self.line
        if self.module and (self.inside or alone):
            return f"in module {self.module}" + ("" if alone else f" at {self.line}")
        return f"at {self.line}" if self.line else "in the loss"

    def __str__(self) -> str:
        what = f"{self.off} around {self.name}" if self.off else self.name
        return f"{what} {self.place}"


class Broken(NamedTuple):
    """Where numbers that are not finite come from.

    `what` is ``nan`` or ``inf``; `call` has made it, or was the first that was given it: then
    `given` is the number of that tensor.
    """

    what: str
    call: Call
    given: int | None = None


def not_finite(tensor: torch.Tensor) -> str:
    """Return ``nan`` or ``inf`` if a tensor has such a number, else nothing.

    Examples
    --------
    >>> not_finite(torch.tensor([1.0, -torch.inf])), not_finite(torch.tensor([1, 2]))
    ('inf', '')
    """
    with torch.no_grad(), torch._C.DisableTorchFunction():  # noqa: SLF001 (no mode sees it)
        try:
            if finite(tensor):
                return ""
            dense = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor
            return "nan" if bool(dense.isnan().any()) else "inf"
        except Exception:  # noqa: BLE001 (a tensor without numbers, such as inside vmap)
            return ""


def _node(tensor: torch.Tensor) -> Any:
    """Return the node that made a tensor; of some views that were written into it cannot be asked.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(2, 2))
    >>> with torch.no_grad():
    ...     view = weight.view_as(weight).copy_(torch.zeros(2, 2))
    >>> print(_node(view))
    None
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


@contextmanager
def _new_parameters(recorder: Recorder) -> Iterator[None]:
    """See parameters that are made in the forward pass: no mode is told of them."""
    kind = torch.nn.Parameter
    before = kind.__dict__["__new__"]
    make = kind.__new__

    def new(cls: Any, data: Any = None, requires_grad: bool = True) -> Any:
        made = make(cls, data, requires_grad)
        if isinstance(data, torch.Tensor) and not recorder.off:
            recorder._note("nn.Parameter", (data,), {}, made)  # noqa: SLF001
        return made

    kind.__new__ = new
    try:
        yield
    finally:
        kind.__new__ = before


class Recorder(TorchFunctionMode):
    """Sees every call of a forward pass.

    Parameters
    ----------
    parameters : iterable of Tensor
        Those of the model. Other tensors that require a gradient count too.
    buffers : iterable of Tensor, optional
        Numbers of the model that are no data.

    Attributes
    ----------
    calls : dict
        The call that made a node of PyTorch's graph.
    made : list of (weak reference, Call)
        New tensors that require a gradient although nothing leads into them.
    """

    def __init__(
        self,
        parameters: Iterable[torch.Tensor] = (),
        buffers: Iterable[torch.Tensor] = (),
        model: torch.nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.off = False
        self.composes = True  # whether fused calls are computed part by part
        self.checks = False  # whether it looks for the first NaN; this takes a pass more
        named = () if model is None else model.named_modules()
        self.modules = {one: own(name) for name, one in named}
        self.within: list[Any] = []
        self.start: Any = None  # the frame that called the model, if it is the reader's
        self.inside = ""
        self.numbers: Any = WeakTensorKeyDictionary()
        self.forget()
        self.learnt = [self._number(tensor) for tensor in parameters]
        self.live.update(self.learnt)
        self.of_weights.update(self.learnt)
        self.of_weights.update(self._number(tensor) for tensor in buffers)

    def forget(self) -> None:
        """Drop all that was seen."""
        self.count = 0
        self.numbers.clear()
        self.edges: dict[int, list[tuple[int | None, Call]]] = defaultdict(list)
        self.cuts: dict[tuple[int, int | None], Call] = {}
        self.calls: dict[Any, Call] = {}
        self.made: list[tuple[int, Call]] = []
        self.live: set[int] = set()
        self.used: set[int] = set()
        self.of_weights: set[int] = set()
        self.weight_nodes: set[Any] = set()
        self.remarks: list[str] = []
        self.broken: dict[int, Broken | None] = {}

    def __enter__(self) -> Self:
        self._patched = ExitStack()
        self._patched.enter_context(plain_checkpoints(self))
        self._patched.enter_context(_new_parameters(self))
        for module in self.modules:
            before = module.register_forward_pre_hook(self._into)
            after = module.register_forward_hook(self._out_of, always_call=True)
            self._patched.callback(before.remove)
            self._patched.callback(after.remove)
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._patched.close()

    def _into(self, module: torch.nn.Module, _: Any) -> None:
        name = self.modules.get(module)
        kind = type(module).__name__
        self.within.append(f"{name} ({kind})" if name else kind)

    def _out_of(self, *_: Any) -> None:
        if self.within:
            self.within.pop()

    def _call(self, name: str, off: str = "") -> Call:
        name = SIGNS.get(name, name)
        line, inside, frame, called = where()
        name = name if name in SHAPE_ALONE else called or name
        outer = self.start is not None and frame is self.start
        return Call(name, line, off, self.within[-1] if self.within else "", inside, outer)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Let the call happen, and remember what it did."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if name == "__get__":
            return self._attribute(func, args)
        result = composed(name, func, args, kwargs) if self.composes else func(*args, **kwargs)
        self._note(name, args, kwargs, result)
        if name in TWICE and args and isinstance(args[0], torch.Tensor):
            self._remark(name, args[0])
        return result

    def _remark(self, name: str, given: torch.Tensor) -> None:
        """Tell of a loss that applies what the model has applied already."""
        node = given.grad_fn
        did = "" if node is None else node.name().split("Backward")[0]
        if did in TWICE[name]:
            self.remarks.append(
                f"{did.lower()} is applied twice: {name} applies it to what "
                f"{self.calls.get(node, 'the model')} made, so derivatives are small"
            )

    def _attribute(self, func: Any, args: tuple[Any, ...]) -> Any:
        result = func(*args)
        name = getattr(getattr(func, "__self__", None), "__name__", "attribute")
        if isinstance(result, torch.Tensor) and name != "grad":
            self._note(f".{name}", args, {}, result)
        return result

    def _number(self, tensor: torch.Tensor) -> int:
        number = self.numbers.get(tensor)
        if number is None:
            self.count += 1
            self.numbers[tensor] = number = self.count
            if tensor.requires_grad and tensor.is_leaf:
                self.live.add(number)
                if isinstance(tensor, torch.nn.Parameter):
                    self.of_weights.add(number)
        return number

    def _note(  # noqa: C901, PLR0912 (all that one call may be)
        self, name: str, args: Any, kwargs: Any, result: Any
    ) -> None:
        given = list(tensors((args, kwargs)))
        results = list(tensors(result))
        if name in {"requires_grad_", "__set__"} and given and given[0].is_leaf:
            if given[0].requires_grad:
                self.made.append((self._number(given[0]), self._call("requires_grad")))
            return
        if not results and name not in LEAVES_TORCH:
            return
        if name == "detach_":
            self._cut_in_place(given[0])
            return
        numbers = [self._number(tensor) for tensor in given]
        if self.checks:
            self._check(name, given, results)
        call = None
        nodes = [_node(tensor) for tensor in results]
        for node in nodes:
            if node is not None and node not in self.calls:
                call = call or self._call(name)
                self.calls[node] = call
        if all(number in self.of_weights for number in numbers) and name not in DRAWS:
            self.of_weights.update(map(self._number, results))
            self.weight_nodes.update(node for node in nodes if node is not None)
        leaves = [tensor for tensor, node in zip(results, nodes, strict=True) if node is None]
        if not any(number in self.live for number in numbers):
            for tensor in leaves:
                if tensor.requires_grad:
                    self.made.append((self._number(tensor), self._call(name)))
            return
        off = "" if torch.is_grad_enabled() else self.inside or "no_grad"
        if off and torch.is_inference_mode_enabled():
            off = "inference_mode"
        own = bool(off) and in_own_function()
        call = call or self._call(name, "" if own else off)
        for tensor, number in zip(given, numbers, strict=True):
            if number not in self.live:
                continue
            for out in results or [None]:
                if out is tensor:  # it was written into, as by what gives it its first values
                    continue
                self.used.add(number)
                to = None if out is None else self._number(out)
                if to is not None:
                    self.live.add(to)
                self.edges[number].append((to, call))
                lost = out is None or any(out is one for one in leaves)
                if tensor.requires_grad and lost and not own:
                    known = call.name if call.off else cutting(call.name, out, results)
                    self.cuts[number, to] = call._replace(name=known)
        for tensor in leaves:
            if tensor.requires_grad and not any(tensor is one for one in given):
                self.made.append((self._number(tensor), call))

    def _check(self, name: str, given: list[torch.Tensor], results: list[torch.Tensor]) -> None:
        """Note which numbers are not finite, and which call has made the first of them."""
        for one in given:
            number = self._number(one)
            # What was fine before may have been written into since.
            if not self.broken.get(number) and not any(one is made for made in results):
                what = not_finite(one)
                self.broken[number] = Broken(what, self._call(name), number) if what else None
        before = [one for tensor in given if (one := self.broken.get(self._number(tensor)))]
        for made in results:
            what = not_finite(made)
            older = [one for one in before if one.what == what]
            new = Broken(what, self._call(name)) if what and not older else None
            self.broken[self._number(made)] = older[0] if older else new

    def _cut_in_place(self, tensor: torch.Tensor) -> None:
        """Note that a tensor is cut off from what made it: from here on it counts as another."""
        before = self._number(tensor)
        if before not in self.live:
            return
        self.count += 1
        after = self.numbers[tensor] = self.count
        call = self._call("detach_", "" if torch.is_grad_enabled() else self.inside or "no_grad")
        self.used.add(before)
        self.live.add(after)
        self.edges[before].append((after, call))
        self.cuts[before, after] = call._replace(name=call.name if call.off else ".detach_()")

    # What was asked afterwards

    def was_used(self, tensor: torch.Tensor) -> bool:
        """Return whether any call was given the tensor."""
        return self.numbers.get(tensor) in self.used

    def cuts_between(
        self, tensor: torch.Tensor, goal: torch.Tensor
    ) -> tuple[list[Call], list[Call]]:
        """Return the cuts between two tensors: on paths that reach the goal, and all others.

        A path over a Python number is not seen, so it is among the others.
        """
        start, end = self.numbers.get(tensor), self.numbers.get(goal)
        leads = self._reaching(end)
        sure: list[Call] = []
        perhaps: list[Call] = []
        seen, todo = {start}, [start]
        for here in todo:
            for to, call in self.edges.get(here, ()):  # type: ignore[arg-type]
                if (here, to) in self.cuts and call.name not in SHAPE_ALONE:
                    reaches = to is not None and to in leads
                    (sure if reaches else perhaps).append(self.cuts[here, to])  # type: ignore[index]
                if to is not None and to not in seen:
                    seen.add(to)
                    todo.append(to)
        return list(dict.fromkeys(sure)), list(dict.fromkeys(perhaps))

    def leads(self, tensor: torch.Tensor, goal: torch.Tensor) -> bool:
        """Return whether one tensor was computed from another, with or without a gradient."""
        return self.numbers.get(tensor) in self._reaching(self.numbers.get(goal))

    def _reaching(self, end: int | None) -> set[int]:
        """Return what leads to a tensor, without calls that look at shapes alone."""
        back: dict[int, list[int]] = defaultdict(list)
        for here, edges in self.edges.items():
            for to, call in edges:
                if to is not None and call.name not in SHAPE_ALONE:
                    back[to].append(here)
        found, todo = set(), [] if end is None else [end]
        while todo:
            here = todo.pop()
            if here not in found:
                found.add(here)
                todo += back[here]
        return found

    def before_backward(
        self, loss: torch.Tensor, outputs: Any = (), nodes: Iterable[Any] = ()
    ) -> Watch:
        """Put hooks on the graph of a loss, before ``loss.backward()``.

        Parameters
        ----------
        loss : Tensor
        outputs : tensors, however nested
            Of the model.
        nodes : iterable
            Nodes of the graph that have made outputs, if these are gone.
        """
        from sgdexplained.pytorch.watch import Watch, nodes_of

        return Watch(loss, [*nodes_of(outputs), *nodes], self)
