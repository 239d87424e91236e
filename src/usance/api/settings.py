"""The routes of an account's settings."""

from typing import Annotated, Final

from fastapi import Response
from pydantic import Field

from usance.actions import accounts
from usance.api import routes
from usance.api.answers import One, answer, show
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import Currency, Number, Percent, Text255, Zone
from usance.api.lines import trimmed
from usance.core.accounts import Account, Mode

router: Final = routes.router("Settings")


class SettingsChange(Strict):
    """What is to change; what is absent stays."""

    name: Text255 | None = None
    zone: Zone | None = None
    currency: Currency | None = None
    grace_days: Annotated[int | None, Field(ge=0, le=365)] = None
    incomplete_days: Annotated[int | None, Field(ge=1, le=365)] = None
    tax_rate: Percent | None = None
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


class SettingsShape(Shape):
    """An account's settings. They hold for what is decided from now on."""

    name: str
    mode: Mode
    zone: str
    currency: str
    grace_days: int
    incomplete_days: int
    tax_rate: Number
    cancel_after_past_due_days: int | None
    collection_minutes: int
    upgrade_requires_payment: bool


@router.get("/settings", response_model=One[SettingsShape])
async def get_settings(call: Reading) -> Response:
    """Show the account's settings."""
    return await show(call, lambda tx: accounts.get(tx, call.account.id), _shown)


@router.patch("/settings", response_model=One[SettingsShape])
async def update_settings(body: SettingsChange, call: Command) -> Response:
    """Change settings. What was issued stays as it is; a subscription keeps the zone it began in."""
    changed = body.model_dump(exclude_unset=True)
    may_be_none = {"cancel_after_past_due_days"}
    said = {
        name: value for name, value in changed.items() if value is not None or name in may_be_none
    }
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
        cancel_after_past_due_days=account.cancel_after_past_due_days,
        collection_minutes=account.collection_minutes,
        upgrade_requires_payment=account.upgrade_requires_payment,
    )
