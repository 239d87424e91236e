"""Paper: all that one printed invoice or credit note says, before it has a language or a look.

Whoever calls has decided everything: amounts, dates, which document is corrected. Nothing is
computed here beyond the check that the sums are the sums of what is shown.

Units: amounts are in the currency's major unit, in whole minor units (ISO 4217); a credit note's
are positive. Unit prices, quantities and tiers' amounts are exact. Rates are in percent. Days are
days of the calendar that the document goes by: the caller turns instants into them.
Sources: BILLING.md, "Rounding"; Directive 2006/112/EC, Art. 226, for what an invoice has to say;
EN 16931, BT-151, for the categories of tax.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import money


class Kind(StrEnum):
    """What the document is."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"  # gives back what the documents in `corrects` charged


class Mark(StrEnum):
    """What is said of the document across it. None of them is to be paid, so none has a code."""

    DRAFT = "DRAFT"  # not issued: it may have no number and no day
    PAID = "PAID"
    VOID = "VOID"


class Language(StrEnum):
    """The languages of documents, by ISO 639; words, numbers and dates go by them."""

    EN = "en"
    DE = "de"
    FR = "fr"
    ES = "es"
    IT = "it"
    NL = "nl"
    PT = "pt"  # as in Portugal
    JA = "ja"


class Size(StrEnum):
    """The size of a page."""

    A4 = "A4"
    LETTER = "LETTER"


class TaxCategory(StrEnum):
    """Why a tax is what it is, in the letters of EN 16931 (UNTDID 5305)."""

    STANDARD = "S"  # also a reduced rate
    ZERO = "Z"  # taxed, at nothing
    EXEMPT = "E"  # the reason is the seller's to give, in `Tax.note`
    REVERSE_CHARGE = "AE"  # the customer owes it
    INTRA_COMMUNITY = "K"  # goods to another member state
    EXPORT = "G"  # goods out of the union
    OUTSIDE_SCOPE = "O"


UNTAXED: Final = frozenset(TaxCategory) - {TaxCategory.STANDARD}
"""Categories under which no tax is charged; the document says why."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days on end, the last one included: as they are printed. `first` may be `last`."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Hold that they run forwards."""
        assert self.first <= self.last, "days run forwards"


@dataclass(frozen=True, slots=True)
class Share:
    """The share of a period's time that an amount stands for, in whole microseconds."""

    elapsed_us: int
    length_us: int

    def __post_init__(self) -> None:
        """Hold that it is a part of something."""
        assert 0 <= self.elapsed_us <= self.length_us, "a share is a part"
        assert self.length_us > 0, "a share is of something"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells, or who is billed. Texts are the party's own and mean nothing here."""

    name: str
    address: tuple[str, ...] = ()  # one line each, the country last
    email: str | None = None
    phone: str | None = None
    website: str | None = None
    tax_id: str | None = None  # for VAT; in Japan the registered number of an issuer
    tax_number: str | None = None  # a national one, where it is asked for beside
    registration: str | None = None  # register and managers, as the law of the seat asks


@dataclass(frozen=True, slots=True)
class Tier:
    """One row of how a quantity was priced. It is entered above `above` and reaches `up_to`."""

    above: Decimal
    up_to: Decimal | None  # None: open
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal  # exact, with the flat fee; the line's own amount is rounded once
    flat_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One amount, and what it is for."""

    description: str
    amount: Decimal
    days: Days | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    included: Decimal | None = None  # of the quantity, what costs nothing
    tiers: tuple[Tier, ...] = ()
    share: Share | None = None
    note: str | None = None
    tax_rate: Decimal | None = None  # printed where a document has taxes of several rates


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of one rate and category over all its lines. `note` replaces the usual reason."""

    category: TaxCategory
    rate: Decimal
    net: Decimal
    amount: Decimal
    name: str | None = None  # where it is not called VAT, such as "Sales tax"
    note: str | None = None

    def __post_init__(self) -> None:
        """Hold that what is not taxed has no tax."""
        assert self.category not in UNTAXED or self.amount == 0, "no tax is charged there"


@dataclass(frozen=True, slots=True)
class Payment:
    """Where to pay. Whether a code can be made of it is `epc`'s to say."""

    reference: str  # what the payer writes on the transfer
    holder: str | None = None
    iban: str | None = None
    bic: str | None = None
    bank: str | None = None
    other: tuple[tuple[str, str], ...] = ()  # label and value: routing number, sort code, a link


@dataclass(frozen=True, slots=True)
class Paper:
    """One document as it is to be printed."""

    kind: Kind
    number: str | None  # None: a draft
    issued_on: date | None  # None: a draft
    seller: Party
    customer: Party
    lines: tuple[Line, ...]
    currency: str
    subtotal: Decimal
    taxes: tuple[Tax, ...]
    total: Decimal
    paid: Decimal
    due: Decimal  # of a credit note: nothing
    due_on: date | None = None
    days: Days | None = None  # the service period
    payment: Payment | None = None
    customer_number: str | None = None
    purchase_order: str | None = None
    corrects: tuple[str, ...] = ()  # numbers of the documents that a credit note corrects
    memo: tuple[str, ...] = ()  # a paragraph each, above the lines
    terms: tuple[str, ...] = ()  # a paragraph each, above the foot of the last page
    footer: tuple[str, ...] = ()  # a line each, at the foot of every page
    logo: bytes | None = None  # PNG, JPEG or SVG
    accent: str = "#1d4e89"  # the one colour, as #rrggbb
    mark: Mark | None = None
    language: Language = Language.EN
    size: Size = Size.A4

    def __post_init__(self) -> None:
        """Hold that the sums are the sums of what is shown, and that an issued one is complete."""
        shown = (self.subtotal, self.total, self.paid, self.due)
        amounts = (*shown, *(x.amount for x in self.lines), *(x.amount for x in self.taxes))
        assert all(money.is_whole(x, self.currency) for x in amounts), "amounts are whole"
        assert self.subtotal == sum((x.amount for x in self.lines), Decimal(0)), "Σ lines"
        tax = sum((x.amount for x in self.taxes), Decimal(0))
        assert self.total == self.subtotal + tax, "the total is the subtotal and its taxes"
        assert re.fullmatch(r"#[0-9a-fA-F]{6}", self.accent), "a colour is #rrggbb"
        if self.mark is not Mark.DRAFT:
            assert self.number is not None, "an issued document has a number"
            assert self.issued_on is not None, "an issued document has its day"
