"""Processes that take one step together.

MPI waits. A process that has raised an error no longer takes part in the exchange, and the others
would wait for it for ever. So each exchange here begins with a word from every rank about how it
fares, and a rank that leaves says that it does. Whoever waits then learns that it waits in vain.
"""

from __future__ import annotations

from contextlib import suppress

from sgdexplained.errors import ShapeError
from sgdexplained.node import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any, Self

    # What a rank says before an exchange: (kind, text, examples, parameters).
    Word = tuple[str, str, Any, Any]


class RankError(RuntimeError):
    """The ranks cannot go on together: one of them has failed or finished, or they disagree."""


class Alone:
    """What MPI offers, for one process: what is gathered from all is what it has itself.

    Examples
    --------
    >>> Alone().allgather("here")
    ['here']
    """

    rank, size = 0, 1

    def allgather(self, thing: Any) -> list[Any]:
        """Return what every rank gave, in the order of the ranks."""
        return [thing]

    def Allreduce(self, given: Any, into: Any) -> None:  # noqa: N802 (the name that MPI gives it)
        """Write the sum of what every rank gave into an array."""
        into[...] = given


class Ranks:
    """The processes that take a step together, seen from one of them.

    Use it in a ``with`` statement: when the block ends, however it ends, the others are told.

    Parameters
    ----------
    communicator : mpi4py communicator, optional
        ``COMM_WORLD`` if mpi4py is installed; else there is one rank, this process.

    Attributes
    ----------
    rank : int
        Which of them this process is, from 0.
    size : int
        How many there are.

    See Also
    --------
    shard : cuts a batch into parts.

    Notes
    -----
    A process that is killed says nothing any more. Then ``mpiexec`` ends the others.

    Examples
    --------
    Started without ``mpiexec`` there is one rank, and its gradients are those of the batch. The
    same lines are right for four.

    >>> from sgdexplained import SGD, Scalar, half_squared_error
    >>> from sgdexplained.parallel import Ranks, shard
    >>> w, batch = Scalar(10), [9, 9, 9, 1]
    >>> with Ranks() as ranks:
    ...     mine = shard(batch, ranks.rank, ranks.size)
    ...     half_squared_error([w] * len(mine), mine).backward()
    ...     ranks.average_gradients({"w": w}, examples=len(mine))
    ...     SGD([w], lr=1).step()
    >>> w.data
    7.0
    """

    def __init__(self, communicator: Any = None) -> None:
        self._communicator = world() if communicator is None else communicator
        self.rank: int = self._communicator.rank
        self.size: int = self._communicator.size
        self._exchanges = 0
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._over:
            return
        if error is None:
            self._hear(("finished", "", None, None))
            return
        # Whatever the others say: this rank has an error of its own, which says more.
        with suppress(RankError):
            self._hear(("failed", f"{type(error).__name__}: {error}", None, None))

    def average_gradients(
        self, parameters: Mapping[str, Node], examples: int, *, weighted: bool = True
    ) -> None:
        """Give every parameter the gradient of the whole batch, on every rank.

        Each rank holds gradients of the mean loss of its own shard. They are weighted by the number
        of examples, so that the result is the gradient of the mean over all examples. A rank on
        which a parameter has no gradient (``None``) counts as one whose gradient is 0; a parameter
        that has none on any rank keeps ``None``.

        Parameters
        ----------
        parameters : mapping of name to Scalar or Tensor
            Such as ``net.named_parameters()``: the same on every rank.
        examples : int
            How many examples this rank has.
        weighted : bool, default True
            ``False`` takes the plain mean of the ranks' gradients, as PyTorch's
            ``DistributedDataParallel`` does. For shards of different sizes that is not the gradient
            of the batch.

        Raises
        ------
        ValueError
            If `examples` is not a number from 1.
        ShapeError
            On every rank, if they disagree about names or shapes of the parameters.
        RankError
            On every rank that is still there, if another one has failed or finished.
        """
        if not hasattr(examples, "__index__") or isinstance(examples, bool) or examples < 1:
            raise ValueError(f"examples is {examples!r}, expected a whole number from 1")
        described = {
            name: (getattr(node.data, "shape", ()), node.grad is not None)
            for name, node in parameters.items()
        }
        words = self._hear(("here", "", examples, described))
        if self.size == 1:
            return
        self._check_same([word[3] for word in words])
        total = sum(word[2] for word in words)
        for name, node in parameters.items():
            if not any(word[3][name][1] for word in words):
                continue
            own = node.maths.zero(node.data) if node.grad is None else node.grad
            # the mean over the batch: each rank's mean counts as often as it has examples
            share = own * examples / total if weighted else own / self.size
            node.grad = self._sum(share)

    def _sum(self, share: Any) -> Any:
        """Return the sum of the shares of all ranks."""
        if getattr(share, "dtype", "object") != "object":
            import numpy as np

            # In one order of the entries on every rank, whatever the order in memory was.
            given = np.array(share, order="C")
            result = np.empty_like(given)
            self._communicator.Allreduce(given, result)
            return result
        # One after the other, so that every rank rounds in the same way and fractions stay exact.
        return sum(self._communicator.allgather(share))

    def _hear(self, word: Word) -> list[Word]:
        """Exchange a word with all ranks; raise ``RankError`` if one of them is no longer there."""
        words: list[Word] = self._communicator.allgather(word)
        self._exchanges += 1
        failed = [(rank, text) for rank, (kind, text, *_) in enumerate(words) if kind == "failed"]
        finished = [rank for rank, (kind, *_) in enumerate(words) if kind == "finished"]
        self._over = bool(failed or finished)
        if failed:
            rank, text = failed[0]
            raise RankError(f"rank {rank} of {self.size} failed: {text}")
        if 0 < len(finished) < self.size:
            raise RankError(
                f"rank {finished[0]} of {self.size} has finished, while others wait for exchange "
                f"{self._exchanges}: every rank needs the same number of steps"
            )
        return words

    def _check_same(self, described: list[dict[str, Any]]) -> None:
        """Raise the same ``ShapeError`` on every rank if they do not train the same parameters."""
        # Every rank sees the same list, so all raise or none does.
        first = described[0]
        for rank, other in enumerate(described):
            if list(other) != list(first):
                different = sorted(set(other) ^ set(first)) or list(other)
                self._over = True
                raise ShapeError(
                    f"rank 0 and rank {rank} have different parameters: {', '.join(different)}"
                )
            for name, (shape, _) in other.items():
                if shape != first[name][0]:
                    self._over = True
                    raise ShapeError(
                        f"{name} has shape {first[name][0]} on rank 0 and {shape} on rank {rank}"
                    )


def world() -> Any:
    """Return MPI's communicator of all processes, or :class:`Alone` where there is no mpi4py."""
    try:
        from mpi4py import MPI
    except ImportError:
        return Alone()
    return MPI.COMM_WORLD
