"""Subscriptions: taken, changed, cancelled, looked up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.actions import catalog, ledger
from usance.actions.commands import Call
from usance.actions.ledger import Decided
from usance.core.catalog import PlanVersion
from usance.core.decisions import billing, cancel, change_plan, foresee, lifecycle, subscribe
from usance.core.decisions.cancel import Cancel
from usance.core.decisions.change_plan import ChangePlan, ChangeType
from usance.core.decisions.subscribe import Subscribe
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId, VersionId
from usance.core.invoices import CreditNote, Invoice, InvoiceKind, InvoiceStatus, NoteKind
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import (
    CancelMode,
    PendingChange,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from usance.store import customers as stored_customers
from usance.store import invoices as stored_invoices
from usance.store import snapshot
from usance.store import subscriptions as stored
from usance.store.catalog import versions as stored_versions
from usance.store.db import Tx
from usance.store.snapshot import Named

_IN_PERIOD: Final = frozenset(
    {SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.PAST_DUE}
)


@dataclass(frozen=True, slots=True)
class View:
    """A subscription as shown: with its plan's version, its period, and what is scheduled."""

    subscription: Subscription
    customer_reference: str
    version: PlanVersion
    period: SubscriptionPeriod | None
    change: PendingChange | None
    change_version: PlanVersion | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What a command on a subscription came to."""

    view: View
    invoice: Invoice | None = None
    credit_note: CreditNote | None = None
    to_balance: Decimal | None = None  # of the credit note
    voided: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The invoice that a subscription gets next; None: none."""

    invoice: Invoice | None
    customer_reference: str


# Commands ------------------------------------------------------------------------------------------


async def take(
    tx: Tx,
    call: Call,
    *,
    reference: str,
    plan_id: UUID | None,
    plan_key: str | None,
    grace_days: int | None,
    metadata: Mapping[str, object],
) -> Result:
    """Subscribe a customer to a plan; the invoice is DUE, PENDING or PAID at zero."""
    customer = await ledger.lock_customer(tx, call, reference)
    plan = await catalog.find_plan(tx, call, plan_id=plan_id, plan_key=plan_key)
    field = "planKey" if plan_id is None else "planId"
    request = Subscribe(plan, grace_days, metadata, field)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: subscribe.subscribe(before, request, now=now, seed=call.seed),
        Named(versions=(plan.version.id,)),
    )
    (subscription,) = decided.outcome.subscriptions.inserted
    invoice = next(i for i in decided.outcome.invoices.all if i.subscription_id == subscription.id)
    return Result(_view(decided, subscription.id), _as_of(decided.after, invoice, decided.now))


async def change(
    tx: Tx,
    call: Call,
    subscription_id: UUID,
    *,
    plan_id: UUID | None,
    plan_key: str | None,
    change_type: ChangeType,
    preview: bool = False,
) -> Result:
    """Upgrade with an adjustment invoice or a credit note, or schedule a downgrade.

    A preview is the same decision, and writes nothing: its documents have no numbers.
    """
    customer = await ledger.lock_by_subscription(tx, call, subscription_id)
    field = "changeToPlanKey" if plan_id is None else "changeToPlanId"
    plan = await catalog.find_plan(tx, call, plan_id=plan_id, plan_key=plan_key, field=field)
    request = ChangePlan(SubscriptionId(subscription_id), plan, change_type, field)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: change_plan.change_plan(before, request, now=now, seed=call.seed),
        Named(subscriptions=(request.subscription_id,), versions=(plan.version.id,)),
        preview=preview,
    )
    adjustment = next(
        (i for i in decided.outcome.invoices.inserted if i.kind is InvoiceKind.ADJUSTMENT), None
    )
    pending = decided.after.changes.get(request.subscription_id)
    if adjustment is None and pending is not None and pending.invoice_id is not None:
        adjustment = decided.after.invoices[pending.invoice_id]  # asked for before, and still open
    return _result(decided, request.subscription_id, adjustment)


async def undo_change(tx: Tx, call: Call, subscription_id: UUID) -> Result:
    """Forget a scheduled plan change, if there is one."""
    customer = await ledger.lock_by_subscription(tx, call, subscription_id)
    one = SubscriptionId(subscription_id)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: change_plan.undo_scheduled(before, one, now=now, seed=call.seed),
        Named(subscriptions=(one,)),
    )
    return _result(decided, one, None)


