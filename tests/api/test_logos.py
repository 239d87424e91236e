"""The logo on documents: what is taken, what is refused, and that printing goes on whatever it is."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import USER, Shop
from tests.documents.test_logo import png

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><circle cx='4' cy='4' r='4'/></svg>"
NONE: dict[str, Any] = {"format": None, "bytes": None, "picture": None}


def base64_of(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


async def put(api: Api, picture: bytes) -> Any:
    return await api.send("PUT", "/settings/logo", {"picture": base64_of(picture)})


async def printed(shop: Shop) -> bytes:
    await shop.api.post("/customers", {"customerReferenceId": USER})
    lines = [{"description": "Set-up", "unitPrice": Decimal(100)}]
    body = {"customerReferenceId": USER, "lines": lines, "isDraft": True}
    one = (await shop.api.post("/invoices", body)).data["id"]
    got = await shop.api.get(f"/invoices/{one}/pdf")
    assert (got.status, got.raw[:5]) == (200, b"%PDF-")
    return got.raw


@pytest.mark.parametrize(
    ("picture", "kind"), [(png(20, 10), "png"), (SVG, "svg")], ids=["png", "svg"]
)
async def test_a_logo_is_kept_shown_and_printed_until_it_is_taken_away(
    api: Api, picture: bytes, kind: str
):
    shop = await Shop.open(api)
    plain = await printed(shop)
    assert (await api.get("/settings/logo")).data == NONE
    made = await put(api, picture)
    want = {"format": kind, "bytes": len(picture), "picture": base64_of(picture)}
    assert (made.status, made.data) == (200, want)
    assert (await api.get("/settings/logo")).data == want
    assert await printed(shop) != plain
    for _ in range(2):
        assert (await api.send("DELETE", "/settings/logo")).data == NONE
    assert await printed(shop) == plain


@pytest.mark.parametrize(
    "picture",
    [
        b"GIF89a",
        b"",
        b"<html></html>",
        png(4001, 1),
        png(20, 10)[:60],
        png(20, 10)[:-30] + b"x" * 30,
        b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00",
        SVG.replace(b"<circle", b"<script"),
        SVG.replace(b"</svg>", b""),
        b"<!DOCTYPE svg [<!ENTITY a 'a'>]>" + SVG,
        SVG + b" " * 200_000,
    ],
    ids=lambda picture: str(picture[:12]),
)
async def test_what_cannot_be_printed_is_refused_when_it_is_sent(shared_api: Api, picture: bytes):
    refused = await put(shared_api, picture)
    assert (refused.status, refused.error["field"]) == (422, "picture"), refused.body
    assert (await shared_api.get("/settings/logo")).data == NONE


@pytest.mark.parametrize("said", ["not base64!", "ÄÖÜ", "YQ", None, 7, {}])
async def test_what_is_not_base64_is_refused(shared_api: Api, said: object):
    refused = await shared_api.send("PUT", "/settings/logo", {"picture": said})
    assert (refused.status, refused.error["field"]) == (422, "picture"), refused.body


async def test_another_account_has_its_own(api: Api, other_api: Api):
    assert (await put(api, SVG)).status == 200
    assert (await other_api.get("/settings/logo")).data == NONE


async def test_a_picture_that_cannot_be_printed_any_more_breaks_no_document(api: Api):
    """As if another version of what sets documents were stricter than the one that tried it."""
    shop = await Shop.open(api)
    broken = png(20, 10)[:60]
    await api.db.run(
        lambda tx: tx.execute(
            "INSERT INTO account_logos VALUES ($1, 'png', $2)", api.account.id, broken
        )
    )
    await printed(shop)
