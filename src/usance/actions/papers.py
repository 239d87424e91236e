"""Papers: invoices and credit notes as they are printed.

Sources: BILLING.md, "Paying"; docs/documents.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from usance.actions import ledger, logos
from usance.actions.commands import Call
from usance.core import parties, references
from usance.core.accounts import Account
from usance.core.calculations import StepKind
from usance.core.customers import Customer
from usance.core.ids import CreditNoteId, InvoiceId
from usance.core.invoices import CreditNote, Invoice, InvoiceStatus, Line
from usance.core.refusals import Code, Refusal
from usance.core.tax import Tax, TaxCategory
from usance.documents import paper, pdf
from usance.documents.logo import UnusableLogo
from usance.documents.paper import Kind, Language, Mark, Paper, Party, Payment, Share, Size
from usance.store import customers as stored_customers
from usance.store import invoices as stored
from usance.store.db import Tx

_UNFIT_FOR_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_MICROSECOND: Final = timedelta(microseconds=1)
_ADDRESS: Final = ("line1", "line2", "line3", "postalCode", "city", "state", "region", "country")
_MARKS: Final = {
    InvoiceStatus.PENDING: Mark.DRAFT,
    InvoiceStatus.PAID: Mark.PAID,
    InvoiceStatus.VOID: Mark.VOID,
}

CATEGORIES: Final = {
    TaxCategory.STANDARD: paper.TaxCategory.STANDARD,
    TaxCategory.REDUCED: paper.TaxCategory.STANDARD,
    TaxCategory.ZERO: paper.TaxCategory.ZERO,
    TaxCategory.REVERSE_CHARGE: paper.TaxCategory.REVERSE_CHARGE,
    TaxCategory.EXEMPT: paper.TaxCategory.EXEMPT,
    TaxCategory.OUTSIDE_SCOPE: paper.TaxCategory.OUTSIDE_SCOPE,
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is printed. `language` None: the customer's, else the account's."""

    language: Language | None = None
    size: Size = Size.A4


async def invoice(tx: Tx, call: Call, invoice_id: UUID, style: Style) -> Paper:
    """Return an invoice, or a draft, as it is printed.

    Refusals, in this order: invoice_not_found, invoice_pending (it still accrues).
    """
    found, customer = await read_invoice(tx, call, invoice_id)
    if found.status is InvoiceStatus.PENDING and not found.is_draft:
        raise Refusal(Code.INVOICE_PENDING, "The invoice is not issued yet: it still accrues.")
    said = found.parties or parties.of(call.account, customer)
    one = of_invoice(found, said, call.account, spoken(style, customer, call.account))
    return await with_logo(tx, call, one)


async def credit_note(tx: Tx, call: Call, note_id: UUID, style: Style) -> Paper:
    """Return a credit note as it is printed, or refuse: credit_note_not_found."""
    found, corrected, customer = await read_note(tx, call, note_id)
    one = of_note(found, corrected, call.account, spoken(style, customer, call.account))
    return await with_logo(tx, call, one)


async def with_logo(tx: Tx, call: Call, one: Paper) -> Paper:
    """Return the document with the seller's logo, if there is one."""
    logo = await logos.get(tx, call)
    return one if logo is None else replace(one, logo=logo.picture)


async def read_invoice(tx: Tx, call: Call, invoice_id: UUID) -> tuple[Invoice, Customer]:
    """Return an invoice with its customer, or refuse: invoice_not_found."""
    found = await stored.find(tx, call.account.id, InvoiceId(invoice_id))
    if found is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    owner = found.customer_id
    customer = (await stored_customers.by_ids(tx, call.account.id, [owner]))[owner]
    await ledger.settled(tx, call, customer)
    return found, customer


