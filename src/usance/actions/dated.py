"""Dated: what is published for an instant, now or later, and stays on the books once it has come."""

from datetime import datetime

from usance.core.refusals import Code, Refusal, invalid


def effective(wanted: datetime | None, now: datetime) -> datetime:
    """Return from when a price holds, or refuse the past: what has been charged is never priced anew."""
    if wanted is not None and wanted < now:
        raise invalid("effectiveFrom", "It can only take effect now or later.")
    return now if wanted is None else wanted


def taken() -> Refusal:
    """Return the refusal of an instant at which another one of the same thing takes effect."""
    return invalid("effectiveFrom", "Another one takes effect at this very instant.")


def in_force() -> Refusal:
    """Return the refusal to delete what does not lie ahead."""
    return Refusal(Code.ALREADY_EFFECTIVE, "It is in force already, and stays on the books.")
