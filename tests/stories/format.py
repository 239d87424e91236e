"""The text of a story: what is sold, who buys it, and what happens on which day.

    # What it shows, and the arithmetic of every number below.
    plan pro 40.00 USD monthly in_advance grace 3
      feature calls graduated 1000:0.02 inf:0.01+5.00 included 10 minimum 2.00 limit 5000 allow
      credits AI 1000 rollover capped 200 expires 3 every month
    denomination AI soft
    price AI 0.05 USD
    weight calls 2 model big
    account grace 5 tax 19 zone Europe/Berlin incomplete 10 cancel_after 20 collection 60 upgrades wait
    customer zoe zone Europe/Berlin tax 19

    2027-01-31  subscribe pro  -> #1 SUBSCRIPTION 40.00 DUE
                               -> sub INCOMPLETE pro

Left of the arrow stands what is done, right of it what changed. Everything above the first dated
line is the setting; without a `customer` there is one called acme, in UTC and without tax.

    subscribe PLAN [grace DAYS]                  pay #N [AMOUNT] [ref REFERENCE] [dated INSTANT]
    upgrade PLAN    downgrade PLAN               undo change    undo cancel    grace DAYS
    cancel end      cancel now [unsettled]       grant DENOMINATION AMOUNT [KIND] [expires INSTANT]
    void #N    write_off #N                      buy DENOMINATION CREDITS
    bill CURRENCY AMOUNT... [draft] [net DAYS]   redraw #N AMOUNT...    issue #N [net DAYS]
    receive AMOUNT CURRENCY [ref REFERENCE]      reverse REFERENCE    payout AMOUNT CURRENCY
    use FEATURE UNITS [at INSTANT] [key KEY] [model MODEL] [NAME=VALUE]
    correct KEY UNITS [key KEY] [at INSTANT]     takes so many units off the event of that key
    check FEATURE [UNITS] [model MODEL]          show #N        show credits
    tick                                         time passes, and nothing else

A step is the customer's first; `zoe: pay #2` and `sub2: cancel now` say whose or which. Instants
are UTC; those of the steps may have microseconds (2027-02-03T00:00:00.000001).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

INTERVALS = {"daily": "DAY", "weekly": "WEEK", "monthly": "MONTH", "yearly": "YEAR"}
MODELS = ("per_unit", "graduated", "volume", "package")
AGGREGATIONS = ("sum", "count", "max", "unique")
NOTHING = "nothing"

_STEP = re.compile(r"(\d{4}-\d\d-\d\d\S*)\s+(.*?)\s*(?:->\s*(.*?))?\s*")
_MORE = re.compile(r"\s+->\s*(.*?)\s*")
_WHO = re.compile(r"(\w+):\s+(.*)")


@dataclass(frozen=True)
class Person:
    name: str
    zone: str | None = None
    tax: Decimal | None = None


@dataclass(frozen=True)
class Setting:
    """What is there before anything happens: a catalogue document, and customers."""

    document: dict[str, Any]
    people: tuple[Person, ...]
    account: dict[str, Any]  # its settings, as PATCH /settings takes them
    prices: tuple[tuple[str, Decimal, str], ...]  # denomination, price of a credit, currency
    weights: tuple[tuple[str, Decimal, str | None], ...]  # feature, credits a unit, model


@dataclass(frozen=True)
class Step:
    at: datetime
    who: str | None
    verb: str
    words: tuple[str, ...]
    number: int  # of the step in its story, from 1

    def option(self, name: str) -> str | None:
        """The word after `name`, if it is said."""
        return self.words[self.words.index(name) + 1] if name in self.words else None

    def instant(self, name: str) -> datetime | None:
        said = self.option(name)
        return None if said is None else instant(said)

    def amount(self, position: int) -> Decimal | None:
        """The word at a position if it is a number."""
        word = self.words[position] if len(self.words) > position else ""
        return Decimal(word) if re.fullmatch(r"\d+(\.\d+)?", word) else None

    @property
    def amounts(self) -> list[Decimal]:
        """The amounts of a one-off invoice's lines: all numbers up to the first option."""
        rest = takewhile(lambda word: word not in {"net", "draft"}, self.words[1:])
        return [Decimal(word) for word in rest]

    @property
    def meta(self) -> dict[str, Any] | None:
        pairs = [word.partition("=") for word in self.words if "=" in word]
        return {name: number(value) for name, _, value in pairs} or None


