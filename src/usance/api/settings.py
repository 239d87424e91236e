"""The routes of an account's settings."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Response
from pydantic import AfterValidator, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from usance.actions import accounts
from usance.api import reminder_rules, routes
from usance.api.answers import One, answer, show
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.electronic import SellersElectronicAddress
from usance.api.fields import (
    Address,
    Choice,
    Currency,
    DocumentLanguage,
    LongText,
    Number,
    Percent,
    Text255,
    Zone,
)
from usance.api.lines import trimmed
from usance.api.reminder_rules import ReminderRules
from usance.core import journal, numbers, reminders
from usance.core.accounts import Account, Mode
from usance.core.tax import TaxCategory

_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)

router: Final = routes.router("Settings")


def _iban(value: str | None) -> str | None:
    if value is None:
        return None
    iban = value.replace(" ", "").upper()
    turned = iban[4:] + iban[:4]
    if not _IBAN.fullmatch(iban) or int("".join(str(int(each, 36)) for each in turned)) % 97 != 1:
        raise PydanticCustomError("field", "This is no IBAN: its check digits do not fit.")
    return iban


def _bic(value: str | None) -> str | None:
    bic = None if value is None else value.replace(" ", "").upper()
    if bic is not None and not _BIC.fullmatch(bic):
        raise PydanticCustomError("field", "This is no BIC: it has 8 or 11 letters and digits.")
    return bic


class Seller(Strict):
    """What documents say of the seller. What is absent is not said."""

    legal_name: Text255 | None = None
    address: Address | None = None
    tax_number: Text255 | None = None
    vat_id: Text255 | None = None
    email: Text255 | None = None
    phone: Text255 | None = None
    contact_name: Text255 | None = None
    registration_number: Text255 | None = None
    electronic_address: SellersElectronicAddress | None = None
    website: Text255 | None = None
    account_holder: Text255 | None = None
    bank_name: Text255 | None = None
    iban: Annotated[
        Text255 | None, AfterValidator(_iban), Field(examples=["DE89370400440532013000"])
    ] = None
    bic: Annotated[Text255 | None, AfterValidator(_bic), Field(examples=["COBADEFFXXX"])] = None
    terms: LongText | None = None
    footer: LongText | None = None


class LedgerAccounts(Strict):
    """The seller's own accounts in the journal; one that is absent has the default number."""

    bank: Text255 | None = None
    receivable: Text255 | None = None
    reclaimed: Text255 | None = None
    customer_balance: Text255 | None = None
    tax: Text255 | None = None
    subscriptions: Text255 | None = None
    usage: Text255 | None = None
    credits: Text255 | None = None
    adjustments: Text255 | None = None
    one_off: Text255 | None = None
    bad_debt: Text255 | None = None


class SettingsChange(Strict):
    """What is to change; what is absent stays."""

    name: Text255 | None = None
    zone: Zone | None = None
    currency: Currency | None = None
    grace_days: Annotated[int | None, Field(ge=0, le=365)] = None
    incomplete_days: Annotated[int | None, Field(ge=1, le=365)] = None
    tax_rate: Percent | None = None
    tax_category: Choice[TaxCategory] | None = Field(
        default=None,
        description="With `taxRate`: a rate above 0 (STANDARD, REDUCED) or of 0. Null: none is said.",
    )
    tax_exemption_reason: LongText | None = Field(
        default=None, description="Of EXEMPT and OUTSIDE_SCOPE: printed on the documents."
    )
    cancel_after_past_due_days: Annotated[int | None, Field(ge=0, le=365)] = Field(
        default=None, description="Days after which an overdue subscription ends; null: never."
    )
    collection_minutes: Annotated[int | None, Field(ge=0, le=4320)] = Field(
        default=None,
        description="How long after a boundary the usage before it is still collected; its invoice waits.",
    )
    upgrade_requires_payment: bool | None = Field(
        default=None,
        description="Whether an upgrade takes effect when its invoice is paid, not before.",
    )
    language: DocumentLanguage | None = None
    statement_threshold: Annotated[int | None, Field(ge=50, le=100)] = Field(
        default=None,
        description="Score from which an entry of a bank statement is applied by itself; null: never.",
    )
    invoice_number_format: Annotated[Text255 | None, Field(examples=[numbers.INVOICES])] = Field(
        default=None,
        description="Ends in {seq}, or {seq:05} with zeros before; {year} and {month} may stand before it.",
    )
    credit_note_number_format: Annotated[Text255 | None, Field(examples=[numbers.CREDIT_NOTES])] = (
        None
    )
    seller: Seller | None = Field(
        default=None, description="Replaced as a whole; documents issued before keep theirs."
    )
    reminders: ReminderRules | None = Field(
        default=None, description="Replaced as a whole: how unpaid invoices are reminded of."
    )
    ledger_accounts: LedgerAccounts | None = Field(
        default=None, description="Replaced as a whole; they hold for every journal from now on."
    )


