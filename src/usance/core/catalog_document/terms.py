"""Reading terms: what a plan costs, and what it says about each of its features.

Units: as in `core/catalog.py`; amounts are checked against the minor unit of the plan's currency.
Sources: BILLING.md, "Catalogue" and "Credits".
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from usance.core.catalog import (
    EVERYTHING_ADDED,
    Aggregation,
    AggregationKind,
    Allocation,
    BillingTiming,
    Burn,
    FeatureTerms,
    Limit,
    Metadata,
    Overage,
    Rollover,
    Scalar,
    Terms,
)
from usance.core.catalog_document.fields import Fields, Node
from usance.core.money import is_currency
from usance.core.periods import Interval, Unit
from usance.core.pricing import Graduated, Model, Package, PerUnit, Price, Tier, Volume

OPEN_END: Final = "inf"

# Ten years: longer than any contract that renews by itself, short enough for every calendar.
LONGEST: Final = {Unit.DAY: 3_650, Unit.WEEK: 520, Unit.MONTH: 120, Unit.YEAR: 10}
MOST_GRACE_DAYS: Final = 365
MOST_NET_TERMS_DAYS: Final = 365
MOST_TRIAL_DAYS: Final = 730
MOST_EXPIRY_MONTHS: Final = 120
MOST_TIERS: Final = 100
MOST_MODELS: Final = 500
MOST_FILTERS: Final = 20
MOST_METADATA: Final = 50

TERMS_FIELDS: Final = (
    "price",
    "interval",
    "billingTiming",
    "gracePeriodDays",
    "netTermsDays",
    "trialDays",
    "features",
    "credits",
    "metadata",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What terms may name: features by key, credit models by denomination. None: anything."""

    features: AbstractSet[str] | None
    denominations: AbstractSet[str] | None


def read_terms(plan: Fields, known: Known) -> Terms:
    """Return the terms among the fields of a plan, or raise the Refusal of the first bad one."""
    price = plan["price"].fields("amount", "currency")
    currency = _currency(price["currency"])
    interval = read_interval(plan["interval"])
    grace = plan.get("gracePeriodDays")
    metadata = plan.get("metadata")
    return Terms(
        price=price["amount"].money(currency),
        currency=currency,
        interval=interval,
        timing=plan["billingTiming"].choice(BillingTiming),
        grace_days=grace.whole(0, MOST_GRACE_DAYS) if grace else None,
        net_terms_days=plan.whole("netTermsDays", 0, MOST_NET_TERMS_DAYS),
        trial_days=plan.whole("trialDays", 0, MOST_TRIAL_DAYS),
        features=_features(plan.items("features"), currency, interval, known),
        credits=_allocations(plan.items("credits"), interval, known),
        metadata=_metadata(metadata) if metadata else (),
    )


def read_interval(node: Node) -> Interval:
    """Return an interval of one unit or more, up to ten years."""
    fields = node.fields("unit", "count")
    unit = fields["unit"].choice(Unit)
    count = fields.get("count")
    return Interval(unit, count.whole(1, LONGEST[unit]) if count else 1)


def refuse_repeats(nodes: list[Node], name: str, read: Callable[[Node], str]) -> None:
    """Refuse the first of some objects whose field `name` says the same as one before it."""
    seen: set[str] = set()
    for node in nodes:
        field = Node(node.child(name), node.pairs().get(name, Node("", None)).value)
        value = read(field)
        if value in seen:
            raise field.refuse(f"comes twice: {value}")
        seen.add(value)


def _currency(node: Node) -> str:
    if not isinstance(node.value, str) or not is_currency(node.value):
        raise node.refuse("must be a currency of ISO 4217, such as USD")
    return node.value


def _known(node: Node, what: str, known: AbstractSet[str] | None) -> str:
    key = node.key()
    if known is not None and key not in known:
        raise node.refuse(f"names no {what} of the document or the account: {key}")
    return key


# Features.


def _features(
    nodes: list[Node], currency: str, interval: Interval, known: Known
) -> tuple[FeatureTerms, ...]:
    terms = tuple(_feature_terms(node, currency, interval, known) for node in nodes)
    refuse_repeats(nodes, "key", Node.key)
    return terms


