"""One step taken by several processes: each has a part of the batch, and they exchange gradients.

Every process (a *rank*) holds a copy of the network and a part of the batch (a *shard*). Each works
out the gradients of its own shard; then all exchange them, so that every rank takes the same step:

    | mean over the batch = sum over ranks of (examples of the rank / examples of all) × its mean

* :func:`shard` cuts a batch into parts, one for each rank.
* :class:`Ranks` are the processes that work together. Started with ``mpiexec -n 4 python ...`` they
  are four; started without it there is one, and the same script runs alone.

The exchange is that of MPI, through mpi4py; ``pip install "sgdexplained[parallel]"`` brings both.
"""

from sgdexplained.parallel.ranks import RankError, Ranks
from sgdexplained.parallel.shards import shard

__all__ = ["RankError", "Ranks", "shard"]
