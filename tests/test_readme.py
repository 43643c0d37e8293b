"""The picture in the README is text; its numbers are those of the engine."""

import re
from pathlib import Path

from sgdexplained import MLP, SGD, half_squared_error

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
INIT = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]


def test_every_edge_of_the_picture_shows_the_weight_before_and_after_the_step():
    net = MLP([2, 3, 1], init=INIT)
    loss = half_squared_error(net([[1, 2]]), [[1]])
    loss.backward()
    before = net.values()
    SGD(net.parameters(), lr=0.1).step()
    after = net.values()
    edges = {}
    for layer, senders, receivers in (("W1", "x1 x2", "h1 h2 h3"), ("W2", "h1 h2 h3", "y")):
        for j, sender in enumerate(senders.split()):
            for k, receiver in enumerate(receivers.split()):
                edges[sender, receiver] = (before[layer][j][k], round(after[layer][j][k], 12))

    moving = re.findall(r'(\w+)(?:\(.*\))? -- "(\S+) → (\S+)" --> (\w+)', README)
    staying = re.findall(r'(\w+)(?:\(.*\))? -\. "(\S+) stays" \.-> (\w+)', README)
    shown = {(a, b): (number(old), number(new)) for a, old, new, b in moving}
    shown |= {(a, b): (number(old), number(old)) for a, old, b in staying}

    assert edges == shown


def test_the_picture_shows_what_every_unit_says():
    net = MLP([2, 3, 1], init=INIT)
    net([[1, 2]])
    inputs, hidden = (layer.inputs[0] for layer in net.layers)
    said = re.findall(r'\(\("(?:x₁ = |x₂ = |ŷ = )?([−\d]+)', README)

    assert [*inputs, *hidden, *net.layers[1].activations[0]] == sorted_as_drawn(said)


def number(text):
    return float(text.replace("−", "-"))


def sorted_as_drawn(said):
    """The drawing names x1, h1, x2, h2, h3, y in the order of its edges."""
    x1, h1, x2, h2, h3, y = map(number, said)
    return [x1, x2, h1, h2, h3, y]
