"""The backward pass: its order, what accumulates, what an interruption leaves, what it keeps."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

from sgdexplained import MLP, SGD, Scalar, Tensor, half_squared_error
from sgdexplained import backward as backward_pass
from sgdexplained.tensor import LinearMap
from sgdexplained.units import Factors

NODES = pytest.mark.parametrize("node", [Scalar, Tensor])


# ## Order


@NODES
def test_reused_node_waits_for_all_contributions(node):
    """Handing on the first contribution at once gives 10."""
    a = node(1.0)
    b = 2 * a
    (b + 3 * b).backward()
    assert a.grad == 8


@NODES
def test_doubling_twice_is_four_not_eight(node):
    a = node(1.0)
    b = a + a
    (b + b).backward()
    assert a.grad == 4


@NODES
def test_square_has_two_edges_to_one_parent(node):
    """A set of parents would count the edge once."""
    x = node(3.0)
    (x * x).backward()
    assert x.grad == 6


@NODES
def test_diamond_adds_both_routes(node):
    x = node(2.0)
    h = x * 3
    (h * 5 - h * h).backward()
    assert x.grad == 3 * (5 - 2 * 6)


@NODES
@pytest.mark.parametrize("deep_first", [True, False])
def test_short_and_long_way_to_one_node(node, deep_first):
    """The node must wait for the long way, on whichever side of the sum it stands."""
    x = node(1.0)
    h = x * 2
    long = ((h + 1) * 3 + 1) * 5
    (long + h if deep_first else h + long).backward()
    assert x.grad == 2 * (15 + 1)
    assert h.grad == 16


@NODES
def test_ladder_of_shared_nodes_takes_no_exponential_time(node):
    """There are 2**60 routes; a pass that walks them never ends."""
    x = node(1.0)
    h = x
    for _ in range(60):
        h = h + h
    h.backward()
    assert x.grad == 2.0**60


@NODES
def test_leaf_as_loss_has_slope_one(node):
    x = node(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2


@NODES
def test_unrelated_nodes_are_not_touched(node):
    x, other = node(3.0), node(4.0)
    unused = x * other
    (x * 2).backward()
    assert other.grad is None
    assert unused.grad is None


def test_many_parents_each_wait():
    """Losses and units have groups of parents."""
    x = Scalar(2.0)
    outputs = [[x * k] for k in (1, 2, 3)]
    half_squared_error(outputs, [[0.0]] * 3, reduction="sum").backward()
    assert x.grad == 2.0 * (1 + 4 + 9)


def test_order_lists_parents_first_and_each_node_once():
    rng = np.random.default_rng(0)
    nodes = [Scalar(1.0) for _ in range(3)]
    for _ in range(200):
        i, j = rng.integers(0, len(nodes), 2)
        nodes.append(nodes[i] + nodes[j] if rng.random() < 0.8 else -nodes[i])
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = root + node
    interior, leaves = [], []
    backward_pass.topological_order(root, interior, leaves)
    place = {id(node): index for index, node in enumerate(interior)}
    assert len(place) == len(interior)
    assert len({id(leaf) for leaf, _ in leaves}) == len(leaves) == 3
    for node in interior:
        for parent in (node.left, node.right):
            if parent is not None and parent.left is not None:
                assert place[id(parent)] < place[id(node)]


class _Sums:
    """The derivatives of a sum towards two groups of so many parents."""

    def __init__(self, *sizes):
        self.sizes = sizes

    def __mul__(self, gradient):
        return [[gradient] * size for size in self.sizes]


def _sum_of(*groups):
    value = sum(node.data for group in groups for node in group)
    return Scalar.computed(value, groups, _Sums(*map(len, groups)))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_group_is_done_only_when_its_last_parent_is(swapped):
    """A unit whose own weight was computed by a unit that hears the same senders."""
    x = Scalar(1)
    senders = (x * 2, x * 3)
    inner = _sum_of(senders)  # 5x, met while the outer node still waits for the senders
    own = (inner * 7,)
    outer = _sum_of(senders, own) if swapped else _sum_of(own, senders)
    outer.backward()
    assert x.grad == 2 + 3 + 7 * 5


def test_random_graphs_whose_nodes_share_groups_of_parents():
    rng = np.random.default_rng(2)
    for _ in range(300):
        x = Scalar(1)
        nodes, groups = [x * 1, x * 2], []
        for _ in range(15):
            if not groups or rng.random() < 0.4:
                size = int(rng.integers(0, 4))
                groups.append(tuple(nodes[int(k)] for k in rng.integers(0, len(nodes), size)))
            some = [groups[int(k)] for k in rng.integers(0, len(groups), 2)]
            nodes.append(_sum_of(*some))
        # Everything is a sum of multiples of x = 1, so a value is its own derivative.
        last = _sum_of(tuple(nodes))
        last.backward()
        assert x.grad == last.data


def test_random_graphs_agree_with_forward_differentiation():
    """Derivatives carried forward with the values need no order of a backward pass."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        x = Scalar(int(rng.integers(-3, 4)))
        nodes, slopes = [x, x * 1], [1, 1]
        for _ in range(12):
            i, j = map(int, rng.integers(0, len(nodes), 2))
            kind = rng.integers(0, 3)
            a, b = nodes[i], nodes[j]
            if kind == 0:
                nodes.append(a + b)
                slopes.append(slopes[i] + slopes[j])
            elif kind == 1:
                nodes.append(a - b)
                slopes.append(slopes[i] - slopes[j])
            else:
                nodes.append(a * b)
                slopes.append(slopes[i] * b.data + slopes[j] * a.data)
        nodes[-1].backward()
        assert (x.grad or 0) == slopes[-1]


