"""Several processes that take one step, played by threads; tests/machines starts real ones."""

from fractions import Fraction
from threading import Barrier, Thread

import numpy as np
import pytest

from sgdexplained import MLP, SGD, Scalar, ShapeError, Tensor, half_squared_error
from sgdexplained.parallel import RankError, Ranks, shard
from sgdexplained.parallel.ranks import Alone


class Threads:
    """A communicator whose ranks are threads of this process."""

    def __init__(self, rank, shared):
        self.rank, self.size = rank, len(shared["slots"])
        self.shared = shared

    def allgather(self, thing):
        self.shared["slots"][self.rank] = thing
        self.shared["barrier"].wait(timeout=10)
        everything = list(self.shared["slots"])
        self.shared["barrier"].wait(timeout=10)
        return everything

    def Allreduce(self, given, into):  # noqa: N802
        assert given.flags.c_contiguous, "MPI sends what stands in memory, in that order"
        into[...] = sum(self.allgather(given.copy()))


def on_ranks(size, work):
    """Run ``work(ranks)`` on every rank; give what each returned or raised."""
    shared = {"slots": [None] * size, "barrier": Barrier(size)}
    found = [None] * size

    def run(rank):
        try:
            with Ranks(Threads(rank, shared)) as ranks:
                found[rank] = work(ranks)
        except Exception as error:  # noqa: BLE001 (it is what the test asks for)
            found[rank] = error

    threads = [Thread(target=run, args=[rank]) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "a rank waits for ever"
    return found


def small_net(node=Scalar):
    layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
    return MLP([2, 3, 1], node=node, init=layers)


X = [[1, 2], [2, 1], [0, -1], [3, 1], [1, 1], [-2, 1], [2, 2]]
T = [[1], [-1], [2], [0], [5], [1], [3]]


def gradients_of(net):
    return {name: np.asarray(g, float) for name, g in net.gradients().items()}


def of_the_whole_batch(node):
    net = small_net(node)
    half_squared_error(net(X), T).backward()
    return gradients_of(net)


@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_weighted_gradients_of_the_shards_are_those_of_the_batch(node, size):
    def work(ranks):
        net = small_net(node)
        mine = [shard(part, ranks.rank, ranks.size) for part in (X, T)]
        half_squared_error(net(mine[0]), mine[1]).backward()
        ranks.average_gradients(net.named_parameters(), examples=len(mine[0]))
        SGD(net.parameters(), lr=0.1).step()
        return gradients_of(net), net.values()

    whole = of_the_whole_batch(node)
    found = on_ranks(size, work)
    for gradients, values in found:
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, whole[name], rtol=1e-14, atol=1e-14)
            assert np.array_equal(values[name], found[0][1][name])  # to the last bit


def test_plain_means_of_unequal_shards_are_another_gradient():
    def work(ranks, weighted):
        w, targets = Scalar(10), [[9, 9, 9], [1]][ranks.rank]
        half_squared_error([w] * len(targets), targets).backward()
        ranks.average_gradients({"w": w}, examples=len(targets), weighted=weighted)
        return w.grad

    assert on_ranks(2, lambda ranks: work(ranks, weighted=True)) == [3.0, 3.0]
    assert on_ranks(2, lambda ranks: work(ranks, weighted=False)) == [5.0, 5.0]


def test_fractions_stay_exact():
    def work(ranks):
        w = Scalar(Fraction(1, 3))
        (w * w).backward()
        ranks.average_gradients({"w": w}, examples=1 + ranks.rank)
        return w.grad

    assert on_ranks(3, work) == [Fraction(2, 3)] * 3


def test_fractions_in_arrays_stay_exact():
    def work(ranks):
        w = Tensor([Fraction(1, 3), Fraction(2)])
        (w * w).sum().backward()
        ranks.average_gradients({"w": w}, examples=1 + ranks.rank)
        return w.grad.tolist()

    assert on_ranks(2, work) == [[Fraction(2, 3), Fraction(4)]] * 2


