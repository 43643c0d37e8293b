"""scikit-learn: its linear models by SGD, and its multilayer perceptrons."""

import numpy as np
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

PLAIN = {"learning_rate": "constant", "eta0": 1.0, "alpha": 0.0, "fit_intercept": False}


# ## Derivatives: how far one step at rate 1 moves the weight of a feature that is 1
def slopes(moved, x):
    return -moved(x)


def classifier(loss):
    def moved(x):
        model = SGDClassifier(loss=loss, max_iter=1, tol=None, **PLAIN)
        # Two rows are needed for two classes; the first is all that has a feature.
        model.fit([[1.0], [0.0]], [1, 0], coef_init=[[x]])
        return model.coef_[0, 0] - x

    return moved


def regressor(**options):
    def moved(x):
        model = SGDRegressor(max_iter=1, tol=None, **PLAIN, **options)
        model.fit([[1.0]], [0.0], coef_init=[x])
        return model.coef_[0] - x

    return moved


def perceptron(activation, x, y, **options):
    """Return a network 1-1-1 with weights of 0 and 1, and then fit it once."""
    model = MLPRegressor(hidden_layer_sizes=[1], activation=activation, solver="sgd", alpha=0.0)
    model.partial_fit(x, y)
    model.coefs_ = [np.array([[0.0]]), np.array([[1.0]])]
    model.intercepts_ = [np.zeros(1), np.zeros(1)]
    model._optimizer = SGDOptimizer(model.coefs_ + model.intercepts_, 1.0, momentum=0)
    model.partial_fit(x, y, **options)
    return model


MODES = {"reverse": slopes}


# ## Optimisers
def moves(make, gradients):
    w = [np.ones((2, 2))]
    optimizer = make(w)
    found = []
    for gradient in gradients:
        before = w[0][0, 0]
        given = None if gradient is None else np.full((2, 2), gradient)
        optimizer.update_params(w, [given])
        found.append(w[0][0, 0] - before)
    return found


# ## Means: four rows whose output is 0 and whose target is −1
def output_moved(weights=None):
    """Return how far the output's bias moves down: each row alone would move it by 1."""
    options = {} if weights is None else {"sample_weight": np.array(weights)}
    model = perceptron("relu", np.zeros((4, 1)), -np.ones(4), **options)
    return -model.intercepts_[1][0]


KINKS = {
    "relu-at-0": lambda x: perceptron("relu", [[1.0]], [-1.0]).coefs_[0][0, 0] - x,
    "hinge-at-margin": classifier("hinge"),
    "l1-at-0": regressor(loss="epsilon_insensitive", epsilon=0.0),
    "logistic-at-0": classifier("log_loss"),
}

OPTIMIZERS = {
    "SGD": lambda w: SGDOptimizer(w, 0.1, momentum=0.0),
    "SGD, momentum 0.9": lambda w: SGDOptimizer(w, 0.1, momentum=0.9, nesterov=False),
    "SGD, as the perceptron has it": lambda w: SGDOptimizer(w, 0.1),
    "Adam": lambda w: AdamOptimizer(w, 0.1),
}

MEAN = {
    "plain": output_moved,
    "sample-weights": lambda: output_moved([0.0, 1.0, 2.0, 4.0]),
    "all-weights-0": lambda: output_moved([0.0] * 4),
}
