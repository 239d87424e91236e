"""Papers to print, and what can be read off the PDF again."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import zxingcpp

from usance.documents.paper import (
    Days,
    Kind,
    Line,
    Paper,
    Party,
    Payment,
    Share,
    Tax,
    TaxCategory,
    Tier,
)

D = Decimal
JANUARY = Days(date(2027, 1, 1), date(2027, 1, 31))
DAY_US = 86_400_000_000

SELLER = Party(
    "Northwind Metering GmbH",
    ("Torstraße 140", "10119 Berlin", "Germany"),
    email="billing@northwind.example",
    phone="+49 30 1234567",
    tax_id="DE123456789",
    registration="HRB 98765, Amtsgericht Charlottenburg",
)
BUYER = Party(
    "Fabrikam SARL", ("12, rue de la Paix", "75002 Paris", "France"), tax_id="FR12345678901"
)
PAYMENT = Payment(
    "RF18539007547034",
    holder="Northwind Metering GmbH",
    iban="DE89 3704 0044 0532 0130 00",
    bic="COBADEFFXXX",
    bank="Commerzbank",
)
TIERS = (
    Tier(D(0), D(1000), D(1000), D("0.02"), D("20.00")),
    Tier(D(1000), D(10000), D(9000), D("0.01"), D("90.00")),
    Tier(D(10000), None, D("2345.5"), D("0.005"), D("11.7275"), flat_fee=D("0.00")),
)
LINES = (
    Line("Pro plan", D("49.00"), JANUARY, D(1), "month", D("49.00")),
    Line("API requests", D("121.73"), JANUARY, D("12345.5"), "requests", tiers=TIERS),
    Line("Team plan", D("1033.33"), share=Share(10 * DAY_US, 31 * DAY_US)),
    Line("Storage", D("2.50"), quantity=D("0.25"), unit="TB", unit_price=D(10)),
)

INVOICE = Paper(
    kind=Kind.INVOICE,
    number="2027-000042",
    issued_on=date(2027, 2, 1),
    due_on=date(2027, 2, 15),
    days=JANUARY,
    seller=SELLER,
    customer=BUYER,
    lines=LINES,
    currency="EUR",
    subtotal=D("1206.56"),
    taxes=(Tax(TaxCategory.STANDARD, D(19), D("1206.56"), D("229.25")),),
    total=D("1435.81"),
    paid=D(0),
    due=D("1435.81"),
    payment=PAYMENT,
    terms=("Payable within 14 days.",),
)

NOTE = replace(
    INVOICE,
    kind=Kind.CREDIT_NOTE,
    number="CN-2027-7",
    corrects=("2027-000042", "2027-000043"),
    due=D(0),
    due_on=None,
)


def simple(*lines: Line, **changes: object) -> Paper:
    """Return an invoice of these lines without tax."""
    total = sum((line.amount for line in lines), D(0))
    free = replace(
        INVOICE, lines=lines, taxes=(), subtotal=total, total=total, due=max(total, D(0))
    )
    return replace(free, **changes)  # type: ignore[arg-type]


def of_length(count: int, **changes: object) -> Paper:
    """Return an invoice of so many lines at 10.00 each."""
    lines = (
        Line(f"Item {n}", D("10.00"), quantity=D(n), unit="unit", unit_price=D("0.1"))
        for n in range(1, count + 1)
    )
    return simple(*lines, **changes)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a character stands, in points from the lower left."""

    left: float
    bottom: float
    right: float
    top: float


def pages(pdf: bytes) -> list[Any]:
    """Return the pages as the reader has them."""
    return list(pypdfium2.PdfDocument(pdf))


def text(pdf: bytes) -> list[str]:
    """Return the text of each page, with plain spaces, a character for each of `boxes`."""
    said = []
    for page in pages(pdf):
        raw = page.get_textpage().get_text_range().replace("\r\n", " \n")
        for space in ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
            raw = raw.replace(space, " ")
        said.append(raw)
    return said


def boxes(pdf: bytes) -> list[Box]:
    """Return where each character of all pages stands, in the order of the text."""
    found = []
    for page in pages(pdf):
        said = page.get_textpage()
        found += [Box(*said.get_charbox(n)) for n in range(said.count_chars())]
    return found


def flat(pdf: bytes) -> str:
    """Return all text without any space: how lines are broken is not what is asked."""
    return "".join("".join(text(pdf)).split())


def codes(pdf: bytes) -> list[str]:
    """Return what the QR codes on all pages say, read from the page as a picture."""
    found = []
    for page in pages(pdf):
        picture = page.render(scale=3, grayscale=True)
        image = memoryview(bytes(picture.buffer)).cast("B", (picture.height, picture.stride))
        found += [code.text for code in zxingcpp.read_barcodes(image)]
    return found
