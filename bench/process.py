"""An engine in a process of its own, which waits for orders.

No engine can slow another down with its threads or its garbage, and each is told by the same
variables how many threads to use before it is loaded.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from array import array
from contextlib import contextmanager
from ctypes import CDLL
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NPROC": "1",  # the pool of JAX
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
# Linux (glibc) takes large arrays from the system and gives them back whenever they lie at the end
# of its memory. Whether they do is luck, stays so for the whole life of a process, and makes a step
# up to three times as long, for anybody. So nobody gives memory back while being timed.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**30)}
# The opposite, to see how much memory a work needs at once, and not what the allocator has kept:
# arrays from 64 KB on are taken from the system one by one, and given back when they are dropped.
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": str(2**16), "MALLOC_TRIM_THRESHOLD_": str(2**16)}

# On a machine that others use as well, the time that a process itself was at work says more.
PROCESSOR_TIME = "BENCH_PROCESSOR_TIME"


class EngineProcess:
    """A function of a module of this package, called in a new process.

    Parameters
    ----------
    module, function : str
        Where the work is set up, such as ``"digits", "ours"``.
    arguments : tuple
        What the function takes.
    environment : dict
        Variables of the environment to add, such as :data:`ONE_THREAD`.
    """

    def __init__(
        self, module: str, function: str, arguments: tuple[Any, ...], environment: dict[str, str]
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other_end, module, function, arguments), daemon=True
        )
        with _environment(environment):
            self._process.start()
        other_end.close()

    def results(self) -> tuple[list[float], array[float]]:
        """Return the losses of the first three steps, and the gradients of the first."""
        return self._ask("results", 0)

    def seconds(self, steps: int) -> float:
        """Set the work up anew and return how long a step takes, the mean of `steps` of them."""
        return self._ask("time", steps)

    def collector(self, on: bool) -> None:
        """Turn the garbage collector on or off."""
        self._ask("collector", on)

    def bytes(self) -> float:
        """Do the work once and return by how much memory was at its highest above the start."""
        return self._ask("bytes", 0)

    def peak(self) -> float:
        """Set the work up, do it once, and return by how much memory was at its highest above."""
        return self._ask("peak", 0)

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join()

    def _ask(self, order: str, value: Any) -> Any:
        self._connection.send((order, value))
        answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# ## What happens in the new process


def _serve(connection: Connection, module: str, function: str, arguments: tuple[Any, ...]) -> None:
    orders = {
        "results": _results,
        "time": _time,
        "collector": _collector,
        "bytes": _bytes,
        "peak": _peak,
    }
    while True:
        try:
            order, value = connection.recv()
        except EOFError:
            return
        try:
            set_up = getattr(import_module(f"bench.{module}"), function)
            connection.send(orders[order](set_up, arguments, value))
        except Exception as error:  # noqa: BLE001 (whatever it was, the other process wants to know)
            connection.send(type(error)(*[str(one) for one in error.args]))


def _results(set_up: Any, arguments: Any, _: Any) -> tuple[list[float], array[float]]:
    work = set_up(*arguments)
    losses = [float(work.step())]
    gradients = array("d")
    for gradient in work.gradients():
        gradients.extend(_flat(gradient))
    losses += [float(work.step()) for _ in range(2)]
    return losses, gradients


def _flat(gradient: Any) -> list[float]:
    if isinstance(gradient, list):
        return gradient
    import numpy as np

    return np.asarray(gradient, dtype=np.float64).ravel().tolist()


def _time(set_up: Any, arguments: Any, steps: int) -> float:
    step = set_up(*arguments).step
    step()  # caches are filled, and what is compiled is compiled
    gc.collect()
    clock = process_time if os.environ.get(PROCESSOR_TIME) else perf_counter
    start = clock()
    for _ in range(steps):
        step()
    return (clock() - start) / steps


def _collector(_set_up: Any, _arguments: Any, on: bool) -> None:
    (gc.enable if on else gc.disable)()


def _bytes(set_up: Any, arguments: Any, _: Any) -> float:
    # Not what Python counts: what other languages take has to be counted as well.
    set_up(*arguments[:-1], 100).step()
    work = set_up(*arguments)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the highest so far
    before = _resident("VmRSS:")
    work.step()
    return _resident("VmHWM:") - before


def _peak(set_up: Any, arguments: Any, _: Any) -> float:
    set_up(*arguments).step()  # what is imported, and what libraries set up for themselves
    gc.collect()
    CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _resident("VmRSS:")
    set_up(*arguments).step()
    return _resident("VmHWM:") - before


def _resident(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 (no such path elsewhere)
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    raise ValueError(f"no {field} in /proc/self/status")
