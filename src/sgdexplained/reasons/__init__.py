"""The words of the site as code, and an answer to its question.

The gradient of a weight is one product for each example:

    | dloss/dW[j, k] = a_j × φ'(z_k) × u_k
    | gradient = activation of the sender × derivative of the activation × upstream gradient

* The three factors of a layer, one row an example: ``sender_activation(layer)``,
  ``activation_derivative(layer)``, ``upstream_gradient(layer)``; and ``delta(layer)``, the product
  of the last two.
* What they mean for one example: ``inactive(layer)`` (its activation is 0), ``shut(layer)`` (its
  derivative is 0).
* For a batch: ``without_contribution(layer)`` and ``weights_without_contribution(layer)`` (no
  example contributes), ``co_active(layer)`` (how often both ends of a weight work together).
* For a whole set: ``dead(net, X)`` (shut for all of it).
* From input to output: ``active_paths(net, example)``.
* And the question of this project, *which weights does a step move, how far, and why*:
  ``explain(net, X, target, loss, optimiser)``.

The first of these read what a network remembers of its last pass; the last three send examples
through a copy. None of them needs NumPy for a network of Scalars.
"""

from sgdexplained.reasons.codes import CODE, PHRASES, WORDS
from sgdexplained.reasons.explanation import Explanation
from sgdexplained.reasons.mlp import explain
from sgdexplained.reasons.paths import Path, active_paths
from sgdexplained.reasons.rows import Parameter, Reason, Source
from sgdexplained.reasons.words import (
    activation_derivative,
    co_active,
    dead,
    delta,
    inactive,
    sender_activation,
    shut,
    upstream_gradient,
    weights_without_contribution,
    without_contribution,
)

__all__ = [
    "CODE",
    "PHRASES",
    "WORDS",
    "Explanation",
    "Parameter",
    "Reason",
    "Source",
    "Path",
    "co_active",
    "dead",
    "delta",
    "explain",
    "active_paths",
    "sender_activation",
    "shut",
    "inactive",
    "activation_derivative",
    "without_contribution",
    "weights_without_contribution",
    "upstream_gradient",
]
