"""Calculations as they are kept with their lines: JSON of what there is, and nothing for what is not.

Units: amounts are exact decimals; shares of time are microseconds, [part, whole].
Sources: BILLING.md, "Explaining".
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from usance.core.calculations import Calculation, Metered, Minimum, Share, Step, StepKind
from usance.core.ids import VersionId

_STEP_NUMBERS: Final = ("quantity", "unit_price", "flat_fee", "above", "up_to")
_METERED_NUMBERS: Final = ("units", "covered", "before", "billed_units")


def stored(how: Calculation | None) -> dict[str, object] | None:
    """Return a calculation as it is kept."""
    if how is None:
        return None
    kept: dict[str, object] = {"currency": how.currency, "steps": [_step(s) for s in how.steps]}
    if how.version_id is not None:
        kept["version_id"] = how.version_id
    if how.metered is not None:
        kept["metered"] = _metered(how.metered)
    if how.share is not None:
        kept["share"] = [how.share.part_us, how.share.whole_us]
    if how.minimum is not None:
        share = how.minimum.share
        kept["minimum"] = [how.minimum.amount, share.part_us, share.whole_us]
    if how.billed_before:
        kept["billed_before"] = how.billed_before
    if how.forgiven:
        kept["forgiven"] = how.forgiven
    if how.is_credit:
        kept["is_credit"] = True
    return kept


def read(kept: Mapping[str, Any] | None) -> Calculation | None:
    """Return the calculation that was kept."""
    if kept is None:
        return None
    version_id = kept.get("version_id")
    metered, share, minimum = kept.get("metered"), kept.get("share"), kept.get("minimum")
    return Calculation(
        currency=kept["currency"],
        steps=tuple(_step_read(one) for one in kept["steps"]),
        version_id=None if version_id is None else VersionId(UUID(version_id)),
        metered=None if metered is None else _metered_read(metered),
        share=None if share is None else Share(*share),
        minimum=None if minimum is None else Minimum(Decimal(minimum[0]), Share(*minimum[1:])),
        billed_before=Decimal(kept.get("billed_before", 0)),
        forgiven=Decimal(kept.get("forgiven", 0)),
        is_credit=kept.get("is_credit", False),
    )


def _metered(used: Metered) -> dict[str, object]:
    kept: dict[str, object] = {"seq": used.seq, "counted_at": used.counted_at}
    return kept | {"events": used.events} | _there(used, _METERED_NUMBERS)


def _metered_read(kept: Mapping[str, Any]) -> Metered:
    numbers = {name: Decimal(kept[name]) for name in _METERED_NUMBERS}
    counted_at = datetime.fromisoformat(kept["counted_at"])
    return Metered(kept["seq"], counted_at, kept["events"], **numbers)


def _step(step: Step) -> dict[str, object]:
    kept: dict[str, object] = {"kind": step.kind.value, "amount": step.amount}
    kept |= _there(step, _STEP_NUMBERS)
    if step.whole_us is not None:
        kept["share"] = [step.part_us, step.whole_us]
    return kept


def _step_read(kept: Mapping[str, Any]) -> Step:
    part_us, whole_us = kept.get("share", (None, None))
    numbers = {name: Decimal(kept[name]) for name in _STEP_NUMBERS if name in kept}
    kind, amount = StepKind(kept["kind"]), Decimal(kept["amount"])
    return Step(kind, amount, **numbers, part_us=part_us, whole_us=whole_us)


def _there(value: object, names: tuple[str, ...]) -> dict[str, object]:
    """Return the numbers of a value that are there, by their names."""
    said = ((name, getattr(value, name)) for name in names)
    return {name: number for name, number in said if number is not None}