@dataclass(frozen=True)
class Story:
    path: Path
    text: str
    setting: Setting
    steps: tuple[Step, ...]


def read(path: Path) -> Story:
    text = path.read_text()
    steps: list[Step] = []
    setting: list[str] = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip() or _MORE.fullmatch(line):
            continue
        found = _STEP.fullmatch(line)
        if found is None:
            assert not steps, f"{path.name}: this is no step: {line!r}"
            setting.append(line)
        else:
            steps.append(_step(found[1], found[2], len(steps) + 1))
    assert all(a.at <= b.at for a, b in pairwise(steps)), "time goes on"
    return Story(path, text, _setting(setting), tuple(steps))


def write(story: Story, changes: Sequence[Sequence[str]]) -> str:
    """The story's text with these right-hand sides, one list for each step."""
    found = [step for line in story.text.splitlines() if (step := _STEP.fullmatch(line))]
    at = max(len(step[1]) for step in found)
    left = [f"{step[1].ljust(at)}  {step[2]}" for step in found]
    column = max(map(len, left))
    lines, number = [], 0
    for line in story.text.splitlines():
        if line.startswith("#") or not (_STEP.fullmatch(line) or _MORE.fullmatch(line)):
            lines.append(line.rstrip())
        elif _STEP.fullmatch(line):
            number += 1
            first, *more = changes[number - 1] or [NOTHING]
            lines.append(f"{left[number - 1].ljust(column)}  -> {first}")
            lines += [f"{' ' * column}  -> {one}" for one in more]
    return "\n".join(lines) + "\n"


# Words ---------------------------------------------------------------------------------------------


def instant(word: str) -> datetime:
    found = datetime.fromisoformat(word)
    assert found.tzinfo is None, f"{word}: instants are UTC, and do not say so"
    return found.replace(tzinfo=UTC)


def shown(at: datetime | None) -> str:
    """An instant as short as it can be."""
    if at is None:
        return "?"
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text.removesuffix(":00").removesuffix("T00:00")


def number(word: str) -> Any:
    return Decimal(word) if re.fullmatch(r"-?\d+(\.\d+)?", word) else word


def _step(at: str, text: str, position: int) -> Step:
    who = _WHO.fullmatch(text)
    verb, *words = (who[2] if who else text).split()
    return Step(instant(at), who[1] if who else None, verb, tuple(words), position)


# The setting ---------------------------------------------------------------------------------------


def _setting(lines: list[str]) -> Setting:
    plans: list[dict[str, Any]] = []
    soft: set[str] = set()
    people: list[Person] = []
    account: dict[str, Any] = {}
    prices: list[tuple[str, Decimal, str]] = []
    weights: list[tuple[str, Decimal, str | None]] = []
    for line in lines:
        words = iter(line.split())
        match next(words):
            case "plan":
                plans.append(_plan(words))
            case "feature":
                plans[-1]["features"].append(_feature(words))
            case "credits":
                plans[-1]["credits"].append(_allocation(words))
            case "denomination":
                soft.add(next(words))
                assert next(words) == "soft", "a denomination is named when its limit is soft"
            case "price":
                prices.append((next(words), Decimal(next(words)), next(words)))
            case "weight":
                feature, weight = next(words), Decimal(next(words))
                weights.append((feature, weight, dict(_pairs(words)).get("model")))
            case "account":
                account |= _account(words)
            case "customer":
                people.append(_person(words))
            case word:
                raise AssertionError(f"{word}: not a word of the setting")
    priced = {name for name, _, _ in prices}
    return Setting(
        document=_document(plans, soft, priced),
        people=tuple(people) or (Person("acme"),),
        account=account,
        prices=tuple(prices),
        weights=tuple(weights),
    )


def _account(words: Iterator[str]) -> dict[str, Any]:
    names = {
        "grace": "graceDays",
        "incomplete": "incompleteDays",
        "cancel_after": "cancelAfterPastDueDays",
        "collection": "collectionMinutes",
        "upgrades": "upgradeRequiresPayment",
        "tax": "taxRate",
        "zone": "zone",
    }
    told: dict[str, Callable[[str], object]] = {
        "zone": str,
        "tax": Decimal,
        "upgrades": {"wait": True}.__getitem__,
    }
    return {names[name]: told.get(name, int)(value) for name, value in _pairs(words)}


