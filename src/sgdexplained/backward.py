"""The backward pass: one for numbers and arrays, one for every operation.

The heart of it is the walk (:func:`propagate`): every node hands to each parent *local derivative
times gradient*. Two things stand around it.

- Before it, the nodes are put into an order (:func:`topological_order`).
- After it, what has reached the leaves is added to what they already held (:func:`backward`).

It knows no operation by name. All it ever does with a local derivative is multiply.
"""

from __future__ import annotations

from _thread import RLock
from itertools import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sgdexplained.node import Node


# ## The walk
#
# The nodes come in an order in which each stands after all nodes that it was computed from. Walked
# from the end, a node is met when everyone who used it has reported, so its gradient is complete.
#
# Why `+` and not just `=`? A node that was used twice receives two contributions, and the total
# derivative is their sum. The sum starts at `zero`, so that a lone -0.0 becomes 0.0.
#
# Why not `+=`? For an array `+=` would write into the array that arrived, and the same array may
# have gone to another parent as well.


def propagate(interior: list[Node]) -> None:
    """Hand gradients from every node to its parents, last node first.

    Parameters
    ----------
    interior : list of Node
        The order of :func:`topological_order`; ``grad`` of the last node holds the gradient to
        start from, that of all others and of the leaves a zero to add to.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> x, y = Scalar(3), Scalar(4)
    >>> product = x * y
    >>> x.grad, y.grad, product.grad = 0, 0, 10
    >>> propagate([product])
    >>> x.grad, y.grad
    (40, 30)
    """
    for node in reversed(interior):
        gradient = node.grad
        left, derivative, right = node.left, node.dleft, node.right
        if right is not None:
            if derivative is None:  # a sum: both derivatives are 1
                left.grad = left.grad + gradient
                right.grad = right.grad + gradient
            else:
                # dL/dparent = sum over its uses of  dout/dparent * dL/dout
                left.grad = left.grad + derivative * gradient
                right.grad = right.grad + node.dright * gradient
        elif left.__class__ is tuple:
            # Many parents at once, in groups: a share for each, or nothing at
            # all if no share differs from the zero that is already there.
            # (Asking `zip` for equal lengths would cost more than the sum.)
            for group, shares in zip(left, derivative * gradient):
                for parent, share in zip(group, shares):
                    parent.grad = parent.grad + share
        else:
            left.grad = left.grad + (gradient if derivative is None else derivative * gradient)


# ## The order
#
# Why an order at all? Take `b = 2a; c = b + 3b`. If `b` hands its first contribution on before the
# second has arrived, `a` gets 2 * 1 and later 2 * (1 + 3), which is 10. The derivative is 8. A node
# has to wait until everyone who used it has reported.
#
# Why a stack of our own instead of a function that calls itself? Python stops at about a thousand
# nested calls; a chain of a million nodes needs a million.
#
# Why groups of parents? All units of a layer have the same senders, and every example meets the
# same weights. A group that one of them has waited for need not be looked through by the others.


class _Mark:
    """What stands in ``grad`` of a node that the search has already met in this pass."""

    def __repr__(self) -> str:
        return "<met by a backward pass that has not finished>"


_MET: Any = _Mark()

# A note for the stack of the search, which looks like a node already met.
_GROUPS_DONE: Any = _Mark()
_GROUPS_DONE.grad = _MET