# ## Accumulation


@NODES
def test_second_backward_adds_one_more_gradient_not_two(node):
    """Interior nodes are replaced; if they added up too, a.grad would be 18."""
    a = node(1.0)
    b = 2 * a
    c = 3 * b
    c.backward()
    c.backward()
    assert (a.grad, b.grad, c.grad) == (12, 3, 1)


@NODES
def test_zeroing_the_leaf_alone_makes_the_pass_repeatable(node):
    a = node(1.0)
    c = 3 * (2 * a)
    c.backward()
    a.zero_grad()
    c.backward()
    assert a.grad == 6


@NODES
def test_two_losses_that_share_nodes_add_up(node):
    w = node(2.0)
    h = w * 3
    first, second = h * h, h * 5
    first.backward()
    assert w.grad == 36
    second.backward()
    assert w.grad == 36 + 15
    assert h.grad == 5


@NODES
def test_batch_worked_off_example_by_example_is_the_sum(node):
    w = node(2.0)
    for x in (1.0, 2.0, 4.0):
        (w * x).backward()
    assert w.grad == 7


@NODES
def test_seed_scales_every_gradient(node):
    w = node(2.0)
    (w * w).backward(10.0)
    assert w.grad == 40


def test_gradients_do_not_share_memory():
    """Writing into one gradient must not change another, nor the seed."""
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    seed = np.array([1.0, 1.0])
    h = x + y
    out = (h.reshape(2, 1).T.reshape(2) + h).broadcast_to((2,))
    out.backward(seed)
    arrays = [x.grad, y.grad, h.grad, out.grad, seed, x.data, y.data]
    for index, one in enumerate(arrays):
        for other in arrays[index + 1 :]:
            assert not np.shares_memory(one, other)


# ## Depth and memory


def chain(node, length):
    first = node(0.0)
    last = first
    for _ in range(length):
        last = last + 1
    return first, last


@pytest.mark.usefixtures("without_collector")
def test_a_chain_of_a_million_scalars():
    """Recursion would stop at a thousand, going backward or freeing."""
    before = sys.getallocatedblocks()
    x, y = chain(Scalar, 1_000_000)
    assert y.data == 1_000_000
    y.backward()
    assert x.grad == 1
    assert sys.getallocatedblocks() > before + 1_000_000
    del y
    assert sys.getallocatedblocks() < before + 1_000


def test_a_long_chain_of_tensors():
    x, y = chain(Tensor, 20_000)
    y.backward()
    assert x.grad == 1
    del y


def test_a_chain_of_units_with_tuples_of_parents():
    net = MLP([1] * 2001, init=[([[1.0]], [0.0])] * 2000)
    [[y]] = net([[1.0]])
    y.backward()
    assert net.layers[0].weight[0][0].grad == 1


class Watched(Scalar):
    """A Scalar that can be watched: the engine's own nodes have no room for a weak reference."""

    __slots__ = ("__weakref__",)


@pytest.fixture
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def living(kind):
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


@pytest.mark.usefixtures("without_collector")
def test_graph_of_scalars_is_freed_without_the_collector():
    before = living(Scalar)
    x = Scalar(2.0)
    y = (x * x + x.exp() / 3 - x**2).tanh().relu()
    y.backward()
    assert living(Scalar) > before + 5
    del y
    assert living(Scalar) == before + 1
    assert x.grad is not None


@pytest.mark.usefixtures("without_collector")
def test_graph_of_tensors_is_freed_without_the_collector():
    before = living(Tensor)
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    parts = [x @ x.T, x.exp(), x[[0, 0]], x.reshape(2, 2) * [1.0, 2.0], x.broadcast_to((2, 2, 2))]
    y = sum(part.mean() + part.max() for part in parts)
    y.backward()
    assert living(Tensor) > before + 15
    del y, parts
    assert living(Tensor) == before + 1


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@NODES
def test_network_and_its_graph_are_freed_without_the_collector(node, activation):
    before = living(Scalar) + living(Tensor)
    net = MLP([2, 3, 1], node=node, activation=activation)
    loss = half_squared_error(net([[1.0, 2.0]]), [[1.0]])
    loss.backward()
    SGD(net.parameters(), lr=0.1, momentum=0.5).step()
    del loss, net
    assert living(Scalar) + living(Tensor) == before