async def end(
    tx: Tx,
    call: Call,
    subscription_id: UUID,
    *,
    mode: CancelMode,
    settle: bool,
    preview: bool = False,
) -> Result:
    """Cancel at the period's end, or now; again: the same result.

    A preview is the same decision, and writes nothing: its documents have no numbers.
    """
    customer = await ledger.lock_by_subscription(tx, call, subscription_id)
    request = Cancel(SubscriptionId(subscription_id), mode, settle=settle)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: cancel.cancel(before, request, now=now, seed=call.seed),
        Named(subscriptions=(request.subscription_id,)),
        preview=preview,
    )
    subscription = decided.after.subscriptions[request.subscription_id]
    if not subscription.is_ended:
        return _result(decided, request.subscription_id, None)
    if preview and not decided.outcome.is_nothing:
        return _foreseen_end(decided, subscription.id)
    # Read back what the cancellation left, so that the first answer and a repeat are one.
    invoices, note = await stored_invoices.of_cancellation(
        tx, call.account.id, customer.id, subscription.id
    )
    final = next((i for i in invoices if i.kind is InvoiceKind.FINAL), None)
    voided = tuple(i.id for i in invoices if i.voided_by_end)
    return Result(
        _view(decided, subscription.id),
        None if final is None else final.at(decided.now),
        note,
        None if note is None else await _to_balance(tx, call, note),
        voided,
    )


def _foreseen_end(decided: Decided, subscription_id: SubscriptionId) -> Result:
    """Return what a cancellation would leave; a repeat of one is read back like the first."""
    final, voided = None, []
    for invoice in decided.outcome.invoices.all:
        if invoice.subscription_id != subscription_id:
            continue  # what is given back may pay for others
        if invoice.kind is InvoiceKind.FINAL:
            final = invoice
        if invoice.voided_by_end:
            voided.append(invoice.id)
    result = _result(decided, subscription_id, final)
    note = result.credit_note
    if note is not None and note.kind is not NoteKind.CANCELLATION:
        result = replace(result, credit_note=None, to_balance=None)
    return replace(result, voided=tuple(voided))


async def undo_end(tx: Tx, call: Call, subscription_id: UUID) -> Result:
    """Take back a scheduled cancellation."""
    customer = await ledger.lock_by_subscription(tx, call, subscription_id)
    one = SubscriptionId(subscription_id)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: cancel.undo(before, one, now=now, seed=call.seed),
        Named(subscriptions=(one,)),
    )
    return _result(decided, one, None)


async def update(
    tx: Tx,
    call: Call,
    subscription_id: UUID,
    *,
    grace_days: int | None,
    metadata: Mapping[str, object] | None,
) -> View:
    """Change the grace days, for invoices issued from now on, and the metadata; None leaves it."""
    customer = await ledger.lock_by_subscription(tx, call, subscription_id)
    one = SubscriptionId(subscription_id)

    def decision(before: Snapshot, now: datetime) -> Outcome:
        draft = Draft(before, now=now, seed=call.seed)
        subscription = before.subscriptions[one]
        if grace_days is not None:
            subscription = replace(subscription, grace_days=grace_days)
        if metadata is not None:
            subscription = replace(subscription, metadata=metadata)
        draft.put(subscription)
        lifecycle.conclude(draft)
        return draft.outcome()

    decided = await ledger.decide(tx, call, customer, decision, Named(subscriptions=(one,)))
    return _view(decided, one)


# Looking up ----------------------------------------------------------------------------------------


async def get(tx: Tx, call: Call, subscription_id: UUID) -> View:
    """Return one subscription, or refuse: subscription_not_found."""
    found = await stored.find(tx, call.account.id, SubscriptionId(subscription_id))
    if found is None:
        raise Refusal(Code.SUBSCRIPTION_NOT_FOUND, "There is no such subscription.")
    owner = found.subscription.customer_id
    customer = (await stored_customers.by_ids(tx, call.account.id, [owner]))[owner]
    now = await ledger.settled(tx, call, customer)
    return (await views(tx, call, [found], now))[0]


async def before_next_invoice(tx: Tx, call: Call, subscription_id: UUID) -> Snapshot:
    """Return what `invoice_preview` decides on, or refuse: subscription_not_found."""
    found = await stored.find(tx, call.account.id, SubscriptionId(subscription_id))
    if found is None:
        raise Refusal(Code.SUBSCRIPTION_NOT_FOUND, "There is no such subscription.")
    owner = found.subscription.customer_id
    customer = (await stored_customers.by_ids(tx, call.account.id, [owner]))[owner]
    now = await ledger.settled(tx, call, customer)
    named = Named(subscriptions=(found.subscription.id,))
    facts = await snapshot.of_customer(tx, call.account, customer, now=now, named=named)
    return replace(facts, customer=replace(customer, decided_at=now))


