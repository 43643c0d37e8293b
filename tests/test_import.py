"""What importing the package loads, and what it leaves for later."""

import subprocess
import sys
from pathlib import Path

import pytest

import sgdexplained

SOURCE = Path(sgdexplained.__file__).parent.parent
HEAVY = {"numpy", "typing", "fractions", "numbers", "dataclasses", "inspect", "matplotlib"}


def loaded_by(code):
    """Return the modules that some code loads in a fresh interpreter, without site packages."""
    program = f"""
import sys
sys.path.insert(0, {str(SOURCE)!r})
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True
    )
    return set(run.stdout.split())


def test_scalars_load_no_numpy_and_nothing_slow():
    """The site runs scalars in a browser, where there is no NumPy."""
    loaded = loaded_by("from sgdexplained import Scalar\nx = Scalar(2)\n(x * x).backward()")
    assert "sgdexplained.scalar" in loaded
    assert not loaded & HEAVY
    assert "sgdexplained.tensor" not in loaded


def test_networks_of_scalars_train_without_numpy():
    """-S hides NumPy altogether: what tried to load it would fail."""
    loaded = loaded_by(
        "from sgdexplained import MLP, SGD, half_squared_error, softmax_cross_entropy, gradcheck\n"
        "from sgdexplained import mean_squared_error, logistic, hinge, weighted_mean\n"
        "t = [[1, -1]]\n"
        "for loss, t in [(half_squared_error, t), (mean_squared_error, t),\n"
        "                (logistic, t), (hinge, t), (softmax_cross_entropy, [1])]:\n"
        "    net = MLP([2, 3, 2])\n"
        "    def run(): return weighted_mean([loss(net([[1.0, 2.0]]), t)], [1])\n"
        "    run().backward()\n"
        "    SGD(net.parameters(), lr=0.1, momentum=0.5).step()\n"
        "    net.check_finite(), net.values(), net.gradients(), net.layers[0].derivatives\n"
        "    gradcheck(run, net.parameters())\n"
    )
    assert "sgdexplained.layers" in loaded
    assert not {name for name in loaded if name.startswith("numpy")}
    assert "sgdexplained.tensor" not in loaded


def test_every_public_name_can_be_imported_and_is_listed():
    for name in sgdexplained.__all__:
        assert getattr(sgdexplained, name).__name__ == name
    assert dir(sgdexplained) == sorted(sgdexplained.__all__)


def test_no_module_takes_the_place_of_a_function_of_its_name():
    """Importing a submodule binds its name in the package, over whatever stood there."""
    modules = [
        path.stem
        for path in Path(sgdexplained.__file__).parent.iterdir()
        if not path.name.startswith("_")
    ]
    assert not set(modules) & set(sgdexplained.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sgdexplained' has no attribute 'Adam9'"):
        _ = sgdexplained.Adam9
    with pytest.raises(ImportError):
        from sgdexplained import Adam9  # noqa: F401


def test_package_tells_that_it_is_typed():
    assert (Path(sgdexplained.__file__).parent / "py.typed").exists()
