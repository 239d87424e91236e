"""A life at the product's door: what the API shows is compared with the auditor's books.

Nothing of the product is asked that a client could not ask, but for past periods: no route lists them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from tests.machine import on_sale, papers
from tests.machine.life import KINDS, lines_of
from tests.machine.living import Living, features_of
from tests.machine.over_http import Door, HttpShop, Look, Row, World, fraction
from tests.machine.papers import Document, Hold, Period, Plan, Sub, Use, gross
from tests.machine.product import Bill, Given

from usance.core.ids import GrantId, HoldId, InvoiceId, SubscriptionId

ACTIVE = ("ACTIVE", "TRIALING")


class HttpLife(Living):
    """The product is an account of the application, reached by one of three doors."""

    shop: HttpShop

    def __init__(
        self,
        world: World,
        door: Door,
        number: int,
        at: datetime,
        plans: list[Plan],
        *,
        zone: str = "UTC",
        tax: Fraction = papers.ZERO,
        soft: frozenset[str] = frozenset(),
    ) -> None:
        catalogue = on_sale.document(plans, features_of(plans), soft)
        shop = HttpShop(world, door, number, at, catalogue, zone=zone, tax=tax)
        super().__init__(at, plans, shop, zone=zone, tax=tax, soft=soft)
        self.story.insert(0, f"life {number}; {door.value}")
        self.blind = False  # whether time passes without anybody looking

    # Pairing -----------------------------------------------------------------------------------------

    def known_subscriptions(self) -> Mapping[SubscriptionId, Row]:
        return self.shop.look().subscriptions

    def known_invoices(self) -> Mapping[InvoiceId, Row]:
        return self.shop.look().invoices

    def known_grants(self) -> Mapping[GrantId, Row]:
        return self.shop.look().grants

    def bill(self, row: Row) -> Bill:
        created, amount = _instant(row["createdAt"]), fraction(row["amount"])
        return Bill(_name(row["subscriptionId"]), row["type"], created, row["status"], amount)

    def given(self, row: Row) -> Given:
        when = _instant(row["grantedAt"]), _at(row["expiresAt"])
        amounts = fraction(row["amount"]), fraction(row["remaining"])
        name = _name(row["subscriptionId"])
        return Given(name, row["type"], row["denomination"], *when, *amounts)

    # Steps -------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let time pass without a look where none is needed: a command meets what is due then."""
        self.pass_time()
        if self.shop.seen is not None or self._needs_names():
            self.pair()

    def _needs_names(self) -> bool:
        """Whether the auditor wants to know by name what came of one instant."""
        paired = {id(paper) for paper, _ in [*self.invoices, *self.grants]}
        bills = [(i.sub, i.created) for i in self.book.invoices if id(i) not in paired]
        given = [
            (g.denomination, g.priority, g.expires, g.kind == "PURCHASED", g.at)
            for g in self.book.grants
            if id(g) not in paired
        ]
        return len(set(bills)) < len(bills) or len(set(given)) < len(given)

    def wait(self, until: datetime) -> None:
        """Time passes; where nobody takes the steps, every second time nobody looks either."""
        self.blind = self.shop.door is Door.NOBODY and self.steps % 2 == 1
        super().wait(until)
        self.blind = False

    def buy(self, pool: str, amount: Fraction, price: Fraction, currency: str) -> None:
        """At one instant there is one price: what was published at this one holds."""
        at, listed = self.shop.prices.get(pool, (None, price))
        super().buy(pool, amount, listed if at == self.now else price, currency)

    def use(self, feature: str, units: Fraction, key: str, at: datetime) -> None:
        super().use(feature, units, key, at)
        self._compare_receipt()

    def correct(self, of: str, units: Fraction, key: str) -> None:
        super().correct(of, units, key)
        self._compare_receipt()

    def take(self, feature: str, units: Fraction, life: timedelta, key: str | None) -> None:
        super().take(feature, units, life, key)
        self._compare_holds(self.shop.told)

    def settle(self, n: int, units: Fraction, key: str | None, at: datetime) -> None:
        super().settle(n, units, key, at)
        self._compare_receipt()

    def release(self, n: int) -> None:
        super().release(n)
        self._compare_holds(self.shop.told)

    def _compare_receipt(self) -> None:
        """What a new event's receipt says beside the numbers that every life compares."""
        receipt = self.shop.receipt
        if receipt is None or receipt["duplicate"]:
            return
        use = self.book.uses[-1]
        self.same("what the event matched", _matched(receipt), self._matched(use))
        notes = [note.partition(":")[0] for note in receipt["notes"]]
        if not _is_priced(use):  # nothing of it is billed, so nothing is late
            notes = [note for note in notes if note != "late"]
        self.same("what is noted of the event", notes, self._notes(use))

    def _matched(self, use: Use) -> tuple[object, ...] | None:
        if use.period is None or use.plan is None:
            return None
        term, book = use.plan.term(use.feature), self.book
        used, held = (
            book.used(use.period, use.feature),
            book.held(use.period, use.feature, self.now),
        )
        limit = term.limit if term else None
        return (
            dict(self.subs)[use.period.sub],
            use.plan.key,
            use.period.start,
            (used, limit, None if limit is None else max(papers.ZERO, limit - used - held)),
        )

    def _notes(self, use: Use) -> list[str]:
        """Whether it comes late, or why nothing of it is billed."""
        if use.corrects is not None:
            return _noted_of_correction(use, use.corrects)
        if use.period is not None:
            return _noted_of_counted(use, use.period)
        subs = [sub for sub, _ in self.subs]
        if not subs:
            return ["no_subscription"]
        periods = [period for sub in subs for period in sub.periods]
        if any(period.start <= use.at < period.end for period in periods):
            return ["feature_not_in_plan"]
        if all(use.at < period.start for period in periods):
            return ["before_activation"]
        began = [sub for sub in subs if sub.periods and sub.periods[0].start <= use.at]
        over = all(sub.ended is not None and sub.ended <= use.at for sub in began)
        return ["after_end" if over else "in_gap"]

    def leave(self) -> None:
        """The customer goes; later there is nothing left for time to do."""
        for n, (sub, _) in enumerate(self.subs):
            if sub.ended is None:
                self.cancel(n, "IMMEDIATE", settle=n % 3 < 2)
        self.wait(self.now + timedelta(days=60))
        self.compare()

    # Comparing ---------------------------------------------------------------------------------------

    def compare(self) -> None:
        if self.blind:
            return
        seen = self.shop.look()
        self.pair()
        self._compare_answers(seen)
        for n, (sub, name) in enumerate(self.subs):
            self._compare_subscription(n, sub, seen.subscriptions[name])
        for document, its in self.invoices:
            self._compare_invoice(document, seen.invoices[its])
        self._compare_periods(seen)
        self._compare_money(seen)
        self._compare_payments(seen)
        self._compare_credits(seen)
        for feature, row in seen.entitlements.items():
            self._compare_access(feature, row)
        self._compare_holds(seen.holds)

    def _compare_answers(self, seen: Look) -> None:
        """What a command answered is what is shown after it."""
        shown: dict[str, Row] = {
            row["id"]: row
            for row in [*seen.subscriptions.values(), *seen.invoices.values(), *seen.notes]
        }
        for row in self.shop.answered:
            self.same("what was answered, and what is shown", row, shown[row["id"]])
        self.shop.answered.clear()

    def _compare_subscription(self, n: int, sub: Sub, row: Row) -> None:
        last, scheduled = sub.last, row["scheduledChange"]
        state = sub.state(self.now)
        self.states.add(row["status"])
        self.same(
            f"subscription {n}",
            (
                row["status"],
                row["isActive"],
                row["plan"]["key"],
                scheduled and (scheduled["toPlan"]["key"], _at(scheduled["effectiveAt"])),
                None if row["cancelledAt"] else _at(row["cancelAt"]),
                _at(row["cancelledAt"]),
                (_at(row["currentPeriodStart"]), _at(row["currentPeriodEnd"])),
                row["gracePeriodDays"],
                _instant(row["createdAt"]),
            ),
            (
                state,
                state in ACTIVE,
                sub.plan.key,
                sub.pending and (sub.pending.key, last and last.end),
                None if sub.ended else sub.cancel_at,
                sub.ended,
                (last and last.start, last and last.end),
                sub.grace,
                sub.created,
            ),
        )

    def _compare_periods(self, seen: Look) -> None:
        columns = ("subscription_id", "seq", "starts_at", "ends_at", "is_trial", "is_closed")
        ours = [tuple(row[column] for column in columns) for row in seen.periods]
        theirs = [
            (name, p.seq, p.start, p.end, p.trial, p.closed)
            for sub, name in sorted(self.subs, key=lambda pair: pair[1])
            for p in sub.periods
        ]
        self.same("periods", ours, theirs)

    def _compare_invoice(self, document: Document, row: Row) -> None:
        pending = row["status"] == "PENDING"
        lines = self.book.accrued(document, self.now) if pending else document.lines
        net = sum((line.amount for line in lines), papers.ZERO)
        total = gross(net, document.tax, document.currency)
        sums = [fraction(row[key]) for key in ("subtotal", "taxAmount", "amount")]
        numbered = row["number"] and int(row["number"].rpartition("-")[2])
        self.same(
            self.label(document),
            (
                row["status"],
                row["currency"],
                numbered,
                sums,
                fraction(row["amountPaid"]),
                fraction(row["amountDue"]),
                [_at(row[key]) for key in ("issuedAt", "dueDate", "pastDueAt", "voidedAt")],
                _lines(row),
            ),
            (
                document.status(self.now),
                document.currency,
                document.number or None,
                [net, total - net, total],
                document.paid,
                total if pending else document.open,
                [document.issued, document.due, document.past_due, document.voided],
                lines_of(document, lines),
            ),
        )

    def _compare_money(self, seen: Look) -> None:
        for currency in dict.fromkeys(plan.currency for plan in self.plans):
            ours = seen.balances.get(currency, papers.ZERO)
            self.same(f"balance {currency}", ours, self.book.balance(currency))
        names = dict(self.subs)
        given = [
            (
                _instant(row["issuedAt"]),
                UUID(row["subscriptionId"]),
                [fraction(row[key]) for key in ("subtotal", "taxAmount", "amount")],
            )
            for row in seen.notes
        ]
        notes = [
            (note.created, names[note.sub], [note.net, note.amount - note.net, note.amount])
            for note in self.book.notes
            if note.sub
        ]
        self.same("credit notes", sorted(given), sorted(notes))

    def _compare_payments(self, seen: Look) -> None:
        self.same("payments", len(seen.payments), len(self.book.payments))
        invoices = {id(document): name for document, name in self.invoices}
        for n, payment in enumerate(self.book.payments):
            row = seen.payments[self.shop.paid[n]]
            applied = [
                (invoices[id(document)], one.amount)
                for document in self.book.invoices
                for one in document.applied
                if one.source is payment and one.amount
            ]
            kept = sum((amount for _, amount in applied), papers.ZERO)
            self.same(
                f"payment {n}",
                (
                    fraction(row["amount"]),
                    row["currency"],
                    row["reference"],
                    row["reversedAt"] is not None,
                    _applied(row),
                    fraction(row["toBalance"]),
                ),
                (
                    payment.amount,
                    payment.currency,
                    payment.reference,
                    payment.reversed,
                    sorted(applied),
                    papers.ZERO if payment.reversed else payment.amount - kept,
                ),
            )

    def _compare_credits(self, seen: Look) -> None:
        self.tell_apart(lambda name: fraction(seen.grants[name]["remaining"]))
        for grant, name in self.grants:
            row = seen.grants[name]
            ours = fraction(row["remaining"]), _at(row["expiresAt"]), row["priority"]
            theirs = (grant.left(self.now), grant.expires, grant.priority)
            self.same(f"grant {grant.kind} {grant.amount} of {grant.at}", ours, theirs)
        for which in self.pools:
            shown = seen.pools.get(which)
            self.same(f"pool {which}", _pool(shown), self._pool(which))
            if shown is not None:
                there = fraction(shown["available"])
                self.same(f"available of {which}", there, self._available(which))

    def _available(self, which: str) -> Fraction:
        """What is shown as available: under a hard limit never less than nothing."""
        there = self.book.available(which, self.now)
        return there if which in self.book.soft else max(papers.ZERO, there)

    def _compare_holds(self, rows: list[Row]) -> None:
        known = {name: hold for hold, name in self.holds}
        for row in rows:
            hold = known.get(HoldId(UUID(row["id"])))
            if hold is not None:  # the newest is looked at once it is known which it is
                self._compare_hold(hold, row)

    def _compare_hold(self, hold: Hold, row: Row) -> None:
        use = next((use for use in self.book.uses if use.hold is hold), None)
        self.same(
            f"the hold of {hold.units} {hold.feature} at {hold.at}",
            (
                row["status"],
                UUID(row["subscriptionId"]),
                row["featureKey"],
                fraction(row["usageUnits"]),
                row["denomination"],
                fraction(row["credits"]),
                row["holdKey"],
                row["eventId"],
                (_instant(row["createdAt"]), _instant(row["expiresAt"])),
            ),
            (
                hold.status(self.now),
                dict(self.subs)[hold.period.sub],
                hold.feature,
                hold.units,
                hold.denomination,
                hold.credits,
                row["id"] if hold.key is None else hold.key,
                None if use is None else self.shop.events[use.key],
                (hold.at, hold.expires),
            ),
        )

    def _pool(self, which: str) -> dict[str, Fraction]:
        book = self.book
        grants = [grant for grant in book.grants if grant.denomination == which]
        given = sum((grant.amount for grant in grants), papers.ZERO)
        back = sum((grant.clawed for grant in grants), papers.ZERO)
        there, used = book.pool(which, self.now), book.consumed(which)
        return {
            "balance": there,
            "totalGranted": given,
            "totalConsumed": used,
            "totalClawedBack": back,
            "totalExpired": given - used - back - there,
            "overdraft": book.owed.get(which, papers.ZERO),
        }

    def _compare_access(self, feature: str, row: Row) -> None:
        theirs = self.book.access(feature, self.now)
        ours = row["reason"]["code"] if "reason" in row else None
        self.same(f"access to {feature}", ours, theirs)
        self.same(f"access to {feature}", (row["allowed"], row["isAllowed"]), (ours is None,) * 2)
        self.answers.add(theirs)
        usage = row["usage"]
        shown = usage and _usage(usage)
        self.same(f"usage of {feature}", shown, self.book.shown(feature, self.now))
        credit = row["credit"]
        if credit is not None:
            which = credit["denomination"]
            shown_credit = (fraction(credit["balance"]), fraction(credit["available"]))
            there = (self.book.pool(which, self.now), self._available(which))
            self.same(f"credits for {feature} (balance, available)", shown_credit, there)


