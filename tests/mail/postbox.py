"""A mail server on loopback, that takes what it is told to take.

async with postbox() as box:     box.server is its address, box.letters what it took
"""

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from usance.settings import MailServer


@dataclass
class Postbox:
    """What came, in order; what is given to MAIL, RCPT, DATA and a letter, one by one, and then 250."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    on_mail: list[str] = field(default_factory=list)
    on_rcpt: list[str] = field(default_factory=list)
    on_start: list[str | Callable[[SMTP], None]] = field(default_factory=list)  # to DATA itself
    on_data: list[str | Callable[[SMTP], None]] = field(default_factory=list)
    meanwhile: Callable[[], Any] | None = None  # awaited before a letter is taken
    before: Callable[[], Any] | None = None  # awaited before the greeting

    @property
    def server(self) -> MailServer:
        return MailServer(
            host="127.0.0.1", port=self.port, sender="billing@acme.example", starttls=False
        )

    async def handle_MAIL(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = self.on_mail.pop(0) if self.on_mail else "250 OK"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = self.on_rcpt.pop(0) if self.on_rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        answer = self.on_data.pop(0) if self.on_data else "250 OK"
        if self.meanwhile is not None:
            await self.meanwhile()
        content = envelope.content
        assert isinstance(content, bytes)
        letter = email.message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        if callable(answer):
            self.letters.append(letter)  # taken, and then silence
            answer(server)
            return "250 OK"
        if answer.startswith("250"):
            self.letters.append(letter)
            self.recipients.append(list(envelope.rcpt_tos))
        return answer


class _Server(SMTP):
    async def _handle_client(self) -> None:
        assert isinstance(self.event_handler, Postbox)
        if self.event_handler.before is not None:
            await self.event_handler.before()
        await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        assert isinstance(self.event_handler, Postbox)
        answer = self.event_handler.on_start.pop(0) if self.event_handler.on_start else None
        if callable(answer):
            answer(self)
        elif answer is not None:
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)


def dies(server: SMTP) -> None:
    """The connection is cut before the answer."""
    # Of uvloop it is no WriteTransport by name.
    cast("asyncio.WriteTransport", server.transport).abort()


@asynccontextmanager
async def postbox(**more: Any) -> AsyncIterator[Postbox]:
    box = Postbox(**more)
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return _Server(box, loop=loop, hostname="localhost", enable_SMTPUTF8=True)

    listening = await loop.create_server(protocol, "127.0.0.1", 0)
    box.port = listening.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listening.close()
