"""Values: what is changed is what `dataclasses.replace` makes, and what it would check is refused."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from usance.core.payments import Balance
from usance.core.values import replace


@dataclasses.dataclass(frozen=True, slots=True)
class _One:
    only: int


def test_other_fields_stay_and_the_value_is_not_touched() -> None:
    was = Balance(customer_id="c", currency="USD", amount=Decimal("1.00"))  # type: ignore[arg-type]

    made = replace(was, amount=Decimal("2.50"))

    assert made == dataclasses.replace(was, amount=Decimal("2.50"))
    assert hash(made) == hash(dataclasses.replace(was, amount=Decimal("2.50")))
    assert was.amount == Decimal("1.00")
    assert replace(was) == was
    assert replace(_One(1), only=2) == _One(2)


def test_an_unknown_field_is_an_error_and_names_it() -> None:
    with pytest.raises(TypeError, match="_One has no field 'other'"):
        replace(_One(1), other=2)  # type: ignore[call-arg]


def test_a_class_that_checks_what_it_is_given_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Checked:
        at: datetime

        def __post_init__(self) -> None:
            assert self.at.tzinfo is not None, "no naive instants"

    with pytest.raises(TypeError, match=r"dataclasses\.replace"):
        replace(Checked(datetime(2026, 1, 1, tzinfo=UTC)), at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_so_is_one_without_slots() -> None:
    @dataclasses.dataclass(frozen=True)
    class Loose:
        a: int
        b: int

    with pytest.raises(TypeError, match="not of plain slots"):
        replace(Loose(1, 2), a=3)
