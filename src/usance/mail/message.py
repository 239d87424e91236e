"""Message: an e-mail as bytes, whatever anybody is called.

Sources: RFC 5322, RFC 3834 (`Auto-Submitted`).
"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

_NAME_LENGTH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail to one person. Addresses are addresses (`core.reminders.address`); texts are any."""

    id: str  # unique for ever; the same again is the same letter
    sender: str
    sender_name: str
    recipient: str
    recipient_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    attachment: tuple[str, bytes] | None  # a name and a PDF
    at: datetime


def written(letter: Letter) -> bytes:
    """Return the letter as it is sent. What would begin another header is a space."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _named(letter.sender_name, letter.sender)
    message["To"] = _named(letter.recipient_name, letter.recipient)
    if letter.reply_to is not None:
        message["Reply-To"] = _named("", letter.reply_to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = letter.at
    message["Message-ID"] = f"<{letter.id}@{letter.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    if letter.attachment is not None:
        name, content = letter.attachment
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def one_line(text: str) -> str:
    r"""Return a text without line breaks and control characters.

    >>> one_line("Jane\r\nBcc: all@example.com")
    'Jane Bcc: all@example.com'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _named(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(one_line(name)[:_NAME_LENGTH_MAX], local, domain)