def _noted_of_correction(use: Use, of: Use) -> list[str]:
    notes = ["not_counted"] if use.period is None else _noted_of_counted(use, use.period)
    if use.returned < use.unburnt:
        notes.append("reversed" if of.reversed else "not_returned")
    return notes


def _noted_of_counted(use: Use, period: Period) -> list[str]:
    if period.trial:
        return ["in_trial"]
    if period.sub.ended is not None and not period.sub.settle:
        return ["not_charged"]
    return ["late"] if period.billed and _is_priced(use) else []


def _is_priced(use: Use) -> bool:
    term = use.plan.term(use.feature) if use.plan else None
    return term is not None and term.price is not None


def _lines(row: Row) -> list[tuple[str, str, Fraction]]:
    return sorted(
        (KINDS[line["kind"]], line["featureKey"] or "", fraction(line["amount"]))
        for line in row["lines"]
        if row["type"] != "FINAL" or line["amount"]
    )


def _applied(row: Row) -> list[tuple[UUID, Fraction]]:
    found = ((UUID(one["invoiceId"]), fraction(one["amount"])) for one in row["applications"])
    return sorted((name, amount) for name, amount in found if amount)


def _matched(receipt: Row) -> tuple[object, ...] | None:
    found, usage = receipt["matched"], receipt["usage"]
    return found and (
        UUID(found["subscriptionId"]),
        found["planKey"],
        _instant(found["periodStart"]),
        _usage(usage),
    )


def _usage(row: Row) -> tuple[Fraction, Fraction | None, Fraction | None]:
    return fraction(row["used"]), _exact(row["limit"]), _exact(row["remaining"])


def _pool(row: Row | None) -> dict[str, Fraction]:
    names = ("balance", "totalGranted", "totalConsumed", "totalClawedBack", "totalExpired")
    return {
        name: papers.ZERO if row is None else fraction(row[name]) for name in (*names, "overdraft")
    }


def _name(value: str | None) -> SubscriptionId | None:
    return None if value is None else SubscriptionId(UUID(value))


def _at(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _exact(value: Decimal | int | None) -> Fraction | None:
    return None if value is None else fraction(value)
