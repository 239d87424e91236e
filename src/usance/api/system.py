"""Health and documentation: what answers without a key, and without asking anyone outside."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel
from starlette.responses import FileResponse, HTMLResponse

from usance.api.errors import ErrorAnswer
from usance.core.refusals import Code, Refusal

router: Final = APIRouter(tags=["System"], redirect_slashes=False)

# A page that can load and reach nothing but this server, and that nobody can frame.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Usance API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
})
"""


class Health(BaseModel):
    """That it works."""

    status: Literal["ok"]


@router.get("/healthz", response_model=Health)
async def healthz() -> dict[str, str]:
    """Tell that this process is alive."""
    return {"status": "ok"}


@router.get("/readyz", response_model=Health, responses={503: {"model": ErrorAnswer}})
async def readyz(request: Request) -> dict[str, str]:
    """Tell whether this process can do its work: the database answers."""
    if not await request.app.state.db.ping():
        raise Refusal(Code.UNAVAILABLE, "The database does not answer.")
    return {"status": "ok"}


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """Show the documentation, to read and to try."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js", include_in_schema=False)
async def docs_start() -> Response:
    """Return the line that starts it: the policy forbids scripts inside the page."""
    return Response(_START, media_type="text/javascript")


def add_docs_assets(app: FastAPI) -> None:
    """Serve Swagger UI from the installed package that carries it."""
    # find_spec and no import: only its files are wanted.
    spec = find_spec("fastapi_offline")
    assert spec is not None and spec.origin is not None, "it is among the requirements"  # noqa: PT018
    folder = Path(spec.origin).parent / "static"
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        app.add_api_route(f"/docs/{name}", _file(folder / name), include_in_schema=False)


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def serve() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "max-age=3600"})

    return serve
