"""Every operation of the OpenAPI document, with a valid call of each: new routes come by themselves.

    for op in OPERATIONS: …                      method, path, parameters, body as documented
    call = await World(shop).call(op)            a call that succeeds, on things made for it

A sample is made from the documented schema; where a name stands for a thing that must exist
(`subscriptionId`, `denomination`), `World` knows how to make one. A name that it does not know is
sampled like any other, and its operation then answers 404.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from tests.api.client import PREFIX, Got
from tests.api.shop import CATALOGUE, UNKNOWN, Shop, written

from usance.actions import mailing
from usance.api import openapi
from usance.app import routed
from usance.settings import Settings
from usance.store.db import Db

DOCUMENT: dict[str, Any] = openapi.document(
    routed(Db(None, lambda: 0.0), Settings())  # type: ignore[arg-type]
)
KEY = "Idempotency-Key"

# The seller's routes: what a seller sets must not be dropped, so unknown fields are refused there.
_SELLERS = re.compile(
    r"/(plans|features|catalog|credit-models|credits/(weights|prices)|costs/(features|models)"
    r"|invoices|credit-notes"
    r"|payments/statements|analytics|webhooks|notices|api-keys|settings|clock|audit"
    r"|customers/[^/]+/keys)(/.*)?"
)


@dataclass(frozen=True)
class Operation:
    """An operation as documented; `path` is without the common prefix."""

    method: str
    path: str
    spec: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_keyed(self) -> bool:
        return any(each["name"] == KEY for each in self.spec.get("parameters", ()))

    @property
    def is_sellers(self) -> bool:
        return _SELLERS.fullmatch(self.path) is not None

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.spec["responses"]}

    def media_types(self, status: int) -> set[str]:
        """What an answer of this status may be."""
        return set(self.spec["responses"].get(str(status), {}).get("content", {}))

    @property
    def success(self) -> int:
        """The status of a first success."""
        return max(status for status in self.statuses if status < 300)

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of the body; None if it takes none."""
        if "requestBody" not in self.spec:
            return None
        content = self.spec["requestBody"]["content"]
        if "application/json" not in content:
            return None  # a file
        schema = content["application/json"]["schema"]
        return _not_null(resolved(schema))

    def parameters(self, place: str) -> list[dict[str, Any]]:
        return [each for each in self.spec.get("parameters", ()) if each["in"] == place]

    @cache  # noqa: B019 - operations live as long as the tests
    def validator(self) -> Any:
        return jsonschema_rs.validator_for(
            {**(self.body or {}), "components": DOCUMENT["components"]}, validate_formats=True
        )

    def __hash__(self) -> int:
        return hash((self.method, self.path))


def _operations() -> Iterator[Operation]:
    for path, operations in DOCUMENT["paths"].items():
        if not path.startswith(PREFIX):
            continue
        for method, spec in operations.items():
            yield Operation(method.upper(), path.removeprefix(PREFIX), spec)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference names."""
    while "$ref" in schema:
        found = DOCUMENT
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        schema = found
    return schema


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the first option that is not null."""
    for option in schema.get("anyOf", schema.get("oneOf", ())):
        if option.get("type") != "null":
            return _not_null(resolved(option))
    return schema


OPERATIONS = list(_operations())


# --- samples --------------------------------------------------------------------------------------

_OF_FORMAT = {"date-time": "2026-01-01T00:00:00Z", "uuid": UNKNOWN}
# What an e-invoice needs of who sells and of who buys.
SELLER: dict[str, Any] = {
    "legalName": "Northwind GmbH",
    "address": {"line1": "Torstr. 1", "city": "Berlin", "postalCode": "10119", "country": "DE"},
    "vatId": "DE123456789",
    "phone": "+49 30 123456",
    "email": "billing@northwind.example",
    "iban": "DE89370400440532013000",
}
BUYER: dict[str, Any] = {
    "name": "Stadt Musterhausen",
    "billingAddress": {"city": "Musterhausen", "postalCode": "12345", "country": "DE"},
    "taxRate": 19,
    "buyerReference": "04011000-12345-34",
    "electronicAddress": {"scheme": "0204", "value": "04011000-12345-34"},
}
# Two names of one thing, of which one is sent.
EITHER = {
    "planId": "planKey",
    "changeToPlanId": "changeToPlanKey",
    "to": "by",
    "usage": "track",
}


