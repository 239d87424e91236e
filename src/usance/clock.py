"""The only reader of time and randomness: everything else is told both.

A decision that reads no clock can be run again, previewed, and tested at any instant.
"""

import secrets
import string
import time
from datetime import UTC, datetime
from math import ceil, log2
from typing import Final
from uuid import UUID

_ALPHABET: Final = string.digits + string.ascii_letters


def real_now() -> datetime:
    """Return the present instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds of a clock that only goes forward, for measuring how long something took."""
    return time.monotonic()


def seed() -> UUID:
    """Return 128 random bits, from which a command derives the ids of all it creates."""
    return UUID(bytes=secrets.token_bytes(16))


def name() -> str:
    """Return a name that no other has: 128 random bits in hexadecimal digits."""
    return secrets.token_hex(16)


def token(bits: int) -> str:
    """Return a secret of at least that many random bits, in letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(ceil(bits / log2(len(_ALPHABET)))))


def jitter() -> float:
    """Return a random number from 0 up to 1, by which those who wait together wait apart."""
    return secrets.randbelow(1 << 24) / (1 << 24)
