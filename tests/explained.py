"""Explanations added up again, by fractions: what is shown of a line has to come to its amount."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

_DECIMALS = {"JPY": 0, "KWD": 3}
_MULTIPLIED = {"UNITS", "BLOCKS", "EARLIER_UNITS"}
_SHARED = {"PRICE", "CHARGED"}


def check_document(explained: Mapping[str, Any]) -> None:
    """The lines sum to the subtotal, and that with its tax to the amount."""
    currency = explained["currency"]
    for line in explained["lines"]:
        check_line(line, currency)
    subtotal = sum((Fraction(line["amount"]) for line in explained["lines"]), Fraction(0))
    assert subtotal == Fraction(explained["subtotal"]), explained
    tax = rounded(subtotal * Fraction(explained["taxRate"]) / 100, currency)
    assert tax == Fraction(explained["taxAmount"]), explained
    assert subtotal + tax == Fraction(explained["amount"]), explained


def check_line(line: Mapping[str, Any], currency: str) -> None:
    """The steps sum to the exact amount; rounded, less what was billed before or forgiven, it is the line's."""
    how = line["calculation"]
    steps: Sequence[Mapping[str, Any]] = how["steps"]
    for step in steps:
        _check_step(step, currency)
    exact = sum((Fraction(step["amount"]) for step in steps), Fraction(0)) * _share(how["share"])
    if (minimum := how["minimum"]) is not None:
        least = Fraction(minimum["amount"]) * _share(minimum["share"])
        assert minimum["decides"] == (least > exact), line
        exact = max(exact, least)
    shown = Fraction(how["exactAmount"])
    assert abs(exact) - Fraction(1, 10**20) < abs(shown) <= abs(exact), line
    assert shown == exact or Decimal(how["exactAmount"]).as_tuple().exponent == -20, line
    assert rounded(exact, currency) == Fraction(how["roundedAmount"]), line
    change = Fraction(how["roundedAmount"]) - Fraction(how["billedBefore"])
    forgiven = Fraction(how["forgiven"])
    nothing = Fraction(0)
    assert min(change, nothing) <= forgiven <= max(change, nothing), line
    owed = change - forgiven
    assert (-owed if how["isCredit"] else owed) == Fraction(how["amount"]), line
    assert Fraction(how["amount"]) == Fraction(line["amount"]), line
    if (used := line["usage"]) is not None:
        priced = Decimal(used["units"]) - Decimal(used["coveredUnits"])
        assert priced - Decimal(used["billedUnits"]) == Decimal(line["quantity"]), line
        assert line["plan"] is not None, line
        assert line["pricing"] is not None, line


def _check_step(step: Mapping[str, Any], currency: str) -> None:
    amount, share = Fraction(step["amount"]), _share(step["share"])
    if step["kind"] in _MULTIPLIED:
        product = Fraction(step["quantity"]) * Fraction(step["unitPrice"])
        product += Fraction(step["flatFee"] or 0)
        assert amount == (-product if step["kind"] == "EARLIER_UNITS" else product), step
    elif step["kind"] in _SHARED:
        part = rounded(Fraction(step["unitPrice"]) * share, currency)
        assert amount in {part, -part}, step
    elif step["kind"] == "INCLUDED":
        assert amount == 0, step
    else:
        assert step["kind"] in {"ASKED_BEFORE", "CAPPED"}, step


def _share(share: Mapping[str, Any] | None) -> Fraction:
    return Fraction(1) if share is None else Fraction(share["numeratorUs"], share["denominatorUs"])


def rounded(exact: Fraction, currency: str) -> Fraction:
    """Half away from zero, to the currency's minor unit."""
    scale = 10 ** _DECIMALS.get(currency, 2)
    whole = (abs(exact) * scale * 2 + 1) // 2
    return Fraction(whole if exact >= 0 else -whole, scale)
