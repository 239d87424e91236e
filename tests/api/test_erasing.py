"""Erasing customers over HTTP: nothing personal stays, what is owed does, and nothing new is sold."""

import asyncio
import re
from functools import partial
from typing import Any

from tests.api.client import Api
from tests.api.test_customers import ALL, EMPTY

from usance.store.db import Tx


async def test_erasure_leaves_nothing_personal(api: Api):
    made = await api.post("/customers", ALL)
    erased = await api.delete("/customers/user_456")
    assert erased.status == 200
    assert erased.data["id"] == made.data["id"]
    assert re.fullmatch(r"erased_[0-9A-Za-z]{15,22}", erased.data["customerReferenceId"])
    reference = erased.data["customerReferenceId"]
    assert {name: erased.data[name] for name in ALL} == EMPTY | {"customerReferenceId": reference}
    assert erased.data["erasedAt"] is not None

    row = await api.db.peek(lambda tx: tx.fetchval("SELECT c::text FROM customers c"))
    assert not [word for word in ("user_456", "jane", "Smith", "Berlin", "DE123") if word in row]
    names = await api.db.peek(lambda tx: tx.fetchval("SELECT reference FROM customer_references"))
    assert names == reference
    # Still there for its invoices, and under its new name.
    assert (await api.get(f"/customers/{reference}")).data["id"] == made.data["id"]


async def test_erasure_gives_up_drafts_and_takes_free_text(api: Api):
    """Text of every kind that the caller wrote about the customer, found in no row afterwards."""
    await _subscribed(api)
    said = {"customerReferenceId": "a", "lines": [{"description": "For Jane", "unitPrice": 5}]}
    await api.patch("/settings", {"graceDays": 0})
    given_up = (await api.post("/invoices", said | {"isDraft": True, "memo": "Dear Jane"})).data
    await api.post(f"/invoices/{given_up['id']}/void", {"reason": "Jane says no"})
    draft = (await api.post("/invoices", said | {"isDraft": True, "memo": "Dear Jane"})).data
    plain = {"customerReferenceId": "a", "lines": [{"description": "Set-up", "unitPrice": 5}]}
    owed = [(await api.post("/invoices", plain)).data["id"] for _ in range(2)]
    await api.post(f"/invoices/{owed[0]}/void", {"reason": "Jane moved"})
    await api.post(f"/invoices/{owed[1]}/write-off", {"reason": "Jane died"})
    paid = {"customerReferenceId": "a", "amount": 1, "currency": "USD", "note": "from Jane"}
    await api.post("/payments", paid)
    grant = {"denomination": "AI", "amount": 1, "type": "MANUAL", "reason": "Jane asked"}
    assert (await api.post("/credits/a/grants", grant)).status == 201
    (subscription,) = (await api.get("/customers/a")).data["subscriptions"]
    path = f"/subscriptions/{subscription['id']}"
    await api.patch(path, {"metadata": {"who": "Jane"}})
    await api.post(f"/subscriptions/cancellation/{subscription['id']}?cancelMode=IMMEDIATE")

    erased = await api.delete("/customers/a")
    assert erased.status == 200, erased.body
    gone = (await api.get(f"/invoices/{draft['id']}")).data
    assert (gone["status"], gone["number"], gone["memo"]) == ("VOID", None, None)
    found = []
    for table in ("invoices", "invoice_lines", "payments", "credit_grants", "credit_transactions",
                  "subscriptions", "notices", "customers", "customer_references", "plans"):  # fmt: skip
        rows = await api.db.peek(partial(_rows, table=table))
        assert rows or table == "plans", table
        # What an issued document says of its customer stays on it.
        found += [
            row["row"] for row in rows if "Jane" in row["row"] and '"customer"' not in row["row"]
        ]
    assert found == []


