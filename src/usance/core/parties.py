"""Parties: who a document is from and to, as they were when it was issued.

What a seller or a customer changes later is on the documents to come; erasing a customer leaves what
was issued, as the law of most places asks.

Sources: BILLING.md, "Paying".
"""

from collections.abc import Mapping

from usance.core.accounts import Account
from usance.core.customers import Customer


def of(account: Account, customer: Customer) -> Mapping[str, Mapping[str, object]]:
    """Return both parties, JSON-ready; what was never said is left out."""
    profile = customer.profile
    names = " ".join(name for name in (profile.first_name, profile.last_name) if name)
    told: dict[str, object] = {
        "reference": customer.reference,
        "name": profile.name or names or None,
        "email": profile.email,
        "address": dict(profile.billing_address) if profile.billing_address else None,
        "taxId": profile.tax_id,
        "buyerReference": profile.buyer_reference,
        "electronicAddress": (
            dict(profile.electronic_address) if profile.electronic_address else None
        ),
    }
    return {
        "seller": {"name": account.name, **account.seller},
        "customer": {name: value for name, value in told.items() if value is not None},
    }
