"""Customers: whom an account bills, under a reference of the account's own choosing.

Units: a tax rate is in percent.
Sources: HTTP contract, "The integrator's routes".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from usance.core.ids import AccountId, CustomerId
from usance.core.tax import TaxCategory


@dataclass(frozen=True, slots=True)
class Profile:
    """What the account says about a customer. Erasure empties it."""

    email: str | None = None  # any text: what is sent there is not ours to judge
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    phone_number: str | None = None
    billing_address: Mapping[str, str] | None = None
    tax_id: str | None = None
    tax_rate: Decimal | None = None  # None: the account's, with its category and reason
    tax_category: TaxCategory | None = None
    tax_exemption_reason: str | None = None
    buyer_reference: str | None = None  # on e-invoices: a Leitweg-ID, an order's number
    electronic_address: Mapping[str, str] | None = None  # `scheme`, `value`: where those go
    zone: str | None = None  # IANA; None: the account's
    language: str | None = None  # of documents, by ISO 639; None: the account's
    reminders_enabled: bool = True  # whether unpaid invoices are reminded of by e-mail
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as it stands. The reference names it for as long as it is not erased."""

    account_id: AccountId
    id: CustomerId
    reference: str
    profile: Profile
    created_at: datetime
    decided_at: datetime  # what the last decision about it was as of: none may be taken before
    erased_at: datetime | None
    revision: int = 0  # counts the changes of it and of all that it owns
