"""The route of the journal: every fact about money, for the seller's bookkeeping."""

import tempfile
from collections.abc import Iterator
from typing import Annotated, Any, Final, TextIO

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from usance.actions import journal
from usance.api import routes
from usance.api.calls import Reading
from usance.api.fields import Instant
from usance.api.pages import KNOWN_QUERY

router: Final = routes.router("Receivables")

_MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A row for each posting; the postings of an entry follow each other.",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
_IN_MEMORY: Final = 1 << 20
_CHUNK: Final = 1 << 16


@router.get(
    "/receivables/journal",
    response_class=Response,
    responses=_ANSWER,
    dependencies=[KNOWN_QUERY],
)
async def export_journal(
    call: Reading,
    since: Annotated[Instant | None, Query(alias="from", description="This instant on.")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Before it; null: now.")] = None,
) -> Response:
    """Export the journal as CSV: double entry, in which debits equal credits.

    It is written whole before the answer begins: a slow reader holds no connection to the database, and
    what fails fails before anything was sent.
    """
    await call.settle_account()
    file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed when it has been sent
        _IN_MEMORY, "w+", encoding="utf-8", newline=""
    )
    try:
        await journal.write(call.db, call, file, since=since, until=until)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return StreamingResponse(
        _chunks(file),
        media_type=_MEDIA_TYPE,
        headers={"Content-Disposition": 'attachment; filename="journal.csv"'},
        background=BackgroundTask(file.close),
    )


def _chunks(file: "tempfile.SpooledTemporaryFile[str] | TextIO") -> Iterator[str]:
    while chunk := file.read(_CHUNK):
        yield chunk
