"""Watch a backward pass: beside each gradient goes the reason for each of its zeros.

Each node of the graph hands gradients on. Where one is 0, the node is asked why: it got nothing,
or it let nothing through, or what it let through cancels. A node is a linear map, so it can be
asked by giving it other numbers: ones, or random numbers where something arrived.
"""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from operator import or_
from typing import Any

import torch

from sgdexplained.pytorch import causes as c
from sgdexplained.pytorch.activations import KEPT, Activation, activation_of
from sgdexplained.pytorch.causes import Crossed, Reasons, kind
from sgdexplained.pytorch.fast import (
    any_true,
    bits,
    finite,
    has_zero,
    is_zero,
    only,
    wide,
    zeros_of,
)
from sgdexplained.pytorch.products import is_sum, of_bias, of_inputs, of_weights, settled_by_ends
from sgdexplained.pytorch.record import Call, own_function, tensors
from sgdexplained.pytorch.rules import Chain, use_of
from sgdexplained.pytorch.uses import Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from sgdexplained.pytorch.record import Recorder

    Gradients = tuple[torch.Tensor | None, ...]


class Watch:
    """Hooks on the graph of a loss, and what they saw.

    Parameters
    ----------
    loss : Tensor
        A single number.
    outputs : list of graph nodes
        That have made what the model returned: what lies between them and the loss is the loss
        function.
    recorder : Recorder
        Was on while the loss was computed.

    Attributes
    ----------
    leaves : dict
        Node and tensor of all that the loss reaches, by the tensor's ``id``.
    uses : dict
        By the ``id`` of a leaf: the operations it enters, with senders and deltas.
    """

    def __init__(self, loss: torch.Tensor, outputs: list[Any], recorder: Recorder) -> None:
        self.loss, self.recorder = loss, recorder
        self.nodes: list[Any] = []
        self.leaves: dict[int, tuple[Any, torch.Tensor]] = {}
        self.calls: dict[Any, Call] = {}
        self.consumers: dict[Any, list[tuple[Any, int]]] = defaultdict(list)
        self.pending: dict[tuple[Any, int], list[tuple[Any, Reasons | None]]] = defaultdict(list)
        self.made: dict[Any, int] = {}
        self.unknown: dict[Any, str] = {}
        self.infinite: dict[Any, str] = {}
        self.uses: dict[int, list[Use]] = defaultdict(list)
        self.told: dict[int, torch.Tensor | Crossed] = {}
        self.handles: list[Any] = []
        self.constant: set[Any] = set()
        self.uncounted: dict[Any, str] = {}
        self.no_number: dict[Any, str] = {}
        self.empty: set[Any] = set()  # nodes that were given nothing
        self.arriving: dict[Any, int] = {}  # the bits that came to a node, all of them
        self.silent: set[Any] = set()  # nodes that were given a gradient, and handed None on
        self.weighted: set[Any] = set()  # layers that normalise, and none of whose weights is 0
        self.activations: dict[Any, Activation] = {}
        self.leads: dict[Any, tuple[int, ...]] = {}
        self.held: set[int] = set()  # where numbers lie that are kept as senders
        self._weights: dict[Any, bool] = {}
        self._random = torch.Generator().manual_seed(0)
        self._walk(loss)
        self.inside = self._below(outputs)
        self.into = self._ways_in()
        for node in self.nodes:
            if not hasattr(node, "variable"):
                self.handles.append(node.register_hook(self._hook(node)))

    # The graph

    def _walk(self, loss: torch.Tensor) -> None:
        root = loss.grad_fn
        if root is None:
            return
        seen, todo = {root}, [root]
        self.calls[root] = self.recorder.calls.get(root, Call(kind(root).lower(), "?"))
        for node in todo:
            self.nodes.append(node)
            if hasattr(node, "variable"):
                self.leaves[id(node.variable)] = (node, node.variable)
            for i, (ahead, _) in enumerate(node.next_functions):
                if ahead is None:
                    continue
                self.consumers[ahead].append((node, i))
                if ahead not in seen:
                    seen.add(ahead)
                    todo.append(ahead)
                    call = self.recorder.calls.get(ahead) or own_function(ahead)
                    self.calls[ahead] = call or self.calls[node]

    def _below(self, outputs: Iterable[Any]) -> set[Any]:
        todo = [node for node in outputs if node is not self.loss.grad_fn]
        seen = set(todo)
        while todo:
            for ahead, _ in todo.pop().next_functions:
                if ahead is not None and ahead not in seen:
                    seen.add(ahead)
                    todo.append(ahead)
        return seen

    def _ways_in(self) -> dict[tuple[Any, int], list[tuple[torch.Tensor, Chain]]]:
        """Return which operand of which node is a leaf, or a view of one."""
        found: dict[tuple[Any, int], list[tuple[torch.Tensor, Chain]]] = defaultdict(list)
        for leaf_node, leaf in self.leaves.values():
            todo: list[tuple[Any, Chain]] = [(leaf_node, [])]
            while todo:
                node, chain = todo.pop()
                for user, i in self.consumers[node]:
                    what = kind(user)
                    number = user.next_functions[i][1]
                    if chain and chain[-1][0] is node:
                        longer = [*chain[:-1], (node, chain[-1][1], number)]
                    else:
                        longer = chain
                    joins = what in {"Cat", "Stack"} and self.of_weights(user)
                    if what in c.FOLLOWED or joins:
                        todo.append((user, [*longer, (user, i, 0)]))
                    else:
                        found[user, i].append((leaf, longer))
        return found

    def of_weights(self, node: Any) -> bool:
        """Return whether what a node made comes of parameters alone, and of no data."""
        if node not in self._weights:
            todo = [node]
            while todo:
                here = todo[-1]
                if here in self._weights:
                    todo.pop()
                    continue
                if hasattr(here, "variable"):
                    self._weights[here] = isinstance(here.variable, torch.nn.Parameter)
                elif here in self.recorder.weight_nodes:
                    self._weights[here] = True
                elif kind(here) in c.FOLLOWED | {"Cat", "Stack", "Expand"}:
                    behind = [n for n, _ in here.next_functions if n is not None]
                    left = [n for n in behind if n not in self._weights]
                    if left:
                        todo += left
                        continue
                    self._weights[here] = bool(behind) and all(self._weights[n] for n in behind)
                else:
                    self._weights[here] = False
        return self._weights[node]

    # While the gradients flow

    def _hook(self, node: Any) -> Any:
        def hook(given: Gradients, arrived: Gradients) -> None:
            with torch.no_grad():
                self._passed(node, given, arrived)

        return hook

    def _passed(self, node: Any, given: Gradients, arrived: Gradients) -> None:
        coming = [self._arrive(node, number, one) for number, one in enumerate(arrived)]
        self._remember(node)
        self.arriving[node] = reduce(or_, (one.present for one in coming if one is not None), 0)
        for i, (ahead, number) in enumerate(node.next_functions):
            if ahead is None or i >= len(given):
                continue
            gradient = given[i]
            if gradient is None:
                self.pending[ahead, number].append((None, None))
                if any(one is not None for one in arrived):
                    self.silent.add(node)
                continue
            if gradient.is_sparse:
                gradient = gradient.to_dense()
            reasons = self._why(node, i, gradient, arrived, coming, self.of_weights(ahead))
            enters = ahead in self.inside and node not in self.inside
            if reasons is not None and enters and not self.of_weights(ahead):
                reasons = _flat(reasons)
            self._hand_on(ahead, number, gradient, reasons)
            self._through(node, ahead, arrived)
            for leaf, chain in self.into.get((node, i), ()):
                use = use_of(node, i, arrived, gradient, leaf, chain)
                use.settle(self.activations.get(node), self.leads.get(node, ()))
                self.uses[id(leaf)].append(use)
                if use.senders is not None:
                    self.held.add(use.senders.untyped_storage().data_ptr())
        # What is infinite in another view was so before.
        if kind(node) not in c.VIEWS and _all_finite(arrived) and not _all_finite(given):
            self.infinite[node] = self._infinite(node, given, arrived)

    def _remember(self, node: Any) -> None:
        """Keep what a node tells only before the graph is freed."""
        if c.of_one(node):
            self.constant.add(node)
        elif c.has_weights(node):
            self.weighted.add(node)
        if any(found := c.uncounted(node)):
            self.uncounted[node], self.no_number[node] = found

    def _hand_on(
        self, ahead: Any, number: int, gradient: torch.Tensor, reasons: Reasons | None
    ) -> None:
        """Keep what goes to a node until it is its turn."""
        if not self._alone(ahead):
            self.pending[ahead, number].append((gradient, reasons))
            return
        # A gradient that nobody else holds is taken over as ``.grad``, and not copied.
        self.pending[ahead, number].append((None, None))
        if reasons is not None:
            self.told[id(ahead.variable)] = c.told(reasons)

    def _through(self, node: Any, ahead: Any, arrived: Gradients) -> None:
        """Remember what the result of a node goes through, if it goes nowhere else."""
        what = kind(node)
        if len(self.consumers[ahead]) != 1:
            return
        if what in KEPT:
            found = activation_of(node, what, self.calls[node].name, arrived[0])
            if found is not None:
                if found.kept.untyped_storage().data_ptr() not in self.held:
                    found.shrink()
                self.activations[ahead] = found
        elif what in {"View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze"}:
            if node in self.activations:
                self.activations[ahead] = self.activations[node]
            if what in {"View", "UnsafeView"}:
                self.leads[ahead] = tuple(_shape(arrived))

    def _infinite(self, node: Any, given: Gradients, arrived: Gradients) -> str:
        text = f"first in {self.calls[node]}"
        first: Any = arrived[0]
        bad: Any = next((one for one in given if one is not None), None)
        if first is None or bad is None or first.shape != bad.shape:
            return text
        if not bool(((first == 0) & ~torch.isfinite(bad)).any()):
            return text
        said = {self.cause(one) for one in self.makers(node, c.NEUTRAL & ~c.OFF)}
        why = f" ({'; '.join(sorted(said))})" if said else ""
        return f"{text}, where 0 times infinity is added{why}"

    def phrase(self, node: Any) -> str:
        """Say what a node did that lets nothing through."""
        name = self.calls[node].name
        return c.phrase(
            node,
            name,
            constant=node in self.constant,
            weighted=node in self.weighted,
            empty=node in self.uncounted,
        )

    def cause(self, node: Any) -> str:
        """Say what a node did that lets nothing through, where, and why if that is known."""
        why = self.uncounted.get(node)
        return f"{self.phrase(node)} {self.calls[node].place}" + (f", because {why}" if why else "")

    def _arrive(self, node: Any, number: int, gradient: torch.Tensor | None) -> Reasons | None:
        """Return why zeros arrive at a node: what its users told, put together."""
        items = self.pending.pop((node, number), [])
        if gradient is None:
            return None
        if len(items) == 1 and (items[0][0] is gradient or self._unhooked(node)):
            return items[0][1]
        if gradient.is_sparse:
            gradient = gradient.to_dense()
        zero = zeros_of(gradient)
        if zero is None or not items:
            return None if zero is None else _all(zero, c.CLOSED)
        some = [(one, reasons) for one, reasons in items if one is not None]
        if not some:
            return _all(zero, c.NEUTRAL)
        return self._together(node, zero, some)

    def _alone(self, node: Any) -> bool:
        """Return whether a node is a leaf whose ``.grad`` is what comes from its only user."""
        return self._unhooked(node) and len(self.consumers[node]) == 1

    def _unhooked(self, node: Any) -> bool:
        """Return whether nobody hooked the leaf of a node, so that its gradient is what came."""
        leaf = getattr(node, "variable", None)
        return leaf is not None and not (
            leaf._backward_hooks or leaf._post_accumulate_grad_hooks  # noqa: SLF001
        )

    def _together(
        self,
        node: Any,
        zero: torch.Tensor,
        items: list[tuple[torch.Tensor, Reasons | None]],
    ) -> Reasons:
        array = bits(zero, c.NEUTRAL)
        present = 0
        some = torch.zeros_like(zero)
        for one, reasons in items:
            if reasons is None:
                some |= True
                continue
            present |= reasons.present
            # No reason is no bit: then something came, which is looked at below.
            array &= reasons.array | bits(is_zero(reasons.array), c.NEUTRAL)
            some |= ~is_zero(one)
        if len(items) > 1:
            apart = zero & is_zero(array)
            if any_true(apart):
                for bit in (c.UNKNOWN, c.HOOK, c.FLAT):
                    if present & bit:
                        array |= bits(apart & _any_has(items, bit) & is_zero(array), bit)
                bit = c.MIXED if self.of_weights(node) else c.CLOSED
                array |= bits(zero & is_zero(array), bit)
                present |= bit
        lost = zero & some
        if any_true(lost):
            total = sum(wide(one) for one, _ in items) if len(items) > 1 else items[0][0]
            hooked = (
                lost & (total != 0) if len(items) == 1 else lost & (total.abs() > _noise(items))
            )
            array = only(array, ~lost) | bits(hooked, c.HOOK) | bits(lost & ~hooked, c.PATHS)
            for bit, places in ((c.HOOK, hooked), (c.PATHS, lost & ~hooked)):
                if any_true(places):
                    present |= bit
                    self._makes(node, bit)
        return Reasons(array, present)

    def _makes(self, node: Any, bit: int) -> None:
        self.made[node] = self.made.get(node, 0) | bit

    def _why(  # noqa: C901, PLR0911, PLR0912 (one case after the other, as the operations are)
        self,
        node: Any,
        i: int,
        gradient: torch.Tensor,
        arrived: Gradients,
        coming: list[Reasons | None],
        weights: bool,
    ) -> Reasons | None:
        """Return why entries of what a node hands on are 0; None if there are none."""
        what = kind(node)
        first: Any = arrived[0]
        alone = len(arrived) == 1 and first is not None
        if alone and what in c.VIEWS and first.dtype == gradient.dtype:
            return None if coming[0] is None else coming[0].through(node)
        if not has_zero(gradient):
            return None
        if alone and weights and not first.numel() and not self.of_weights(node):
            self.empty.add(node)
            self._makes(node, c.OFF)
            return _all(is_zero(gradient), c.NOT_TAKEN)
        if alone and weights:
            settled = settled_by_ends(node, i, gradient, coming[0])
            if settled is not None:
                return settled
        zero = is_zero(gradient)
        if alone and what in c.VIEWS:
            return _viewed(node, zero, coming[0])
        if alone and first.shape == gradient.shape and what in c.ELEMENTWISE:
            return self._elementwise(node, i, gradient, zero, first, coming[0])
        if alone and what in {"Add", "Sub"} and first.shape == gradient.shape:
            return _viewed(None, zero, coming[0])
        if alone and weights and is_sum(what, i):
            return of_bias(zero, first, coming[0], what)
        if alone:
            found = (of_weights if weights else of_inputs)(node, i, zero, first, coming[0])
            if found is not None:
                reasons, made = found
                for bit in made:
                    self._makes(node, bit)
                return reasons
        if alone and what in {"Select", "Slice"}:
            return self._of_part(node, first, coming[0], weights=weights)
        if what.startswith(c.NOT_ASKED):
            if all(one is None or not any_true(one) for one in arrived):
                return _all(zero, c.CLOSED)
            self.unknown[node] = what
            return _all(zero, c.UNKNOWN)
        try:
            return self._asked(node, i, gradient, zero, arrived, coming, weights)
        except Exception as error:  # noqa: BLE001 (a node of the reader's own may do anything)
            self.unknown[node] = f"{what} ({type(error).__name__})"
            return _all(zero, c.UNKNOWN)

    def _of_part(
        self, node: Any, arrived: torch.Tensor, coming: Reasons | None, *, weights: bool
    ) -> Reasons:
        """Return the same reasons in the places that were taken; the others are not connected."""
        taken = node(torch.ones_like(arrived, dtype=torch.int16))
        left = is_zero(taken)
        array, present = bits(left, c.NEUTRAL), c.OFF
        if coming is not None:
            array |= node(coming.array)
            present |= coming.present
        if not weights and any_true(left):
            self._makes(node, c.OFF)
        return Reasons(array, present)

    def _elementwise(  # noqa: C901 (one reason after the other)
        self,
        node: Any,
        i: int,
        gradient: torch.Tensor,
        zero: torch.Tensor,
        arrived: torch.Tensor,
        coming: Reasons | None,
    ) -> Reasons:
        what = kind(node)
        if what == "ToCopy":
            if coming is None:
                self._makes(node, c.UNDERFLOW)
                return _all(zero, c.UNDERFLOW)
            small = zero & is_zero(coming.array)
            array = coming.array | bits(small, c.UNDERFLOW)
            return Reasons(array, coming.present | c.UNDERFLOW)
        if what == "Relu":
            # Where something arrives and 0 goes on, it is shut; elsewhere the result tells.
            shut = zero if coming is None else is_zero(node._saved_result)  # noqa: SLF001
        else:
            shut = is_zero(_answer(node, [torch.ones_like(arrived)], i, gradient))
        bit = c.SHUT
        present = 0 if coming is None else coming.present
        array = None if coming is None else coming.array
        result = getattr(node, "_saved_result", None)
        if what in {"Sigmoid", "Tanh"} and result is not None:
            active = shut & ~is_zero(result) & zero
            if any_true(active):
                array = _join(array, active, c.SATURATED)
                present |= c.SATURATED
                self._makes(node, c.SATURATED)
        if what in {"MaskedFill", "NativeDropout", "FeatureDropout"}:
            bit = c.CLOSED
        shut = shut if shut is zero else shut & zero
        if shut is zero or any_true(shut):
            array = _join(array, shut, bit)
            present |= bit
            self._makes(node, bit)
        if shut is not zero:
            rest = zero if array is None else zero & is_zero(array)
            if any_true(rest):
                # The node itself would hand on more: a hook of it has taken that.
                hooked = rest & ~is_zero(_answer(node, [arrived], i, gradient))
                for bit, places in ((c.HOOK, hooked), (c.UNDERFLOW, rest & ~hooked)):
                    if any_true(places):
                        array = _join(array, places, bit)
                        present |= bit
                        self._makes(node, bit)
        return Reasons(array, present)

    # A node of which nothing is known but that it is linear

    def _asked(  # noqa: C901, PLR0912, PLR0915 (one question after the other, to one node)
        self,
        node: Any,
        i: int,
        gradient: torch.Tensor,
        zero: torch.Tensor,
        arrived: Gradients,
        coming: list[Reasons | None],
        weights: bool,
    ) -> Reasons:
        what = kind(node)
        array = torch.zeros_like(zero, dtype=torch.int16)
        present = 0

        def tell(places: torch.Tensor, bit: int, *, made: bool = False) -> None:
            nonlocal present, array
            if any_true(places):
                array |= bits(places, bit)
                present |= c.OFF if bit == c.NEUTRAL else bit
                if made:
                    self._makes(node, bit)

        def reaches(chosen: list[torch.Tensor | None]) -> torch.Tensor:
            """Where something comes of random numbers at the chosen places."""
            found = torch.zeros_like(zero)
            for _ in range(2 if gradient.dtype.itemsize >= 4 else 4):
                given = [
                    None if one is None else self._drawn(one).mul_(1 if at is None else at)
                    for one, at in zip(arrived, chosen, strict=True)
                ]
                found |= ~is_zero(_answer(node, given, i, gradient))
            return found

        connected = reaches([None] * len(arrived))
        unreached = zero & ~connected
        if what in c.OF_SEVERAL and not weights:
            # What nobody takes is not taken, whatever it is multiplied by.
            off = unreached & _not_taken(coming[0], zero)
            tell(off, c.NEUTRAL)
            unreached = unreached & ~off
        if what in c.TAKING:
            tell(unreached, c.NEUTRAL)
            if not weights and any_true(unreached):
                self._makes(node, c.OFF)
        elif weights:
            tell(unreached, c.INACTIVE, made=what in c.OF_SEVERAL)
        else:
            word = (
                c.SHUT if what in c.ELEMENTWISE or gradient.shape == _shape(arrived) else c.CLOSED
            )
            chosen = ("Max", "Min", "Amax", "Amin", *c.NORMS)
            if what in {"Mul", "Div", "Where"} or what.startswith(chosen):
                word = c.CLOSED
            tell(unreached, word, made=True)
        rest = zero & connected
        if not any_true(rest):
            return Reasons(array, present)
        some = reaches([None if one is None else one != 0 for one in arrived])
        full = rest & some
        if any_true(full):
            # The node itself would hand on more: a hook of it has taken that.
            hooked = full & ~is_zero(_answer(node, list(arrived), i, gradient))
            tell(hooked, c.HOOK, made=True)
            full = full & ~hooked
            small = full & self._too_small(node, i, arrived, gradient)
            tell(small, c.UNDERFLOW, made=True)
            tell(full & ~small, c.EXAMPLES if weights else c.PATHS, made=True)
        rest = rest & ~some
        everything = 0
        for one in coming:
            everything |= 0 if one is None else one.present

        def having(test: Any) -> torch.Tensor:
            return reaches(
                [_places(one, reasons, test) for one, reasons in zip(arrived, coming, strict=True)]
            )

        if not any_true(rest):
            return Reasons(array, present)
        asked = [bit for bit in c.BITS if bit & everything]
        mixing = what in c.MIXING and not weights
        own = c.SHUT | c.SATURATED
        only_off = (
            rest & ~having(lambda a: (a & c.NEUTRAL) != c.NEUTRAL)
            if everything & c.OFF
            else ~rest & rest
        )
        # What nobody takes of a parameter is not connected; a weight whose result nobody takes is.
        tell(only_off, c.NOT_TAKEN if weights and not self.of_weights(node) else c.NEUTRAL)
        rest = rest & ~only_off
        for bit in asked:  # holds for all that is connected
            if mixing and bit & own:
                continue
            tell(rest & ~having(lambda a, bit=bit: (a & bit) == 0), bit)
        rest = rest & (array == 0)
        for bit in (c.UNKNOWN, c.HOOK, c.PATHS, c.FLAT, c.UNDERFLOW, c.ROUNDING):
            if bit in asked and not weights and any_true(rest):
                tell(rest & having(lambda a, bit=bit: ((a & bit) != 0) & ((a & own) == 0)), bit)
                rest = rest & (array == 0)
        tell(rest, c.MIXED if weights else c.CLOSED)
        return Reasons(array, present)

    def _too_small(
        self, node: Any, i: int, arrived: Gradients, gradient: torch.Tensor
    ) -> torch.Tensor:
        """Return where something comes of the same gradients made larger by a power of 2."""
        largest = max(float(one.abs().max()) for one in arrived if one is not None)
        limit = min(torch.finfo(one.dtype).max for one in arrived if one is not None) ** 0.5
        factor = 2.0 ** int(torch.tensor(limit / largest).log2()) if largest else 1.0
        larger = [None if one is None else one * factor for one in arrived]
        return _answer(node, larger, i, gradient) != 0

    def _drawn(self, like: torch.Tensor) -> torch.Tensor:
        kind = torch.float32 if like.dtype.itemsize < 8 else torch.float64
        drawn = torch.rand(like.shape, generator=self._random, dtype=kind).add_(0.5)
        return drawn.to(like.device, like.dtype)

    # Afterwards

    def finish(self) -> None:
        """Take the hooks off, and put together what came to each leaf."""
        self.close()
        with torch.no_grad():
            for key, (node, leaf) in self.leaves.items():
                if leaf.grad is None:
                    self.pending.pop((node, 0), None)
                    continue
                reasons = self._arrive(node, 0, leaf.grad)
                if reasons is not None:
                    self.told[key] = c.told(reasons)

    def forget(self) -> None:
        """Let go of the graph, and of all that it keeps; `uses` stay."""
        for box in (
            self.nodes, self.leaves, self.calls, self.consumers, self.pending, self.made,
            self.unknown, self.infinite, self.told, self.activations, self.leads, self._weights,
            self.into, self.inside, self.constant, self.weighted, self.held, self.uncounted,
            self.no_number, self.silent, self.empty, self.arriving,
        ):  # fmt: skip
            box.clear()
        self.loss = self.loss.detach()

    def close(self) -> None:
        """Take the hooks off."""
        for handle in self.handles:
            handle.remove()
        self.handles = []

    def users(self, leaf: torch.Tensor) -> list[Any]:
        """Return the nodes that a leaf enters, or a view of it."""
        return [
            node for (node, _), ways in self.into.items() if any(one is leaf for one, _ in ways)
        ]

    def gave_none(self, start: Any) -> Any:
        """Return the nearest node ahead that was given a gradient and handed None on, or None."""
        todo, seen = [start], {start}
        for node in todo:
            for user, _ in self.consumers[node]:
                if user in self.silent:
                    return user
                if user not in seen:
                    seen.add(user)
                    todo.append(user)
        return None

    def makers(
        self, start: Any, bits: int, *, outside: bool = False, across: bool = False
    ) -> list[Any]:
        """Return the nearest nodes ahead of a node that made a reason.

        With `outside`, of the loss function alone. With `across`, what a unit did to itself does
        not count: only what lies beyond an operation that mixes units.
        """
        own = c.SHUT | c.SATURATED
        layer, seen = [(start, 0)], {start}
        while layer:
            found = []
            for node, crossed in layer:
                made = self.made.get(node, 0) & bits
                if across and crossed < 2:
                    made &= ~own
                if made and not (outside and node in self.inside):
                    found.append(node)
            if found:
                return found
            ahead = {
                user: crossed + (kind(user) in c.MIXING)
                for node, crossed in layer
                for user, _ in self.consumers[node]
                if user not in seen
            }
            seen.update(ahead)
            layer = list(ahead.items())
        return []


