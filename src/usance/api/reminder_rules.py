"""The rules of reminders in an account's settings."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from usance.api.bodies import Strict
from usance.api.fields import LongText, Text255
from usance.core import reminders
from usance.core.reminders import Rules
from usance.mail import templates

_LEVELS_MAX: Final = 10
_DAYS_MAX: Final = 365
_CAP_MAX: Final = 10_000
_COPIES_MAX: Final = 5


def _address(value: str | None) -> str | None:
    found = reminders.address(value)
    if value is not None and found is None:
        raise PydanticCustomError("field", "This is no e-mail address.")
    return found


def _rising(value: list[int]) -> list[int]:
    if any(later <= earlier for earlier, later in pairwise(value)):
        raise PydanticCustomError("field", "Each level comes later than the one before it.")
    return value


def _template(value: str) -> str:
    try:
        templates.check(value)
    except templates.BadTemplate as problem:
        raise PydanticCustomError("field", "{problem}", {"problem": str(problem)}) from None
    return value


EmailAddress = Annotated[Text255, AfterValidator(_address), Field(examples=["a@example.com"])]


class ReminderTemplate(Strict):
    """The seller's own words: text, with `{{ names }}`. HTML is made of it."""

    subject: Annotated[Text255, AfterValidator(_template)]
    body: Annotated[LongText, AfterValidator(_template)]


class ReminderTemplates(Strict):
    """Words by language; a language without has ours."""

    en: ReminderTemplate | None = None
    de: ReminderTemplate | None = None
    fr: ReminderTemplate | None = None
    es: ReminderTemplate | None = None
    it: ReminderTemplate | None = None
    nl: ReminderTemplate | None = None
    pt: ReminderTemplate | None = None
    ja: ReminderTemplate | None = None


class ReminderRules(Strict):
    """How unpaid invoices are reminded of. What is absent has its default."""

    enabled: bool = Field(default=False, description="Whether reminders are sent by themselves.")
    dry_run: bool = Field(default=True, description="Whether a run only shows what it would send.")
    days_after_due: Annotated[
        list[Annotated[int, Field(ge=0, le=_DAYS_MAX)]],
        Field(min_length=1, max_length=_LEVELS_MAX, examples=[[3, 10, 21]]),
        AfterValidator(_rising),
    ] = Field(default=[3, 10, 21], description="When each level is due, in days after `dueDate`.")
    daily_cap: Annotated[int, Field(ge=0, le=_CAP_MAX)] = 100
    send_in_test: bool = Field(default=False, description="Whether a TEST account sends e-mail.")
    reply_to: EmailAddress | None = None
    bcc: Annotated[list[EmailAddress], Field(max_length=_COPIES_MAX)] = Field(default=[])
    templates: ReminderTemplates = ReminderTemplates()

    def as_stored(self) -> dict[str, Any]:
        """Return the rules as an account keeps them."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


def shown(rules: Rules) -> Mapping[str, Any]:
    """Return the rules as they are answered: whole."""
    return {
        "enabled": rules.enabled,
        "dryRun": rules.dry_run,
        "daysAfterDue": list(rules.days),
        "dailyCap": rules.daily_cap,
        "sendInTest": rules.in_test,
        "replyTo": rules.reply_to,
        "bcc": list(rules.bcc),
        "templates": {
            language: {"subject": one.subject, "body": one.body}
            for language, one in rules.templates.items()
        },
    }
