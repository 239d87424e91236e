"""SMTP: e-mail handed to a server, and what is known of it afterwards.

Until the last byte is sent a letter was not taken. From then on only the server's word tells; when its
word does not come, nobody knows.

Sources: RFC 5321, 4.5.3.2 and 6.1.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import aiosmtplib

from usance.settings import MailServer

_SECONDS_MAX: Final = 30.0
_REASON_LENGTH_MAX: Final = 200
_FOR_NOW: Final = 4  # the first digit of a reply that another day may differ
_LOSSES: Final = (aiosmtplib.SMTPException, OSError, ValueError)


class Unreachable(Exception):  # noqa: N818 - named by the fact, like a refusal
    """The server cannot be spoken with; the message says why, without a password."""


class Fate(Enum):
    """What became of a letter."""

    TAKEN = auto()
    LATER = auto()  # not taken now: it may be tried again
    NEVER = auto()  # not taken, and it would not be
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a letter, and what the server said of it."""

    fate: Fate
    reason: str | None = None


class Session:
    """A connection to a server, over which letters go one after the other."""

    def __init__(self, smtp: aiosmtplib.SMTP, sender: str) -> None:
        self._smtp = smtp
        self._sender = sender

    @property
    def is_open(self) -> bool:
        """Whether the server is still there, as far as is known."""
        return self._smtp.is_connected

    async def send(self, recipient: str, copies: Sequence[str], content: bytes) -> Told:
        """Hand a letter over. A copy that the server refuses does not keep the letter back."""
        try:
            await self._smtp.mail(self._sender)
            await self._smtp.rcpt(recipient)
            for each in copies:
                with suppress(aiosmtplib.SMTPResponseException):
                    await self._smtp.rcpt(each)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            return _refused(error)
        except _LOSSES as error:
            return Told(Fate.LATER, _said(error))
        try:
            await self._smtp.data(content)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            return _refused(error)
        except _LOSSES as error:
            self._smtp.close()
            return Told(Fate.UNKNOWN, _said(error))
        return Told(Fate.TAKEN)

    async def _reset(self) -> None:
        with suppress(*_LOSSES):
            await self._smtp.rset()


@asynccontextmanager
async def session(server: MailServer) -> AsyncIterator[Session]:
    """Open a connection to the server, or raise `Unreachable`."""
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=server.starttls if not server.tls else False,
        timeout=_SECONDS_MAX,
    )
    try:
        await smtp.connect()
    except _LOSSES as error:
        smtp.close()
        raise Unreachable(_said(error)) from None  # the cause may repeat what was sent to log in
    try:
        yield Session(smtp, server.sender)
    finally:
        with suppress(*_LOSSES):
            await smtp.quit()
        smtp.close()


def _refused(error: aiosmtplib.SMTPResponseException) -> Told:
    is_for_now = error.code // 100 == _FOR_NOW
    return Told(Fate.LATER if is_for_now else Fate.NEVER, _said(error))


def _said(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}"
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_REASON_LENGTH_MAX]
