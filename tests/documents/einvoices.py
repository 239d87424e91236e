"""E-invoices to write, and what can be read off their XML again, by its terms in EN 16931."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from tests.documents.papers import INVOICE, JANUARY, LINES, NOTE, D

from usance.documents.einvoice.content import Address, EInvoice, Endpoint, Format, Trader
from usance.documents.paper import Days, Line, Paper, Share, Tax, TaxCategory

SELLER = Trader(
    "Northwind Metering GmbH",
    trading_name="Northwind",
    registration="HRB 98765",
    vat_id="DE123456789",
    tax_number="29/123/45678",
    address=Address(
        "Torstraße 140", "2. OG", "Hof", "Berlin", "10119", subdivision="Berlin", country="DE"
    ),
    endpoint=Endpoint("9930", "DE123456789"),
    contact="Accounts",
    phone="+49 30 1234567",
    email="billing@northwind.example",
)
BUYER = Trader(
    "Stadt Musterhausen & Söhne <Amt>",
    identifier="user_456",
    vat_id="FR12345678901",
    address=Address("Am Markt 1", city="Musterhausen", postal_code="12345", country="DE"),
    endpoint=Endpoint("0204", "04011000-12345-34"),
)
WHOLE = EInvoice(INVOICE, SELLER, BUYER, "04011000-12345-34", "Payable within 14 days.\n\nThanks!")
CREDIT = replace(WHOLE, paper=NOTE)

DAY_US = 86_400_000_000
PRORATED = (
    Line(
        "Unused time on Pro",
        D("-31.61"),
        Days(date(2027, 1, 11), date(2027, 1, 31)),
        share=Share(20 * DAY_US, 31 * DAY_US),
    ),
    Line("Remaining time on Team", D("64.52"), Days(date(2027, 1, 11), date(2027, 1, 31))),
    Line("Discount", D("-10.00"), quantity=D(1), unit_price=D("-10.00")),
    Line("Half a discount", D("-2.50"), quantity=D("0.5"), unit_price=D(-5)),
    Line("Nothing used", D("0.00"), quantity=D(0), unit_price=D("0.002")),
    Line("Tiny", D("0.01"), quantity=D("3.000000000001"), unit_price=D("0.002")),
    Line("API requests, minimum", D("5.00"), JANUARY, quantity=D("12.5")),
)


def taxed(category: TaxCategory, rate: str = "0", **more: Any) -> EInvoice:
    """Return an invoice under a category of tax."""
    return replace(WHOLE, paper=with_lines(LINES, category, rate, **more))


def with_lines(
    lines: tuple[Line, ...],
    category: TaxCategory = TaxCategory.STANDARD,
    rate: str = "19",
    *,
    paper: Paper = INVOICE,
    reason: str | None = None,
    paid: str = "0",
) -> Paper:
    """Return a paper of these lines, with its sums."""
    net = sum((line.amount for line in lines), D(0))
    amount = (net * D(rate) / 100).quantize(D("0.01"))
    total = net + amount
    return replace(
        paper,
        lines=lines,
        subtotal=net,
        taxes=(Tax(category, D(rate), net, amount, note=reason),),
        total=total,
        paid=D(paid),
        due=total - D(paid),
    )


SAMPLES = {
    "standard": WHOLE,
    "reduced, in parts": taxed(TaxCategory.STANDARD, "5.5"),
    "partly paid": taxed(TaxCategory.STANDARD, "19", paid="1000.00"),
    "paid": taxed(TaxCategory.STANDARD, "19", paid="1435.81"),
    "zero": taxed(TaxCategory.ZERO),
    "reverse charge": taxed(TaxCategory.REVERSE_CHARGE),
    "exempt": taxed(TaxCategory.EXEMPT, reason="§ 19 UStG"),
    "exempt, as usual": taxed(TaxCategory.EXEMPT),
    "outside the scope": taxed(TaxCategory.OUTSIDE_SCOPE),
    "outside the scope, without a register": replace(
        taxed(TaxCategory.OUTSIDE_SCOPE),
        seller=replace(SELLER, registration=None, identifier=SELLER.tax_number),
    ),
    "a tax number alone": replace(
        WHOLE,
        seller=replace(
            SELLER, vat_id=None, registration=None, identifier=SELLER.tax_number, trading_name=None
        ),
    ),
    "proration": replace(WHOLE, paper=with_lines(PRORATED)),
    "for nothing": replace(WHOLE, paper=with_lines((Line("Pro (trial)", D("0.00"), JANUARY),))),
    "days of its own lines": replace(
        WHOLE, paper=replace(with_lines(PRORATED), days=Days(date(2027, 1, 15), date(2027, 2, 14)))
    ),
    "without days": replace(
        WHOLE, paper=replace(with_lines((Line("Pro", D("49.00")),)), days=None)
    ),
    "without an account": replace(WHOLE, paper=replace(INVOICE, payment=None)),
    "in yen": replace(
        WHOLE,
        paper=replace(
            INVOICE,
            currency="JPY",
            lines=(Line("Pro", D(1015)),),
            subtotal=D(1015),
            taxes=(Tax(TaxCategory.STANDARD, D(10), D(1015), D(102)),),
            total=D(1117),
            due=D(1117),
        ),
    ),
    "credit note": CREDIT,
    "credit note, with what is charged": replace(
        CREDIT,
        paper=with_lines(
            (Line("Unused time", D("100.00"), JANUARY), Line("Remaining time", D("-40.00"))),
            paper=NOTE,
        ),
    ),
}

XRECHNUNG = (Format.XRECHNUNG_UBL, Format.XRECHNUNG_CII)


@dataclass(frozen=True)
class Read:
    """The amounts of an e-invoice, by the names of EN 16931, found by the elements' own names."""

    root: ET.Element

    def texts(self, *path: str) -> list[str]:
        """The texts of elements at the end of a path of local names, anywhere."""
        return [(e.text or "") for e in _below(self.root, path)]

    def number(self, *path: str) -> Decimal:
        (text,) = self.texts(*path)
        return Decimal(text)

    def numbers(self, *path: str) -> list[Decimal]:
        return [Decimal(text) for text in self.texts(*path)]


def read(data: bytes) -> Read:
    return Read(ET.fromstring(data))


def _below(one: ET.Element, path: tuple[str, ...]) -> Iterator[ET.Element]:
    if not path:
        yield one
        return
    start = one.iter() if path[0].startswith("/") else iter(one)
    name = path[0].removeprefix("/")
    for child in start:
        if child.tag.rpartition("}")[2] == name:
            yield from _below(child, path[1:])