def sample(schema: dict[str, Any], known: Mapping[str, Any], name: str = "") -> Any:
    """Return a value that the schema allows, with every field there is."""
    if name in known:
        return known[name]
    schema = resolved(schema)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema or "oneOf" in schema:
        return sample(_not_null(schema), known, name)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            value: Any = {each: sample(sub, known, each) for each, sub in fields.items()}
        case "array":
            value = [sample(schema["items"], known, name)]
        case "string":
            value = _OF_FORMAT.get(schema.get("format", ""), "text")
        case "boolean":
            value = True
        case _:
            value = max(1, schema.get("minimum", 1))
    return value


@dataclass(frozen=True)
class Call:
    """A call of an operation, filled in."""

    op: Operation
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def url(self) -> str:
        path = self.op.path
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.query.items())
        return f"{path}?{query}" if query else path

    def with_body(self, change: Callable[[Any], None]) -> "Call":
        body = deepcopy(self.body)
        change(body)
        return replace(self, body=body)

    def variants(self) -> list["Call"]:
        """Return the call once for each name of what has two names."""
        if not isinstance(self.body, dict):
            return [self]
        pairs = [(a, b) for a, b in EITHER.items() if a in self.body and b in self.body]
        if not pairs:
            return [self]
        (a, b) = pairs[0]
        without = [{name: v for name, v in self.body.items() if name != gone} for gone in (a, b)]
        return [replace(self, body=body) for body in without]


