"""Stories over HTTP: the real application on PostgreSQL, one TEST account for each.

Only the edge is held: the real clock stands still at `Edge.now`, so that the account's clock shows
the story's instants to the microsecond; and a command's seed is the step's, so that its ids are those
of the pure run.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.api.client import Api, Got
from tests.stories.format import Setting, Step
from tests.stories.pure import seed
from tests.stories.view import (
    Answer,
    Entitled,
    GrantView,
    InvoiceView,
    LineView,
    Note,
    PoolView,
    Receipt,
    Refused,
    ShownCredits,
    ShownInvoice,
    SubscriptionView,
    Teller,
    View,
    in_order,
    receipt_view,
)

Request = tuple[str, str, object]  # method, path, body

KINDS = ("promotional", "manual", "purchased")

START = datetime(2026, 1, 1, tzinfo=UTC)


class Edge:
    """What stands in for `usance.clock`: a time that is set, and seeds that are known."""

    def __init__(self) -> None:
        self.now = START
        self.drawn = 1 << 64
        self.fixed: UUID | None = None

    def real_now(self) -> datetime:
        return self.now

    def seed(self) -> UUID:
        if self.fixed is not None:
            return self.fixed
        self.drawn += 1
        return UUID(int=self.drawn)


class Http:
    """One account at the door. `ticking`: nobody moves its clock, the real one goes on."""

    def __init__(self, api: Api, edge: Edge, setting: Setting, *, ticking: bool) -> None:
        self.api = api
        self.edge = edge
        self.setting = setting
        self.ticking = ticking
        self.at = START

    async def open(self) -> None:
        """Publish the catalogue and register the customers."""
        await self._command("POST", "/catalog/apply", self.setting.document, drawn=seed(0))
        if self.setting.account:
            await self._command("PATCH", "/settings", self.setting.account, drawn=seed(0))
        for n, (name, price, currency) in enumerate(self.setting.prices):
            body = {"denomination": name, "pricePerCredit": price, "currency": currency}
            await self._command("POST", "/credits/prices", body, drawn=seed(n))
        for n, (feature, weight, model) in enumerate(self.setting.weights):
            body = {"featureKey": feature, "weight": weight, "model": model}
            await self._command("POST", "/credits/weights", body, drawn=seed(n))
        for n, one in enumerate(self.setting.people):
            body = {"customerReferenceId": one.name, "timeZone": one.zone, "taxRate": one.tax}
            await self._command("POST", "/customers", body, drawn=seed(n))

    async def move(self, to: datetime) -> None:
        """Let time pass: by the account's test clock, or by the world's."""
        if self.ticking:
            self.edge.now = to
        elif to > self.at:
            moved = await self.api.post("/clock/advance", {"to": to.isoformat()})
            assert moved.data["done"], moved.data
        self.at = to

    async def do(self, step: Step, teller: Teller, view: View) -> Answer:
        """Do the step; `view` is how things stand before it."""
        match step.verb:
            case "tick":
                return None
            case "show":
                return await self._show(step, teller, view)
            case "check":
                return await self._check(step, teller.customer(view, step.who))
        method, path, body = await self._request(step, teller, view)
        got = await self._command(method, path, body, drawn=seed(step.number))
        if got.status >= 400:
            return Refused(got.error["code"])
        return _answer(step, got.data)

    async def view(self) -> View:
        invoices: list[InvoiceView] = []
        subscriptions: list[SubscriptionView] = []
        balances: dict[tuple[str, str], Decimal] = {}
        pools: dict[tuple[str, str], PoolView] = {}
        for one in self.setting.people:
            detail = (await self.api.get(f"/customers/{one.name}")).data
            subscriptions += [_subscription(each) for each in detail["subscriptions"]]
            for each in detail["balances"]:
                balances[one.name, each["currency"]] = Decimal(each["amount"])
            for each in detail["creditPools"]:
                pools[one.name, each["denomination"]] = _pool(each)
            listed = await self.api.get(f"/billing/invoices/{one.name}?limit=200")
            invoices += [_invoice(each) for each in listed.data]
        return View(
            tuple(sorted(invoices, key=lambda i: i.id)),
            tuple(sorted(subscriptions, key=lambda s: s.id)),
            balances,
            pools,
        )

    async def explained(self) -> list[Mapping[str, Any]]:
        """All invoices and credit notes, as they are explained."""
        found = []
        for one in self.setting.people:
            for kind, path in (
                ("invoices", f"/billing/invoices/{one.name}?limit=200"),
                ("credit-notes", f"/credit-notes?limit=200&customerReferenceId={one.name}"),
            ):
                for each in (await self.api.get(path)).data:
                    shown = (await self.api.get(f"/{kind}/{each['id']}/explain")).data
                    told = [{k: line[k] for k in each["lines"][0]} for line in shown["lines"]]
                    assert told == each["lines"], "explained are the lines that were issued"
                    found.append(shown)
        return found

    # The steps ---------------------------------------------------------------------------------------

    async def _command(self, method: str, path: str, body: object = None, *, drawn: UUID) -> Got:
        self.edge.fixed = drawn
        try:
            got = await self.api.send(method, path, body)
        finally:
            self.edge.fixed = None
        assert got.status < 500, got.body
        return got

    async def _request(self, step: Step, teller: Teller, view: View) -> Request:
        if step.verb in {"pay", "void", "write_off", "redraw", "issue"}:
            return _settling(step, teller.labelled(step.words[0]))
        if step.verb in {"upgrade", "downgrade", "undo", "cancel", "grace"}:
            return _changing(step, teller.subscription(view, step.who).id)
        name = teller.customer(view, step.who)
        if step.verb == "reverse":
            payments = (await self.api.get(f"/payments?customerReferenceId={name}")).data
            payment = next(one for one in payments if one["reference"] == step.words[0])
            return "POST", f"/payments/{payment['id']}/reverse", None
        return _about_customer(step, name)

    async def _check(self, step: Step, name: str) -> Answer:
        feature, units = step.words[0], step.amount(1)
        if units is None:
            got = await self.api.get(f"/entitlements/{name}/{quote(feature)}")
        else:
            track = {"eventName": "used", "usageUnits": units, "model": step.option("model")}
            body = {"customerReferenceId": name, "featureKey": feature, "track": track}
            got = await self.api.post("/entitlements", body)
        one = got.data
        usage, credit = one["usage"] or {}, one["credit"] or {}
        simulation, quoted = one.get("simulation") or {}, one.get("creditQuote") or {}
        assert one["allowed"] == one["isAllowed"] == ("reason" not in one), one
        return Entitled(
            denial=one["reason"]["code"] if "reason" in one else None,
            used=_exact(usage.get("used")),
            limit=_exact(usage.get("limit")),
            remaining=_exact(usage.get("remaining")),
            credit=_exact(credit.get("available")),
            projected=_exact(simulation.get("projectedUsage")),
            overage=_exact(simulation.get("projectedOverage")),
            estimated=_exact(quoted.get("estimatedCredits")),
        )

    async def _show(self, step: Step, teller: Teller, view: View) -> Answer:
        if step.words[0] != "credits":
            return ShownInvoice(teller.labelled(step.words[0]))
        name = teller.customer(view, step.who)
        grants: list[GrantView] = []
        for pool in (await self.api.get(f"/credits/{name}/pools")).data:
            path = f"/credits/{name}/pools/{pool['id']}/grants?limit=200"
            grants += [_grant(pool, one) for one in (await self.api.get(path)).data]
        return ShownCredits(in_order(grants))


# Asking --------------------------------------------------------------------------------------------


def _settling(step: Step, invoice: UUID) -> Request:
    match step.verb:
        case "void":
            return "POST", f"/invoices/{invoice}/void", {"reason": "A story."}
        case "write_off":
            return "POST", f"/invoices/{invoice}/write-off", {"reason": "A story."}
        case "redraw":
            return "PUT", f"/invoices/{invoice}", {"lines": _items(step)}
        case "issue":
            return "POST", f"/invoices/{invoice}/issue", _net(step)
    said = {
        "amount": step.amount(1),
        "reference": step.option("ref"),
        "paidAt": step.instant("dated"),
    }
    body = {name: value for name, value in said.items() if value is not None}
    return "POST", f"/billing/invoices/{invoice}/mark-paid", body or None


def _items(step: Step) -> list[dict[str, Any]]:
    return [{"description": "Work", "unitPrice": each} for each in step.amounts]


def _net(step: Step) -> dict[str, Any]:
    days = step.option("net")
    return {} if days is None else {"netTermsDays": int(days)}


def _changing(step: Step, one: UUID) -> Request:
    match step.verb, *step.words:
        case (("upgrade" | "downgrade"), plan):
            body = {"changeToPlanKey": plan, "changeType": step.verb.upper()}
            return "POST", f"/subscriptions/{one}/plan-change", body
        case "undo", "change":
            return "DELETE", f"/subscriptions/{one}/plan-change/scheduled", None
        case "undo", "cancel":
            return "DELETE", f"/subscriptions/cancellation/{one}/scheduled", None
        case "cancel", when, *how:
            query = {"now": "?cancelMode=IMMEDIATE", "end": ""}[when]
            query += "&settle=false" if how == ["unsettled"] else ""
            return "POST", f"/subscriptions/cancellation/{one}{query}", None
        case "grace", days:
            return "PATCH", f"/subscriptions/{one}", {"gracePeriod": int(days)}
    raise AssertionError(f"{step.verb}: not a step")


def _about_customer(step: Step, name: str) -> Request:
    path, said = _said_of_customer(step, name)
    return "POST", path, {key: value for key, value in said.items() if value is not None}


def _said_of_customer(  # noqa: PLR0911 - an arm for each kind of step
    step: Step, name: str
) -> tuple[str, dict[str, Any]]:
    owner = {"customerReferenceId": name}
    match step.verb, *step.words:
        case "subscribe", plan, *_:
            grace = step.option("grace")
            days = None if grace is None else int(grace)
            return "/subscriptions", {**owner, "planKey": plan, "gracePeriod": days}
        case "receive", amount, currency, *_:
            money = {"amount": Decimal(amount), "currency": currency}
            return "/payments", {**owner, **money, "reference": step.option("ref")}
        case "bill", currency, *words:
            drawn = {"currency": currency, "lines": _items(step), "isDraft": "draft" in words}
            return "/invoices", {**owner, **drawn, **_net(step)}
        case "payout", amount, currency:
            path = f"/customers/{name}/balance/payouts"
            return path, {"amount": Decimal(amount), "currency": currency}
        case "buy", denomination, number:
            bought = {"denomination": denomination, "credits": Decimal(number)}
            return "/credits/purchases", {**owner, **bought}
        case "grant", denomination, number, *words:
            kinds = [word.upper() for word in words if word in KINDS]
            return f"/credits/{name}/grants", {
                "denomination": denomination,
                "amount": Decimal(number),
                "type": kinds[0] if kinds else None,
                "expiresAt": step.instant("expires"),
                "priority": int(step.option("priority") or 0),
            }
        case "use", feature, units, *_:
            model = step.option("model")
            return "/events", {
                **owner,
                "eventName": "used",
                "featureKey": feature,
                "usageUnits": Decimal(units),
                "eventIdempotencyKey": step.option("key") or f"event {step.number}",
                "occurredAt": step.instant("at"),
                "costInput": None if model is None else {"model": model},
                "costAmount": 0,  # models of stories have no price
                "meta": step.meta,
            }
        case "correct", corrected, units, *_:
            return "/events", {
                **owner,
                "eventName": "used",
                "correctsEventKey": corrected,
                "usageUnits": -Decimal(units),
                "eventIdempotencyKey": step.option("key") or f"event {step.number}",
                "occurredAt": step.instant("at"),
            }
    raise AssertionError(f"{step.verb}: not a step")


# Reading answers -------------------------------------------------------------------------------------


def _answer(step: Step, data: Any) -> Answer:
    if step.verb in {"use", "correct"}:
        return _receipt(data)
    note = data.get("creditNote")
    if note is None:
        return None
    return Note(
        note["number"],
        Decimal(note["amount"]),
        Decimal(note["taxAmount"]),
        Decimal(note["toBalance"]),
    )


def _receipt(data: dict[str, object]) -> Receipt:
    return receipt_view(data)


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _at(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _invoice(one: Mapping[str, Any]) -> InvoiceView:
    replaced_by = one["replacedByInvoiceId"]
    assert Decimal(one["amountDue"]) == (
        0 if one["status"] == "VOID" else one["amount"] - one["amountPaid"]
    )
    return InvoiceView(
        id=UUID(one["id"]),
        customer=one["customerReferenceId"],
        number=one["number"],
        kind=one["type"],
        status=one["status"],
        subtotal=Decimal(one["subtotal"]),
        tax=Decimal(one["taxAmount"]),
        amount=Decimal(one["amount"]),
        paid=Decimal(one["amountPaid"]),
        starts_at=_at(one["periodStart"]),
        ends_at=_at(one["periodEnd"]),
        created_at=_instant(one["createdAt"]),
        issued_at=_at(one["issuedAt"]),
        due_at=_at(one["dueDate"]),
        past_due_at=_at(one["pastDueAt"]),
        paid_at=_at(one["paidAt"]),
        voided_at=_at(one["voidedAt"]),
        replaced_by=None if replaced_by is None else UUID(replaced_by),
        lines=tuple(_line(line) for line in one["lines"]),
    )


def _line(one: Mapping[str, Any]) -> LineView:
    return LineView(
        kind=one["kind"],
        description=one["description"],
        amount=Decimal(one["amount"]),
        quantity=_exact(one["quantity"]),
        unit_price=_exact(one["unitPrice"]),
        starts_at=_at(one["periodStart"]),
        ends_at=_at(one["periodEnd"]),
    )


def _subscription(one: Mapping[str, Any]) -> SubscriptionView:
    scheduled = one["scheduledChange"]
    return SubscriptionView(
        id=UUID(one["id"]),
        customer=one["customerReferenceId"],
        plan=one["plan"]["key"],
        status=one["status"],
        is_active=one["isActive"],
        starts_at=_at(one["currentPeriodStart"]),
        ends_at=_at(one["currentPeriodEnd"]),
        anchor_at=_at(one["anchorAt"]),
        cancel_at=_at(one["cancelAt"]),
        cancelled_at=_at(one["cancelledAt"]),
        then=None if scheduled is None else scheduled["toPlan"]["key"],
        grace_days=one["gracePeriodDays"],
        created_at=_instant(one["createdAt"]),
    )


def _pool(one: Mapping[str, Any]) -> PoolView:
    return PoolView(
        balance=Decimal(one["balance"]),
        granted=Decimal(one["totalGranted"]),
        consumed=Decimal(one["totalConsumed"]),
        expired=Decimal(one["totalExpired"]),
        clawed=Decimal(one["totalClawedBack"]),
        overdraft=Decimal(one["overdraft"]),
    )


def _grant(pool: Mapping[str, Any], one: Mapping[str, Any]) -> GrantView:
    return GrantView(
        pool["denomination"],
        _instant(one["grantedAt"]),
        one["type"],
        Decimal(one["amount"]),
        Decimal(one["remaining"]),
        _at(one["expiresAt"]),
    )
