"""Buying credits: an invoice at the price in force, and a grant when it is paid.

Units: credits are exact; the invoice's line is rounded once.
Sources: BILLING.md, "Credits".
"""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money
from usance.core.decisions import billing, lifecycle
from usance.core.decisions.erase import refuse_erased
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import (
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Line,
    LineKind,
    Purchase,
    totals,
)
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot

ZERO: Final = Decimal(0)


def purchase(
    before: Snapshot, denomination: str, wanted: Decimal, *, now: datetime, seed: UUID
) -> Outcome:
    """Order credits: a DUE invoice at the price in force; paid, it brings a PURCHASED grant.

    Refusals, in this order: customer_erased, validation_failed (denomination, credits), no_price,
    validation_failed (credits: so few that they come to nothing).
    """
    refuse_erased(before.customer)
    if denomination not in before.credit_models:
        raise invalid("denomination", "There is no such credit model.")
    if wanted <= 0 or not money.is_exact(wanted):
        raise invalid("credits", "A purchase is of more than nothing.")
    price = before.price_of(denomination, now)
    if price is None:
        raise Refusal(
            Code.NO_PRICE, f"{denomination} has no price now: publish one.", field="denomination"
        )
    amount = money.rounded(wanted * price.price_per_credit, price.currency)
    if amount == 0:
        raise invalid("credits", f"So few cost {amount} {price.currency}: buy more at once.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    line = Line(
        LineKind.OTHER,
        f"{before.credit_models[denomination].name}",
        amount,
        quantity=wanted,
        unit_price=price.price_per_credit,
    )
    tax = before.tax
    sums = totals([line], tax_rate=tax.rate, currency=price.currency)
    invoice = Invoice(
        id=InvoiceId(draft.new_id("purchase")),
        customer_id=before.customer.id,
        subscription_id=None,
        seq=None,
        kind=InvoiceKind.CREDIT_PURCHASE,
        n=0,
        status=InvoiceStatus.PENDING,
        currency=price.currency,
        lines=(line,),
        subtotal=sums.subtotal,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        amount_paid=money.rounded(ZERO, price.currency),
        created_at=now,
        purchase=Purchase(denomination, wanted),
    )
    draft.put(invoice)
    billing.issue(
        draft, invoice, grace_days=before.account.grace_days, net_terms_days=0, not_before=now
    )
    lifecycle.conclude(draft)
    return draft.outcome()