def nodes_of(outputs: Any) -> list[Any]:
    """Return the nodes that have made tensors, however nested."""
    return [one.grad_fn for one in tensors(outputs) if one.grad_fn is not None]


def _all_finite(gradients: Gradients) -> bool:
    return all(one is None or finite(one) for one in gradients)


def _viewed(node: Any, zero: torch.Tensor, coming: Reasons | None) -> Reasons:
    if coming is None:  # too small for the type it was copied to
        return _all(zero, c.UNDERFLOW)
    return coming if node is None else coming.through(node)


def _join(array: torch.Tensor | None, places: torch.Tensor, bit: int) -> torch.Tensor:
    return bits(places, bit) if array is None else array | bits(places, bit)


def _all(zero: torch.Tensor, bit: int) -> Reasons:
    return Reasons(bits(zero, bit), c.OFF if bit == c.NEUTRAL else bit)


def _flat(reasons: Reasons) -> Reasons:
    there = ~is_zero(reasons.array)
    whole = there
    for dim in range(there.dim() - 1, 0, -1):
        whole = whole.all(dim, keepdim=True)
    array = bits(there, c.FLAT) | bits(whole, c.FLAT | c.WHOLE)
    return Reasons(array, c.FLAT | c.WHOLE)


def _answer(
    node: Any, given: list[torch.Tensor | None], i: int, gradient: torch.Tensor
) -> torch.Tensor:
    """Ask a node for the gradient of one of its arguments, in the shape that it has."""
    answers = node(*given) if callable(node) else node.apply(*given)
    answer = answers[i] if isinstance(answers, tuple) else answers
    if answer is None:
        return torch.zeros_like(gradient)
    answer = answer.to_dense() if answer.is_sparse else answer
    # What was spread out over several places is only added up after the node.
    found: torch.Tensor = (
        answer if answer.shape == gradient.shape else answer.sum_to_size(gradient.shape)
    )
    return found


