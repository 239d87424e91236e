"""Settings: what the environment says, read once, each bad value refused by the variable's name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from usance.core import reminders

LOG_LEVELS: Final = ("debug", "info", "warning", "error")

_SCHEMES: Final = ("postgresql://", "postgres://")
_BOOTSTRAP_KEY: Final = re.compile(r"sk_(test|live)_[A-Za-z0-9_-]{32,200}")
_SWITCH: Final = {"1": True, "true": True, "yes": True, "on": True} | {
    "0": False, "false": False, "no": False, "off": False
}  # fmt: skip
_MOST_WORKERS: Final = 64
_LAST_PORT: Final = 65_535


class BadSetting(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """A variable whose value cannot be used; the message says what can."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mail is handed over, and whom it is from. A password is never shown."""

    host: str
    port: int
    sender: str  # an address
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False  # from the first byte (smtps)
    starttls: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be set from outside; the defaults are those of a first start on a laptop."""

    database_url: str | None = None  # None: Usance runs its own PostgreSQL under data_dir
    data_dir: Path = Path("~/.usance")
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    bootstrap_key: str | None = None  # the account with this key exists after start
    demo: bool = True
    log_level: str = "info"
    log_json: bool = False
    mail: MailServer | None = None  # None: no e-mail is sent


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Return the settings in the environment; an empty value counts as none. Raises `BadSetting`."""
    read = _Reader(environment)
    return Settings(
        database_url=read.database_url("DATABASE_URL"),
        data_dir=Path(read.text("USANCE_DATA_DIR", "~/.usance")).expanduser().absolute(),
        host=read.text("USANCE_HOST", "127.0.0.1"),
        port=read.whole("USANCE_PORT", 8080, 0, _LAST_PORT),
        workers=read.whole("USANCE_WORKERS", 1, 1, _MOST_WORKERS),
        bootstrap_key=read.bootstrap_key("USANCE_BOOTSTRAP_KEY"),
        demo=read.switch("USANCE_DEMO", default=True),
        log_level=read.one_of("USANCE_LOG_LEVEL", "info", LOG_LEVELS),
        log_json=read.one_of("USANCE_LOG_FORMAT", "console", ("console", "json")) == "json",
        mail=read.mail("USANCE_SMTP_URL", "USANCE_SMTP_FROM"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str]

    def text(self, variable: str, default: str) -> str:
        return self.environment.get(variable, "").strip() or default

    def whole(self, variable: str, default: int, least: int, most: int) -> int:
        text = self.text(variable, str(default))
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise BadSetting(
                variable, f"must be a whole number from {least} to {most}, not {text!r}."
            )
        return int(text)

    def switch(self, variable: str, *, default: bool) -> bool:
        text = self.text(variable, "1" if default else "0").lower()
        if text not in _SWITCH:
            raise BadSetting(variable, f"must be 1 or 0, not {text!r}.")
        return _SWITCH[text]

    def one_of(self, variable: str, default: str, values: tuple[str, ...]) -> str:
        text = self.text(variable, default).lower()
        if text not in values:
            raise BadSetting(variable, f"must be one of {', '.join(values)}, not {text!r}.")
        return text

    def database_url(self, variable: str) -> str | None:
        text = self.text(variable, "")
        # The value may hold a password, so the message does not repeat it.
        if text and not text.startswith(_SCHEMES):
            raise BadSetting(
                variable, "must start with postgresql:// (as in postgresql://user@host/db)."
            )
        return text or None

    def bootstrap_key(self, variable: str) -> str | None:
        text = self.text(variable, "")
        if text and not _BOOTSTRAP_KEY.fullmatch(text):
            raise BadSetting(
                variable,
                "must be sk_test_ or sk_live_ followed by 32 to 200 letters, digits, _ or -.",
            )
        return text or None

    def mail(self, variable: str, sender: str) -> MailServer | None:
        # The value may hold a password, so no message repeats it.
        text, address = self.text(variable, ""), self.text(sender, "")
        if not text:
            return None
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            url, port = urlsplit(""), None
        if url.scheme not in {"smtp", "smtps"} or not url.hostname or url.path not in {"", "/"}:
            raise BadSetting(
                variable, "must be smtp://user:password@host:587 or smtps://…, percent-encoded."
            )
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        starttls = _SWITCH.get(query.pop("starttls", "1").lower())
        if query or starttls is None:
            raise BadSetting(variable, "knows no other parameter than starttls=1 or starttls=0.")
        found = reminders.address(address)
        if found is None:
            raise BadSetting(sender, "must be an address, such as billing@example.com.")
        tls = url.scheme == "smtps"
        return MailServer(
            host=url.hostname,
            port=port or (465 if tls else 587),
            sender=found,
            user=None if url.username is None else unquote(url.username),
            password=None if url.password is None else unquote(url.password),
            tls=tls,
            starttls=starttls and not tls,
        )
