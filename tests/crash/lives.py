"""Who the customers of the book are: plans, and what each does on which day of theirs.

    12 use chat 250 | 45.6 pay        on day 12; on day 45, six hours later

`pay` pays all that is open, `pay last` the newest of it; what is paid by nobody becomes past due. Months are counted from the
31st of January of a leap year: the boundaries lie on days 29, 60, 90, 121 …
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

MONTH = {"unit": "MONTH", "count": 1}
QUARTER = {"unit": "MONTH", "count": 3}
YEAR = {"unit": "YEAR", "count": 1}

_TIERS = [
    {"upTo": 100, "unitPrice": Decimal("0.05"), "flatFee": 1},
    {"upTo": "inf", "unitPrice": Decimal("0.0125")},
]
CHAT = {"key": "chat", "price": {"model": "per_unit", "unitPrice": Decimal("0.013")}}
TALK = {"key": "chat", "price": {"model": "graduated", "tiers": _TIERS, "minimum": 2}}
BULK = {"key": "chat", "price": {"model": "volume", "tiers": _TIERS}}
IMAGES = {
    "key": "images",
    "price": {"model": "per_unit", "unitPrice": Decimal("0.05")},
    "credits": {"denomination": "CREDITS", "weight": 2},
}
SEATS = {"key": "seats", "limit": {"units": 20, "overage": "BLOCK"}}
SEATS_MONTHLY = {"key": "seats", "limit": {"units": 10, "overage": "BLOCK", "every": "MONTH"}}


def _plan(key: str, amount: int, features: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "price": {"amount": amount, "currency": "USD"},
        "interval": MONTH,
        "billingTiming": "IN_ADVANCE",
        "features": features,
    } | more


def _credits(amount: int, rollover: str, **more: Any) -> dict[str, Any]:
    return {"denomination": "CREDITS", "amount": amount, "rollover": rollover} | more


_ARREARS = {"billingTiming": "IN_ARREARS"}

CATALOGUE: dict[str, Any] = {
    "features": [{"key": key, "name": key} for key in ("chat", "images", "seats")],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        _plan("seats", 12, [SEATS]),
        _plan("small", 10, [CHAT, SEATS]),
        _plan("pro", 49, [CHAT, IMAGES, SEATS], credits=[_credits(100, "CAPPED", rolloverCap=30)]),
        _plan("big", 120, [TALK, IMAGES], credits=[_credits(500, "FULL")]),
        _plan("lenient", 0, [CHAT], gracePeriodDays=70),
        _plan("patient", 25, [CHAT], netTermsDays=14, gracePeriodDays=10),
        _plan(
            "tried",
            30,
            [CHAT, IMAGES],
            trialDays=14,
            credits=[_credits(40, "NONE", expiresAfterMonths=3)],
        ),
        _plan("payg", 5, [TALK, IMAGES], credits=[_credits(50, "FULL", expiresAfterMonths=2)])
        | _ARREARS,
        _plan("metered", 0, [BULK, SEATS]) | _ARREARS,
        _plan("tried_payg", 8, [BULK], trialDays=10) | _ARREARS,
        _plan(
            "yearly",
            490,
            [CHAT, IMAGES, SEATS_MONTHLY],
            interval=YEAR,
            credits=[_credits(100, "FULL", every="MONTH")],
        ),
        _plan("quarterly", 90, [CHAT], interval=QUARTER),
        _plan("quarterly_big", 150, [CHAT], interval=QUARTER),
        _plan(
            "quarter_free",
            0,
            [IMAGES, SEATS_MONTHLY],
            interval=QUARTER,
            credits=[_credits(60, "CAPPED", rolloverCap=20, every="MONTH")],
        ),
        _plan(
            "quarter_payg",
            15,
            [CHAT, IMAGES],
            interval=QUARTER,
            credits=[_credits(30, "FULL", every="MONTH")],
        )
        | _ARREARS,
        _plan(
            "weekly",
            0,
            [IMAGES],
            interval={"unit": "WEEK", "count": 1},
            credits=[_credits(10, "CAPPED", rolloverCap=4)],
        ),
    ],
}
SHOP: list[tuple[str, str, Any]] = [
    ("POST", "/catalog/apply", CATALOGUE),
    (
        "POST",
        "/credits/prices",
        {"denomination": "CREDITS", "currency": "USD", "pricePerCredit": Decimal("0.02")},
    ),
    ("PATCH", "/settings", {"cancelAfterPastDueDays": 60}),
]

_LIVES = {
    # Paid from what is on account.
    "ahead": "0 subscribe pro | 0 pay | 1 receive 900 | 5 use images 30 | 12 use chat 250",
    "hybrid": "0 subscribe big | 0 pay | 2 receive 4000 | 9 use images 300 | 40 use images 450"
    " | 41 use chat 700 | 75 use chat 33.5",
    "downgrader": "0 subscribe pro | 0 pay | 1 receive 900 | 4 use images 20 | 10 downgrade small",
    "to_arrears": "0 subscribe pro | 0 pay | 3 receive 300 | 6 use chat 90 | 11 downgrade payg",
    "to_quarters": "0 subscribe pro | 0 pay | 3 receive 60 | 7 use images 44"
    " | 11 downgrade quarter_free",
    "trial_paid": "0 subscribe tried | 3 use images 5 | 5 receive 700 | 16 use images 7",
    "yearly": "0 subscribe yearly | 0 pay | 1 receive 800 | 8 use seats 9 | 65 use seats 12"
    " | 100 use images 350",
    "quarter_free": "0 subscribe quarter_free | 2 use images 11 | 7 use seats 8",
    "quarter_payg": "0 subscribe quarter_payg | 1 receive 200 | 3 use chat 400 | 50 use chat 12",
    "two": "0 subscribe pro | 0 pay | 1 subscribe metered | 2 receive 800 | 4 use chat 120"
    " | 33 use seats 30",
    "stayer": "0 subscribe pro | 0 pay | 1 receive 900 | 8 cancel end | 13 uncancel",
    "granted": "0 subscribe pro | 0 pay | 1 receive 900 | 3 grant 25 50 | 4 grant 70 120"
    " | 6 use images 60",
    "taxed": "0 subscribe payg | 1 receive 900 | 5 use chat 70 | 95 tax 7 | 250 tax 0",
    "gone": "0 subscribe payg | 1 receive 300 | 35 cancel end",
    "weekly": "0 subscribe weekly | 1 use images 2 | 9 use images 3",
    # Paid in time, by hand.
    "prompt": "0 subscribe pro | 0 pay | 30.5 pay | 62 pay | 91 pay | 122 cancel end | 123 pay",
    "payer": "0 subscribe payg | 4 use chat 130 | 30 pay | 35 use chat 12 8 | 61 pay | 62 pay"
    " | 91 pay | 92 cancel end | 122 pay",
    "leaver": "0 subscribe pro | 0 pay | 3 use chat 77 | 8 cancel end | 30 pay",
    "upgrader": "0 subscribe small | 0 pay | 2 receive 2000 | 10 upgrade pro | 40 use images 70"
    " | 100 upgrade big",
    "cutter": "0 subscribe pro | 0 pay | 5 use images 20 | 15 upgrade yearly | 15 pay"
    " | 17 receive 600",
    "quitter": "0 subscribe payg | 6 use chat 210 | 30 pay | 45 cancel now | 46 pay"
    " | 50 use chat 20 9 | 81 pay",
    # Overdue, by an invoice that was issued in time: somebody came at that very instant.
    "never": "0 subscribe small",
    "lenient": "0 subscribe lenient | 3 use chat 400 | 29 grace 70",
    "quarter_owing": "0 subscribe quarter_payg | 3 use chat 100 | 90 use chat 60",
    "quarter_part": "0 subscribe quarterly | 0 pay | 90 part 80",
    "quarter_upgraded": "0 subscribe quarterly | 0 pay | 90 pay | 100 upgrade quarterly_big",
    "refunded": "0 subscribe metered | 3 use chat 100 | 29 part 5.50 | 31 use chat 300 10",
    # What usage reported late gives back at a boundary pays what is open elsewhere.
    "carried": "0 subscribe seats | 0 pay | 1 subscribe metered | 4 use chat 100 | 29 part 11.50"
    " | 30 pay last | 33 use chat 300 20 | 75 receive 300",
    "started": "0 subscribe metered | 3 use chat 100 | 29 pay | 31 use chat 300 20"
    " | 35 subscribe seats | 35 part 11.50 | 75 receive 300",
    "bought": "0 subscribe metered | 3 use chat 100 | 29 pay | 31 use chat 300 20 | 58 buy 25",
    # Overdue, or paid late.
    "trial_unpaid": "0 subscribe tried | 3 use chat 12",
    "trial_payg": "0 subscribe tried_payg | 3 use chat 12 | 12 use chat 800 | 60 use chat 3",
    "payg_unpaid": "0 subscribe payg | 4 use chat 40",
    "slow": "0 subscribe pro | 0 pay | 45 pay | 130 pay | 131 receive 100",
    "owing": "0 subscribe pro | 0 pay | 1 receive 49 | 40 upgrade big | 95 pay",
    "bouncer": "0 subscribe pro | 0 pay | 33 pay | 40 bounce | 80 pay | 200 pay",
    "voider": "0 subscribe pro | 0 pay | 35 void | 66 pay",
    "patient": "0 subscribe patient | 0 pay | 50 pay | 80 use chat 9",
    "buyer": "0 subscribe small | 0 pay | 2 receive 30 | 5 buy 4000 | 8 buy 50 | 200 buy 3000",
}

_IN_BERLIN = {"hybrid", "to_arrears", "trial_paid", "two", "granted", "prompt", "leaver", "cutter"}
_IN_BERLIN |= {"trial_unpaid", "slow", "voider", "patient"}
PROFILES: dict[str, dict[str, Any]] = {
    name: {"timeZone": "Europe/Berlin", "taxRate": 19} if name in _IN_BERLIN else {}
    for name in _LIVES
}


class Life(NamedTuple):
    """A customer, when it comes after the book's start, and what it does."""

    name: str
    begins: timedelta
    text: str


def told(*, live: bool) -> list[Life]:
    """Return the customers' lives.

    `live`: without the one who is invoiced so often that a late worker stops for an operator.
    """
    every = [
        Life(name, timedelta(hours=31 * (number % 2)), text)
        for number, (name, text) in enumerate(_LIVES.items())
    ]
    return [one for one in every if not (live and one.name == "weekly")]