async def invoice_preview(facts: Snapshot, subscription_id: UUID) -> Foreseen:
    """Return the invoice that the subscription gets next, if nothing else happens.

    It can be many steps away, so they are taken in a thread: others are answered meanwhile.
    """
    one = SubscriptionId(subscription_id)
    invoice = await asyncio.to_thread(foresee.next_invoice, facts, one)
    return Foreseen(invoice, facts.customer.reference)


async def of_customer(tx: Tx, call: Call, reference: str) -> list[View]:
    """Return the customer's subscriptions: running ones first, then INCOMPLETE, then ended."""
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    found = await stored.of_customer(tx, call.account.id, customer.id)
    return await views(tx, call, found, now)


async def page(
    tx: Tx,
    call: Call,
    *,
    reference: str | None,
    status: SubscriptionStatus | None,
    plan: str | None,
    limit: int,
    offset: int,
) -> tuple[list[View], int]:
    """Return a page of the account's subscriptions, the newest first, and how many there are."""
    customer_id, now = None, call.now
    if reference is not None:
        customer = await ledger.customer_of(tx, call, reference)
        now = await ledger.settled(tx, call, customer)
        customer_id = customer.id
    found, total = await stored.page(
        tx,
        call.account.id,
        customer_id=customer_id,
        status=None if status is None else status.value,
        plan=plan,
        limit=limit,
        offset=offset,
    )
    return await views(tx, call, found, now), total


async def views(tx: Tx, call: Call, found: Sequence[stored.Shown], now: datetime) -> list[View]:
    """Return subscriptions as shown, in their order."""
    wanted: set[VersionId] = {one.subscription.version_id for one in found}
    wanted |= {one.change.version_id for one in found if one.change is not None}
    versions = await stored_versions(tx, call.account.id, wanted)
    owners = await stored_customers.by_ids(
        tx, call.account.id, [one.subscription.customer_id for one in found]
    )
    return [
        View(
            subscription=one.subscription,
            customer_reference=owners[one.subscription.customer_id].reference,
            version=versions[one.subscription.version_id],
            period=_current(one.subscription, one.period),
            change=one.change,
            change_version=None if one.change is None else versions[one.change.version_id],
            is_active=_is_active(one.subscription, now),
        )
        for one in found
    ]


def _view(decided: Decided, subscription_id: SubscriptionId) -> View:
    after = decided.after
    subscription = after.subscriptions[subscription_id]
    change = after.changes.get(subscription_id)
    return View(
        subscription=subscription,
        customer_reference=after.customer.reference,
        version=after.versions[subscription.version_id],
        period=_current(subscription, after.periods.get((subscription_id, subscription.seq))),
        change=change,
        change_version=None if change is None else after.versions[change.version_id],
        is_active=_is_active(subscription, decided.now),
    )


def _current(
    subscription: Subscription, period: SubscriptionPeriod | None
) -> SubscriptionPeriod | None:
    """Return the period to show: the running one, or the last when there is none."""
    return period if subscription.seq >= 0 else None


def _is_active(subscription: Subscription, now: datetime) -> bool:
    """Whether a subscription whose due steps are taken gives access at `now`."""
    running = lifecycle.is_running(subscription)
    return running and (subscription.cancel_at is None or now < subscription.cancel_at)


def _result(decided: Decided, subscription_id: SubscriptionId, invoice: Invoice | None) -> Result:
    # A command's own note, before one for late usage that is given back on its occasion.
    notes = sorted(decided.outcome.credit_notes, key=lambda n: n.kind is NoteKind.LATE_USAGE)
    note = next(iter(notes), None)
    to_balance = None
    if note is not None:
        applied = sum(a.amount for a in decided.outcome.applications if a.source_id == note.id)
        to_balance = note.amount - applied
    if invoice is not None:
        invoice = decided.after.invoices[invoice.id]
    return Result(_view(decided, subscription_id), invoice, note, to_balance)


async def _to_balance(tx: Tx, call: Call, note: CreditNote) -> Decimal:
    applied = await stored_invoices.applied(tx, call.account.id, [note])
    return note.amount - applied.get(note.id, Decimal(0))


def _as_of(after: Snapshot, invoice: Invoice, now: datetime) -> Invoice:
    """Return an invoice as it is answered: a PENDING one as if its period closed now."""
    if invoice.status is not InvoiceStatus.PENDING:
        return after.invoices[invoice.id]
    return billing.accrued(after, invoice, now)
