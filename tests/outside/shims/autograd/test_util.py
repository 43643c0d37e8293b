"""Autograd's checks of gradients, by ours."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from autograd import real_tensor
from sgdexplained import Tensor, gradcheck


def check_grads(function: Any, argnum: Any = 0, modes: Any = None, order: int = 2) -> Any:
    """Return what compares the gradients of a function with differences, in reverse mode."""
    del modes, order
    places = argnum if isinstance(argnum, tuple | list) else (argnum,)

    def check(*arguments: Any, **options: Any) -> None:
        given = list(arguments)
        for place in places:
            if _is_complex(given[place]):
                return  # no question to this engine
            given[place] = real_tensor(given[place])
        out = function(*given, **options)
        if not isinstance(out, Tensor) or not out.requires_grad:
            return
        weights = np.cos(np.arange(out.size)).reshape(out.shape)
        asked = [given[place] for place in places]

        def loss() -> Tensor:
            return (function(*given, **options) * weights).sum()

        gradcheck(loss, asked)

    return check


def _is_complex(value: Any) -> bool:
    return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c"


def combo_check(function: Any, argnums: Any = 0, **settings: Any) -> Any:
    """Return what checks all combinations of arguments and options."""
    check = check_grads(function, tuple(argnums), **settings)

    def check_all(*arguments: Any, **options: Any) -> None:
        for given in product(*arguments):
            for values in product(*options.values()):
                check(*given, **dict(zip(options, values, strict=True)))

    return check_all
