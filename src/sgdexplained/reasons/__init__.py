"""The words of the site as code, and an answer to its question.

The gradient of a weight is one product for each example:

    | dloss/dW[j, k] = a_j × φ'(z_k) × u_k
    | gradient = sender × slope × upstream

* The three factors of a layer, one row an example: ``sender(layer)``, ``slope(layer)``,
  ``upstream(layer)``; and ``delta(layer)``, slope times upstream.
* What they mean for one example: ``silent(layer)`` (said 0), ``shut(layer)`` (slope 0).
* For a batch: ``untouched(layer)`` and ``untouched_weights(layer)`` (nothing from any example),
  ``co_active(layer)`` (how often both ends of a weight worked together).
* For a whole set: ``dead(net, X)`` (shut for all of it).
* From input to output: ``open_routes(net, example)``.
* And the question of this project, *which weights does a step move, how far, and why*:
  ``explain(net, X, target, loss, optimiser)``.

The first of these read what a network remembers of its last pass; the last three send examples
through a copy. None of them needs NumPy for a network of Scalars.
"""

from sgdexplained.reasons.explanation import Explanation, Reason, explain
from sgdexplained.reasons.routes import Route, open_routes
from sgdexplained.reasons.words import (
    co_active,
    dead,
    delta,
    sender,
    shut,
    silent,
    slope,
    untouched,
    untouched_weights,
    upstream,
)

__all__ = [
    "Explanation",
    "Reason",
    "Route",
    "co_active",
    "dead",
    "delta",
    "explain",
    "open_routes",
    "sender",
    "shut",
    "silent",
    "slope",
    "untouched",
    "untouched_weights",
    "upstream",
]