async def test_nothing_new_is_sold_to_an_erased_customer(api: Api):
    subscription = await _subscribed(api)
    owed = {"customerReferenceId": "a", "lines": [{"description": "Set-up", "unitPrice": 5}]}
    invoice = (await api.post("/invoices", owed)).data["id"]
    await api.post(f"/subscriptions/cancellation/{subscription}?cancelMode=IMMEDIATE")
    name = (await api.delete("/customers/a")).data["customerReferenceId"]
    who = {"customerReferenceId": name}
    event = {"eventName": "used", "eventIdempotencyKey": "1"}
    calls = [
        ("POST", "/subscriptions", who | {"planKey": "free"}),
        ("POST", "/invoices", owed | who),
        ("POST", "/invoices", owed | who | {"isDraft": True}),
        ("POST", "/credits/purchases", who | {"denomination": "AI", "credits": 1}),
        ("POST", f"/credits/{name}/grants", {"denomination": "AI", "amount": 1}),
        ("POST", "/events", who | event),
        ("PATCH", f"/customers/{name}", {"name": "Jane"}),
    ]
    for method, path, body in calls:
        answer = await api.send(method, path, body)
        assert (answer.status, answer.error["code"]) == (409, "customer_erased"), path
    batch = await api.post("/events/batch", {"events": [who | event]})
    assert batch.data[0]["error"]["code"] == "customer_erased"
    hold = await api.post("/holds", who | {"featureKey": "chat"})
    assert hold.status == 403
    # What was owed can still be paid, and paid back.
    paid = await api.post(f"/billing/invoices/{invoice}/mark-paid", {"amount": 7, "reference": "r"})
    assert paid.data["status"] == "PAID"
    sent = {"amount": 2, "currency": "USD"}
    assert (await api.post(f"/customers/{name}/balance/payouts", sent)).status == 201


async def test_a_plan_for_an_erased_customer_is_not_the_next_ones_of_its_name(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    await api.post("/catalog/apply", {"plans": [PLAN | {"customerReferenceId": "a"}]})
    name = (await api.delete("/customers/a")).data["customerReferenceId"]
    await api.post("/customers", {"customerReferenceId": "a"})
    sold = await api.post("/subscriptions", {"customerReferenceId": "a", "planKey": "free"})
    assert (sold.status, sold.error["code"]) == (404, "plan_not_found")
    (plan,) = (await api.get("/catalog")).data["plans"]
    assert plan["customerReferenceId"] == name


async def test_an_erased_reference_is_free_again(api: Api):
    first = await api.post("/customers", {"customerReferenceId": "a"})
    await api.delete("/customers/a")
    assert (await api.get("/customers/a")).status == 404
    assert (await api.delete("/customers/a")).status == 404
    second = await api.post("/customers", {"customerReferenceId": "a"})
    assert (second.status, second.data["id"] != first.data["id"]) == (201, True)


async def test_erasing_the_erased_changes_nothing(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    erased = (await api.delete("/customers/a")).data
    again = await api.delete(f"/customers/{erased['customerReferenceId']}")
    assert (again.status, again.data) == (200, erased)


async def test_of_many_erasures_at_once_one_erases(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    calls = [api.delete("/customers/a") for _ in range(10)]
    statuses = [answer.status for answer in await asyncio.gather(*calls)]
    assert sorted(statuses) == [200] + [404] * 9


async def _rows(tx: Tx, table: str) -> Any:
    return await tx.fetch(f"SELECT t::text AS row FROM {table} t")


PLAN = {
    "key": "free",
    "name": "Free",
    "price": {"amount": 0, "currency": "USD"},
    "interval": {"unit": "MONTH", "count": 1},
    "billingTiming": "IN_ADVANCE",
    "features": [],
}


async def _subscribed(api: Api) -> str:
    """Return the id of a subscription of a new customer `a`."""
    model = {"denomination": "AI", "name": "AI", "hardLimit": True}
    chat = {"key": "chat", "name": "Chat"}
    await api.post("/catalog/apply", {"features": [chat], "creditModels": [model], "plans": [PLAN]})
    await api.post("/customers", {"customerReferenceId": "a", "name": "Jane"})
    body = {"customerReferenceId": "a", "planKey": "free"}
    return str((await api.post("/subscriptions", body)).data["subscription"]["id"])


async def test_a_customer_with_a_running_subscription_is_not_erased(api: Api):
    subscription = await _subscribed(api)
    answer = await api.delete("/customers/a")
    assert (answer.status, answer.error["code"]) == (409, "customer_has_subscriptions")
    assert (await api.get("/customers/a")).data["name"] == "Jane"
    await api.post(f"/subscriptions/cancellation/{subscription}?cancelMode=IMMEDIATE")
    erased = await api.delete("/customers/a")
    assert erased.status == 200
    reference = erased.data["customerReferenceId"]
    assert len((await api.get(f"/billing/invoices/{reference}")).data) == 1  # invoices stay


async def test_what_time_has_ended_is_no_longer_running(api: Api):
    """The worker has not written yet that the cancellation took place."""
    subscription = await _subscribed(api)
    await api.post(f"/subscriptions/cancellation/{subscription}")
    assert (await api.delete("/customers/a")).status == 409
    later = 32 * 24 * 3600 * 1_000_000
    await api.db.run(lambda tx: tx.execute("UPDATE accounts SET clock_offset_us = $1", later))
    assert (await api.delete("/customers/a")).status == 200
