"""Models of Keras on its PyTorch backend are modules of PyTorch: they use the same door."""

from __future__ import annotations

import os

import pytest

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is installed in the parity session")

from .models import batch, sgd, squared, why  # noqa: E402


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="Keras has another backend")
def test_a_model_of_keras():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(hidden))
    with torch.no_grad():
        kernel, bias = (one.value for one in model.get_layer("hidden").weights)
        bias.copy_(torch.tensor([9.0, 9.0, -99.0, 9.0]))
    found = why(model, batch(5, 3).to(kernel.device), torch.ones(5, 1), squared, sgd(model))
    shapes = {
        one.shape: counts
        for one, counts in zip(found.parameters, found.counts().values(), strict=True)
    }
    assert shapes == {
        (3, 4): {"gradient": 9, "shut": 3},
        (4,): {"gradient": 3, "shut": 1},
        (4, 1): {"gradient": 3, "inactive": 1},
        (1,): {"gradient": 1},
    }


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="Keras has another backend")
def test_the_line_of_a_cut_is_the_readers():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(4), keras.layers.Dense(1)

        def call(self, x):
            return self.second(keras.ops.stop_gradient(self.first(x)))

    model, inputs = Model(), batch(5, 3)
    model(inputs)
    line = Model.call.__code__.co_firstlineno + 1
    found = why(model, inputs, torch.ones(5, 1), squared, sgd(model))
    assert [list(counts) for counts in found.counts().values()].count(["cut"]) == 2
    assert f"cut by .detach() at test_keras.py:{line}" in " ".join(str(found).split())
