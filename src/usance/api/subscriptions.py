"""The routes of subscriptions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import subscriptions
from usance.actions.subscriptions import Foreseen, Result, View
from usance.api import invoices, routes
from usance.api.answers import Many, One, answer, foretell, listing, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, Reading
from usance.api.credit_notes import CreditNoteShape, note_shown
from usance.api.fields import Choice, Id, Metadata, Number, PathId, Reference, Text255
from usance.api.invoices import InvoiceShape
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core import money
from usance.core.catalog import PlanVersion
from usance.core.decisions.change_plan import ChangeType
from usance.core.refusals import Code, invalid
from usance.core.subscriptions import CancelMode, SubscriptionStatus

router: Final = routes.router("Subscriptions")

GraceDays: TypeAlias = Annotated[int, Field(ge=0, le=365)]
Preview: TypeAlias = Annotated[
    bool,
    Query(description="True: the same answer, and nothing is done; documents have no numbers."),
]
SubscriptionInPath: TypeAlias = Annotated[PathId, Path(alias="subscriptionId")]


class NewSubscription(Lenient):
    """A customer takes a plan, named by `planId` or `planKey`."""

    customer_reference_id: Reference
    plan_id: Id | None = None
    plan_key: Text255 | None = None
    grace_period: GraceDays | None = Field(default=None, description="Days; null: the plan's.")
    metadata: Metadata | None = None


class SubscriptionChange(Lenient):
    """What is to change of a subscription; what is absent or null stays."""

    grace_period: GraceDays | None = None
    metadata: Metadata | None = None


class PlanChange(Lenient):
    """Another plan, named by `changeToPlanId` or `changeToPlanKey`."""

    change_to_plan_id: Id | None = None
    change_to_plan_key: Text255 | None = None
    change_type: Choice[ChangeType]


class PlanOfSubscription(Shape):
    """The version of a plan that a subscription is on."""

    id: UUID
    key: str
    name: str
    version: int
    price_amount: Number
    currency: str
    interval: str
    interval_count: int
    interval_months: int | None


class ScheduledChange(Shape):
    """A plan change that waits for the end of the period, or for its invoice to be paid."""

    to_plan: PlanOfSubscription
    effective_at: datetime | None = Field(description="Null while it waits for `invoiceId`.")
    invoice_id: UUID | None


class SubscriptionShape(Shape):
    """A subscription as it stands now."""

    id: UUID
    status: SubscriptionStatus
    is_active: bool
    customer_reference_id: str
    plan: PlanOfSubscription
    billing_timing: str
    grace_period_days: int
    current_period_start: datetime | None
    current_period_end: datetime | None
    anchor_at: datetime | None
    trial_ends_at: datetime | None
    cancel_mode: CancelMode | None
    cancel_at: datetime | None
    cancelled_at: datetime | None
    scheduled_change: ScheduledChange | None
    metadata: Mapping[str, Any]
    created_at: datetime


class Subscribed(Shape):
    """A new subscription and its first invoice."""

    subscription: SubscriptionShape
    invoice: InvoiceShape


class Changed(Shape):
    """A subscription with what its change was charged, or gave back."""

    subscription: SubscriptionShape
    invoice: InvoiceShape | None
    credit_note: CreditNoteShape | None


class Foretold(Shape):
    """The invoice that a subscription gets next; null: none, as things are."""

    invoice: InvoiceShape | None


class Undone(Shape):
    """A subscription with nothing scheduled."""

    subscription: SubscriptionShape


class Cancelled(Shape):
    """A subscription with what its end left: what is still owed, given back, and void."""

    subscription: SubscriptionShape
    final_invoice: InvoiceShape | None
    credit_note: CreditNoteShape | None
    voided_invoice_ids: list[UUID]


@router.post(
    "/subscriptions",
    status_code=201,
    response_model=One[Subscribed],
    responses=refuses(
        Code.CUSTOMER_NOT_FOUND,
        Code.CUSTOMER_ERASED,
        Code.PLAN_NOT_FOUND,
        Code.PLAN_NOT_ACTIVE,
        Code.ALREADY_SUBSCRIBED,
    ),
)
async def create_subscription(body: NewSubscription, call: Command) -> Response:
    """Subscribe a customer to a plan.

    In advance with something to pay the subscription is INCOMPLETE and its invoice DUE; in arrears
    it is ACTIVE and its invoice PENDING; at zero it is ACTIVE and its invoice PAID.
    """
    _one_plan(body.plan_id, body.plan_key, "planId")
    return await answer(
        call,
        lambda tx: subscriptions.take(
            tx,
            call,
            reference=body.customer_reference_id,
            plan_id=body.plan_id,
            plan_key=body.plan_key,
            grace_days=body.grace_period,
            metadata=body.metadata or {},
        ),
        _subscribed,
        status=201,
    )


@router.get(
    "/subscriptions",
    response_model=Many[SubscriptionShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_subscriptions(
    call: Reading,
    page: Paging,
    customer_reference_id: Annotated[Reference | None, Query(alias="customerReferenceId")] = None,
    status: Annotated[SubscriptionStatus | None, Query()] = None,
    plan: Annotated[Text255 | None, Query(description="A plan's key or id.")] = None,
) -> Response:
    """List subscriptions, the newest first."""
    if customer_reference_id is None:
        await call.settle_account()
    return await listing(
        call,
        page,
        lambda tx: subscriptions.page(
            tx,
            call,
            reference=customer_reference_id,
            status=status,
            plan=plan,
            limit=page.limit,
            offset=page.offset,
        ),
        shown,
    )


@router.get(
    "/subscriptions/{subscriptionId}",
    response_model=One[SubscriptionShape],
    responses=refuses(Code.SUBSCRIPTION_NOT_FOUND),
)
async def get_subscription(subscription_id: SubscriptionInPath, call: Reading) -> Response:
    """Show a subscription."""
    return await show(call, lambda tx: subscriptions.get(tx, call, subscription_id), shown)


@router.get(
    "/subscriptions/{subscriptionId}/invoice-preview",
    response_model=One[Foretold],
    responses=refuses(Code.SUBSCRIPTION_NOT_FOUND, Code.TOO_FAR_AHEAD),
)
async def preview_invoice(subscription_id: SubscriptionInPath, call: Reading) -> Response:
    """Show the invoice that is issued next, as it will be if nothing else happens until then."""
    return await foretell(
        call,
        lambda tx: subscriptions.before_next_invoice(tx, call, subscription_id),
        lambda facts: subscriptions.invoice_preview(facts, subscription_id),
        _foretold,
    )


@router.patch(
    "/subscriptions/{subscriptionId}",
    response_model=One[SubscriptionShape],
    responses=refuses(Code.SUBSCRIPTION_NOT_FOUND),
)
async def update_subscription(
    subscription_id: SubscriptionInPath, body: SubscriptionChange, call: Command
) -> Response:
    """Change the grace period, for invoices issued from now on, and the metadata."""
    return await answer(
        call,
        lambda tx: subscriptions.update(
            tx, call, subscription_id, grace_days=body.grace_period, metadata=body.metadata
        ),
        shown,
    )


@router.post(
    "/subscriptions/{subscriptionId}/plan-change",
    response_model=One[Changed],
    responses=refuses(
        Code.SUBSCRIPTION_NOT_FOUND,
        Code.SUBSCRIPTION_NOT_ACTIVE,
        Code.PLAN_NOT_FOUND,
        Code.PLAN_NOT_ACTIVE,
        Code.CURRENCY_MISMATCH,
        Code.SAME_PLAN,
        Code.ALREADY_SUBSCRIBED,
        Code.NOT_AN_UPGRADE,
    ),
)
async def change_plan(
    subscription_id: SubscriptionInPath,
    body: PlanChange,
    call: Command,
    *,
    preview: Preview = False,
) -> Response:
    """Upgrade now, charged for the time that is left; or schedule a downgrade to the period's end."""
    _one_plan(body.change_to_plan_id, body.change_to_plan_key, "changeToPlanId")
    return await answer(
        call,
        lambda tx: subscriptions.change(
            tx,
            call,
            subscription_id,
            plan_id=body.change_to_plan_id,
            plan_key=body.change_to_plan_key,
            change_type=body.change_type,
            preview=preview,
        ),
        _changed,
    )


