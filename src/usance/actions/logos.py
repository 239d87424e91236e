"""The logo of an account: the picture on its documents.

Sources: docs/documents.md.
"""

import asyncio
from dataclasses import dataclass

from usance.actions.commands import Call
from usance.core.refusals import invalid
from usance.documents import pdf
from usance.documents.logo import Format, UnusableLogo
from usance.store import accounts as stored
from usance.store.db import Tx


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that documents can bear."""

    format: Format
    picture: bytes


async def read(picture: bytes) -> Logo:
    """Return a picture as a logo, or refuse: validation_failed (picture: it cannot be printed).

    It is tried on a document, in a thread: so nothing is kept by which printing could fail.
    """
    try:
        return Logo(await asyncio.to_thread(pdf.try_logo, picture), picture)
    except UnusableLogo as error:
        raise invalid("picture", str(error)) from error


async def put(tx: Tx, call: Call, logo: Logo) -> Logo:
    """Keep the logo in place of the one before."""
    await stored.put_logo(tx, call.account.id, logo.format.value, logo.picture)
    return logo


async def drop(tx: Tx, call: Call) -> None:
    """Print documents without a logo from now on; there need not be one."""
    await stored.drop_logo(tx, call.account.id)


async def get(tx: Tx, call: Call) -> Logo | None:
    """Return the logo, or None."""
    found = await stored.logo(tx, call.account.id)
    return None if found is None else Logo(Format(found[0]), found[1])