class SettingsShape(Shape):
    """An account's settings. They hold for what is decided from now on."""

    name: str
    mode: Mode
    zone: str
    currency: str
    grace_days: int
    incomplete_days: int
    tax_rate: Number
    tax_category: TaxCategory | None
    tax_exemption_reason: str | None
    cancel_after_past_due_days: int | None
    collection_minutes: int
    upgrade_requires_payment: bool
    language: str
    statement_threshold: int | None
    invoice_number_format: str
    credit_note_number_format: str
    seller: Mapping[str, Any]
    reminders: Mapping[str, Any]
    ledger_accounts: Mapping[str, str]


@router.get("/settings", response_model=One[SettingsShape])
async def get_settings(call: Reading) -> Response:
    """Show the account's settings."""
    return await show(call, lambda tx: accounts.get(tx, call.account.id), _shown)


@router.patch("/settings", response_model=One[SettingsShape])
async def update_settings(body: SettingsChange, call: Command) -> Response:
    """Change settings. What was issued stays as it is; a subscription keeps the zone it began in."""
    changed = body.model_dump(exclude_unset=True)
    if body.seller is not None:
        changed["seller"] = body.seller.model_dump(by_alias=True, exclude_none=True)
    if body.reminders is not None:
        changed["reminders"] = body.reminders.as_stored()
    if body.ledger_accounts is not None:
        changed["ledger_accounts"] = body.ledger_accounts.model_dump(
            by_alias=True, exclude_none=True
        )
    may_be_none = {
        "cancel_after_past_due_days",
        "statement_threshold",
        "tax_category",
        "tax_exemption_reason",
    }
    said = {
        name: value for name, value in changed.items() if value is not None or name in may_be_none
    }
    for name in ("invoice_number_format", "credit_note_number_format"):
        if name in said:
            numbers.refuse_format(said[name], to_camel(name))
    return await answer(call, lambda tx: accounts.update(tx, call.account.id, said), _shown)


def _shown(account: Account) -> SettingsShape:
    return SettingsShape(
        name=account.name,
        mode=account.mode,
        zone=account.zone,
        currency=account.currency,
        grace_days=account.grace_days,
        incomplete_days=account.incomplete_days,
        tax_rate=trimmed(account.tax_rate),
        tax_category=account.tax_category,
        tax_exemption_reason=account.tax_exemption_reason,
        cancel_after_past_due_days=account.cancel_after_past_due_days,
        collection_minutes=account.collection_minutes,
        upgrade_requires_payment=account.upgrade_requires_payment,
        language=account.language,
        statement_threshold=account.statement_threshold,
        invoice_number_format=account.invoice_number_format,
        credit_note_number_format=account.credit_note_number_format,
        seller=account.seller,
        reminders=reminder_rules.shown(reminders.rules(account.reminders)),
        ledger_accounts={
            role.value: journal.account_of(role, account.ledger_accounts) for role in journal.Role
        },
    )