@router.delete(
    "/subscriptions/{subscriptionId}/plan-change/scheduled",
    response_model=One[Undone],
    responses=refuses(Code.SUBSCRIPTION_NOT_FOUND),
)
async def undo_plan_change(subscription_id: SubscriptionInPath, call: Command) -> Response:
    """Forget a scheduled plan change; it is no mistake if there is none."""
    return await answer(
        call, lambda tx: subscriptions.undo_change(tx, call, subscription_id), _undone
    )


@router.post(
    "/subscriptions/cancellation/{subscriptionId}",
    response_model=One[Cancelled],
    responses=refuses(Code.SUBSCRIPTION_NOT_FOUND),
)
async def cancel_subscription(
    subscription_id: SubscriptionInPath,
    call: Command,
    *,
    cancel_mode: Annotated[CancelMode, Query(alias="cancelMode")] = CancelMode.END_OF_PERIOD,
    settle: Annotated[
        bool, Query(description="False: what the running period used is forgiven.")
    ] = True,
    preview: Preview = False,
) -> Response:
    """Cancel at the period's end, or now. Again: the same result."""
    return await answer(
        call,
        lambda tx: subscriptions.end(
            tx, call, subscription_id, mode=cancel_mode, settle=settle, preview=preview
        ),
        _cancelled,
    )