async def read_note(
    tx: Tx, call: Call, note_id: UUID
) -> tuple[CreditNote, tuple[str, ...], Customer]:
    """Return a note, the numbers of its invoices, its customer; or refuse: credit_note_not_found."""
    found = await stored.find_note(tx, call.account.id, CreditNoteId(note_id))
    if found is None:
        raise Refusal(Code.CREDIT_NOTE_NOT_FOUND, "There is no such credit note.")
    numbers = await stored.numbers(tx, call.account.id, found.customer_id, found.invoice_ids)
    owner = found.customer_id
    customer = (await stored_customers.by_ids(tx, call.account.id, [owner]))[owner]
    return found, numbers, customer


def spoken(style: Style, customer: Customer, account: Account) -> Style:
    """Return the style with the language that was asked for, else the customer's, else the account's."""
    return replace(style, language=style.language or language_of(customer, account))


def language_of(customer: Customer, account: Account) -> Language:
    """Return the language in which a customer is written to: its own, else the account's."""
    return Language(customer.profile.language or account.language)


def of_invoice(
    one: Invoice, said: Mapping[str, Mapping[str, object]], account: Account, style: Style
) -> Paper:
    """Return an invoice as it is printed; `said` are its parties."""
    zone = ZoneInfo(account.zone)
    seller = said["seller"]
    is_open = one.status not in _MARKS
    return Paper(
        kind=Kind.INVOICE,
        number=one.number,
        issued_on=None if one.issued_at is None else one.issued_at.astimezone(zone).date(),
        seller=_party(seller, str(seller.get("legalName") or seller["name"])),
        customer=_party(said["customer"], customer_name(said["customer"])),
        lines=tuple(_line(each, zone) for each in one.lines),
        currency=one.currency,
        subtotal=one.subtotal,
        taxes=_taxes(one.tax, one.subtotal, one.tax_amount),
        total=one.amount,
        paid=one.amount_paid,
        due=one.amount_due,
        due_on=None if one.due_at is None else one.due_at.astimezone(zone).date(),
        days=_days(one.starts_at, one.ends_at, zone),
        payment=payment(seller, one.number) if is_open and one.number is not None else None,
        customer_number=str(said["customer"]["reference"]),
        memo=() if one.memo is None else tuple(filter(str.strip, one.memo.splitlines())),
        terms=_texts(seller, "terms"),
        footer=_texts(seller, "footer"),
        mark=_MARKS.get(one.status),
        language=style.language or Language(account.language),
        size=style.size,
    )


def of_note(one: CreditNote, corrected: tuple[str, ...], account: Account, style: Style) -> Paper:
    """Return a credit note as it is printed; `corrected` are the numbers of its invoices."""
    zone = ZoneInfo(account.zone)
    seller, customer = one.parties["seller"], one.parties["customer"]
    return Paper(
        kind=Kind.CREDIT_NOTE,
        number=one.number,
        issued_on=one.issued_at.astimezone(zone).date(),
        seller=_party(seller, str(seller.get("legalName") or seller["name"])),
        customer=_party(customer, customer_name(customer)),
        lines=tuple(_line(each, zone) for each in one.lines),
        currency=one.currency,
        subtotal=one.subtotal,
        taxes=_taxes(one.tax, one.subtotal, one.tax_amount),
        total=one.amount,
        paid=one.amount - one.amount,
        due=one.amount - one.amount,
        customer_number=str(customer["reference"]),
        corrects=corrected,
        footer=_texts(seller, "footer"),
        language=style.language or Language(account.language),
        size=style.size,
    )


def _line(one: Line, zone: ZoneInfo) -> paper.Line:
    share = None
    if one.elapsed_us is not None and one.length_us is not None:
        share = Share(one.elapsed_us, one.length_us)
    return paper.Line(
        description=one.description,
        amount=one.amount,
        days=_days(one.starts_at, one.ends_at, zone),
        quantity=one.quantity,
        unit_price=one.unit_price,
        included=_included(one),
        tiers=_tiers(one),
        share=share,
    )


