"""Subscriptions: a customer on a plan version, period after period.

Units: instants are UTC; periods are half-open; `seq` counts periods 0, 1, 2 …; `n` counts what
happens more than once in a period (plan changes).
Sources: BILLING.md, "Calendar", "States", "Starting".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance.core import periods
from usance.core.ids import CustomerId, InvoiceId, PlanId, SubscriptionId, VersionId


class SubscriptionStatus(StrEnum):
    """Where a subscription stands. A scheduled end or plan change is a fact beside it, not a state."""

    INCOMPLETE = "INCOMPLETE"  # first invoice unpaid → ACTIVE, CANCELLED, EXPIRED
    TRIALING = "TRIALING"  # → ACTIVE at the trial's end, CANCELLED
    ACTIVE = "ACTIVE"  # → PAST_DUE, CANCELLED
    PAST_DUE = "PAST_DUE"  # an invoice is overdue: no access → ACTIVE, CANCELLED
    CANCELLED = "CANCELLED"  # final
    EXPIRED = "EXPIRED"  # final: never paid


ENDED = frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})
RUNNING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


class CancelMode(StrEnum):
    """When a cancellation takes effect."""

    END_OF_PERIOD = "END_OF_PERIOD"
    IMMEDIATE = "IMMEDIATE"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as stored.

    `anchor_at` is where its periods are counted from, and `anchor_seq` the period that starts there;
    `anchor_day` is the day of the month to keep when a re-anchoring fell on a shorter month.
    `seq` is the newest period's, −1 before the first. `next_due_at` is the earliest instant at which
    time alone changes something; None when nothing will.
    """

    id: SubscriptionId
    customer_id: CustomerId
    plan_id: PlanId
    version_id: VersionId
    status: SubscriptionStatus
    zone: str
    grace_days: int
    created_at: datetime
    metadata: Mapping[str, object]
    anchor_at: datetime | None = None
    anchor_seq: int = 0
    anchor_day: int | None = None
    seq: int = -1
    expires_at: datetime | None = None
    trial_ends_at: datetime | None = None
    cancel_mode: CancelMode | None = None
    cancel_at: datetime | None = None
    cancelled_at: datetime | None = None
    settle: bool = True
    next_due_at: datetime | None = None
    parked_at: datetime | None = None
    parked_reason: str | None = None
    parked_count: int = 0

    @property
    def is_ended(self) -> bool:
        """Whether it is over for good."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class SubscriptionPeriod:
    """One period of a subscription.

    `closed_at` is when its boundary was taken, `billed_at` when its usage went onto an invoice: what
    comes later is late. `collect_at` is when that is to happen, where the account's setting lets it
    wait after the boundary. `ends_at` moves at most once, before `planned_ends_at`: when a plan change
    cuts the period or an immediate cancellation ends it. Usage of the periods from `usage_from_seq`
    on counts toward this one's limits: more than its own only after a plan change cut a period.
    """

    subscription_id: SubscriptionId
    customer_id: CustomerId
    seq: int
    starts_at: datetime
    ends_at: datetime
    planned_ends_at: datetime
    is_trial: bool
    usage_from_seq: int
    anchor_at: datetime  # what it was counted from; a later re-anchoring does not move it
    anchor_day: int | None
    closed_at: datetime | None = None
    billed_at: datetime | None = None
    collect_at: datetime | None = None

    @property
    def span(self) -> periods.Period:
        """The whole period as it was opened, which prices and minimums are shares of."""
        return periods.Period(self.starts_at, self.planned_ends_at)

    @property
    def is_collecting(self) -> bool:
        """Whether the period has ended and its usage is still to be billed, at `collect_at`."""
        return self.collect_at is not None and self.billed_at is None


@dataclass(frozen=True, slots=True)
class Segment:
    """A version in force from `starts_at` to the next segment's start, or the period's end.

    `charge` is what was charged in advance for it, from `starts_at` to the period's end, by the
    invoice `invoice_id`; zero in arrears and in a trial. With `undone_at` it is not in force: its
    unpaid adjustment was voided, so the plan change did not happen, or is still waited for.
    """

    subscription_id: SubscriptionId
    customer_id: CustomerId
    seq: int
    n: int
    version_id: VersionId
    starts_at: datetime
    charge: Decimal
    invoice_id: InvoiceId | None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A plan change that waits: for the end of the running period, or for `invoice_id` to be paid."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    plan_id: PlanId
    version_id: VersionId
    requested_at: datetime
    invoice_id: InvoiceId | None = None
