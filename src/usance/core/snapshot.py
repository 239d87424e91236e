"""The snapshot: all that one decision about a customer reads, as it was under the customer's lock.

Maps hold what may matter, not all there ever was: subscriptions that are not ended or were named,
their newest periods, invoices that are open or named, counters that are running or await an invoice,
grants that have something left or belong to a running period.

Sources: docs/architecture: "read a snapshot, decide, write the outcome".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from usance.core import tax
from usance.core.accounts import Account
from usance.core.catalog import CreditModel, Feature, PlanVersion
from usance.core.costs import NONE_SET, Costs
from usance.core.credits import CreditPrice, CreditWeight, Grant, Pool
from usance.core.customers import Customer
from usance.core.holds import Hold
from usance.core.ids import (
    GrantId,
    HoldId,
    InvoiceId,
    PaymentId,
    PlanId,
    PoolId,
    SubscriptionId,
    VersionId,
)
from usance.core.invoices import Invoice
from usance.core.metering import Counter, CounterKey
from usance.core.payments import Application, Balance, Payment
from usance.core.subscriptions import PendingChange, Segment, Subscription, SubscriptionPeriod
from usance.core.tax import Tax


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One customer, read for a decision. Every map is keyed by the row's identity."""

    account: Account
    customer: Customer
    features: Mapping[str, Feature] = field(default_factory=dict)
    credit_models: Mapping[str, CreditModel] = field(default_factory=dict)
    versions: Mapping[VersionId, PlanVersion] = field(default_factory=dict)
    subscriptions: Mapping[SubscriptionId, Subscription] = field(default_factory=dict)
    changes: Mapping[SubscriptionId, PendingChange] = field(default_factory=dict)
    periods: Mapping[tuple[SubscriptionId, int], SubscriptionPeriod] = field(default_factory=dict)
    segments: Mapping[tuple[SubscriptionId, int, int], Segment] = field(default_factory=dict)
    invoices: Mapping[InvoiceId, Invoice] = field(default_factory=dict)
    payments: Mapping[PaymentId, Payment] = field(default_factory=dict)
    balances: Mapping[str, Balance] = field(default_factory=dict)
    counters: Mapping[CounterKey, Counter] = field(default_factory=dict)
    pools: Mapping[PoolId, Pool] = field(default_factory=dict)
    grants: Mapping[GrantId, Grant] = field(default_factory=dict)
    holds: Mapping[HoldId, Hold] = field(default_factory=dict)  # those open, and those named
    values: frozenset[tuple[CounterKey, bytes]] = (
        frozenset()
    )  # of `unique` counters, those asked for
    credit_prices: tuple[CreditPrice, ...] = ()
    credit_weights: tuple[CreditWeight, ...] = ()
    costs: Costs = NONE_SET
    applications: tuple[Application, ...] = ()  # what a named payment, and the balance, has paid
    trialed: frozenset[PlanId] = frozenset()

    def price_of(self, denomination: str, at: datetime) -> CreditPrice | None:
        """Return the price of a denomination in force at an instant, or None."""
        found = [
            one
            for one in self.credit_prices
            if one.denomination == denomination and one.effective_from <= at
        ]
        # Of prices in several currencies the account's own goes first.
        own = [one for one in found if one.currency == self.account.currency] or found
        return max(own, key=lambda one: one.effective_from, default=None)

    @property
    def tax(self) -> Tax:
        """The customer's own tax, if it has a rate, else the account's."""
        own, account = self.customer.profile, self.account
        if own.tax_rate is None:
            return tax.of(account.tax_rate, account.tax_category, account.tax_exemption_reason)
        return tax.of(own.tax_rate, own.tax_category, own.tax_exemption_reason)
