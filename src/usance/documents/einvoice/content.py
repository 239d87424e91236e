"""Content: what an e-invoice says beyond the paper, and what it lacks for a format.

The paper has the amounts, the lines and the days; they are never said twice. Terms in brackets
(BT-31) are those of EN 16931.

Units: amounts are in the currency's major unit; a credit note's are positive. Rates are in percent.
Sources: EN 16931-1; XRechnung 3.0 (KoSIT); docs/e-invoices.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import money
from usance.documents import epc, formats, layout
from usance.documents.einvoice.codes import COUNTRIES, VAT_PREFIXES
from usance.documents.paper import Days, Kind, Line, Paper, Tax, TaxCategory
from usance.documents.texts import TEXTS

_DECIMALS_MAX: Final = 2  # BR-DEC
_RATE_MIN: Final = Decimal("0.5")
_PRICE_OFF_MAX: Final = Decimal("0.02")
_VAT_ID: Final = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,14}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class Format(StrEnum):
    """What is written: a syntax of EN 16931, Germany's use of it, or a PDF with CII in it."""

    UBL = "UBL"
    CII = "CII"
    XRECHNUNG_UBL = "XRECHNUNG_UBL"
    XRECHNUNG_CII = "XRECHNUNG_CII"
    FACTURX = "FACTURX"

    @property
    def is_xrechnung(self) -> bool:
        """Whether the rules of Germany's public buyers hold."""
        return self in {Format.XRECHNUNG_UBL, Format.XRECHNUNG_CII}

    @property
    def specification(self) -> str:
        """The identifier of the rules that it keeps (BT-24)."""
        core = "urn:cen.eu:en16931:2017"
        if self.is_xrechnung:
            return f"{core}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
        return core


PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
"""The business process (BT-23): billing."""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address by its parts; `country` is a code of ISO 3166-1."""

    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    city: str | None = None
    postal_code: str | None = None
    subdivision: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An electronic address: the kind of it, by a code of EAS, and the address."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Trader:
    """Who sells or buys, as a program reads it."""

    name: str | None
    trading_name: str | None = None
    identifier: str | None = None
    registration: str | None = None
    vat_id: str | None = None
    tax_number: str | None = None
    address: Address = Address()
    endpoint: Endpoint | None = None
    contact: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An issued invoice or credit note as a program reads it."""

    paper: Paper
    seller: Trader
    buyer: Trader
    buyer_reference: str | None = None
    note: str | None = None

    @property
    def tax(self) -> Tax:
        """Its one tax: an e-invoice without is not complete."""
        (tax,) = self.paper.taxes
        return tax

    def money(self, value: Decimal) -> str:
        """Return an amount with all decimals of the currency."""
        return f"{money.rounded(value, self.paper.currency):f}"

    @property
    def is_credit_note(self) -> bool:
        """Whether it gives money back."""
        return self.paper.kind is Kind.CREDIT_NOTE

    @property
    def due(self) -> Decimal:
        """What is to be paid (BT-115); of a credit note, what it gives back."""
        return self.paper.total - self.paper.paid

    @property
    def issued_on(self) -> date:
        """Its day."""
        assert self.paper.issued_on is not None, "what is issued has its day"
        return self.paper.issued_on

    @property
    def due_on(self) -> date | None:
        """The day on which it is due; a credit note is made good when it is issued."""
        return self.issued_on if self.is_credit_note else self.paper.due_on

    @property
    def days(self) -> Days | None:
        """The days that it is about: its own, with those of all lines."""
        all_ = [one for one in (self.paper.days, *(x.days for x in self.paper.lines)) if one]
        if not all_:
            return None
        return Days(min(one.first for one in all_), max(one.last for one in all_))

    @property
    def tax_ids_are_told(self) -> bool:
        """Whether VAT identifiers may stand on it: not on what is outside the scope (BR-O-02)."""
        return self.tax.category is not TaxCategory.OUTSIDE_SCOPE

    @property
    def exemption(self) -> str | None:
        """Why no tax is charged (BT-120), in the language of the paper."""
        if self.tax.category in {TaxCategory.STANDARD, TaxCategory.ZERO}:
            return None
        return layout.reason(self.tax, TEXTS[self.paper.language])

    @property
    def exemption_code(self) -> str | None:
        """The same as a code (BT-121), where there is one for it."""
        codes = {
            TaxCategory.REVERSE_CHARGE: "VATEX-EU-AE",
            TaxCategory.OUTSIDE_SCOPE: "VATEX-EU-O",
        }
        return codes.get(self.tax.category)

    @property
    def means(self) -> str:
        """How it is paid (BT-81): by transfer, within SEPA or not, by set-off, or not told."""
        if self.is_credit_note:
            return "97"
        payment = self.paper.payment
        if payment is None or payment.iban is None or self.due <= 0:
            return "1"
        is_sepa = self.paper.currency == "EUR" and epc.is_sepa(payment.iban)
        return "58" if is_sepa else "30"

    @property
    def is_transfer(self) -> bool:
        """Whether the account to pay to is told."""
        return self.means in {"30", "58"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line as EN 16931 has it: amount = quantity × price, and no price below zero (BR-27)."""

    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    days: Days | None
    note: str | None


def row(line: Line, paper: Paper) -> Row:
    """Return a line of the paper. Where no one price explains it, it is one piece, and says of what."""
    texts = TEXTS[paper.language]
    notes = []
    sign = -1 if line.amount < 0 else 1
    quantity, price = Decimal(sign), abs(line.amount)
    if line.quantity is not None:
        unit_price = line.unit_price
        exact = None if unit_price is None else line.quantity * unit_price
        if exact is not None and _explains(exact, line.amount, paper.currency):
            assert unit_price is not None, "there is one"
            quantity = -line.quantity if unit_price < 0 else line.quantity
            price = abs(unit_price)
        else:
            count = formats.number(line.quantity, paper.language)
            notes.append(f"{texts.quantity}: {count}")
    if line.share is not None:
        elapsed, length = formats.share(line.share, paper.language)
        notes.append(texts.share.format(elapsed=elapsed, length=length))
    # A line has a name (BR-25), and one of blanks has none.
    name = " ".join(line.description.split()) or "–"
    return Row(name, quantity, price, line.amount, line.days, "; ".join(notes) or None)


def _explains(exact: Decimal, amount: Decimal, currency: str) -> bool:
    """Whether quantity × price is the amount: rounded, and within what PEPPOL-EN16931-R120 allows."""
    return money.rounded(exact, currency) == amount and abs(exact - amount) <= _PRICE_OFF_MAX


# --- what is missing ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, by its name in the API, and what it is to be."""

    field: str
    message: str


def lacks(one: EInvoice, form: Format) -> tuple[Lack, ...]:
    """Return all that the format needs and the document has not."""
    found = [*_document(one), *_parties(one)]
    if form.is_xrechnung:
        found += _xrechnung(one)
    return tuple({lack.field: lack for lack in reversed(found)}.values())[::-1]


def _document(one: EInvoice) -> Iterator[Lack]:
    if money.exponent(one.paper.currency) > _DECIMALS_MAX:
        yield Lack("currency", "EN 16931 has amounts of at most two decimals.")
    if not one.paper.taxes:
        yield Lack("taxCategory", "The document was issued without a category of tax.")
    elif 0 < one.tax.rate < _RATE_MIN:
        yield Lack("taxRate", "EN 16931 takes a rate below 0.5 % for none (BR-CO-17).")


def _parties(one: EInvoice) -> Iterator[Lack]:
    seller, buyer = one.seller, one.buyer
    yield from _country(seller, "seller.address.country")
    if not buyer.name:
        yield Lack("customer.name", "The name of who is billed.")
    yield from _country(buyer, "customer.billingAddress.country")
    if not one.paper.taxes:
        return
    if one.tax_ids_are_told:
        if seller.vat_id is not None and not is_vat_id(seller.vat_id):
            yield Lack("seller.vatId", "A VAT id begins with the code of its country: DE123456789.")
        elif seller.vat_id is None and seller.tax_number is None:
            yield Lack("seller.vatId", "The VAT id, or else a taxNumber.")
    elif seller.registration is None and seller.tax_number is None:
        yield Lack("seller.registrationNumber", "The number in a register, or else a taxNumber.")
    charged = one.tax.category is TaxCategory.REVERSE_CHARGE
    if charged and (buyer.vat_id is None or not is_vat_id(buyer.vat_id)):
        yield Lack("customer.taxId", "Reverse charge needs a VAT id, with its country's code.")


def _country(who: Trader, field: str) -> Iterator[Lack]:
    if who.address.country not in COUNTRIES:
        yield Lack(field, "A country by its two letters (ISO 3166-1), such as DE.")


def _xrechnung(one: EInvoice) -> Iterator[Lack]:
    seller, buyer = one.seller, one.buyer
    needed = (
        ("seller.address.city", seller.address.city, "The city (BR-DE-3)."),
        ("seller.address.postalCode", seller.address.postal_code, "The post code (BR-DE-4)."),
        ("seller.phone", seller.phone, "Whom to call (BR-DE-6)."),
        ("seller.email", seller.email, "Where to write to (BR-DE-7)."),
        ("customer.billingAddress.city", buyer.address.city, "The city (BR-DE-8)."),
        (
            "customer.billingAddress.postalCode",
            buyer.address.postal_code,
            "The post code (BR-DE-9).",
        ),
        ("customer.buyerReference", one.buyer_reference, "The Leitweg-ID (BR-DE-15)."),
        ("seller.electronicAddress", seller.endpoint, "Where it comes from; or an email."),
        ("customer.electronicAddress", buyer.endpoint, "Where it goes to; or an email."),
    )
    for field, value, message in needed:
        if not value:
            yield Lack(field, message)


def is_vat_id(text: str) -> bool:
    """Return whether a text may be a VAT identifier: its country, then letters and digits.

    >>> is_vat_id("DE123456789"), is_vat_id("EL123456789"), is_vat_id("12-3456789")
    (True, True, False)
    """
    return _VAT_ID.fullmatch(text) is not None and text[:2] in VAT_PREFIXES


def is_email(text: str) -> bool:
    """Return whether a text may be an e-mail address."""
    return _EMAIL.fullmatch(text) is not None
