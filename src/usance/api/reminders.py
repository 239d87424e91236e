"""The routes of reminders: what would be sent, sending it, and what was sent."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response

from usance.actions import reminders
from usance.actions.reminders import Due, Planned
from usance.api import routes
from usance.api.answers import Many, One, answer, listing
from usance.api.bodies import Shape
from usance.api.calls import Command, Reading
from usance.api.fields import Number
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core import reminders as core
from usance.core.refusals import Code
from usance.core.reminders import ReminderState, Skip
from usance.store.reminders import Reminder

router: Final = routes.router("Receivables")


class DueReminderShape(Shape):
    """A reminder that is due: PLANNED, it would be sent; SKIPPED, `reason` says why it would not."""

    customer_reference_id: str
    invoice_id: UUID
    number: str | None
    level: int
    days_overdue: int
    amount_due: Number
    currency: str
    state: ReminderState
    reason: Skip | None
    to: str | None
    language: str
    subject: str
    text: str
    html: str


class RunShape(Shape):
    """What a run planned; in a dry run, what it would have. `left` is for another run or day."""

    dry_run: bool
    reminders: list[DueReminderShape]
    skipped: int
    left: int


class ReminderShape(Shape):
    """A reminder that was planned, and what became of it. UNKNOWN: it may have arrived."""

    customer_reference_id: str
    invoice_id: UUID
    number: str
    level: int
    state: ReminderState
    reason: str | None
    to: str | None
    attempts: int
    planned_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None


@router.get(
    "/receivables/reminders", response_model=Many[DueReminderShape], dependencies=[KNOWN_QUERY]
)
async def list_due_reminders(call: Reading, page: Paging) -> Response:
    """List the reminders that are due now, as they would be sent. Nothing is."""
    await call.settle_account()
    return await listing(
        call,
        page,
        lambda tx: reminders.preview(tx, call, limit=page.limit, offset=page.offset),
        _due,
    )


@router.post(
    "/receivables/reminders/run",
    response_model=One[RunShape],
    responses=refuses(Code.MAIL_NOT_SET_UP),
    dependencies=[KNOWN_QUERY],
)
async def run_reminders(
    request: Request,
    call: Command,
    dry_run: Annotated[
        bool | None, Query(alias="dryRun", description="Null: as the account's rules say.")
    ] = None,
) -> Response:
    """Plan the reminders that are due; they are sent within seconds. A dry run plans nothing."""
    await call.settle_account()
    can_send = request.app.state.settings.mail is not None
    return await answer(
        call, lambda tx: reminders.run(tx, call, dry_run=dry_run, can_send=can_send), _run
    )


@router.get(
    "/receivables/reminders/sent", response_model=Many[ReminderShape], dependencies=[KNOWN_QUERY]
)
async def list_reminders(call: Reading, page: Paging) -> Response:
    """List the reminders that were planned and what became of them, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: reminders.page(tx, call, limit=page.limit, offset=page.offset),
        _reminder,
    )


def _due(one: Due) -> DueReminderShape:
    return DueReminderShape(
        customer_reference_id=one.customer.reference,
        invoice_id=one.invoice.id,
        number=one.invoice.number,
        level=one.level,
        days_overdue=one.days_overdue,
        amount_due=one.invoice.amount_due,
        currency=one.invoice.currency,
        state=ReminderState.PLANNED if one.skip is None else ReminderState.SKIPPED,
        reason=one.skip,
        to=core.address(one.customer.profile.email),
        language=one.language.value,
        subject=one.said.subject,
        text=one.said.text,
        html=one.said.html,
    )


def _run(one: Planned) -> RunShape:
    return RunShape(
        dry_run=one.dry_run,
        reminders=[_due(each) for each in one.reminders],
        skipped=one.skipped,
        left=one.left,
    )


def _reminder(one: Reminder) -> ReminderShape:
    return ReminderShape(
        customer_reference_id=one.reference,
        invoice_id=one.invoice_id,
        number=one.number,
        level=one.level,
        state=one.state,
        reason=one.reason,
        to=one.recipient,
        attempts=one.attempts,
        planned_at=one.planned_at,
        next_try_at=one.next_try_at,
        sent_at=one.sent_at,
    )
