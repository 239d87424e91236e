"""What may happen in a life, and how often: plans, instants, and every operation with its weight."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from tests.machine.life import Life
from tests.machine.living import Living
from tests.machine.papers import MINOR, Allocation, Document, Plan, Price, Term

ZONES: Final = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Pacific/Apia",
)
# Month ends, leap days, and the days on which clocks change; the zone is drawn later.
STARTS: Final = tuple(
    datetime(*day, tzinfo=UTC)
    for day in (
        (2027, 1, 1),
        (2027, 1, 28),
        (2027, 1, 29),
        (2027, 1, 30),
        (2027, 1, 31),
        (2028, 2, 29),
        (2027, 8, 31),
        (2027, 3, 28),
        (2026, 10, 25),
        (2027, 3, 14),
        (2026, 12, 31),
    )
)
HOURS: Final = (0, 1, 2, 3, 9, 23)
FEATURES: Final = ("chat", "api", "seats")
MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)

TIERS: Final = (
    (Fraction(10), Fraction(2, 100), Fraction(1)),
    (Fraction(100), Fraction(1, 100), Fraction(3)),
    (None, Fraction(5, 1000), Fraction(2)),
)


def money(amount: Fraction, currency: str) -> Fraction:
    """An amount cut to the currency's minor unit."""
    unit = 10 ** MINOR[currency]
    return Fraction(amount * unit // 1, unit)


def price(rng: Random) -> Price:
    model = rng.choice(("per_unit", "graduated", "volume", "package"))
    return Price(
        model,
        unit=Fraction(rng.choice((1, 3, 7)))
        if model == "package"
        else Fraction(rng.choice((7, 5)), 1000),
        block=Fraction(rng.choice((10, 3))),
        tiers=TIERS,
        included=Fraction(rng.choice((0, 0, 5))),
        minimum=Fraction(rng.choice((0, 0, 0, 4))),
    )


def term(rng: Random) -> Term:
    burns = rng.choice((None, None, "CREDITS", "CREDITS", "TOKENS"))
    priced = price(rng) if rng.random() < (0.3 if burns else 0.6) else None
    if priced and burns:
        priced = Price(priced.model, priced.unit, priced.block, priced.tiers)
    limited = rng.random() < 0.4
    return Term(
        price=priced,
        limit=Fraction(rng.choice((0, 5, 20, 50))) if limited else None,
        block=rng.random() < 0.7,
        burns=burns,
        weight=rng.choice((Fraction(1), Fraction(3), Fraction(1, 4))),
    )


def allocation(rng: Random, denomination: str) -> Allocation:
    rollover = rng.choice(("NONE", "FULL", "CAPPED"))
    return Allocation(
        denomination,
        Fraction(rng.choice((10, 30, 100))),
        rollover,
        Fraction(rng.choice((0, 5, 20))) if rollover == "CAPPED" else Fraction(0),
        rng.choice((None, None, 1, 2)),
    )


Rhythm = tuple[str, int, bool]  # unit, count, in advance


def rhythm(rng: Random) -> Rhythm:
    months = ("MONTH", 1)
    choices = (months, months, months, ("MONTH", 3), ("YEAR", 1), ("WEEK", 2), ("DAY", 30))
    return (*rng.choice(choices), rng.random() < 0.65)


def plan(rng: Random, key: str, currency: str, common: Rhythm) -> Plan:
    """Half of a catalogue's plans share a rhythm, so that a change need not cut the period."""
    unit, count, advance = common if rng.random() < 0.5 else rhythm(rng)
    pools = [name for name in ("CREDITS", "TOKENS") if rng.random() < 0.5]
    names = [name for name in FEATURES if rng.random() < 0.6]
    amount = Fraction(rng.choice(("0", "10", "10", "30", "49", "99.99", "333.333")))
    return Plan(
        key=key,
        price=money(amount, currency),
        currency=currency,
        unit=unit,
        count=count,
        advance=advance,
        trial_days=rng.choice((0, 0, 0, 0, 14, 31)),
        grace_days=rng.choice((None, None, 0, 1, 40)),
        net_days=rng.choice((0, 0, 0, 14)),
        terms=tuple((name, term(rng)) for name in names),
        allocations=tuple(allocation(rng, name) for name in pools),
    )


# A month or so later these zones put the clock forward past that time.
SKIPPED: Final = (
    ("Europe/Berlin", datetime(2027, 2, 28, 2, 30, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 2, 14, 2, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 9, 3, 2, 15, tzinfo=UTC)),
)


@dataclass(frozen=True)
class Start:
    """A customer on the eve of everything, and what there is to buy."""

    at: datetime
    plans: list[Plan]
    zone: str
    tax: Fraction
    soft: frozenset[str] = frozenset(("TOKENS",))


def start(rng: Random) -> Start:
    currency = rng.choice(("USD", "USD", "USD", "JPY", "KWD"))
    common = rhythm(rng)
    plans = [plan(rng, f"p{n}", currency, common) for n in range(rng.choice((2, 3, 4)))]
    if rng.random() < 0.1:
        plans.append(plan(rng, "foreign", "JPY" if currency == "USD" else "USD", common))
    zone = rng.choice(ZONES)
    local = rng.choice(STARTS) + timedelta(hours=rng.choice(HOURS), minutes=rng.choice((0, 30)))
    if rng.random() < 0.1:
        zone, local = rng.choice(SKIPPED)
    at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return Start(
        at, plans, zone, rng.choice((Fraction(0), Fraction(0), Fraction(19), Fraction(77, 10)))
    )


def begin(rng: Random, *, compare: bool = True) -> Life:
    one = start(rng)
    return Life(one.at, one.plans, zone=one.zone, tax=one.tax, soft=one.soft, compare=compare)


# Operations ----------------------------------------------------------------------------------------


def some(rng: Random, many: int, newest: float = 0.6) -> int | None:
    """The place of one of many, more often the newest; None when there is none."""
    if many == 0:
        return None
    return many - 1 if rng.random() < newest else rng.randrange(many)


def open_invoice(life: Living, rng: Random) -> int | None:
    """Mostly an invoice that can be paid; sometimes any."""
    still = [n for n, (invoice, _) in enumerate(life.invoices) if invoice.open > 0]
    if still and rng.random() < 0.85:
        return still[0] if rng.random() < 0.5 else rng.choice(still)
    return some(rng, len(life.invoices))


def subscribe(life: Living, rng: Random) -> None:
    life.subscribe(rng.choice(life.plans), rng.choice((None, None, 0, 3, 30)))


def amount_for(invoice: Document, rng: Random) -> Fraction | None:
    least = Fraction(1, 10 ** MINOR[invoice.currency])
    rest = invoice.open
    part = money(rest * Fraction(rng.choice((1, 1, 2, 3)), 4), invoice.currency)
    wanted = rng.choice((rest, part, rest + least, rest + 7, least))
    return wanted if wanted > 0 else least


def pay(life: Living, rng: Random) -> None:
    n = open_invoice(life, rng)
    if n is None:
        return
    amount = None if rng.random() < 0.65 else amount_for(life.invoices[n][0], rng)
    reference = None if rng.random() < 0.7 else f"r{rng.randrange(6)}"
    life.pay(n, amount, reference)


def receive(life: Living, rng: Random) -> None:
    currency = life.plans[0].currency
    amount = money(Fraction(rng.choice(("1", "12.34", "50", "400"))), currency)
    life.receive(currency, amount, None if rng.random() < 0.7 else f"r{rng.randrange(6)}")


def pay_out(life: Living, rng: Random) -> None:
    currency = life.plans[0].currency
    there = life.book.balance(currency)
    life.pay_out(currency, rng.choice([there, Fraction(1)]) or Fraction(1))


def reverse(life: Living, rng: Random) -> None:
    n = some(rng, len(life.payments))
    if n is not None:
        life.reverse(n)


def void(life: Living, rng: Random) -> None:
    n = open_invoice(life, rng)
    if n is not None:
        life.void(n)


def _unpaid_changes(life: Living) -> list[int]:
    return [n for n, (i, _) in enumerate(life.invoices) if i.kind == "ADJUSTMENT" and i.open > 0]


def void_change(life: Living, rng: Random) -> None:
    """An adjustment that is not paid: the newest undoes its plan change, others are refused."""
    if not _unpaid_changes(life):
        upgrade(life, rng)
    changes = _unpaid_changes(life)
    if changes:
        life.void(changes[-1] if rng.random() < 0.8 else changes[0])


def wait(life: Living, rng: Random) -> None:
    wild = any(sub.plan.unit in ("DAY", "WEEK") for sub in life.book.subs)
    steps = [MICROSECOND, timedelta(hours=1), DAY, 3 * DAY, 31 * DAY]
    steps += [31 * DAY if wild else 400 * DAY]
    life.wait(life.now + rng.choice(steps))


def wait_for_next(life: Living, rng: Random) -> None:
    """To the next thing that time does, a microsecond before it, or after."""
    life.catch_up()
    at = life.book.next_due(life.now)
    if at is not None:
        life.wait(at + rng.choice((-1, 0, 0, 0, 1)) * MICROSECOND)


def wait_for_half(life: Living, rng: Random) -> None:
    """To the exact half of a running period: there shares are half a minor unit."""
    life.catch_up()
    running = [sub.running for sub in life.book.subs if sub.running]
    halves = [period.start + (period.end - period.start) / 2 for period in running]
    ahead = [half for half in halves if half > life.now]
    if ahead:
        life.wait(rng.choice(ahead))


def upgrade(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.upgrade(n, rng.choice(life.plans))


def downgrade(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.downgrade(n, rng.choice(life.plans))


def undo_change(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.undo_change(n)


def cancel_at_end(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.cancel(n, "END_OF_PERIOD")


def cancel_now(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.cancel(n, "IMMEDIATE", rng.random() < 0.8)


def undo_cancel(life: Living, rng: Random) -> None:
    n = some(rng, len(life.subs))
    if n is not None:
        life.undo_cancel(n)


def use(life: Living, rng: Random) -> None:
    features = life.features or ["chat"]
    feature = rng.choice(features) if rng.random() < 0.97 else "unknown"
    units = Fraction(
        rng.choice(("1", "3", "8", "10", "10", "40", "0", "2.5", "0.000000000001", "100", "150"))
    )
    late = rng.choice((0, 0, 0, 0, 0, 1, 10, 34, 36))
    life.use(feature, units, f"e{len(life.keys)}", life.now - late * DAY)


def use_again(life: Living, rng: Random) -> None:
    """The same event, or another under its key."""
    n = some(rng, len(life.keys))
    if n is not None:
        feature, units, key, at = life.keys[n]
        life.use(feature, units + (rng.random() < 0.2), key, at)


def correct(life: Living, rng: Random) -> None:
    """Some units off an event, or all; more than it was, or off a correction: refused."""
    n = some(rng, len(life.keys))
    if n is None:
        return
    _, units, of, _ = life.keys[n]
    if life.corrections and rng.random() < 0.3:  # the same event again
        of = life.corrections[-1][0]
    if life.corrections and rng.random() < 0.05:
        of = life.corrections[-1][2]
    part = rng.choice((units, units / 2, min(units, Fraction(1)), units + 1, Fraction(3)))
    life.correct(
        of, Fraction(part * 10**12 // 1, 10**12) or Fraction(1), f"c{len(life.corrections)}"
    )


def correct_again(life: Living, rng: Random) -> None:
    """The same correction, or another under its key."""
    if life.corrections:
        of, units, key = rng.choice(life.corrections)
        life.correct(of, units + (rng.random() < 0.2), key)


def take(life: Living, rng: Random) -> None:
    """A hold: mostly within what is there, for as long as a call takes, or a day."""
    features = life.features or ["chat"]
    if rng.random() < 0.8:
        features = [one for one in features if not life.book.access(one, life.now)] or features
    feature = rng.choice(features) if rng.random() < 0.97 else "unknown"
    units = Fraction(rng.choice(("1", "3", "3", "8", "10", "0", "2.5", "0.000000000001", "40")))
    seconds = rng.choice((1, 300, 3600, 86_400, 86_400))
    key = None if rng.random() < 0.4 else f"h{len(life.holds) - (rng.random() < 0.2)}"
    life.take(feature, units, timedelta(seconds=seconds), key)


def settle(life: Living, rng: Random) -> None:
    """Less than was held, just as much, or more; late, and now and then once more."""
    if life.settled and rng.random() < 0.15:
        life.settle(*life.settled[-1])
    if not life.holds:
        take(life, rng)
    n = some(rng, len(life.holds))
    if n is not None:
        held = life.holds[n][0].units
        units = rng.choice((held, held, held - min(held, Fraction(1)), held + 1, held + 100))
        at = life.now - rng.choice((0, 0, 0, 0, 1, 36)) * DAY
        life.settle(n, units, None if rng.random() < 0.6 else f"e{len(life.keys)}", at)


def release(life: Living, rng: Random) -> None:
    if not life.book.open_holds(life.now):
        take(life, rng)
    n = some(rng, len(life.holds), newest=0.8)
    if n is not None:
        life.release(n)


def wait_for_hold(life: Living, rng: Random) -> None:
    """To the instant at which a hold is over, or a microsecond before it."""
    if not life.book.open_holds(life.now):
        take(life, rng)
    ahead = [hold.expires for hold in life.book.open_holds(life.now)]
    if ahead:
        life.wait(min(ahead) - rng.choice((0, 0, 1)) * MICROSECOND)


def reverse_burn(life: Living, rng: Random) -> None:
    n = some(rng, len(life.keys))
    if n is not None:
        life.reverse_burn(life.keys[n][2])


def buy(life: Living, rng: Random) -> None:
    amount, each = rng.choice((Fraction(10), Fraction(100))), Fraction(rng.choice(("0.5", "0.013")))
    life.buy(rng.choice(life.pools), amount, each, life.plans[0].currency)


def give(life: Living, rng: Random) -> None:
    expires = rng.choice((None, life.now + DAY, life.now + 40 * DAY))
    kind = rng.choice(("MANUAL", "PROMOTIONAL"))
    life.give(
        rng.choice(life.pools),
        Fraction(rng.choice((4, 25))),
        kind,
        expires,
        rng.choice((0, 0, -1, 5)),
    )


Operation = Callable[[Living, Random], None]

OPERATIONS: Final[dict[Operation, int]] = {
    subscribe: 6,
    pay: 16,
    receive: 3,
    pay_out: 2,
    reverse: 3,
    void: 3,
    void_change: 3,
    wait: 8,
    wait_for_next: 16,
    wait_for_half: 3,
    upgrade: 8,
    downgrade: 4,
    undo_change: 1,
    cancel_at_end: 3,
    cancel_now: 2,
    undo_cancel: 2,
    use: 14,
    use_again: 1,
    correct: 6,
    correct_again: 1,
    take: 4,
    settle: 4,
    release: 1,
    wait_for_hold: 1,
    reverse_burn: 2,
    buy: 2,
    give: 2,
}


def step(life: Living, rng: Random) -> str:
    """One operation at random; its name."""
    operation = rng.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]
    if not life.subs and rng.random() < 0.7:
        operation = subscribe
    operation(life, rng)
    if rng.random() < 0.03:
        operation(life, rng)
    return operation.__name__


def walk(seed: int, steps: int, *, compare: bool = True) -> Life:
    """A whole life from a seed."""
    rng = Random(seed)
    life = begin(rng, compare=compare)
    for _ in range(steps):
        step(life, rng)
    return life