def topological_order(root: Node, interior: list[Node], leaves: list[tuple[Node, Any]]) -> None:
    """List the nodes that `root` depends on, parents before the nodes computed from them.

    Every node met is marked in its ``grad``, which is how the search knows it again: a set of
    nodes would cost as much as the rest of the pass.

    Parameters
    ----------
    root : Node
        The node from which gradients will flow back.
    interior : list of Node
        Receives the computed nodes, each after all of its parents.
    leaves : list of (Node, gradient)
        Receives the nodes that were given, not computed, each with the gradient it held before.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> a = Scalar(1)
    >>> b = 2 * a
    >>> c = b + 3 * b
    >>> interior, leaves = [], []
    >>> topological_order(c, interior, leaves)
    >>> [node.data for node in interior]
    [2, 6, 8]
    >>> leaves == [(a, None)]
    True
    """
    complete: set[int] = set()  # groups of parents that are all done
    stack: list[Any] = [root]
    push, pop, done = stack.append, stack.pop, interior.append
    while stack:
        node = pop()
        if node is None:  # a note: all parents of the next node are done
            done(pop())
            continue
        if node.grad is _MET:
            if node is _GROUPS_DONE:  # a note, too: they come in groups
                node = pop()
                done(node)
                complete.update(map(id, node.left))
            continue
        left, right = node.left, node.right
        if left is None:
            # In this order, or an interruption could lose the gradient.
            leaves.append((node, node.grad))
            node.grad = _MET
            continue
        node.grad = _MET
        if right is not None and right.grad is not _MET:
            push(node)
            push(None)
            push(right)
            push(left)
        elif left.__class__ is tuple:
            if complete.issuperset(map(id, left)):
                done(node)
            else:
                push(node)
                push(_GROUPS_DONE)
                stack += chain(*left)
        elif left.grad is not _MET:
            push(node)
            push(None)
            push(left)
        else:  # all parents are done: nothing to wait for
            done(node)


# ## The pass: leaves accumulate, interior nodes are replaced
#
# A parameter adds up what each pass brings until `zero_grad`: that is how a batch is worked off
# example by example. A computed node belongs to one forward pass; if it kept its old gradient, a
# second pass would send it back a second time, and `a` in `b = 2a; c = 3b` would hold 18 after
# two passes where 12 is right.
#
# Why a lock? The search marks nodes in their own ``grad``, so two threads that walk back to the
# same parameters at once would take each other's marks for gradients. One waits for the other. (It
# is a lock that its holder may take again: a derivative may run a pass of its own.)
ONE_AT_A_TIME = RLock()


def backward(root: Node, gradient: Any, zero: Any) -> None:
    """Add d(root)/d(leaf) times `gradient` to the ``grad`` of every leaf that `root` depends on.

    This is the engine room of ``Scalar.backward`` and ``Tensor.backward``, which choose `gradient`
    and `zero` and check them. A pass that fails halfway, or is interrupted, leaves every leaf
    with the gradient it had before, and says so in a note on the exception.

    Parameters
    ----------
    root : Node
        The node to derive, usually a loss.
    gradient : number or array
        dL/d(root) to start from, in the shape of ``root.data``.
    zero : number or object
        What a sum of gradients starts from.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> a = Scalar(1)
    >>> b = 2 * a
    >>> c = 3 * b
    >>> c.backward()
    >>> c.backward()
    >>> a.grad, b.grad
    (12, 3)
    """
    interior: list[Node] = []
    leaves: list[tuple[Node, Any]] = []
    with ONE_AT_A_TIME:
        try:
            topological_order(root, interior, leaves)
            root.check_unchanged(interior)
            for node in interior:
                node.grad = zero
            for leaf, _ in leaves:
                leaf.grad = zero
            root.grad = zero + gradient
            propagate(interior)
            total = [leaf.accumulated(before) for leaf, before in leaves]
            for (leaf, _), one in zip(leaves, total, strict=True):
                leaf.grad = one
        except BaseException as error:
            _undo(root, leaves)
            error.add_note(
                "The backward pass did not finish: every leaf keeps the gradient it had."
            )
            raise


def reached(root: Node) -> Iterator[Node]:
    """Yield every node behind `root` once, and `root` itself.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> a, b = Scalar(2), Scalar(3)
    >>> sorted(node.data for node in reached(a * a + b))
    [2, 3, 4, 7]
    """
    seen: set[int] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if node.left is not None:
            stack += chain(*node.left) if node.left.__class__ is tuple else (node.left, node.right)


def _undo(root: Node, leaves: list[tuple[Node, Any]]) -> None:
    """Put every gradient back to where it was before a pass that failed."""
    before = {id(leaf): gradient for leaf, gradient in leaves}
    for node in reached(root):
        node.grad = before.get(id(node), node.grad) if node.left is None else None
