#!/usr/bin/env python3
"""One customer's life with Usance, played against a running server. Needs Python 3.11, nothing else.

    make run                                          # in one terminal; prints a key at first start
    USANCE_KEY=sk_test_... python examples/quickstart.py     # in another

USANCE_API is the base of the API (http://127.0.0.1:8080/api/v1), USANCE_KEY a key of a TEST account
with the demo catalogue: the story moves that account's clock by more than a month. Each run makes
a customer of its own. Each step is checked: what is not as expected ends the run with 1.

The money, by BILLING.md. The story starts on the first day of a month of 30 days; day 1 is there.

    day 1   Pro, in advance                                              49.00   paid
    day 21  upgrade to Enterprise with 10 of 30 days left:
            unused time on Pro     -(49.00 - round(49.00 x 20/30 = 32.67)) = -16.33
            remaining on Enterprise          round(199.00 x 10/30)         =  66.33
                                                                         50.00   paid
    day 31  renewal: Enterprise 199.00 + 12,345 API calls, which are
            13 started packages of 1,000 at 0.50 = 6.50                 205.50   paid, late
    day 46  cancelled at once, on day 15 of 31:
            credit note 199.00 - round(199.00 x 15/31 = 96.29) =        102.71   to the balance
            final invoice, 1,500 API calls in 2 packages =                1.00   paid from it
                                                     left on the balance 101.71

And the credits: Pro gives 1,000; 150,000 tokens of gpt-4o at 0.002 burn 300, which leaves 700.
Enterprise allocates 10,000, and 1,000 were given already: 9,000 more make 9,700. At the renewal the
700 of Pro roll over CAPPED at 200 and the 9,000 of Enterprise in FULL; with 10,000 new ones that
is 19,200. Cancelled, all of them are clawed back: they came with the plan.
"""

# ruff: noqa: T201, TID251 - a script that prints, and is nothing of the server's

import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import quote

API = os.environ.get("USANCE_API", "").rstrip("/") or "http://127.0.0.1:8080/api/v1"
KEY = os.environ.get("USANCE_KEY", "")
THIRTY_DAYS_LONG = (4, 6, 9, 11)


def fail(message: str) -> NoReturn:
    """End the run: something is not as it should be."""
    print(f"\nquickstart: {message}", file=sys.stderr)
    sys.exit(1)


def check(what: str, actual: object, expected: object) -> None:
    """End the run unless a value is the one expected."""
    if actual != expected:
        fail(f"{what} is {actual}, and should be {expected}.")


def tell(what: str, result: str = "", *why: str) -> None:
    """Print what was done on which day of the account's clock, what came of it, and why."""
    print(f"{day:10}  {what:<42}  {result}".rstrip())
    for line in why:
        print(f"{'':10}    {line}")


# --- talking to the server -------------------------------------------------------------------------


def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Return the status and the decoded body of an answer; numbers with a point are Decimals."""
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
        API + path,
        method=method,
        # `default=str`: a Decimal is sent as text, which is taken as the number, digit for digit.
        data=None if body is None else json.dumps(body, default=str).encode(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read(), parse_float=Decimal)
    except urllib.error.HTTPError as refused:
        content = refused.read()
        if not content.startswith(b"{"):
            fail(f"{API} does not answer like Usance (HTTP {refused.code}).")
        return refused.code, json.loads(content, parse_float=Decimal)
    except (OSError, ValueError) as problem:
        fail(f"{API} does not answer ({problem}). Is it running? make run")


def call(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - the API's JSON
    """Return the data of a success; a refusal ends the run."""
    status, answer = send(method, path, body)
    if not answer["success"]:
        error = answer["error"]
        if error["code"] == "clock_is_real":
            fail("The story needs a TEST account (a key that begins with sk_test_).")
        fail(f"{method} {path}: {status} {error['code']}: {error['message']}")
    return answer["data"]


def move_clock(to: datetime) -> None:
    """Move the TEST account's clock; all that is due until then is done, in order."""
    global day  # noqa: PLW0603 - the day that `tell` shows
    while not call("POST", "/clock/advance", {"to": to.isoformat()})["done"]:
        pass
    day = f"{to:%Y-%m-%d}"


