"""What the errors say, word for word: each is made once, and none is missing."""

import ast
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    Linear,
    Scalar,
    Tensor,
    explain,
    gradcheck,
    half_squared_error,
    hinge,
    softmax_cross_entropy,
    weighted_mean,
)
from sgdexplained.affine import affine
from sgdexplained.array_maths import ArrayMaths
from sgdexplained.contrasts import Adam, MovingAverage
from sgdexplained.maths import NumberMaths
from sgdexplained.reasons import active_paths, dead, sender_activation

SOURCE = Path(__file__).parent.parent / "src" / "sgdexplained"
MODULES = [
    *("affine", "array_maths", "differences", "layers", "losses", "maths", "node", "scalar", "sgd"),
    *("tensor", "contrasts/optimisers", "reasons/explanation", "reasons/mlp"),
    *("reasons/passes", "reasons/paths", "reasons/words"),
]


class Text:
    """Is shown as it is."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def net():
    return MLP([2, 1], init=[([[1], [2]], [0])])


def with_gradient(gradient):
    w = Tensor([1.0, 2.0])
    w.grad = gradient
    return SGD({"w": w}, lr=1)


def changed():
    x = Tensor([1.0, 2.0])
    y = (x * x).sum()
    x.data[0] = 5
    return y


def step(**given):
    one = net()
    usual = {"net": one, "X": [[1, 2]], "target": [[0]], "loss": half_squared_error}
    usual["optimiser"] = SGD(one.parameters(), lr=1)
    return explain(**(usual | given))


def wrong_slope():
    w = Scalar(Fraction(2))
    return gradcheck(lambda: Scalar.computed(w.data**2, w, 5), [w])


def on_a_kink():
    w = Scalar(Fraction(0))
    return gradcheck(w.relu, [w])


X, Z, THING = Tensor([[1.0, 2.0]]), Tensor([[1.0, 2.0], [3.0, 4.0]]), Text("<it>")
NETWORK = Text("<network>")
NETWORK.parameters = net().parameters

ERRORS = [
    (
        lambda: affine([1.0, 2.0], Z),
        (
            "ShapeError: a layer with weights of shape (2, 2) expects inputs of shape (B, 2), "
            "one row an example; got (2,)"
        ),
    ),
    (
        lambda: X.reshape(2) * [1.0, 2.0, 3.0],
        (
            "ShapeError: shapes (2,) and (3,) do not fit: each axis must have the same length in "
            "all, or length 1"
        ),
    ),
    (
        lambda: ArrayMaths.log(np.array([2.0, -1.0])),
        "ValueError: log of an array with -1.0: expected positive numbers",
    ),
    (
        lambda: Tensor([0.0]) ** 0.5,
        "ValueError: 0 to a power below 1 has no derivative, expected powers >= 1",
    ),
    (
        lambda: Tensor([-1.0]) ** 0.5,
        "ValueError: a negative number to a broken power is not a real number",
    ),
    (
        lambda: gradcheck(lambda: Scalar(1), []),
        "ValueError: there are no parameters to check, expected at least one",
    ),
    (
        lambda: gradcheck(lambda: Scalar(1), [THING]),
        "TypeError: a parameter is <it>, expected a Scalar or a Tensor",
    ),
    (
        lambda: gradcheck(lambda: THING, [Scalar(1)]),
        "TypeError: the loss is <it>, expected a Scalar or a Tensor",
    ),
    (
        wrong_slope,
        "AssertionError: parameter 0: backward gives 5, central differences give 4",
    ),
    (
        on_a_kink,
        (
            "AssertionError: parameter 0: backward gives 0, central differences give 1/2; the "
            "derivative is 0 on one side and 1 on the other: a kink"
        ),
    ),
    (
        lambda: net()([[1, 2], [1]]),
        "ShapeError: an example is [1], expected a row of 2 inputs",
    ),
    (
        lambda: net()([5]),
        "ShapeError: an example is 5, expected a row of 2 inputs",
    ),
    (
        lambda: MLP([2]),
        "ValueError: sizes is [2], expected two or more positive integers",
    ),
    (
        lambda: MLP([2, 0]),
        "ValueError: sizes is [2, 0], expected two or more positive integers",
    ),
    (
        lambda: MLP([2, 1.5]),
        "ValueError: sizes is [2, 1.5], expected two or more positive integers",
    ),
    (
        lambda: MLP([2, 1], init=THING),
        "TypeError: init is <it>, expected a word or a list of (weight, bias)",
    ),
    (
        lambda: MLP([2, 1], init=[]),
        "ShapeError: init has values for 0 layers, expected 1",
    ),
    (
        lambda: MLP([2, 1], init=[([[1]], [0])]),
        "ShapeError: weights of layer 1 are (1, 1), expected (2, 1)",
    ),
    (
        lambda: MLP([2, 1], init="he "),
        "ValueError: init is 'he ', expected 'he', 'xavier', 'uniform' or given values",
    ),
    (
        lambda: MLP([1, 1], init=[([[math.nan]], [0])]).check_finite(),
        "NotFiniteError: not finite: W1[0][0]",
    ),
    (
        lambda: Linear([[THING]]),
        "TypeError: a weight is <it>, expected a Scalar",
    ),
    (
        lambda: Linear([[Scalar(1)]], [THING]),
        "TypeError: a weight is <it>, expected a Scalar",
    ),
    (
        lambda: Linear(THING),
        "TypeError: <it> is neither a Tensor nor a list of Scalars",
    ),
    (
        lambda: Linear(X, THING),
        "TypeError: <it> is neither a Tensor nor a list of Scalars",
    ),
    (
        lambda: Linear(X, Tensor([1.0])),
        ("ShapeError: weights of shape (1, 2) and biases of shape (1,): expected (n, m) and (m,)"),
    ),
    (
        lambda: Linear([[Scalar(1)], [Scalar(1), Scalar(2)]]),
        (
            "ShapeError: weights of shape (2, 1, 2) and biases of shape None: expected (n, m) "
            "and (m,)"
        ),
    ),
    (
        lambda: Linear(X, activation=THING),
        ("ValueError: activation is <it>, expected 'relu', 'tanh', 'sigmoid', a function or None"),
    ),
    (
        lambda: Linear(X, kink=2),
        "ValueError: kink is 2, expected a number from 0 to 1",
    ),
    (
        lambda: softmax_cross_entropy([Scalar(1)], [0]),
        "ShapeError: logits have shape (1,), expected (B, n)",
    ),
    (
        lambda: softmax_cross_entropy(Tensor([1.0]), [0]),
        "ShapeError: logits have shape (1,), expected (B, n)",
    ),
    (
        lambda: softmax_cross_entropy([], []),
        "ShapeError: logits have shape (0,), expected (B, n)",
    ),
    (
        lambda: softmax_cross_entropy(Tensor(np.zeros((0, 2))), []),
        "ShapeError: the batch is empty, expected at least one example",
    ),
    (
        lambda: softmax_cross_entropy(Z, [0]),
        "ShapeError: 2 rows of logits and 1 labels: expected as many",
    ),
    (
        lambda: softmax_cross_entropy(Z, [0, THING]),
        "TypeError: a label is <it>, expected an integer",
    ),
    (
        lambda: softmax_cross_entropy(Z, [0, 2]),
        "ValueError: a label is 2, expected 0 to 1",
    ),
    (
        lambda: softmax_cross_entropy(THING, [0]),
        "TypeError: logits are <it>, expected a Tensor, or Scalars in lists",
    ),
    (
        lambda: softmax_cross_entropy(Z, [0, 1], THING),
        "ValueError: reduction is <it>, expected 'mean' or 'sum'",
    ),
    (
        lambda: weighted_mean([Scalar(1)], []),
        "ShapeError: 1 losses and 0 sizes: expected one size for each",
    ),
    (
        lambda: weighted_mean([], []),
        "ShapeError: 0 losses and 0 sizes: expected one size for each",
    ),
    (
        lambda: weighted_mean([Scalar(1)], [0]),
        "ValueError: a batch has 0 examples, expected a positive integer",
    ),
    (
        lambda: half_squared_error([[Scalar(1)]], [1]),
        "ShapeError: outputs of shape (1, 1) and targets of shape (1,): expected the same",
    ),
    (
        lambda: half_squared_error([], []),
        "ShapeError: the batch is empty, expected at least one example",
    ),
    (
        lambda: half_squared_error([Scalar(1), THING], [1, 1]),
        "TypeError: an output is <it>, expected a Scalar",
    ),
    (
        lambda: half_squared_error([[Scalar(1)], [Scalar(1), Scalar(2)]], [[1], [2]]),
        "ShapeError: rows of different lengths, [1, 2]: expected the same",
    ),
    (
        lambda: half_squared_error([[Scalar(1)], Scalar(2)], [[1], 2]),
        "ShapeError: a number beside rows: expected all to be numbers, or all to be rows",
    ),
    (
        lambda: hinge(Scalar(1), 0),
        "ValueError: a label is 0, expected -1 or 1",
    ),
    (
        lambda: half_squared_error(THING, 1),
        "TypeError: an output is <it>, expected a Tensor, or Scalars in lists",
    ),
    (
        lambda: half_squared_error(Z, [1]),
        "ShapeError: outputs of shape (2, 2) and targets of shape (1,): expected the same",
    ),
    (
        lambda: half_squared_error(Tensor([]), []),
        "ShapeError: the batch is empty, expected at least one example",
    ),
    (
        lambda: hinge(Tensor([1.0]), [2]),
        "ValueError: a label is np.float64(2.0), expected -1 or 1",
    ),
    (
        lambda: Scalar(0) ** -1,
        "ValueError: 0 to the power -1 has no derivative, expected a power >= 1",
    ),
    (
        lambda: Scalar(-1) ** 0.5,
        "ValueError: -1 to the power 0.5 is not a real number",
    ),
    (
        lambda: Scalar(-1).log(),
        "ValueError: log of -1: expected a positive number",
    ),
    (
        lambda: Scalar(1).relu(kink=THING),
        "ValueError: kink is <it>, expected a number from 0 to 1",
    ),
    (
        lambda: Scalar(math.inf).backward(),
        "NotFiniteError: backward: the loss is inf, expected a finite number",
    ),
    (
        lambda: Scalar(THING),
        "TypeError: a Scalar takes a real number, got Text: <it>",
    ),
    (
        lambda: SGD(NETWORK, lr=1),
        "TypeError: expected parameters, got <network>: give its .parameters()",
    ),
    (
        lambda: SGD({"w": THING}, lr=1),
        "TypeError: parameter w is <it>, expected a Scalar or a Tensor",
    ),
    (
        lambda: SGD([Scalar(1) * 2], lr=1),
        "TypeError: parameter 0 was computed or needs no gradient: not trainable",
    ),
    (
        lambda: SGD([], lr=1),
        "ValueError: there are no parameters, expected at least one",
    ),
    (
        lambda: SGD([X, X], lr=1),
        "ValueError: a parameter is given twice: it would be stepped twice",
    ),
    (
        lambda: SGD([X], lr=-1),
        "ValueError: lr is -1, expected a finite number from 0",
    ),
    (
        lambda: SGD([X], lr=1, momentum=1),
        "ValueError: momentum is 1, expected a number from 0 to less than 1",
    ),
    (
        lambda: SGD([X], lr=1, weight_decay=THING),
        "ValueError: weight_decay is <it>, expected a finite number from 0",
    ),
    (
        lambda: SGD([X], lr=1, nesterov=True),
        "ValueError: nesterov looks ahead along the velocity: expected momentum above 0",
    ),
    (
        with_gradient([1.0, 2.0]).step,
        "ShapeError: the gradient of parameter w has shape (), expected (2,): nothing moved",
    ),
    (
        with_gradient(np.array([1.0, math.nan])).step,
        "NotFiniteError: the gradient of parameter w is not finite: nothing moved",
    ),
    (
        lambda: Adam([X], betas=THING),
        "ValueError: betas is <it>, expected two numbers",
    ),
    (
        lambda: Adam([X], betas=(0.5, 1)),
        "ValueError: a beta is 1, expected a number from 0 to less than 1",
    ),
    (
        lambda: Adam([X], eps=0),
        "ValueError: eps is 0, expected a number above 0: 0 / 0 is no step",
    ),
    (
        lambda: Adam([X], eps=-1),
        "ValueError: eps is -1, expected a finite number from 0",
    ),
    (
        lambda: Adam([X], weight_decay=-1),
        "ValueError: weight_decay is -1, expected a finite number from 0",
    ),
    (
        lambda: MovingAverage([]),
        "ValueError: there are no parameters, expected at least one",
    ),
    (
        lambda: MovingAverage([THING]),
        "TypeError: a parameter is <it>, expected a Scalar or a Tensor",
    ),
    (
        lambda: MovingAverage([X], decay=1),
        "ValueError: decay is 1, expected a number from 0 to less than 1",
    ),
    (
        lambda: X.broadcast_to((3, 3)),
        "ShapeError: shape (1, 2) cannot be repeated to (3, 3)",
    ),
    (
        lambda: Tensor([]).mean(),
        "ShapeError: mean of an empty array of shape (0,)",
    ),
    (
        lambda: Tensor([]).max(),
        "ShapeError: max of an empty array of shape (0,)",
    ),
    (
        lambda: X.reshape(3),
        "ShapeError: shape (1, 2) cannot become (3,)",
    ),
    (
        lambda: X.transpose(0, 0),
        "ShapeError: axis (0, 0) names an axis of shape (1, 2) twice",
    ),
    (
        lambda: X.transpose(0),
        "ShapeError: axes (0,) do not fit shape (1, 2), expected each once",
    ),
    (lambda: 2.0 in X, "TypeError: 2.0 in a Tensor would look for a node: ask its .data"),
    (
        lambda: Scalar(2) == 2,
        "TypeError: Scalar(2) == 2 would compare a node with its value: use .data",
    ),
    (
        lambda: bool(Scalar(0)),
        "TypeError: Scalar(0) is a node, neither true nor false: compare its .data",
    ),
    (
        lambda: net()(np.array(1.0)),
        "ShapeError: a batch is array(1.), expected rows of 2 inputs",
    ),
    (
        lambda: ArrayMaths.sqrt(np.array([2.0, -1.0, math.nan])),
        "ValueError: square root of an array with -1.0: expected numbers from 0",
    ),
    (
        lambda: NumberMaths.sqrt(-1),
        "ValueError: square root of -1: expected a number from 0",
    ),
    (
        lambda: 0 ** Tensor([-1.0]),
        "ValueError: 0 to a negative power is no number",
    ),
    (
        lambda: 0 ** Scalar(-1),
        "ValueError: 0 to the power -1 is no number",
    ),
    (
        lambda: X.sum(axis=2),
        "ShapeError: axis 2 does not fit shape (1, 2)",
    ),
    (
        Tensor([1.0], requires_grad=False).backward,
        "GraphError: backward: nothing this Tensor was computed from needs a gradient",
    ),
    (
        Tensor([math.inf]).backward,
        "NotFiniteError: backward: the loss is [inf], expected finite numbers",
    ),
    (
        X.backward,
        "ShapeError: backward from shape (1, 2) starts from a gradient of that shape",
    ),
    (
        lambda: X.backward([1.0]),
        "ShapeError: the gradient has shape (1,), expected (1, 2)",
    ),
    (
        changed().backward,
        (
            "GraphError: an array of shape (2,) was changed between the forward and the backward "
            "pass: run the forward pass again, or step afterwards"
        ),
    ),
    (
        X.item,
        "ShapeError: item of shape (1, 2), expected a single element",
    ),
    (
        lambda: len(Tensor(1.0)),
        "TypeError: a Tensor of shape () has no length",
    ),
    (
        lambda: np.asarray(X),
        "TypeError: a Tensor is no array, since its graph would be lost: use its .data",
    ),
    (
        lambda: X + Scalar(1),
        "TypeError: expected numbers or an array, got a Scalar",
    ),
    (
        lambda: Tensor([[1], [1, 2]]),
        "ShapeError: the rows have different lengths, expected a full array",
    ),
    (
        lambda: Tensor("1"),
        "TypeError: a Tensor takes real numbers, got an array of <U1",
    ),
    (
        lambda: Tensor([1.5, True]),
        "TypeError: a Tensor takes real numbers, got a truth value among them",
    ),
    (
        lambda: X @ X,
        "ShapeError: matrix product of shapes (1, 2) and (1, 2): expected (n, m) and (m, p)",
    ),
    (
        lambda: step().row("W9"),
        "KeyError: there is no 'W9', but for example 'W1[0][0]'",
    ),
    (
        lambda: step(net=THING),
        "TypeError: net is <it>, expected an MLP or a torch.nn.Module",
    ),
    (
        lambda: step(step=print),
        "TypeError: step= is for models of PyTorch, expected none for an MLP",
    ),
    (
        lambda: step().row("W1", (2, 0)),
        "KeyError: there is no place (2, 0) in 'W1', whose shape is (2, 1)",
    ),
    (
        lambda: step().row("W1[1]"),
        "KeyError: there is no place (1,) in 'W1', whose shape is (2, 1)",
    ),
    (
        lambda: step().parameter("W9"),
        "KeyError: there is no 'W9', but for example 'W1'",
    ),
    (
        lambda: step()[3],
        "IndexError: row 3 of 3: expected -3 to 2",
    ),
    (
        lambda: step(optimiser=THING),
        "TypeError: optimiser is <it>, expected an Optimiser such as SGD",
    ),
    (
        lambda: step(loss=lambda *_, **__: THING),
        "TypeError: the loss is <it>, expected a Scalar or a Tensor",
    ),
    (
        lambda: active_paths(net(), [1, 2], through="W9"),
        "KeyError: the network has no weight 'W9', but for example 'W1[0][0]'",
    ),
    (
        lambda: active_paths(net(), [1, 2])[0].without("W9"),
        "KeyError: W9 is not on the path input 1 → output 1",
    ),
    (
        lambda: dead(net(), []),
        "ShapeError: the set is empty, expected at least one example",
    ),
    (
        lambda: sender_activation(net().layers[0]),
        "GraphError: the layer has seen no forward pass yet",
    ),
]


@pytest.mark.parametrize(("call", "expected"), ERRORS, ids=range(len(ERRORS)))
def test_what_an_error_says(call, expected):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (its kind is part of what is expected)
        call()

    assert f"{caught.typename}: {caught.value.args[0]}" == expected


def test_no_error_is_missing():
    """Each statement that raises one is reached by the table."""
    reached = set()
    for call, _ in ERRORS:
        try:
            call()
        except Exception as error:  # noqa: BLE001 (what they are is checked above)
            where = error.__traceback__
            while where.tb_next:
                where = where.tb_next
            reached.add((where.tb_frame.f_code.co_filename, where.tb_lineno))
    missing = [
        f"{module}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(ast.parse((SOURCE / f"{module}.py").read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if reached.isdisjoint(
            (str(SOURCE / f"{module}.py"), line) for line in range(node.lineno, node.end_lineno + 1)
        )
    ]
    assert not missing, " ".join(missing)
