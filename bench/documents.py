"""How long a document takes: invoices of four lines with a payment code, one after the other.

    python -m bench.documents [COUNT]

Units: milliseconds each, after the first one; megabytes of memory.
"""

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rich.progress import track

from usance.documents import pdf
from usance.documents.paper import Kind, Language, Line, Paper, Party, Payment, Tax, TaxCategory

_LINES = tuple(
    Line(name, Decimal("25.00"), quantity=Decimal(10), unit="units", unit_price=Decimal("2.5"))
    for name in ("Base price", "Requests", "Storage", "Support")
)
_TOTAL = Decimal("119.00")
INVOICE = Paper(
    kind=Kind.INVOICE,
    number="1",
    issued_on=date(2027, 2, 1),
    due_on=date(2027, 2, 15),
    seller=Party(
        "Northwind Metering GmbH", ("Torstraße 140", "10119 Berlin"), tax_id="DE123456789"
    ),
    customer=Party("Fabrikam SARL", ("12, rue de la Paix", "75002 Paris")),
    lines=_LINES,
    currency="EUR",
    subtotal=Decimal("100.00"),
    taxes=(Tax(TaxCategory.STANDARD, Decimal(19), Decimal("100.00"), Decimal("19.00")),),
    total=_TOTAL,
    paid=Decimal("0.00"),
    due=_TOTAL,
    payment=Payment("1", holder="Northwind Metering GmbH", iban="DE89370400440532013000"),
)


def papers(count: int) -> Iterator[Paper]:
    """Return invoices that differ in number, customer, reference and language."""
    languages = list(Language)
    for n in range(count):
        reference = f"2027-{n:06}"
        customer = replace(INVOICE.customer, name=f"Customer {n}")
        assert INVOICE.payment is not None
        payment = replace(INVOICE.payment, reference=reference)
        language = languages[n % len(languages)]
        yield replace(
            INVOICE, number=reference, customer=customer, payment=payment, language=language
        )


def main() -> None:
    """Set them, and report."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for paper in papers(len(Language)):
        pdf.render(paper)  # fonts and template are read
    before = _megabytes()
    durations = []
    size = 0
    for paper in track(papers(count), "Setting invoices", total=count):
        start = time.perf_counter()
        size += len(pdf.render(paper))
        durations.append(time.perf_counter() - start)
    durations.sort()
    total = sum(durations)
    print(f"{count:,} documents, {size / count / 1000:.0f} kB each")
    print(f"{count / total:.1f} a second in one process")
    print(f"median {1000 * durations[count // 2]:.1f} ms", end=", ")
    print(f"99 % within {1000 * durations[count * 99 // 100]:.1f} ms")
    print(f"memory {before} MB before, {_megabytes()} MB at most")


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
