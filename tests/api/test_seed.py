"""The seed's snippets, in their order, line by line, where integrators already point.

Each part of the test is a snippet of the text that Usance follows: the same path, headers, body and
fields of the answer. JavaScript's `fetch` sends `Content-Type: application/json` also without a body.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from tests.api.client import Api


@dataclass(frozen=True)
class Answer:
    """What `fetch` returns; the body as any JSON parser reads it."""

    status: int
    body: Any


class Tanso:
    """`TANSO_API` and `headers` of the snippets."""

    def __init__(self, api: Api, prefix: str, *, bearer: bool) -> None:
        self._api = api
        self._prefix = prefix
        key = {"Authorization": f"Bearer {api.secret}"} if bearer else {"X-API-Key": api.secret}
        self._headers = {"Content-Type": "application/json", **key}

    async def fetch(self, path: str, *, method: str = "GET", body: object = None) -> Answer:
        request = self._api.client.build_request(
            method,
            f"{self._prefix}{path}",
            content=b"" if body is None else json.dumps(body).encode(),
            headers=self._headers,
        )
        response = await self._api.client.send(request)
        return Answer(response.status_code, response.json())


PLANS: list[dict[str, Any]] = [
    {
        "key": key,
        "name": key,
        "price": {"amount": price, "currency": "USD"},
        "interval": {"unit": "MONTH", "count": 1},
        "billingTiming": "IN_ADVANCE",
        "features": [{"key": "ai_chat", "limit": {"units": units, "overage": "BLOCK"}}],
        "credits": [{"denomination": "AI_CREDITS", "amount": credits, "rollover": "NONE"}],
    }
    for key, price, units, credits in (
        ("starter_monthly", 19, 4_000, 100),
        ("pro_monthly", 49, 10_000, 1_000),
        ("enterprise_monthly", 199, 1_000_000, 10_000),
    )
]


@pytest.fixture(
    params=[
        ("/api/v1", True),
        ("/api/v1", False),
        ("/api/v1/client", True),
        ("/api/v1/client", False),
    ],
    ids=lambda param: f"{param[0]}-{'bearer' if param[1] else 'key'}",
)
async def tanso(api: Api, request: pytest.FixtureRequest) -> Tanso:
    document = {
        "features": [{"key": "ai_chat", "name": "AI chat"}],
        "creditModels": [{"denomination": "AI_CREDITS", "name": "AI credits", "hardLimit": True}],
        "plans": PLANS,
    }
    assert (await api.post("/catalog/apply", document)).status == 200
    prefix, bearer = request.param
    return Tanso(api, prefix, bearer=bearer)


async def test_the_seeds_snippets_run_unchanged(tanso: Tanso):  # noqa: PLR0915 - the seed is long
    fetch = tanso.fetch

    # 1. Create a customer
    made = await fetch(
        "/customers",
        method="POST",
        body={
            "customerReferenceId": "user_456",
            "email": "[email protected]",
            "firstName": "Jane",
            "lastName": "Smith",
        },
    )
    assert made.status == 201

    # 2. Subscribe the customer to a plan
    plans = (await fetch("/plans")).body
    pro_plan = next(p for p in plans["data"] if p["plan"]["key"] == "pro_monthly")
    subscribed = await fetch(
        "/subscriptions",
        method="POST",
        body={
            "customerReferenceId": "user_456",
            "planId": pro_plan["plan"]["id"],
            "gracePeriod": 3,
        },
    )
    assert subscribed.status == 201
    subscription = subscribed.body
    invoice_id = subscription["data"]["invoice"]["id"]
    assert subscription["data"]["invoice"]["status"] == "DUE"
    # In advance the subscription stays inactive until the invoice is paid.
    assert subscription["data"]["subscription"]["isActive"] is False
    refused = (await fetch("/entitlements/user_456/ai_chat")).body
    assert refused["data"]["isAllowed"] is False

    # 3. Pay the invoice
    paid = await fetch(f"/billing/invoices/{invoice_id}/mark-paid", method="POST")
    assert (paid.status, paid.body["data"]["status"]) == (200, "PAID")

    # 4. Check entitlements before serving requests
    entitlement = (await fetch("/entitlements/user_456/ai_chat")).body
    assert entitlement["data"]["isAllowed"] is True
    assert entitlement["data"]["usage"]["limit"] == 10_000
    reported = await fetch(
        "/events",
        method="POST",
        body={
            "eventIdempotencyKey": str(uuid4()),
            "eventName": "chat_completion",
            "customerReferenceId": "user_456",
            "featureKey": "ai_chat",
            "costInput": {
                "model": "gpt-4o",
                "modelProvider": "openai",
                "inputTokens": 1_000,
                "outputTokens": 5_000,
            },
            "usageUnits": 6_000,
        },
    )
    assert reported.status == 201
    assert isinstance(reported.body["data"], dict)

    # 5. Pre-flight check with usage simulation
    for units, exceeds in ((4_000, False), (5_000, True)):
        evaluation = await fetch(
            "/entitlements",
            method="POST",
            body={
                "customerReferenceId": "user_456",
                "featureKey": "ai_chat",
                "track": {"eventName": "chat_completion", "usageUnits": units},
            },
        )
        assert evaluation.status == 200
        assert evaluation.body["data"]["simulation"]["wouldExceedLimit"] is exceeds
    assert (await fetch("/entitlements/user_456/ai_chat")).body["data"]["usage"]["used"] == 6_000

    # 6. Check credit balance
    pools = (await fetch("/credits/user_456/pools")).body
    said = [f"{pool['denomination']}: {pool['balance']} remaining" for pool in pools["data"]]
    assert said == ["AI_CREDITS: 1000 remaining"]

    # Upgrades and downgrades
    customer = (await fetch("/customers/user_456")).body
    subscription_id = customer["data"]["subscriptions"][0]["id"]
    assert subscription_id == subscription["data"]["subscription"]["id"]
    enterprise_plan = next(p for p in plans["data"] if p["plan"]["key"] == "enterprise_monthly")
    upgraded = await fetch(
        f"/subscriptions/{subscription_id}/plan-change",
        method="POST",
        body={"changeToPlanId": enterprise_plan["plan"]["id"], "changeType": "UPGRADE"},
    )
    assert upgraded.status == 200
    # Takes effect immediately; an adjustment invoice, paid in the same way.
    assert upgraded.body["data"]["subscription"]["plan"]["key"] == "enterprise_monthly"
    assert (await fetch("/credits/user_456/pools")).body["data"][0]["balance"] == 10_000
    adjustment_invoice_id = upgraded.body["data"]["invoice"]["id"]
    paid = await fetch(f"/billing/invoices/{adjustment_invoice_id}/mark-paid", method="POST")
    assert paid.body["data"]["status"] == "PAID"

    starter_plan = next(p for p in plans["data"] if p["plan"]["key"] == "starter_monthly")
    downgraded = await fetch(
        f"/subscriptions/{subscription_id}/plan-change",
        method="POST",
        body={"changeToPlanId": starter_plan["plan"]["id"], "changeType": "DOWNGRADE"},
    )
    assert downgraded.status == 200
    # The customer keeps the current plan until the period's end.
    after = downgraded.body["data"]["subscription"]
    assert after["plan"]["key"] == "enterprise_monthly"
    assert after["scheduledChange"]["toPlan"]["key"] == "starter_monthly"

    # Cancellation: at the end of the period
    cancelled = await fetch(
        f"/subscriptions/cancellation/{subscription_id}?cancelMode=END_OF_PERIOD", method="POST"
    )
    assert cancelled.status == 200
    assert cancelled.body["data"]["subscription"]["isActive"] is True
    assert cancelled.body["data"]["subscription"]["cancelAt"] == after["currentPeriodEnd"]

    # Undo a scheduled cancellation
    undone = await fetch(
        f"/subscriptions/cancellation/{subscription_id}/scheduled", method="DELETE"
    )
    assert undone.status == 200
    assert undone.body["data"]["subscription"]["cancelAt"] is None

    # Immediately
    ended = await fetch(
        f"/subscriptions/cancellation/{subscription_id}?cancelMode=IMMEDIATE", method="POST"
    )
    assert ended.status == 200
    assert ended.body["data"]["subscription"]["status"] == "CANCELLED"
    assert ended.body["data"]["creditNote"]["amount"] > 0
    assert (await fetch("/entitlements/user_456/ai_chat")).body["data"]["isAllowed"] is False
    assert (await fetch("/credits/user_456/pools")).body["data"][0]["balance"] == 0

    # List invoices
    invoices = (await fetch("/billing/invoices/user_456")).body
    said = [
        f"{inv['id']}: ${inv['amount']:.2f} {inv['currency']} — {inv['status']}"
        for inv in invoices["data"]
    ]
    assert said[-1] == f"{invoice_id}: $49.00 USD — PAID"
    assert len(said) == 2


async def test_in_arrears_the_first_invoice_is_pending(tanso: Tanso, api: Api):
    plan = PLANS[0] | {"key": "payg_monthly", "billingTiming": "IN_ARREARS", "credits": []}
    assert (await api.post("/catalog/apply", {"plans": [plan]})).status == 200
    await tanso.fetch("/customers", method="POST", body={"customerReferenceId": "user_456"})
    plans = (await tanso.fetch("/plans")).body["data"]
    plan_id = next(p for p in plans if p["plan"]["key"] == "payg_monthly")["plan"]["id"]
    body = {"customerReferenceId": "user_456", "planId": plan_id, "gracePeriod": 3}
    made = (await tanso.fetch("/subscriptions", method="POST", body=body)).body["data"]
    assert (made["subscription"]["isActive"], made["invoice"]["status"]) == (True, "PENDING")


async def test_a_grace_period_is_three_days_unless_told(tanso: Tanso):
    """After it the invoice is PAST_DUE, and entitlements are revoked until payment is received."""
    fetch = tanso.fetch
    await fetch("/customers", method="POST", body={"customerReferenceId": "user_456"})
    plans = (await fetch("/plans")).body["data"]
    plan_id = next(p for p in plans if p["plan"]["key"] == "pro_monthly")["plan"]["id"]
    body = {"customerReferenceId": "user_456", "planId": plan_id}
    made = (await fetch("/subscriptions", method="POST", body=body)).body["data"]
    assert made["subscription"]["gracePeriodDays"] == 3
    await fetch(f"/billing/invoices/{made['invoice']['id']}/mark-paid", method="POST")
    shown = (await fetch("/customers/user_456")).body["data"]["subscriptions"][0]
    renewal = shown["currentPeriodEnd"]
    await fetch("/clock/advance", method="POST", body={"to": renewal})
    for by, status, allowed in (("PT71H", "DUE", True), ("PT1H", "PAST_DUE", False)):
        await fetch("/clock/advance", method="POST", body={"by": by})
        invoice = (await fetch("/billing/invoices/user_456")).body["data"][0]
        entitlement = (await fetch("/entitlements/user_456/ai_chat")).body["data"]
        assert (invoice["status"], entitlement["isAllowed"]) == (status, allowed)
    overdue = (await fetch("/billing/invoices/user_456")).body["data"][0]
    await fetch(f"/billing/invoices/{overdue['id']}/mark-paid", method="POST")
    assert (await fetch("/entitlements/user_456/ai_chat")).body["data"]["isAllowed"] is True