def instant(text: str) -> datetime:
    """Return an instant of the API."""
    return datetime.fromisoformat(text)


def may_use(feature: str) -> Any:  # noqa: ANN401
    """Ask whether the customer may use one more unit of a feature now."""
    return call("GET", f"/entitlements/{quote(customer, safe='')}/{feature}")


def credits_left() -> object:
    """Return the customer's balance of AI_CREDITS."""
    return call("GET", f"/credits/{quote(customer, safe='')}/pools")[0]["balance"]


def new_key() -> str:
    """Return a key under which an event counts once, however often it is sent."""
    return uuid.uuid4().hex


def pay(invoice: dict[str, Any]) -> Any:  # noqa: ANN401
    """Tell that an invoice was paid, however that happened."""
    return call("POST", f"/billing/invoices/{invoice['id']}/mark-paid")


if not KEY:
    fail("Set USANCE_KEY to an API key: `make run` prints one when it starts for the first time.")

clock = call("GET", "/clock")
day = clock["now"][:10]
customer = f"quickstart/{new_key()[:12]}"  # any text; here with a slash, to show that it may

# --- the story -------------------------------------------------------------------------------------

now = instant(clock["now"])
starts = [
    datetime(year, month, 1, tzinfo=UTC)
    for year in (now.year, now.year + 1)
    for month in THIRTY_DAYS_LONG
]
first = next(start for start in starts if start > now)
move_clock(first)
tell(
    "move the clock to a month of 30 days", "", "so that the shares of a month below come out even"
)

call(
    "POST",
    "/customers",
    {
        "customerReferenceId": customer,
        "email": "jane@example.com",
        "firstName": "Jane",
        "lastName": "Smith",
        "timeZone": "UTC",
    },
)
tell("create a customer", customer)

plans = {offer["plan"]["key"]: offer["plan"] for offer in call("GET", "/plans")}
for key, price in {
    "pro_monthly": "49.00",
    "enterprise_monthly": "199.00",
    "starter_monthly": "19.00",
}.items():
    if key not in plans:
        fail(f"There is no plan {key}: the story needs the demo catalogue.")
    check(f"the price of {key}", str(plans[key]["priceAmount"]), price)
tell("list the plans", ", ".join(f"{key} {one['priceAmount']}" for key, one in plans.items()))

made = call(
    "POST",
    "/subscriptions",
    {
        "customerReferenceId": customer,
        "planId": plans["pro_monthly"]["id"],
        "gracePeriod": 3,
    },
)
subscription, invoice = made["subscription"], made["invoice"]
one = f"/subscriptions/{subscription['id']}"
check("the subscription", subscription["status"], "INCOMPLETE")
check("the first invoice", (invoice["status"], str(invoice["amountDue"])), ("DUE", "49.00"))
tell(
    "subscribe to pro_monthly",
    f"{subscription['status']}, {invoice['number']} of 49.00 is DUE",
    "in advance: the subscription waits for its first payment",
)

answer = may_use("ai_chat")
check("access before payment", answer["isAllowed"], False)
check("the reason", answer["reason"]["code"], "subscription_inactive")
tell("may they use ai_chat?", f"no: {answer['reason']['code']}")

check("the invoice", pay(invoice)["status"], "PAID")
subscription = call("GET", one)
check("the subscription", (subscription["status"], subscription["isActive"]), ("ACTIVE", True))
starts_at, ends_at = (instant(subscription[f"currentPeriod{end}"]) for end in ("Start", "End"))
check("the period's length", ends_at - starts_at, timedelta(days=30))
tell(
    "mark it paid",
    f"ACTIVE until {ends_at:%Y-%m-%d}",
    "the period begins with the payment; features and 1,000 credits are there now",
)

answer = may_use("ai_chat")
check("access after payment", answer["isAllowed"], True)
tell(
    "may they use ai_chat?", f"yes: {answer['usage']['used']} of {answer['usage']['limit']:,} used"
)

