"""SMTP: e-mail handed to a server, and what is known of it afterwards.

Until the server asks for the letter (354) it was not taken. From then on only the server's word tells;
when its word does not come, nobody knows.

A refusal is about somebody. At MAIL it is the sender whom the server does not like, and it would like
no other letter better. At RCPT it is the recipient, unless the code is one of logging in. At DATA it is
the letter, once the server has it.

Sources: RFC 5321, 4.2, 4.5.2, 4.5.3.1.10, 4.5.3.2 and 6.1; RFC 4954, 6.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import aiosmtplib

from usance.settings import MailServer

_SECONDS_MAX: Final = 30.0
_REASON_LENGTH_MAX: Final = 200
_SUCCEEDED, _FOR_NOW, _FOR_EVER = 2, 4, 5  # the first digit of a reply
_GO_ON: Final = 354
_OF_LOGIN: Final = frozenset({530, 534, 535, 538})
_TOO_MANY: Final = 552  # at RCPT: of a server that means 452
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_DOT: Final = re.compile(rb"(?m)^\.")
_LOSSES: Final = (aiosmtplib.SMTPException, OSError, ValueError)


class Unreachable(Exception):  # noqa: N818 - named by the fact, like a refusal
    """The server cannot be spoken with; the message says why, without a password."""


class Fate(Enum):
    """What became of a letter."""

    TAKEN = auto()
    LATER = auto()  # not taken now: it may be tried again
    BACK = (
        auto()
    )  # not taken, for no fault of its own: the server takes nothing from this sender now
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
            refused = await self._address(recipient, copies)
        except _LOSSES as error:
            self._smtp.close()
            return Told(Fate.LATER, _said(error))
        if refused is not None:
            await self._reset()
            return refused
        protocol = self._smtp.protocol
        if protocol is None or not protocol.is_connected:  # it hung up when it had asked for it
            return Told(Fate.LATER, "The server closed the connection before it had the letter.")
        try:
            protocol.write(_as_data(content))
            response = await protocol.read_response(timeout=_SECONDS_MAX)
        except _LOSSES as error:  # what cannot be read is no answer, either
            self._smtp.close()
            return Told(Fate.UNKNOWN, _said(error))
        return await self._answered(response)

    async def _address(self, recipient: str, copies: Sequence[str]) -> Told | None:
        """Say from whom and to whom, until the server asks for the letter; or return its refusal."""
        try:
            await self._smtp.mail(self._sender)
        except aiosmtplib.SMTPResponseException as error:
            return Told(Fate.BACK, _said(error))
        try:
            await self._smtp.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            is_final = error.code // 100 == _FOR_EVER and error.code != _TOO_MANY
            return Told(_fate(error.code, is_final=is_final), _said(error))
        for each in copies:
            with suppress(aiosmtplib.SMTPResponseException):
                await self._smtp.rcpt(each)
        response = await self._smtp.execute_command(b"DATA")
        if response.code == _GO_ON:
            return None
        return Told(_fate(response.code, is_final=False), _reply(response.code, response.message))

    async def _answered(self, response: aiosmtplib.SMTPResponse) -> Told:
        """Return what became of a letter that the server has, by its word."""
        kind, said = response.code // 100, _reply(response.code, response.message)
        if kind == _SUCCEEDED:
            return Told(Fate.TAKEN)
        if kind not in {_FOR_NOW, _FOR_EVER}:
            self._smtp.close()
            return Told(Fate.UNKNOWN, said)
        await self._reset()
        return Told(_fate(response.code, is_final=kind == _FOR_EVER), said)

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


def _fate(code: int, *, is_final: bool) -> Fate:
    if code in _OF_LOGIN:
        return Fate.BACK
    return Fate.NEVER if is_final else Fate.LATER


def _as_data(content: bytes) -> bytes:
    """Return a letter as DATA takes it: lines end as lines do, and no line is the end but the last."""
    lines = _DOT.sub(b"..", _LINE_END.sub(b"\r\n", content))
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _said(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _reply(error.code, error.message)
    return _short(f"{type(error).__name__}: {error}")


def _reply(code: int, message: str) -> str:
    return _short(f"{code} {message}")


def _short(text: str) -> str:
    return " ".join(text.split())[:_REASON_LENGTH_MAX]
