"""Accounts: one seller each, LIVE or TEST, with its own keys, defaults and clock.

Units: the clock's offset is in microseconds; a tax rate is in percent.
Sources: BILLING.md, "Words" and "Principles"; HTTP contract, "Starting it".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from usance.core import numbers
from usance.core.ids import AccountId
from usance.core.tax import TaxCategory


class Mode(StrEnum):
    """What an account is for; it never changes."""

    LIVE = "LIVE"
    TEST = "TEST"


@dataclass(frozen=True, slots=True)
class Account:
    """One seller's workspace. All that it owns is invisible to every other account."""

    id: AccountId
    name: str
    mode: Mode
    zone: str  # IANA; for customers who have none of their own
    currency: str
    grace_days: int
    incomplete_days: int  # after which a subscription that was never paid is given up
    tax_rate: Decimal
    clock_offset_us: int  # how far a TEST account's clock runs ahead; 0 when LIVE
    cancel_after_past_due_days: int | None = None  # None: an overdue subscription is never ended
    collection_minutes: int = 0  # how long the usage of an ended period is still collected
    upgrade_requires_payment: bool = False  # an upgrade waits for its invoice
    statement_threshold: int | None = None  # from which a bank's entry is applied by itself
    invoice_number_format: str = numbers.INVOICES
    credit_note_number_format: str = numbers.CREDIT_NOTES
    seller: Mapping[str, object] = field(default_factory=dict)  # what documents say of it
    reminders: Mapping[str, object] = field(default_factory=dict)  # core/reminders.py: its rules
    ledger_accounts: Mapping[str, str] = field(default_factory=dict)  # core/journal.py: by role
    language: str = "en"  # of documents, by ISO 639; for customers who have none of their own
    tax_category: TaxCategory | None = None
    tax_exemption_reason: str | None = None
    catalog_version: int = 0  # counts the changes of its catalogue

    def __post_init__(self) -> None:
        """Hold that a LIVE account lives in real time."""
        assert self.mode is Mode.TEST or self.clock_offset_us == 0, "a LIVE clock is the real one"
        assert self.clock_offset_us >= 0, "a clock is never put back"

    def now(self, real: datetime) -> datetime:
        """Return what this account's clock shows at the real instant."""
        return real + timedelta(microseconds=self.clock_offset_us)

    def real(self, now: datetime) -> datetime:
        """Return the real instant at which this account's clock shows `now`."""
        return now - timedelta(microseconds=self.clock_offset_us)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: never the key itself."""

    id: UUID
    name: str
    last_four: str
    created_at: datetime
    revoked_at: datetime | None