class World:
    """A shop in which anything that a call needs is made when it is asked for."""

    def __init__(self, shop: Shop, prefix: str = "") -> None:
        self.shop = shop
        self.api = shop.api
        self._prefix = prefix
        self._numbers = count(1)

    async def call(self, op: Operation) -> Call:
        """Return a call that succeeds, on new things."""
        known = await self.known(op)
        path = {each["name"]: str(known.get(each["name"], "x")) for each in op.parameters("path")}
        body = None if op.body is None else sample(op.body, known)
        if str(op) == "POST /payments/statements":
            body = statement(known["customerReferenceId"])
        return Call(op, path, body=body)

    async def send(self, call: Call, raw: bytes | None = None, **more: Any) -> Got:
        body = call.body if raw is None else raw
        return await self.api.send(call.op.method, call.url, body, **more)

    async def known(self, op: Operation) -> dict[str, Any]:
        """Return what the names of an operation stand for."""
        wanted = {each["name"] for each in op.parameters("path")} | _names(op.body)
        now = await self.shop.now()
        n = next(self._numbers)
        known: dict[str, Any] = {
            "customerReferenceId": f"{self._prefix}c{n}",
            "featureKey": f"{self._prefix}ai_chat",
            "plan": f"{self._prefix}pro_monthly",
            "planKey": f"{self._prefix}pro_monthly",
            "changeToPlanKey": f"{self._prefix}enterprise_monthly",
            "changeType": "UPGRADE",
            "denomination": f"{self._prefix}AI_CREDITS",
            "type": "MANUAL",
            "timeZone": "Europe/Berlin",
            "taxRate": 19,
            "taxExemptionReason": None,  # the standard rate has none
            "currency": "USD",
            "model": "gpt-4o",
            "amount": 49,
            "billingAddress": {"line1": "1 Main St", "city": "Berlin"},
            "metadata": {"a": 1},
            "meta": {"a": 1},
            "eventIdempotencyKey": f"e{n}",
            "isDraft": False,  # of a draft no terms are told
            "correctsEventKey": None,  # an event of its own, not a correction
            "reference": f"r{n}",
            "occurredAt": written(now),
            "paidAt": written(now - timedelta(days=1)),
            "expiresAt": written(now + timedelta(days=365)),
            "effectiveFrom": written(now + timedelta(days=365, seconds=n)),
            "to": written(now + timedelta(days=1)),
            "by": "PT1S",
        }
        if op.path.startswith("/plans/{key}"):
            known["key"] = known["planKey"]
        if op.path.startswith("/catalog"):
            known |= prefixed(CATALOGUE, self._prefix) | {"prune": False}
        elif not (op.method == "POST" and op.path == "/customers"):
            is_rich = "poolId" in wanted or "payouts" in op.path
            for name in sorted(wanted & set(_MAKERS)):
                make = (
                    World.rich_customer
                    if is_rich and name == "customerReferenceId"
                    else _MAKERS[name]
                )
                known |= await make(self, known)
            await self._prepare(op, known)
        return known

    async def statement(self, known: dict[str, Any]) -> dict[str, Any]:
        """Import a bank statement of one entry."""
        sent = {"Content-Type": "application/octet-stream"}
        content = statement(known["customerReferenceId"])
        made = await self.api.post("/payments/statements", content, headers=sent)
        assert made.status == 201, made.body
        return {"statementId": made.data["id"]}

    async def entry(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make an entry of a bank statement, and a customer whose money it may be."""
        made = await self.statement(known)
        payer = known["customerReferenceId"]
        await self.shop.customer(payer)
        query = f"statementId={made['statementId']}"
        found = await self.api.get(f"/payments/statements/entries?{query}")
        part = {"customerReferenceId": payer, "amount": 49, "invoiceId": None}
        entry_id = found.data[0]["id"]
        return {"entryId": entry_id, "parts": [part], "proposalId": None, "amountOpen": 49}

    async def customer(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make the customer of that reference, without a subscription."""
        await self.shop.customer(known["customerReferenceId"])
        return {}

    async def rich_customer(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make the same, with money on account and credits."""
        reference = known["customerReferenceId"]
        await self.shop.customer(reference)
        grant = {"denomination": known["denomination"], "amount": 100}
        given = await self.api.post(f"/credits/{reference}/grants", grant)
        assert given.status == 201, given.body
        return await self.payment(known)

    async def payment(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a payment of a customer that is there."""
        money = {"customerReferenceId": known["customerReferenceId"], "amount": 1000}
        paid = await self.api.post("/payments", money | {"currency": "USD"})
        assert paid.status == 201, paid.body
        return {"paymentId": paid.data["id"]}

    async def pool(self, known: dict[str, Any]) -> dict[str, Any]:
        pools = await self.shop.pools(known["customerReferenceId"])
        return {"poolId": pools[known["denomination"]]["id"]}

    async def subscription(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a running subscription of a customer of its own."""
        plan = f"{self._prefix}starter_monthly"
        made = await self.shop.started(plan, f"{known['customerReferenceId']}-s")
        return {"subscriptionId": made["subscription"]["id"]}

    async def _prepare(self, op: Operation, known: dict[str, Any]) -> None:
        """Bring things into the state that an operation is about."""
        if op.path == "/holds":
            await self.shop.started(known["planKey"], known["customerReferenceId"])
        if op.path.endswith("/e-invoice"):
            known |= await self.complete(known)
        if op.path == "/subscriptions/cancellation/{subscriptionId}/scheduled":
            await self.shop.cancel(known["subscriptionId"])
        if str(op) == "POST /payments":
            payer = known["customerReferenceId"]
            owed = await self.one_off(known, customerReferenceId=payer)
            known["applications"] = [{"invoiceId": owed, "amount": 20}]
        if op.path.endswith("/accept"):
            known["paymentId"] = None  # one of three ways to say what an entry is
        if op.path.endswith("/payouts"):
            payee = known["customerReferenceId"]
            made = await self.shop.started(known["planKey"], payee)  # of 49.00, as is the payout
            query = "?cancelMode=IMMEDIATE"
            ended = await self.shop.cancel(made["subscription"]["id"], query)
            known["creditNoteId"] = ended.data["creditNote"]["id"]
        if op.path == "/invoices/{invoiceId}/write-off":
            known["invoiceId"] = await self.one_off(known, gracePeriod=0)
        if op.path == "/invoices/{invoiceId}/issue" or op.method == "PUT":
            known["invoiceId"] = await self.one_off(known, isDraft=True)

    async def credit_note(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a credit note: a subscription that is paid for is cancelled at once."""
        made = await self.subscription(known)
        ended = await self.shop.cancel(made["subscriptionId"], "?cancelMode=IMMEDIATE")
        return {"creditNoteId": ended.data["creditNote"]["id"]}

    async def complete(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make an invoice and a credit note that say all that an e-invoice must."""
        reference = f"{known['customerReferenceId']}-e"
        assert (await self.api.patch("/settings", {"seller": SELLER})).status == 200
        await self.shop.customer(reference, **BUYER)
        started = await self.shop.started(f"{self._prefix}starter_monthly", reference)
        path = f"{started['subscription']['id']}?cancelMode=IMMEDIATE"
        ended = await self.api.post(f"/subscriptions/cancellation/{path}")
        return {
            "invoiceId": started["invoice"]["id"],
            "creditNoteId": ended.data["creditNote"]["id"],
        }

    async def one_off(self, known: dict[str, Any], **more: Any) -> str:
        """Make an invoice of the seller's own lines, of a customer of its own; return its id."""
        reference = f"{known['customerReferenceId']}-o"
        await self.shop.customer(reference)
        lines = [{"description": "Set-up", "unitPrice": 100}]
        body = {"customerReferenceId": reference, "lines": lines, **more}
        made = await self.api.post("/invoices", body)
        assert made.status == 201, made.body
        seen = await self.api.get(f"/invoices/{made.data['id']}")  # takes what is due at once
        assert seen.status == 200, seen.body
        return str(made.data["id"])

    async def reminded(self) -> None:
        """Have two invoices reminded of: one reminder is planned, the other is due another day."""
        rules = {"enabled": True, "dryRun": False, "sendInTest": True, "dailyCap": 1}
        body = {"reminders": rules | {"daysAfterDue": [0]}}
        assert (await self.api.patch("/settings", body)).status == 200
        for _ in range(2):
            reference = f"{self._prefix}reminded{next(self._numbers)}"
            await self.shop.customer(reference, email="jane@example.com")
            lines = [{"description": "Set-up", "unitPrice": 100}]
            await self.api.post("/invoices", {"customerReferenceId": reference, "lines": lines})
        await mailing.plan(self.api.db)

    async def hold(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a hold of a subscribed customer of its own."""
        reference = f"{known['customerReferenceId']}-h"
        await self.shop.started(f"{self._prefix}starter_monthly", reference)
        body = {"customerReferenceId": reference, "featureKey": known["featureKey"]}
        held = await self.api.post("/holds", body)
        assert held.status == 201, held.body
        return {"holdId": held.data["id"]}

    async def invoice(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make an invoice of 49.00, DUE."""
        made = await self.shop.subscribe(known["planKey"], f"{known['customerReferenceId']}-i")
        return {"invoiceId": made["invoice"]["id"]}

    async def line(self, known: dict[str, Any]) -> dict[str, Any]:
        """Name the first line of the invoice that is known."""
        invoice = await self.api.get(f"/invoices/{known['invoiceId']}")
        return {"lineId": invoice.data["lines"][0]["id"]}

    async def payer(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a payment of a customer of its own."""
        payer = known | {"customerReferenceId": f"{known['customerReferenceId']}-p"}
        await self.customer(payer)
        return await self.payment(payer)

    async def transaction(self, known: dict[str, Any]) -> dict[str, Any]:
        """Make a burn of credits."""
        reference = f"{known['customerReferenceId']}-t"
        await self.shop.started(f"{self._prefix}starter_monthly", reference)
        burnt = await self.shop.use(1, f"{self._prefix}images", customerReferenceId=reference)
        assert burnt["creditsDeducted"] > 0
        pool = (await self.shop.pools(reference))[known["denomination"]]["id"]
        moved = await self.api.get(f"/credits/{reference}/pools/{pool}/transactions?limit=1")
        return {"transactionId": moved.data[0]["id"]}

    async def plan_ids(self, known: dict[str, Any]) -> dict[str, Any]:
        return {
            "planId": await self.shop.plan_id(known["planKey"]),
            "changeToPlanId": await self.shop.plan_id(known["changeToPlanKey"]),
        }

    async def price(self, known: dict[str, Any]) -> dict[str, Any]:
        body = {name: known[name] for name in ("denomination", "currency", "effectiveFrom")}
        made = await self.api.post("/credits/prices", body | {"pricePerCredit": "0.01"})
        return {"priceId": made.data["id"]}

    async def weight(self, known: dict[str, Any]) -> dict[str, Any]:
        body = {name: known[name] for name in ("featureKey", "effectiveFrom")}
        made = await self.api.post("/credits/weights", body | {"weight": 3})
        return {"weightId": made.data["id"]}

    async def cost(self, known: dict[str, Any]) -> dict[str, Any]:
        body = {name: known[name] for name in ("featureKey", "currency", "effectiveFrom")}
        made = await self.api.post("/costs/features", body | {"costPerUnit": "0.01"})
        return {"costId": made.data["id"]}

    async def model_price(self, known: dict[str, Any]) -> dict[str, Any]:
        body = {name: known[name] for name in ("model", "currency", "effectiveFrom")}
        prices = {"inputPerMillion": 2, "outputPerMillion": 8}
        made = await self.api.post("/costs/models", body | prices)
        return {"modelPriceId": made.data["id"]}


_MAKERS: dict[str, Callable[[World, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    # In the order of their names, so that a pool finds its customer.
    "changeToPlanId": World.plan_ids,
    "costId": World.cost,
    "customerReferenceId": World.customer,
    "entryId": World.entry,
    "statementId": World.statement,
    "holdId": World.hold,
    "invoiceId": World.invoice,
    "creditNoteId": World.credit_note,
    "lineId": World.line,
    "modelPriceId": World.model_price,
    "paymentId": World.payer,
    "planId": World.plan_ids,
    "poolId": World.pool,
    "priceId": World.price,
    "subscriptionId": World.subscription,
    "transactionId": World.transaction,
    "weightId": World.weight,
}


def statement(text: str) -> bytes:
    """Return a bank statement with one entry of 49.00 that says the text."""
    return f"Date,Amount,Currency,Description\n2026-01-31,49.00,USD,{text}\n".encode()


def _names(schema: dict[str, Any] | None) -> set[str]:
    return set() if schema is None else set(schema.get("properties", {}))


def prefixed(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return a catalogue whose keys all begin with the prefix, so that no other account has them."""
    if not prefix:
        return deepcopy(document)
    keys = {each["key"] for part in ("features", "plans") for each in document[part]}
    keys |= {each["denomination"] for each in document["creditModels"]}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: renamed(each) for name, each in value.items()}
        if isinstance(value, list):
            return [renamed(each) for each in value]
        return f"{prefix}{value}" if isinstance(value, str) and value in keys else value

    result: dict[str, Any] = renamed(document)
    return result


async def opened(shop: Shop, prefix: str = "") -> World:
    """Return the world of a shop, in which credits have a price now."""
    price = {"denomination": f"{prefix}AI_CREDITS", "currency": "USD", "pricePerCredit": "0.01"}
    made = await shop.api.post("/credits/prices", price)
    assert made.status == 201, made.body
    return World(shop, prefix)
