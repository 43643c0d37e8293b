"""Cut a batch into parts, one for each process."""

from __future__ import annotations

from sgdexplained.errors import ShapeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def shard(batch: Any, rank: int, size: int) -> Any:
    """Return the part of a batch that belongs to one rank.

    The parts are slices, one after the other. If the batch cannot be cut evenly, the first ranks
    have one example more than the last ones.

    Parameters
    ----------
    batch : sequence or array, B entries
        One entry an example.
    rank : int
        Whose part, from 0.
    size : int
        Number of ranks.

    Returns
    -------
    slice of `batch`
        Of ``B // size`` examples, or one more.

    Raises
    ------
    ValueError
        If there is no such rank.
    ShapeError
        If there are fewer examples than ranks: the mean over no example does not exist.

    Examples
    --------
    >>> [shard([9, 9, 9, 1, 5], rank, 2) for rank in range(2)]
    [[9, 9, 9], [1, 5]]
    """
    if not 0 <= rank < size:
        raise ValueError(f"rank is {rank!r}, expected a number from 0 to {size - 1}")
    if len(batch) < size:
        raise ShapeError(
            f"{len(batch)} examples for {size} ranks, expected at least one for each: "
            "start fewer processes, or take a larger batch"
        )
    least, more = divmod(len(batch), size)
    first = rank * least + min(rank, more)
    return batch[first : first + least + (rank < more)]
