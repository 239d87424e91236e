"""Every line of every story's invoices and credit notes adds up to its amount, as it is explained."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests import explained
from tests.stories import format as text
from tests.stories.http import START
from tests.stories.pure import Pure
from tests.stories.test_stories import STORIES, every_story, tell

from usance.actions.explanations import Explained, calculation_of
from usance.api import explanations
from usance.core.calculations import Calculation, Step, StepKind
from usance.core.invoices import CreditNote, Invoice, InvoiceStatus, Line
from usance.core.outcome import Outcome


class Kept(Pure):
    """A run that keeps every document as it was issued."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.documents: list[Invoice | CreditNote] = []

    def _keep(self, name: str, decided: Outcome) -> Outcome:
        written = super()._keep(name, decided)
        issued = [i for i in written.invoices.all if i.status is not InvoiceStatus.PENDING]
        self.documents += [*issued, *written.credit_notes]
        return written

    def shown(self) -> Iterator[dict[str, Any]]:
        """The documents as they are explained."""
        versions = {
            version.id: version
            for facts in self.facts.values()
            for version in facts.versions.values()
        }
        for one in self.documents:
            explained = []
            for line in one.lines:
                how = calculation_of(line, one.currency)
                version = None if how.version_id is None else versions[how.version_id]
                explained.append(Explained(line, how, version))
            lines = explanations._lines(one.id, one.lines, (None, None), explained)
            yield {
                "currency": one.currency,
                "lines": [line.model_dump(by_alias=True) for line in lines],
                "subtotal": one.subtotal,
                "taxRate": one.tax_rate,
                "taxAmount": one.tax_amount,
                "amount": one.amount,
            }


@every_story
def test_what_a_story_charges_adds_up(path: Path):
    story = text.read(path)
    run = Kept(story.setting, START)
    tell(story, run)
    for document in run.shown():
        explained.check_document(document)


def lines() -> Iterator[tuple[Line, str]]:
    """Lines that keep their calculation, of all stories."""
    for path in STORIES:
        story = text.read(path)
        run = Kept(story.setting, START)
        tell(story, run)
        for one in run.documents:
            yield from ((line, one.currency) for line in one.lines if line.calculation is not None)


def test_every_kind_of_calculation_is_among_the_stories():
    found = [line.calculation for line, _ in lines()]
    kinds = {step.kind.value for how in found if how is not None for step in how.steps}
    assert kinds == {each.value for each in StepKind}
    assert {how is not None and how.is_credit for how in found} == {True, False}
    assert any(how is not None and how.share is not None for how in found)
    assert any(how is not None and how.is_minimum for how in found)
    assert any(how is not None and how.billed_before for how in found)
    assert {how.forgiven > 0 for how in found if how is not None and how.forgiven} == {True, False}


def _with_step(how: Calculation, **more: Any) -> Calculation:
    first: Step = replace(how.steps[0], **more)
    return replace(how, steps=(first, *how.steps[1:]))


PLANTED = {
    "a cent on the line": lambda line, _how: replace(line, amount=line.amount + Decimal("0.01")),
    "a step left out": lambda line, how: replace(
        line, calculation=replace(how, steps=how.steps[:-1])
    ),
    "a step's amount": lambda line, how: replace(
        line, calculation=_with_step(how, amount=how.steps[0].amount + 1)
    ),
    "a unit price": lambda line, how: replace(
        line, calculation=_with_step(how, unit_price=(how.steps[0].unit_price or 0) + 7)
    ),
    "what was billed before": lambda line, how: replace(
        line, calculation=replace(how, billed_before=how.billed_before + 1)
    ),
    "what was forgiven": lambda line, how: replace(
        line, calculation=replace(how, forgiven=how.forgiven + 1)
    ),
    "the sign": lambda line, how: replace(line, calculation=how.credited()),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_seen(bug: str):
    line, currency = next(
        (line, currency)
        for line, currency in lines()
        if line.amount > 1 and line.calculation is not None and line.calculation.metered is not None
    )
    how = line.calculation
    assert how is not None
    assert how.version_id is not None
    explained.check_line(_shown(line, how), currency)
    wrong = PLANTED[bug](line, how)
    with pytest.raises(AssertionError):
        explained.check_line(_shown(wrong, wrong.calculation), currency)


def _shown(line: Line, how: Calculation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "amount": line.amount,
        "quantity": line.quantity,
        "plan": "a plan",
        "pricing": {},
    }
    calculation = explanations._calculation(how).model_dump(by_alias=True)
    usage = explanations._usage(Explained(line, how, None))
    assert usage is not None
    return shown | {"calculation": calculation, "usage": usage.model_dump(by_alias=True)}