def _feature_terms(node: Node, currency: str, interval: Interval, known: Known) -> FeatureTerms:
    fields = node.fields("key", "limit", "price", "aggregation", "credits")
    limit, price, burn = fields.get("limit"), fields.get("price"), fields.get("credits")
    aggregation = fields.get("aggregation")
    terms = FeatureTerms(
        key=_known(fields["key"], "feature", known.features),
        limit=_limit(limit, interval) if limit else None,
        price=_price(price, currency) if price else None,
        aggregation=_aggregation(aggregation) if aggregation else EVERYTHING_ADDED,
        burn=_burn(burn, known) if burn else None,
    )
    _refuse_contradictions(node, terms)
    return terms


def _refuse_contradictions(node: Node, terms: FeatureTerms) -> None:
    """Refuse terms of which each part is good and which mean nothing together."""
    kind = terms.aggregation.kind
    if terms.burn and terms.price and terms.price.included_units > 0:
        included = Node(f"{node.path}.price.includedUnits", None)
        raise included.refuse("must be 0 beside credits: grant that many credits instead")
    if terms.burn and not kind.adds_up:
        raise Node(node.child("credits"), None).refuse(
            f"cannot be burnt by the aggregation {kind}: use sum or count"
        )
    if terms.price and terms.limit and terms.limit.overage is Overage.BLOCK and not kind.adds_up:
        # A limit that blocks clips what is billed; of a maximum nothing can be clipped, so beside
        # a price such a limit would promise what no invoice could keep.
        overage = Node(f"{node.path}.limit.overage", None)
        raise overage.refuse(f"must be ALLOW beside a price with the aggregation {kind}")


def _limit(node: Node, interval: Interval) -> Limit:
    fields = node.fields("units", "overage", "every")
    overage, every = fields.get("overage"), fields.get("every")
    return Limit(
        units=fields["units"].quantity(),
        overage=overage.choice(Overage) if overage else Overage.BLOCK,
        every=_every(every, interval) if every else None,
    )


def _every(node: Node, interval: Interval) -> Interval:
    """Return a part of the plan's interval: `MONTH`, or an object as an interval is."""
    every = read_interval(node) if isinstance(node.value, dict) else _one(node)
    if not _divides(every, interval):
        raise node.refuse(
            f"must be shorter than the plan's interval ({interval.count} {interval.unit}) "
            "and a whole part of it"
        )
    return every


def _one(node: Node) -> Interval:
    return Interval(node.choice(Unit), 1)


def _divides(every: Interval, interval: Interval) -> bool:
    """Whether every boundary of the interval is one of `every` as well, and not the other way.

    Months are whole days, but never whole weeks: by the wall clock one day divides all.
    """
    if every.months and interval.months:
        return every.months < interval.months and interval.months % every.months == 0
    if every.days and interval.days:
        return every.days < interval.days and interval.days % every.days == 0
    return every.days == 1


def _aggregation(node: Node) -> Aggregation:
    fields = node.fields("type", "property", "filter")
    kind = fields["type"].choice(AggregationKind)
    named, chosen = fields.get("property"), fields.get("filter")
    if kind is AggregationKind.UNIQUE and not named:
        raise Node(node.child("property"), None).refuse("is required: unique values of what?")
    if kind.adds_up and named:
        raise named.refuse("is only for max and unique")
    return Aggregation(
        kind=kind,
        property=named.name() if named else None,
        filter=_filter(chosen) if chosen else (),
    )


def _filter(node: Node) -> tuple[tuple[str, Scalar], ...]:
    pairs = _named(node, MOST_FILTERS)
    values: list[tuple[str, Scalar]] = []
    for name, each in pairs:
        value = _scalar(each)
        if value is None:
            raise each.refuse("must be a text, a number, true or false")
        values.append((name, value))
    return tuple(values)


def _burn(node: Node, known: Known) -> Burn:
    fields = node.fields("denomination", "weight", "models")
    weight, models = fields.get("weight"), fields.get("models")
    return Burn(
        denomination=_known(fields["denomination"], "credit model", known.denominations),
        weight=weight.positive() if weight else None,
        models=tuple((name, each.positive()) for name, each in _named(models, MOST_MODELS))
        if models
        else (),
    )


# Prices.


def _price(node: Node, currency: str) -> Price:
    kind = node.pairs().get("model", Node(node.child("model"), None))
    read = _MODELS.get(kind.value) if isinstance(kind.value, str) else None
    if read is None:
        raise kind.refuse(f"must be one of {', '.join(_MODELS)}")
    names, model = read
    fields = node.fields("model", *names, "includedUnits", "minimum", "unitLabel")
    included, minimum, label = map(fields.get, ("includedUnits", "minimum", "unitLabel"))
    return Price(
        model=model(fields, currency),
        included_units=included.quantity() if included else Decimal(0),
        minimum=minimum.money(currency) if minimum else None,
        unit_label=label.name() if label else None,
    )