@pytest.mark.usefixtures("without_collector")
def test_a_node_dies_with_the_last_that_holds_it():
    x = Watched(2.0)
    h = x * x
    y = -h
    watch = weakref.ref(h)
    del h
    assert watch() is not None
    del y
    assert watch() is None


def test_a_failed_pass_keeps_nothing_alive():
    gc.collect()
    before = living(Scalar)
    x = Scalar(1.0)
    y = Scalar.computed(1.0, x, "no number")
    with pytest.raises(TypeError):
        y.backward()
    del x, y
    gc.collect()
    assert living(Scalar) == before


# ## Interruption


class Bomb:
    """A local derivative that raises the first `times` times it is used, and is 7 afterwards."""

    def __init__(self, error, times=1):
        self.error, self.times = error, times

    def __mul__(self, gradient):
        if self.times:
            self.times -= 1
            raise self.error
        return 7 * gradient


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("bad"), MemoryError()])
@NODES
def test_interrupted_pass_leaves_leaves_as_they_were_and_can_be_repeated(node, error):
    w, v, fresh = node(2.0), node(3.0), node(5.0)
    (w * v).backward()
    bomb = Bomb(error)
    if node is Tensor:
        bomb = LinearMap(bomb.__mul__)
    h = node.computed(w.data * 7, w, bomb)
    loss = h * 2 + w * v * fresh
    with pytest.raises(type(error)) as caught:
        loss.backward()
    assert any("every leaf keeps the gradient it had" in note for note in caught.value.__notes__)
    assert (w.grad, v.grad, fresh.grad) == (3, 2, None)
    assert h.grad is None
    assert loss.grad is None
    loss.backward()
    assert (w.grad, v.grad, fresh.grad) == (3 + 14 + 15, 2 + 10, 6)


@NODES
def test_pass_stopped_while_looking_for_its_order(node, monkeypatch):
    w, v = node(2.0), node(3.0)
    (w * v).backward()
    loss = (w * v + w) * v
    real = backward_pass.topological_order

    def stopped(root, interior, leaves):
        real(root, interior, leaves)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(backward_pass, "topological_order", stopped)
        with pytest.raises(KeyboardInterrupt):
            loss.backward()
    assert (w.grad, v.grad) == (3, 2)
    loss.backward()
    assert (w.grad, v.grad) == (3 + 12, 2 + 14)


@pytest.mark.parametrize("trap_first", [False, True])
def test_order_stopped_halfway_leaves_no_marks(trap_first):
    """A mark left in `grad` would be read as a gradient by the next optimiser."""
    stops = [KeyboardInterrupt()]

    class Trap(Scalar):
        __slots__ = ()

        @property
        def left(self):
            if stops:
                raise stops.pop()

    w, v, trap = Scalar(2.0), Scalar(3.0), object.__new__(Trap)
    trap.data, trap.grad, trap.right = 1.0, None, None
    w.grad = 10.0
    product = w * v
    # The stack is worked off from its end: so the product and its leaves come before the trap, or
    # have not been met when it closes.
    parents = (product, trap) if trap_first else (trap, product)
    loss = Scalar.computed(1.0, (parents,), Factors((1, 1)))
    with pytest.raises(KeyboardInterrupt):
        loss.backward()
    assert (w.grad, v.grad, trap.grad, product.grad) == (10.0, None, None, None)
    loss.backward()
    assert (w.grad, v.grad, trap.grad) == (13.0, 2.0, 1.0)


@NODES
def test_pass_stopped_while_leaves_receive_their_sums(node, monkeypatch):
    """Half of the leaves with the new sum and half without would be a wrong step."""
    w, v = node(2.0), node(3.0)
    (w * v).backward()
    loss = w * v
    calls = []
    real = node.accumulated

    def stopped(self, before):
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, before)

    with monkeypatch.context() as patch:
        patch.setattr(node, "accumulated", stopped)
        with pytest.raises(KeyboardInterrupt):
            loss.backward()
    assert (w.grad, v.grad) == (3, 2)
    loss.backward()
    assert (w.grad, v.grad) == (6, 4)


# ## Threads


def test_two_threads_train_two_networks():
    """Nothing global is used by a pass."""

    def train(seed, result):
        net = MLP([2, 4, 1], node=Tensor if seed % 2 else Scalar, seed=seed)
        optimiser = SGD(net.parameters(), lr=0.05)
        for _ in range(60):
            net.zero_grad()
            loss = half_squared_error(net([[1.0, 2.0], [0.5, -1.0]]), [[1.0], [0.0]])
            loss.backward()
            optimiser.step()
        result[seed] = [float(np.sum(p.data)) for p in net.parameters()]

    alone, together = {}, {}
    for seed in range(4):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
