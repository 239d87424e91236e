"""The catalogue: features, credit models, plans, and the immutable versions that plans are sold by.

A plan is a name in a shop window; what a customer has bought is a *version* of it, and a version
is its `Terms`. Everything that bills, limits or grants reads terms and nothing else.

Units: money is a Decimal in the major unit of its currency (`49.00` USD); units of usage, credits
and weights are exact Decimals; grace, net terms and trials are whole days.
Sources: BILLING.md, "Catalogue" and "Credits".
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from usance.core.ids import FeatureId, PlanId, VersionId
from usance.core.periods import Interval
from usance.core.pricing import Price

Scalar = str | Decimal | bool
"""A value of an event property, as a filter compares it."""

Metadata = tuple[tuple[str, Scalar | None], ...]
"""What a seller notes on a plan: pairs, sorted by key."""


class BillingTiming(StrEnum):
    """When a period's base price is due: before the period, or after it."""

    IN_ADVANCE = "IN_ADVANCE"
    IN_ARREARS = "IN_ARREARS"


class PlanStatus(StrEnum):
    """DRAFT → ACTIVE ⇄ ARCHIVED, and DRAFT → ARCHIVED. Only ACTIVE plans are listed and sold."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class Overage(StrEnum):
    """What happens beyond a limit: checks deny and usage is clipped, or it goes on and is billed."""

    BLOCK = "BLOCK"
    ALLOW = "ALLOW"


class AggregationKind(StrEnum):
    """How the events of a period become one quantity."""

    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    UNIQUE = "unique"

    @property
    def adds_up(self) -> bool:
        """Whether each event adds its own part, so that it can be clipped, held and corrected."""
        return self in (AggregationKind.SUM, AggregationKind.COUNT)


class Rollover(StrEnum):
    """What is kept of a plan's credits when the next grant comes: nothing, all, or up to a cap."""

    NONE = "NONE"
    FULL = "FULL"
    CAPPED = "CAPPED"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `units` in each period of the subscription, or in each `every` within it."""

    units: Decimal
    overage: Overage
    every: Interval | None


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Which events count (`filter`: all of these properties, sorted by name), and how."""

    kind: AggregationKind
    property: str | None
    filter: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True, slots=True)
class Burn:
    """Usage paid with credits: units times weight is credits.

    `models` are weights per model, sorted by its name; they win over `weight`. None: the account's
    table of weights, else 1.
    """

    denomination: str
    weight: Decimal | None
    models: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class FeatureTerms:
    """What a version says about one feature. All absent: included, without limit or charge."""

    key: str
    limit: Limit | None
    price: Price | None
    aggregation: Aggregation
    burn: Burn | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Credits that a version grants each period, or each `every` within it.

    `rollover_cap` is there exactly when `rollover` is CAPPED.
    """

    denomination: str
    amount: Decimal
    rollover: Rollover
    rollover_cap: Decimal | None
    expires_after_months: int | None
    every: Interval | None


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a customer buys with one version of a plan.

    `grace_days` None: the account's, else 3. `features` and `credits` stand in the order in which
    the seller wrote them; no key and no denomination comes twice.
    """

    price: Decimal
    currency: str
    interval: Interval
    timing: BillingTiming
    grace_days: int | None
    net_terms_days: int
    trial_days: int
    features: tuple[FeatureTerms, ...]
    credits: tuple[Allocation, ...]
    metadata: Metadata

    def term(self, feature_key: str) -> FeatureTerms | None:
        """Return what these terms say about a feature; None when it is not in the plan."""
        return next((term for term in self.features if term.key == feature_key), None)

    def allocation(self, denomination: str) -> Allocation | None:
        """Return what these terms grant of a denomination; None when nothing."""
        return next((one for one in self.credits if one.denomination == denomination), None)


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a customer can use. Switched off, it is denied, but its usage is still billed."""

    id: FeatureId
    key: str
    name: str
    description: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class CreditModel:
    """A denomination of credits. `hard_limit`: its balances never go below zero."""

    denomination: str
    name: str
    hard_limit: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, apart from what it sells. `customer_reference`: only that customer may see it."""

    id: PlanId
    key: str
    name: str
    description: str
    status: PlanStatus
    customer_reference: str | None


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """An immutable version of a plan; `number` counts 1, 2, 3 … in the plan."""

    id: VersionId
    plan_id: PlanId
    plan_key: str
    plan_name: str
    number: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class CataloguePlan:
    """A plan and the newest of its versions: what a new subscriber would be sold."""

    plan: Plan
    version: PlanVersion


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that an account offers, in a stable order; archived plans are in it."""

    features: tuple[Feature, ...]
    credit_models: tuple[CreditModel, ...]
    plans: tuple[CataloguePlan, ...]


EVERYTHING_ADDED = Aggregation(kind=AggregationKind.SUM, property=None, filter=())
"""The aggregation of a term that names none: the sum of the units of all events."""