event = {
    "eventIdempotencyKey": new_key(),
    "eventName": "chat_completion",
    "customerReferenceId": customer,
    "featureKey": "ai_chat",
    "usageUnits": 150_000,
    "costInput": {
        "model": "gpt-4o",
        "modelProvider": "openai",
        "inputTokens": 100_000,
        "outputTokens": 50_000,
    },
}
receipt = call("POST", "/events", event)
check("the credits deducted", receipt["creditsDeducted"], 300)
tell(
    "report 150,000 tokens of gpt-4o",
    f"300 credits burnt, it cost you {receipt['costAmount']} USD",
    "150,000 x 0.002 credits; the cost by the model's price of that day",
)

again = call("POST", "/events", event)
check("the second receipt", (again["duplicate"], again["eventId"]), (True, receipt["eventId"]))
check("the credits", credits_left(), 700)
tell(
    "report the same event again",
    "duplicate: the first receipt, nothing burnt",
    "its key identifies it for ever, so a retry is harmless",
)

simulated = {}
for units in (5_000, 900_000):
    question = {"eventName": "chat_completion", "usageUnits": units, "model": "gpt-4o"}
    simulated[units] = call(
        "POST",
        "/entitlements",
        {
            "customerReferenceId": customer,
            "featureKey": "ai_chat",
            "track": question,
        },
    )
check("5,000 tokens more", simulated[5_000]["simulation"]["wouldExceedLimit"], False)
check("their credits", simulated[5_000]["creditQuote"]["estimatedCredits"], 10)
check("900,000 tokens more", simulated[900_000]["reason"]["code"], "insufficient_credits")
tell(
    "simulate 5,000 tokens, then 900,000",
    "10 credits: yes. 1,800 credits: insufficient_credits",
    "a simulation records nothing",
)

check("the credits", credits_left(), 700)
tell("read the credit pools", "AI_CREDITS: 700 remaining")

move_clock(starts_at + timedelta(days=20))
changed = call(
    "POST",
    f"{one}/plan-change",
    {
        "changeToPlanId": plans["enterprise_monthly"]["id"],
        "changeType": "UPGRADE",
    },
)
adjustment = changed["invoice"]
check("the plan", changed["subscription"]["plan"]["key"], "enterprise_monthly")
lines = [str(line["amount"]) for line in adjustment["lines"]]
check("the adjustment's lines", lines, ["-16.33", "66.33"])
check("the adjustment", (adjustment["type"], str(adjustment["amount"])), ("ADJUSTMENT", "50.00"))
tell(
    "upgrade to enterprise_monthly",
    f"now; {adjustment['number']} of 50.00 is DUE",
    "10 of 30 days are left: -16.33 unused on Pro, +66.33 for the rest on Enterprise",
)

check("the credits", credits_left(), 9_700)
check("the adjustment", pay(adjustment)["status"], "PAID")
tell(
    "mark it paid",
    "PAID; 9,700 credits",
    "the increase came with the upgrade: 10,000 less the 1,000 of Pro, 300 of them burnt",
)

calls = {"eventName": "request", "customerReferenceId": customer, "featureKey": "api_calls"}
event = {**calls, "eventIdempotencyKey": new_key(), "usageUnits": 12_345}
receipt = call("POST", "/events", event)
check("the event's revenue", receipt["revenueAmount"], Decimal("6.50"))
tell("report 12,345 API calls", "6.50 on the next invoice", "13 started packages of 1,000 at 0.50")

planned = call(
    "POST",
    f"{one}/plan-change",
    {
        "changeToPlanId": plans["starter_monthly"]["id"],
        "changeType": "DOWNGRADE",
    },
)["subscription"]
check("the plan", planned["plan"]["key"], "enterprise_monthly")
check("the scheduled plan", planned["scheduledChange"]["toPlan"]["key"], "starter_monthly")
check("its instant", instant(planned["scheduledChange"]["effectiveAt"]), ends_at)
undone = call("DELETE", f"{one}/plan-change/scheduled")["subscription"]
check("the scheduled change", undone["scheduledChange"], None)
tell("downgrade to starter_monthly, and undo it", f"it had waited for {ends_at:%Y-%m-%d}")

