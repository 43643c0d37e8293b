"""One step of one small network, taken by as many processes as you start."""

from sgdexplained import MLP, SGD, half_squared_error
from sgdexplained.parallel import Ranks, shard

X = [[1, 2], [2, 1], [0, -1], [3, 1]]
target = [[1], [-1], [2], [0]]
layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]

with Ranks() as ranks:
    net = MLP([2, 3, 1], init=layers)
    mine = shard(X, ranks.rank, ranks.size)
    loss = half_squared_error(net(mine), shard(target, ranks.rank, ranks.size))
    loss.backward()
    own = net.gradients()["W1"][0]
    ranks.average_gradients(net.named_parameters(), examples=len(mine))
    all_of_us = net.gradients()["W1"][0]
    SGD(net.parameters(), lr=0.1).step()
    print(f"rank {ranks.rank} of {ranks.size}: {own} becomes {all_of_us}\n", end="")
    if ranks.size == 1:
        print("for four processes: mpiexec -n 4 python ours.py")