def _shape(arrived: Gradients) -> Any:
    return next((one.shape for one in arrived if one is not None), None)


def _places(one: torch.Tensor | None, reasons: Reasons | None, test: Any) -> torch.Tensor | None:
    if one is None:
        return None
    if reasons is None:
        return torch.zeros_like(one, dtype=torch.bool)
    return ~is_zero(reasons.array) & test(reasons.array)


def _not_taken(reasons: Reasons | None, like: torch.Tensor) -> torch.Tensor:
    """Return where nothing is taken, if the places are those of another tensor; else nowhere."""
    if reasons is None or not reasons.present & c.OFF or reasons.array.shape != like.shape:
        return torch.zeros_like(like)
    return (reasons.array & c.NEUTRAL) == c.NEUTRAL


def _any_has(items: list[tuple[torch.Tensor, Reasons | None]], bit: int) -> torch.Tensor:
    found = torch.zeros_like(items[0][0], dtype=torch.bool)
    for _, reasons in items:
        if reasons is not None:
            found |= ((reasons.array & bit) != 0) & ((reasons.array & c.OFF) == 0)
    return found


def _noise(items: list[tuple[torch.Tensor, Reasons | None]]) -> torch.Tensor:
    size = sum(wide(one.abs()) for one, _ in items)
    return size * torch.finfo(items[0][0].dtype).eps * 4
