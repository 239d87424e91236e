"""The routes of the logo on an account's documents."""

import base64
import binascii
from typing import Annotated, Final

from fastapi import Response
from pydantic import Field

from usance.actions import logos
from usance.actions.logos import Logo
from usance.api import routes
from usance.api.answers import One, answer, show
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.core.refusals import invalid
from usance.documents.logo import BYTES_MAX, Format

router: Final = routes.router("Settings")

_CHARACTERS_MAX: Final = (BYTES_MAX + 2) // 3 * 4
_SAMPLE: Final = base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"
    b"<circle cx='4' cy='4' r='4'/></svg>"
).decode()


class NewLogo(Strict):
    """A PNG, a JPEG or an SVG of shapes, in base64; at most 200 kB."""

    picture: Annotated[
        str, Field(min_length=1, max_length=_CHARACTERS_MAX), Field(examples=[_SAMPLE])
    ]


class LogoShape(Shape):
    """The logo on documents; all null: there is none."""

    format: Format | None
    bytes: int | None
    picture: str | None = Field(description="In base64.")


@router.get("/settings/logo", response_model=One[LogoShape])
async def get_logo(call: Reading) -> Response:
    """Show the logo that documents bear."""
    return await show(call, lambda tx: logos.get(tx, call), _shown)


@router.put("/settings/logo", response_model=One[LogoShape])
async def put_logo(body: NewLogo, call: Command) -> Response:
    """Print documents with this logo from now on, those issued before too."""
    try:
        picture = base64.b64decode(body.picture, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("picture", "Send the picture in base64.") from None
    logo = await logos.read(picture)
    return await answer(call, lambda tx: logos.put(tx, call, logo), _shown)


@router.delete("/settings/logo", response_model=One[LogoShape])
async def delete_logo(call: Command) -> Response:
    """Print documents without a logo from now on; there need not be one."""
    return await answer(call, lambda tx: logos.drop(tx, call), _shown)


def _shown(logo: Logo | None) -> LogoShape:
    if logo is None:
        return LogoShape(format=None, bytes=None, picture=None)
    picture = base64.b64encode(logo.picture).decode()
    return LogoShape(format=logo.format, bytes=len(logo.picture), picture=picture)
