"""Rows of an explanation of a PyTorch model, made when somebody asks for them."""

from __future__ import annotations

from typing import Any

from sgdexplained.reasons import Source
from sgdexplained.reasons.wording import number, sum_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sgdexplained.pytorch.step import Step
    from sgdexplained.pytorch.uses import Use
    from sgdexplained.reasons import Explanation, Parameter, Reason

    Place = tuple[int, ...]

MOST_LISTED = 8


class ModelSource(Source):
    """Keeps senders and deltas of each operation that a parameter enters.

    Parameters
    ----------
    uses : dict of list of Use
        By the name of the parameter.
    step : Step or None
    examples : int
    whys : dict of dict of str
        By parameter and word: what made the gradient 0, and in which line.
    """

    receivers_down = True

    def __init__(
        self,
        uses: dict[str, list[Use]],
        step: Step | None,
        examples: int,
        whys: dict[str, dict[str, str]],
    ) -> None:
        self.uses, self.step, self.examples, self.whys = uses, step, examples, whys

    def unknown(self, parameter: Parameter) -> list[str]:
        """Return the operations that a parameter enters and that have no rule."""
        return [use.op for use in self.uses.get(parameter.name, []) if not use.rule]

    def products(self, parameter: Parameter, place: Place) -> list[dict[str, Any]]:
        """Return each product that the gradient of an entry is made of.

        Returns
        -------
        list of dict
            ``example`` (from 0; None if it belongs to none alone), ``sender``, ``derivative``,
            ``upstream`` (``None`` if the derivative is not known by itself), ``delta``,
            ``activation`` (a name, or ""), ``op``.

        Raises
        ------
        ValueError
            If an operation has no rule.
        """
        if unknown := self.unknown(parameter):
            raise ValueError(f"no rule for {', '.join(unknown)}: its factors are not known")
        found = []
        for use in self.uses.get(parameter.name, []):
            numbers, senders, deltas = use.pairs(place)  # type: ignore[misc]
            if not len(numbers):
                continue
            which = use.example_of(numbers, self.examples)
            slopes = upstreams = None
            if use.activation is not None:
                slopes = use.activation.derivatives(numbers).tolist()
                upstreams = use.activation.upstreams(numbers).tolist()
            for k, (sender, delta) in enumerate(
                zip(senders.tolist(), deltas.tolist(), strict=True)
            ):
                found.append(
                    {
                        "example": None if which is None else int(which[k]),
                        "sender": sender,
                        "derivative": 1.0 if slopes is None else slopes[k],
                        "upstream": delta if upstreams is None else upstreams[k],
                        "delta": delta,
                        "activation": use.activation.name if use.activation else "",
                        "op": use.op,
                    }
                )
        return found

    def contributions(self, parameter: Parameter, place: Place) -> list[Any]:
        """Return what each example gives: all of it adds up to the gradient."""
        if self.unknown(parameter):
            return []
        sums = [0.0] * self.examples
        for one in self.products(parameter, place):
            if one["example"] is None:
                return []
            sums[one["example"]] += one["sender"] * one["delta"]
        return sums

    def factors(self, parameter: Parameter, place: Place) -> list[tuple[Any, Any, Any]]:
        """Return the three factors of each product, if each example has one."""
        if self.unknown(parameter):
            return []
        products = self.products(parameter, place)
        if [one["example"] for one in products] != list(range(self.examples)):
            return []
        return [(one["sender"], one["derivative"], one["upstream"]) for one in products]

    def reasons(self, parameter: Parameter, place: Place) -> list[tuple[str, ...]]:
        """Return for each example what makes its product 0, where it has one product."""
        found = []
        for sender, derivative, upstream in self.factors(parameter, place):
            words = [("inactive", sender), ("shut", derivative), ("closed", upstream)]
            found.append(tuple(word for word, factor in words if factor == 0))
        return found

    def sentence(self, row: Reason) -> str:
        """Return why an entry moves or stays, in words."""
        name = row.parameter.name
        because = self.zero(row) if row.zero else ""
        if row.why == "not listed" and row.gradient is None:
            because = row.note
        if self.step is not None and name in self.step.of:
            text = self.step[name].sentence(row.place, row.value, because)
            if text:
                return text
        if row.why == "not finite":
            return (
                f"{'Moves' if row.moves else 'Stays'}: its gradient is {row.gradient}; "
                f"{self.told(row)}."
            )
        if row.moves:
            return f"Moves: {self.product(row)}."
        return f"Stays: {because or self.none(row)}."

    def told(self, row: Reason) -> str:
        """Return what the line of its parameter tells of its reason."""
        return row.parameter.whys.get(row.why, row.note)

    def none(self, row: Reason) -> str:
        """Say why there is no gradient."""
        told = self.told(row)
        said = {
            "frozen": "it requires no gradient (requires_grad is False)",
            "cut": f"it has no gradient, because it is {told}",
            "not used": f"it has no gradient: {told}",
        }
        return said.get(row.why, told or row.why)

    def product(self, row: Reason) -> str:
        """Say what the gradient is made of."""
        if unknown := self.unknown(row.parameter):
            return f"its gradient is {number(row.gradient)} (op not known: {', '.join(unknown)})"
        products = self.products(row.parameter, row.place)
        works = [one for one in products if one["sender"] * one["delta"] != 0]
        if len(products) == 1:
            return f"gradient = {_factors(products[0])}"
        each = self.contributions(row.parameter, row.place)
        if each:
            count = sum(one != 0 for one in each)
            who = f"{count} of {len(each)} examples" if count < len(each) else _every(count)
            if len(each) <= MOST_LISTED:
                return f"{who}, {sum_of(each)} = {number(row.gradient)}"
            return f"{who} give together {number(row.gradient)}"
        return f"{len(works)} of {len(products)} products give together {number(row.gradient)}"

    def zero(self, row: Reason) -> str:
        """Say why the gradient is 0."""
        why = self.whys.get(row.parameter.name, {}).get(row.zero, "")
        said = {
            "flat": "the loss is flat here: its gradient is 0",
            "inactive": "its sender is inactive: the activation is 0",
            "shut": "its receiver is shut: the derivative of the activation is 0",
            "saturated": "its receiver is saturated: the derivative of the activation is 0",
            "closed": "nothing comes back: every path ahead is cut",
            "paths cancel": "the paths ahead cancel",
            "examples cancel": "what the examples give cancels",
            "never together": "sender and receiver are never active in the same example",
            "mixed": "no single reason holds for all examples",
            "underflow": "a product is too small for the number type",
            "rounding": "what is left of the sum is lost in rounding",
            "hook": "a hook took its gradient away",
            "padding row": "the row is padding_idx, which never gets a gradient",
            "not used": "what its receiver makes is not used by the loss",
            "op not known": "the reason is behind an operation that is not known",
            "frozen": "it requires no gradient (requires_grad is False)",
            "cut": "it is cut off from the loss",
        }.get(row.zero, row.zero)
        products = [] if self.unknown(row.parameter) else self.products(row.parameter, row.place)
        if len(products) > 1 and row.zero in {"flat", "inactive", "shut", "saturated", "closed"}:
            said += f" in {'each place' if self.examples == 1 else 'every example'}"
        return said + (f" ({why})" if why else "")

    def draw(self, explanation: Explanation, ax: Axes | None = None) -> Axes:
        """Draw maps of the weights, coloured by reason."""
        return super().draw(explanation, ax)


def _factors(one: dict[str, Any]) -> str:
    what = f"{number(one['derivative'])} (derivative) × " if one["activation"] else ""
    back = f"{number(one['upstream'])} (upstream gradient)"
    return f"{number(one['sender'])} (activation) × {what}{back}"


def _every(count: int) -> str:
    return {1: "the example", 2: "both examples"}.get(count, f"all {count} examples")