@router.delete(
    "/subscriptions/cancellation/{subscriptionId}/scheduled",
    response_model=One[Undone],
    responses=refuses(
        Code.SUBSCRIPTION_NOT_FOUND, Code.SUBSCRIPTION_ENDED, Code.CANCELLATION_NOT_SCHEDULED
    ),
)
async def undo_cancellation(subscription_id: SubscriptionInPath, call: Command) -> Response:
    """Take back a scheduled cancellation while its instant lies ahead."""
    return await answer(call, lambda tx: subscriptions.undo_end(tx, call, subscription_id), _undone)


def _one_plan(plan_id: UUID | None, plan_key: str | None, field: str) -> None:
    if (plan_id is None) == (plan_key is None):
        key = field.removesuffix("Id") + "Key"
        raise invalid(field, f"Name the plan by either {field} or {key}.")


def shown(view: View) -> SubscriptionShape:
    """Return the subscription as it is answered."""
    one, period = view.subscription, view.period
    scheduled = None
    if view.change is not None and view.change_version is not None:
        waits = view.change.invoice_id is not None
        scheduled = ScheduledChange(
            to_plan=_plan(view.change_version),
            effective_at=None if period is None or waits else period.ends_at,
            invoice_id=view.change.invoice_id,
        )
    return SubscriptionShape(
        id=one.id,
        status=one.status,
        is_active=view.is_active,
        customer_reference_id=view.customer_reference,
        plan=_plan(view.version),
        billing_timing=view.version.terms.timing.value,
        grace_period_days=one.grace_days,
        current_period_start=None if period is None else period.starts_at,
        current_period_end=None if period is None else period.ends_at,
        anchor_at=one.anchor_at,
        trial_ends_at=one.trial_ends_at,
        cancel_mode=one.cancel_mode,
        cancel_at=one.cancel_at,
        cancelled_at=one.cancelled_at,
        scheduled_change=scheduled,
        metadata=one.metadata,
        created_at=one.created_at,
    )


def _plan(version: PlanVersion) -> PlanOfSubscription:
    terms = version.terms
    return PlanOfSubscription(
        id=version.plan_id,
        key=version.plan_key,
        name=version.plan_name,
        version=version.number,
        price_amount=money.rounded(terms.price, terms.currency),
        currency=terms.currency,
        interval=terms.interval.unit.value,
        interval_count=terms.interval.count,
        interval_months=terms.interval.months,
    )


def _subscribed(result: Result) -> Subscribed:
    assert result.invoice is not None, "every subscription begins with an invoice"
    reference = result.view.customer_reference
    return Subscribed(
        subscription=shown(result.view),
        invoice=invoices.invoice_shown(result.invoice, reference),
    )


def _changed(result: Result) -> Changed:
    return Changed(
        subscription=shown(result.view),
        invoice=_invoice(result),
        credit_note=_note(result),
    )


def _foretold(one: Foreseen) -> Foretold:
    if one.invoice is None:
        return Foretold(invoice=None)
    return Foretold(invoice=invoices.invoice_shown(one.invoice, one.customer_reference))


def _undone(result: Result) -> Undone:
    return Undone(subscription=shown(result.view))


def _cancelled(result: Result) -> Cancelled:
    return Cancelled(
        subscription=shown(result.view),
        final_invoice=_invoice(result),
        credit_note=_note(result),
        voided_invoice_ids=list(result.voided),
    )


def _invoice(result: Result) -> InvoiceShape | None:
    if result.invoice is None:
        return None
    return invoices.invoice_shown(result.invoice, result.view.customer_reference)


def _note(result: Result) -> CreditNoteShape | None:
    if result.credit_note is None or result.to_balance is None:
        return None
    reference = result.view.customer_reference
    return note_shown(result.credit_note, result.to_balance, reference)