def _included(one: Line) -> Decimal | None:
    """Return the units of a line that the plan includes, where all of them are the line's own.

    Late usage and a later part of a period count from what was used before.
    """
    how = one.calculation
    if how is None or how.metered is None or how.billed_before or how.metered.before:
        return None
    free = (step.quantity for step in how.steps if step.kind is StepKind.INCLUDED)
    return next(free, None)


def _tiers(one: Line) -> tuple[paper.Tier, ...]:
    """Return how a quantity was priced by tiers, where that alone is what the line comes to."""
    how = one.calculation
    if how is None or how.share is not None or how.is_minimum:
        return ()
    if how.billed_before or how.forgiven:
        return ()
    if not {step.kind for step in how.steps} <= {StepKind.UNITS, StepKind.INCLUDED}:
        return ()
    return tuple(
        paper.Tier(
            above=step.above,
            up_to=step.up_to,
            quantity=step.quantity,
            unit_price=step.unit_price,
            amount=step.amount,
            flat_fee=step.flat_fee,
        )
        for step in how.steps
        if step.above is not None and step.quantity is not None and step.unit_price is not None
    )


def _days(
    starts_at: datetime | None, ends_at: datetime | None, zone: ZoneInfo
) -> paper.Days | None:
    """Return the days of a half-open time: the one in which it ends is the last before its end."""
    if starts_at is None or ends_at is None:
        return None
    first = starts_at.astimezone(zone).date()
    last = max(ends_at - _MICROSECOND, starts_at).astimezone(zone).date()
    return paper.Days(first, last)


def _taxes(tax: Tax, net: Decimal, amount: Decimal) -> tuple[paper.Tax, ...]:
    """Return the tax; without a category nothing is said of one."""
    if tax.category is None:
        return ()
    return (paper.Tax(CATEGORIES[tax.category], tax.rate, net, amount, note=tax.exemption_reason),)


def _party(said: Mapping[str, object], name: str) -> Party:
    return Party(
        name=name,
        address=_address(said.get("address")),
        email=_text(said, "email"),
        phone=_text(said, "phone"),
        website=_text(said, "website"),
        tax_id=_text(said, "vatId") or _text(said, "taxId"),
        tax_number=_text(said, "taxNumber"),
    )


def customer_name(said: Mapping[str, object]) -> str:
    """Return what a customer is called on documents."""
    return _text(said, "name") or _text(said, "email") or str(said["reference"])


def printed(one: Paper, *, attached: tuple[str, bytes] | None = None) -> bytes:
    """Return a document as PDF: without its logo, should that not be printable any more.

    It was tried when it was sent; a document is worth more than its logo.
    """
    try:
        return pdf.render(one, attached=attached)
    except UnusableLogo:
        return pdf.render(replace(one, logo=None), attached=attached)


def file_name(number: str | None) -> str:
    """Return a document's number as the name of a file; one without a number is a draft."""
    return _UNFIT_FOR_NAMES.sub("-", number or "draft")


def payment(seller: Mapping[str, object], number: str) -> Payment:
    """Return where an invoice of this number is to be paid."""
    return Payment(
        reference=references.make(number),
        holder=_text(seller, "accountHolder") or _text(seller, "legalName"),
        iban=_text(seller, "iban"),
        bic=_text(seller, "bic"),
        bank=_text(seller, "bankName"),
    )


def _address(said: object) -> tuple[str, ...]:
    """Return an address a line each: what is known by name in the usual order, and then the rest."""
    if not isinstance(said, Mapping):
        return ()
    town = " ".join(str(said[name]) for name in ("postalCode", "city") if name in said)
    lines = [
        town if name == "city" else str(said[name])
        for name in _ADDRESS
        if name in said and (name != "postalCode" or "city" not in said)
    ]
    lines += [str(value) for name, value in said.items() if name not in _ADDRESS]
    return tuple(line for line in lines if line.strip())


def _text(said: Mapping[str, object], name: str) -> str | None:
    value = said.get(name)
    return None if value is None else str(value)


def _texts(said: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(line for line in str(said.get(name) or "").splitlines() if line.strip())
