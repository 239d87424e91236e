"""The journal: every fact about money as an entry of double entry, whose debits equal its credits.

Units: amounts are Decimals at the currency's scale; a debit is positive, a credit negative.
Sources: BILLING.md, "Receivables" ("The journal").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core.invoices import LineKind

ZERO: Final = Decimal(0)


class Role(StrEnum):
    """What an account of the ledger is for; the seller names it, or it has the default number."""

    BANK = "bank"
    RECEIVABLE = "receivable"
    RECLAIMED = "reclaimed"  # bounced after it had been sent back: owed by an invoice of its own
    CUSTOMER_BALANCE = "customerBalance"
    TAX = "tax"
    SUBSCRIPTIONS = "subscriptions"
    USAGE = "usage"
    CREDITS = "credits"
    ADJUSTMENTS = "adjustments"
    ONE_OFF = "oneOff"
    BAD_DEBT = "badDebt"


DEFAULTS: Final[Mapping[Role, str]] = {
    Role.BANK: "1000",
    Role.RECEIVABLE: "1200",
    Role.RECLAIMED: "1290",
    Role.CUSTOMER_BALANCE: "2100",
    Role.TAX: "2200",
    Role.SUBSCRIPTIONS: "4000",
    Role.USAGE: "4100",
    Role.CREDITS: "4200",
    Role.ADJUSTMENTS: "4300",
    Role.ONE_OFF: "4400",
    Role.BAD_DEBT: "6800",
}

NAMES: Final[Mapping[Role, str]] = {
    Role.BANK: "Bank",
    Role.RECEIVABLE: "Receivables",
    Role.RECLAIMED: "Reversed payments that had been paid out",
    Role.CUSTOMER_BALANCE: "Customers' balances",
    Role.TAX: "Tax",
    Role.SUBSCRIPTIONS: "Revenue, subscriptions",
    Role.USAGE: "Revenue, usage",
    Role.CREDITS: "Revenue, credits sold",
    Role.ADJUSTMENTS: "Revenue, adjustments",
    Role.ONE_OFF: "Revenue, one-off invoices",
    Role.BAD_DEBT: "Bad debt",
}

_OF_LINE: Final[Mapping[LineKind, Role]] = {
    LineKind.BASE: Role.SUBSCRIPTIONS,
    LineKind.ELAPSED_TIME: Role.SUBSCRIPTIONS,
    LineKind.USAGE: Role.USAGE,
    LineKind.LATE_USAGE: Role.USAGE,
    LineKind.UNUSED_TIME: Role.ADJUSTMENTS,
    LineKind.REMAINING_TIME: Role.ADJUSTMENTS,
    LineKind.REVERSED_PAYMENT: Role.RECLAIMED,
}
_OF_OTHER: Final = {"CREDIT_PURCHASE": Role.CREDITS, "ONE_OFF": Role.ONE_OFF}


class FactKind(StrEnum):
    """What happened. `amount` is the whole of it, and `part` what of it lies on the balance."""

    INVOICE = "INVOICE"
    INVOICE_VOIDED = "INVOICE_VOIDED"
    CREDIT_NOTE = "CREDIT_NOTE"
    PAYMENT = "PAYMENT"
    PAYMENT_REVERSED = "PAYMENT_REVERSED"  # `taken` came off invoices
    BALANCE_SPENT = "BALANCE_SPENT"
    BALANCE_RETURNED = "BALANCE_RETURNED"  # off an invoice that is void, or that reopened
    PAYOUT = "PAYOUT"
    WRITE_OFF = "WRITE_OFF"
    WRITE_OFF_RETURNED = "WRITE_OFF_RETURNED"  # paid after all, or void: no bad debt any more


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to a customer's money at an instant. `lines` are of the document, by kind."""

    at: datetime
    kind: FactKind
    currency: str
    amount: Decimal
    part: Decimal = ZERO
    taken: Decimal = ZERO
    tax: Decimal = ZERO
    document: str | None = None  # the kind of the invoice
    lines: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Posting:
    """What an entry moves on one account: a debit above zero, a credit below."""

    role: Role
    amount: Decimal


def postings(fact: Fact) -> tuple[Posting, ...]:
    """Return what a fact moves, account by account; their sum is zero. Nothing, where no money moved.

    >>> paid = Fact(datetime(2027, 1, 1), FactKind.PAYMENT, "USD", Decimal("50.00"), part=Decimal("1.00"))
    >>> [(one.role.value, str(one.amount)) for one in postings(paid)]
    [('bank', '50.00'), ('receivable', '-49.00'), ('customerBalance', '-1.00')]
    """
    moved = _moved(fact)
    assert sum(moved.values(), ZERO) == 0, "debits equal credits"
    return tuple(Posting(role, moved[role]) for role in Role if moved.get(role, ZERO) != 0)


# What moves one amount from one account to another: the debit, the credit.
_SIMPLE: Final[Mapping[FactKind, tuple[Role, Role]]] = {
    FactKind.BALANCE_SPENT: (Role.CUSTOMER_BALANCE, Role.RECEIVABLE),
    FactKind.BALANCE_RETURNED: (Role.RECEIVABLE, Role.CUSTOMER_BALANCE),
    FactKind.PAYOUT: (Role.CUSTOMER_BALANCE, Role.BANK),
    FactKind.WRITE_OFF: (Role.BAD_DEBT, Role.RECEIVABLE),
    FactKind.WRITE_OFF_RETURNED: (Role.RECEIVABLE, Role.BAD_DEBT),
}


def _moved(fact: Fact) -> dict[Role, Decimal]:
    amount, part = fact.amount, fact.part
    onto = {Role.RECEIVABLE: part - amount, Role.CUSTOMER_BALANCE: -part}
    match fact.kind:
        case FactKind.INVOICE:
            return {Role.RECEIVABLE: amount} | _charged(fact, -1)
        case FactKind.INVOICE_VOIDED:
            return {Role.RECEIVABLE: -amount} | _charged(fact, 1)
        case FactKind.CREDIT_NOTE:
            return onto | _charged(fact, 1)
        case FactKind.PAYMENT:
            return {Role.BANK: amount} | onto
        case FactKind.PAYMENT_REVERSED:
            off = {Role.RECEIVABLE: fact.taken, Role.CUSTOMER_BALANCE: part}
            return {Role.BANK: -amount, Role.RECLAIMED: amount - fact.taken - part} | off
        case _:
            debit, credit = _SIMPLE[fact.kind]
            return {debit: amount, credit: -amount}


def _charged(fact: Fact, sign: int) -> dict[Role, Decimal]:
    """Return what a document's lines and its tax come to, by account."""
    moved = {Role.TAX: sign * fact.tax}
    for kind, amount in fact.lines.items():
        role = _of_line(LineKind(kind), fact.document)
        moved[role] = moved.get(role, ZERO) + sign * amount
    return moved


def _of_line(kind: LineKind, document: str | None) -> Role:
    if kind is LineKind.OTHER:
        return _OF_OTHER.get(document or "", Role.ADJUSTMENTS)
    return _OF_LINE[kind]


def account_of(role: Role, named: Mapping[str, str]) -> str:
    """Return the account that a seller keeps for something, or the default number."""
    return named.get(role.value, DEFAULTS[role])
