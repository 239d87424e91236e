"""Tax: at which rate, under which category, and why none is charged.

The seller says which holds for whom; no law and no service is asked here.

Units: a rate is in percent.
Sources: BILLING.md, "Paying"; EN 16931, BT-118, for the categories.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core.refusals import invalid

_VAT_ID: Final = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,14}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s./-]+")


class TaxCategory(StrEnum):
    """Why a rate is what it is."""

    STANDARD = "STANDARD"
    REDUCED = "REDUCED"
    ZERO = "ZERO"  # taxed, at nothing
    REVERSE_CHARGE = "REVERSE_CHARGE"  # the customer owes it, under its tax id
    EXEMPT = "EXEMPT"
    OUTSIDE_SCOPE = "OUTSIDE_SCOPE"


CHARGED: Final = frozenset({TaxCategory.STANDARD, TaxCategory.REDUCED})
"""Categories with a rate above 0; the others have a rate of 0."""

REASONED: Final = frozenset({TaxCategory.EXEMPT, TaxCategory.OUTSIDE_SCOPE})
"""Categories of which the seller may say the reason."""


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of a document. At a rate of 0 without a category nothing is said of a tax."""

    rate: Decimal
    category: TaxCategory | None = None
    exemption_reason: str | None = None

    def __post_init__(self) -> None:
        """Hold that a tax is charged exactly under a category that charges one."""
        assert (self.rate > 0) == (self.category in CHARGED), "a rate and its category fit"
        assert self.exemption_reason is None or self.category in REASONED, "it needs no reason"


UNTAXED: Final = Tax(Decimal(0))


def of(rate: Decimal, category: TaxCategory | None, exemption_reason: str | None) -> Tax:
    """Return the tax that was said: a rate above 0 without a category is the standard one.

    >>> of(Decimal(19), None, None).category
    <TaxCategory.STANDARD: 'STANDARD'>
    """
    if category is None and rate > 0:
        category = TaxCategory.STANDARD
    return Tax(rate, category, exemption_reason)


def vat_id(text: str) -> str | None:
    """Return a VAT identifier as programs write it: its country, then letters and digits; or None.

    >>> print(vat_id("BE 0123.456.789"), vat_id("CHE-123.456.789 MWST"), vat_id("12-3456789"))
    BE0123456789 CHE123456789MWST None
    """
    compact = _SEPARATORS.sub("", text).upper()
    return compact if _VAT_ID.fullmatch(compact) else None


def refuse(
    rate: Decimal | None,
    category: TaxCategory | None,
    exemption_reason: str | None,
    tax_id: str | None,
) -> None:
    """Refuse what does not fit together: taxRate, taxId, taxExemptionReason, in this order."""
    if category is not None and (rate is None or (rate > 0) != (category in CHARGED)):
        needed = "a rate above 0" if category in CHARGED else "a rate of 0"
        raise invalid("taxRate", f"{category.value} needs {needed}.")
    if category is TaxCategory.REVERSE_CHARGE and (tax_id is None or vat_id(tax_id) is None):
        raise invalid("taxId", "REVERSE_CHARGE needs the customer's VAT id: FR12345678901.")
    if exemption_reason is not None and category not in REASONED:
        raise invalid("taxExemptionReason", "It is told of EXEMPT and OUTSIDE_SCOPE alone.")
