"""The contrasts: what the story compares with ReLU and plain SGD.

A sentence such as *the weights of an inactive unit do not move* is true of ReLU, of plain SGD, and
of examples that do not change each other's gradients. These three modules hold what breaks it:

- :mod:`~sgdexplained.contrasts.activations`: units that are inactive and learn, or active and
  do not;
- :mod:`~sgdexplained.contrasts.optimisers`: rules that move a weight whose gradient is 0;
- :mod:`~sgdexplained.contrasts.modules`: parameters that are shared, skipped or masked, and
  batches in which one example changes the gradient of another.

Everything is built on the core, and the core needs nothing of it. Scalars need no NumPy here
either.

A unit that is inactive, and as open as any:

>>> from sgdexplained import Scalar
>>> from sgdexplained.contrasts import gelu
>>> z = Scalar(0)
>>> a = gelu(z)
>>> a.backward()
>>> a.data, z.grad
(0.0, 0.5)
"""

from sgdexplained.contrasts.activations import (
    clamp,
    clamp_min,
    elu,
    gelu,
    hard_tanh,
    leaky_relu,
    maximum,
    relu,
    relu6,
    silu,
)
from sgdexplained.contrasts.modules import BatchNorm, Dropout, Embedding, weight_norm
from sgdexplained.contrasts.optimisers import (
    Adagrad,
    Adam,
    AdamW,
    MovingAverage,
    RMSprop,
    SignSGD,
)

__all__ = [
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Dropout",
    "Embedding",
    "MovingAverage",
    "RMSprop",
    "SignSGD",
    "clamp",
    "clamp_min",
    "elu",
    "gelu",
    "hard_tanh",
    "leaky_relu",
    "maximum",
    "relu",
    "relu6",
    "silu",
    "weight_norm",
]