@pytest.mark.parametrize(
    "make", [lambda: Scalar(2.0), lambda: Tensor(2.0)], ids=["Scalar", "Tensor"]
)
def test_none_on_one_rank_counts_as_zero_and_none_on_all_stays_none(make):
    def work(ranks):
        used, once, never = make(), make(), make()
        loss = used * 3 + once if ranks.rank == 1 else used * 3
        loss.backward()
        ranks.average_gradients({"used": used, "once": once, "never": never}, examples=2)
        return [node.grad if node.grad is None else float(node.grad) for node in (used, once)], (
            never.grad
        )

    assert on_ranks(2, work) == [([3.0, 0.5], None)] * 2


def test_arrays_whose_entries_lie_in_another_order_are_added_entry_by_entry():
    def work(ranks):
        w = Tensor(np.arange(6.0).reshape(2, 3))
        w.grad = np.arange(6.0).reshape(2, 3)
        if ranks.rank:
            w.grad = np.asfortranarray(w.grad)
        ranks.average_gradients({"w": w}, examples=1)
        return w.grad.tolist()

    assert on_ranks(2, work) == [[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]] * 2


def test_a_rank_that_fails_is_named_on_all_others():
    def work(ranks):
        w = Scalar(1.0)
        if ranks.rank == 2:
            raise ZeroDivisionError("the third one")
        (w * 2).backward()
        ranks.average_gradients({"w": w}, examples=1)
        return w.grad

    found = on_ranks(4, work)
    assert isinstance(found[2], ZeroDivisionError)
    for rank in (0, 1, 3):
        assert isinstance(found[rank], RankError)
        assert str(found[rank]) == "rank 2 of 4 failed: ZeroDivisionError: the third one"


def test_a_rank_that_finishes_early_is_named_on_those_that_wait():
    def work(ranks):
        w = Scalar(1.0)
        for _ in range(1 if ranks.rank == 1 else 2):
            w.zero_grad()
            (w * 2).backward()
            ranks.average_gradients({"w": w}, examples=1)
        return "done"

    expected = (
        "rank 1 of 3 has finished, while others wait for exchange 2: "
        "every rank needs the same number of steps"
    )
    assert [str(error) for error in on_ranks(3, work)] == [expected] * 3


def test_different_shapes_and_names_are_told_on_every_rank_and_nothing_moves():
    def shapes(ranks):
        w = Tensor(np.ones((2, 3 + ranks.rank)))
        w.sum().backward()
        ranks.average_gradients({"W1": w}, examples=1)

    for error in on_ranks(2, shapes):
        assert isinstance(error, ShapeError)
        assert str(error) == "W1 has shape (2, 3) on rank 0 and (2, 4) on rank 1"

    def names(ranks):
        w = Scalar(1.0)
        w.backward()
        ranks.average_gradients({f"w{ranks.rank}": w}, examples=1)

    for error in on_ranks(2, names):
        assert str(error) == "rank 0 and rank 1 have different parameters: w0, w1"


@pytest.mark.parametrize("examples", [0, -1, 1.5, True, None])
def test_a_number_of_examples_that_is_none_is_refused_and_the_others_are_told(examples):
    def work(ranks):
        w = Scalar(1.0)
        w.backward()
        ranks.average_gradients({"w": w}, examples=examples if ranks.rank else 1)

    first, second = on_ranks(2, work)
    text = f"examples is {examples!r}, expected a whole number from 1"
    assert str(second) == text
    assert str(first) == f"rank 1 of 2 failed: ValueError: {text}"


@pytest.mark.parametrize("size", range(1, 8))
def test_shards_are_the_batch_in_parts_that_differ_by_one_example(size):
    parts = [shard(X, rank, size) for rank in range(size)]
    assert [row for part in parts for row in part] == X
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_batch_too_small_for_all_ranks_and_a_rank_that_is_none_are_refused():
    with pytest.raises(ShapeError, match="1 examples for 2 ranks, expected at least one for each"):
        shard([1], 0, 2)
    with pytest.raises(ValueError, match="rank is 2, expected a number from 0 to 1"):
        shard([1, 2], 2, 2)


def test_without_mpi_there_is_one_rank(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    ranks = Ranks()
    assert (ranks.rank, ranks.size) == (0, 1)
    assert isinstance(ranks._communicator, Alone)