def _document(plans: list[dict[str, Any]], soft: set[str], priced: set[str]) -> dict[str, Any]:
    features = {feature["key"]: feature for plan in plans for feature in plan["features"]}
    burnt = {one["credits"]["denomination"] for one in features.values() if "credits" in one}
    granted = {one["denomination"] for plan in plans for one in plan["credits"]}
    return {
        "features": [{"key": key, "name": key} for key in features],
        "creditModels": [
            {"denomination": name, "name": name, "hardLimit": name not in soft}
            for name in sorted(burnt | granted | soft | priced)
        ],
        "plans": plans,
    }


def _person(words: Iterator[str]) -> Person:
    name = next(words)
    said = dict(_pairs(words))
    tax = said.get("tax")
    return Person(name, said.get("zone"), None if tax is None else Decimal(tax))


def _plan(words: Iterator[str]) -> dict[str, Any]:
    key, price, currency, interval, timing = (next(words) for _ in range(5))
    count, _, unit = interval.rpartition("-")
    plan: dict[str, Any] = {
        "key": key,
        "name": key,
        "price": {"amount": Decimal(price), "currency": currency},
        "interval": {"unit": INTERVALS[unit], "count": int(count or 1)},
        "billingTiming": timing.upper(),
        "features": [],
        "credits": [],
    }
    names = {"trial": "trialDays", "grace": "gracePeriodDays", "net": "netTermsDays"}
    for word, value in _pairs(words):
        plan[names[word]] = int(value)
    return plan


def _feature(words: Iterator[str]) -> dict[str, Any]:
    feature: dict[str, Any] = {"key": next(words)}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        match word:
            case "included":
                feature["price"]["includedUnits"] = Decimal(rest.pop(0))
            case "minimum":
                feature["price"]["minimum"] = Decimal(rest.pop(0))
            case "limit":
                feature["limit"] = {"units": Decimal(rest.pop(0)), "overage": rest.pop(0).upper()}
            case "every":
                feature["limit"]["every"] = rest.pop(0).upper()
            case "burns":
                feature["credits"] = _burn(rest)
            case _ if word in MODELS:
                feature["price"] = _price(word, rest)
            case _:
                feature["aggregation"] = _aggregation(word, rest)
    return feature


def _aggregation(word: str, rest: list[str]) -> dict[str, Any]:
    assert word in AGGREGATIONS, f"{word}: not a word of a feature"
    return {"type": word, "property": rest.pop(0)} if word == "unique" else {"type": word}


def _burn(rest: list[str]) -> dict[str, Any]:
    burn: dict[str, Any] = {"denomination": rest.pop(0), "models": {}}
    if rest and re.fullmatch(r"[\d.]+", rest[0]):
        burn["weight"] = Decimal(rest.pop(0))
    while rest and ":" in rest[0]:
        model, _, weight = rest.pop(0).rpartition(":")
        burn["models"][model] = Decimal(weight)
    return burn


def _price(model: str, rest: list[str]) -> dict[str, Any]:
    match model:
        case "per_unit":
            return {"model": model, "unitPrice": Decimal(rest.pop(0))}
        case "package":
            size, price = rest.pop(0), rest.pop(0)
            return {"model": model, "packageSize": Decimal(size), "packagePrice": Decimal(price)}
    tiers = []
    while rest and ":" in rest[0]:
        up_to, _, costs = rest.pop(0).partition(":")
        unit_price, _, flat_fee = costs.partition("+")
        tiers.append(
            {
                "upTo": up_to if up_to == "inf" else Decimal(up_to),
                "unitPrice": Decimal(unit_price),
                "flatFee": Decimal(flat_fee or 0),
            }
        )
    return {"model": model, "tiers": tiers}


def _allocation(words: Iterator[str]) -> dict[str, Any]:
    allocation: dict[str, Any] = {"denomination": next(words), "amount": Decimal(next(words))}
    for word in words:
        match word:
            case "rollover":
                allocation["rollover"] = next(words).upper()
                if allocation["rollover"] == "CAPPED":
                    allocation["rolloverCap"] = Decimal(next(words))
            case "expires":
                allocation["expiresAfterMonths"] = int(next(words))
            case "every":
                allocation["every"] = next(words).upper()
            case _:
                raise AssertionError(f"{word}: not a word of an allocation")
    return allocation


def _pairs(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    return ((word, next(words)) for word in words)