def _per_unit(fields: Fields, _currency: str) -> Model:
    return PerUnit(fields["unitPrice"].quantity())


def _graduated(fields: Fields, currency: str) -> Model:
    return Graduated(_tiers(fields["tiers"], currency))


def _volume(fields: Fields, currency: str) -> Model:
    return Volume(_tiers(fields["tiers"], currency))


def _package(fields: Fields, currency: str) -> Model:
    return Package(fields["packageSize"].positive(), fields["packagePrice"].money(currency))


_MODELS: Final[dict[str, tuple[tuple[str, ...], Callable[[Fields, str], Model]]]] = {
    "per_unit": (("unitPrice",), _per_unit),
    "graduated": (("tiers",), _graduated),
    "volume": (("tiers",), _volume),
    "package": (("packageSize", "packagePrice"), _package),
}


def _tiers(node: Node, currency: str) -> tuple[Tier, ...]:
    nodes = node.items()
    if not 1 <= len(nodes) <= MOST_TIERS:
        raise node.refuse(f"must have 1 to {MOST_TIERS} tiers")
    tiers: list[Tier] = []
    reached = Decimal(0)
    for each in nodes:
        fields = each.fields("upTo", "unitPrice", "flatFee")
        up_to = _up_to(fields["upTo"], reached, last=each is nodes[-1])
        fee = fields.get("flatFee")
        tiers.append(
            Tier(
                up_to=up_to,
                unit_price=fields["unitPrice"].quantity(),
                flat_fee=fee.money(currency) if fee else Decimal(0),
            )
        )
        reached = up_to or reached
    return tuple(tiers)


def _up_to(node: Node, reached: Decimal, *, last: bool) -> Decimal | None:
    """Return the end of a tier that begins after `reached`; None for the last, which is open."""
    if node.value == OPEN_END:
        if not last:
            raise node.refuse("must be a number: only the last tier is open")
        return None
    if last:
        raise node.refuse("must be inf in the last tier")
    up_to = node.number()
    if up_to <= reached:
        raise node.refuse(f"must be more than {reached}, where the tier begins")
    return up_to


# Credits and metadata.


def _allocations(nodes: list[Node], interval: Interval, known: Known) -> tuple[Allocation, ...]:
    allocations = tuple(_allocation(node, interval, known) for node in nodes)
    refuse_repeats(nodes, "denomination", Node.key)
    return allocations


def _allocation(node: Node, interval: Interval, known: Known) -> Allocation:
    fields = node.fields(
        "denomination", "amount", "rollover", "rolloverCap", "expiresAfterMonths", "every"
    )
    chosen, cap = fields.get("rollover"), fields.get("rolloverCap")
    rollover = chosen.choice(Rollover) if chosen else Rollover.NONE
    expiry, every = fields.get("expiresAfterMonths"), fields.get("every")
    if rollover is Rollover.CAPPED and not cap:
        raise Node(node.child("rolloverCap"), None).refuse("is required with rollover CAPPED")
    if rollover is not Rollover.CAPPED and cap:
        raise cap.refuse("is only for rollover CAPPED")
    return Allocation(
        denomination=_known(fields["denomination"], "credit model", known.denominations),
        amount=fields["amount"].positive(),
        rollover=rollover,
        rollover_cap=cap.quantity() if cap else None,
        expires_after_months=expiry.whole(1, MOST_EXPIRY_MONTHS) if expiry else None,
        every=_every(every, interval) if every else None,
    )


def _metadata(node: Node) -> Metadata:
    return tuple((name, _scalar(each)) for name, each in _named(node, MOST_METADATA))


def _named(node: Node, most: int) -> list[tuple[str, Node]]:
    """Return the values of an object with free names of 1 to 255 characters, sorted by name."""
    pairs = node.pairs()
    if len(pairs) > most:
        raise node.refuse(f"must have at most {most} entries")
    return [(Node(each.path, name).name(), each) for name, each in sorted(pairs.items())]


def _scalar(node: Node) -> Scalar | None:
    match node.value:
        case None | bool():
            return node.value
        case str():
            return node.text()
        case int() | Decimal() | float():
            return node.number()
        case _:
            raise node.refuse("must be a text, a number, true, false or null")