cancellation = f"/subscriptions/cancellation/{subscription['id']}"
ending = call("POST", f"{cancellation}?cancelMode=END_OF_PERIOD")["subscription"]
check("the status", (ending["status"], instant(ending["cancelAt"])), ("ACTIVE", ends_at))
undone = call("DELETE", f"{cancellation}/scheduled")["subscription"]
check("the scheduled end", undone["cancelAt"], None)
tell("cancel at the period's end, and undo it", f"it had stayed ACTIVE until {ends_at:%Y-%m-%d}")

move_clock(ends_at)
renewal = call("GET", f"/billing/invoices/{quote(customer, safe='')}?status=DUE")[0]
check("the renewal's lines", [str(line["amount"]) for line in renewal["lines"]], ["199.00", "6.50"])
check("the renewal", (renewal["type"], str(renewal["amount"])), ("SUBSCRIPTION", "205.50"))
check("access in the grace period", may_use("ai_chat")["isAllowed"], True)
tell(
    "the period ends",
    f"{renewal['number']} of 205.50 is DUE; access stays",
    "199.00 for the next month and 6.50 for the calls of the last; 3 days of grace",
)

move_clock(instant(renewal["pastDueAt"]))
answer = may_use("ai_chat")
check(
    "access after grace",
    (answer["isAllowed"], answer["reason"]["code"]),
    (False, "payment_past_due"),
)
check("the subscription", call("GET", one)["status"], "PAST_DUE")
tell("grace is over", f"PAST_DUE, access is gone: {answer['reason']['code']}")

check("the renewal", pay(renewal)["status"], "PAID")
check("the subscription", call("GET", one)["status"], "ACTIVE")
check("access", may_use("ai_chat")["isAllowed"], True)
check("the credits", credits_left(), 19_200)
tell(
    "mark the renewal paid",
    "ACTIVE, access is back; 19,200 credits",
    "10,000 new, 9,000 of Enterprise kept in full, 200 of Pro's 700 kept by its cap",
)

move_clock(ends_at + timedelta(days=15))
call("POST", "/events", {**calls, "eventIdempotencyKey": new_key(), "usageUnits": 1_500})
tell("report 1,500 API calls", "1.00: 2 packages")

over = call("POST", f"{cancellation}?cancelMode=IMMEDIATE")
final, note = over["finalInvoice"], over["creditNote"]
check("the subscription", over["subscription"]["status"], "CANCELLED")
check("the credit note", (str(note["amount"]), str(note["toBalance"])), ("102.71", "102.71"))
check(
    "the final invoice",
    (final["type"], str(final["amount"]), final["status"]),
    ("FINAL", "1.00", "PAID"),
)
tell(
    "cancel at once",
    f"CANCELLED; {note['number']} gives back 102.71",
    "16 of 31 days are unused: 199.00 - 96.29",
    f"{final['number']} asks 1.00 for the calls, and is paid from what was given back",
)

answer = may_use("ai_chat")
check("access", (answer["isAllowed"], answer["reason"]["code"]), (False, "subscription_cancelled"))
check("the credits", credits_left(), 0)
balances = call("GET", f"/customers/{quote(customer, safe='')}")["balances"]
check("the balance", [(b["currency"], str(b["amount"])) for b in balances], [("USD", "101.71")])
tell("what is left", "101.71 USD on account, no access, no credits")

invoices = call("GET", f"/billing/invoices/{quote(customer, safe='')}")
amounts = [f"{each['amount']} {each['status']}" for each in invoices]
check("the invoices", amounts, ["1.00 PAID", "205.50 PAID", "50.00 PAID", "49.00 PAID"])
tell("list the invoices")
for each in invoices:
    print(
        f"{'':14}{each['number']}  {each['type']:<12}  {each['amount']:>8} {each['currency']}  {each['status']}"
    )
print("\nAll as it should be.")
