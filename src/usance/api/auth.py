"""Who asks: the key in `Authorization: Bearer …` or in `X-API-Key`."""

import re
from typing import Final

from starlette.datastructures import Headers

from usance.actions import accounts
from usance.core.accounts import Account
from usance.core.refusals import Code, Refusal
from usance.store.db import Db

_BEARER: Final = re.compile(r"bearer +(\S+)", re.IGNORECASE)
# What cannot be a key is not looked up.
KEY: Final = re.compile(r"sk_(test|live)_[A-Za-z0-9_-]{32,200}")


async def account_of(db: Db, headers: Headers) -> Account:
    """Return the account that the request's key opens, or refuse with `unauthenticated`."""
    secret = _secret(headers)
    if not KEY.fullmatch(secret):
        raise _unauthenticated("This API key is not known, or was revoked.")
    return await accounts.authenticate(db, secret)


def _secret(headers: Headers) -> str:
    found = {key.strip() for key in headers.getlist("x-api-key") if key.strip()}
    for value in headers.getlist("authorization"):
        bearer = _BEARER.fullmatch(value.strip())
        if bearer is None:
            raise _unauthenticated("The Authorization header is not of the form: Bearer sk_…")
        found.add(bearer[1])
    if not found:
        raise _unauthenticated("Send an API key: Authorization: Bearer sk_…, or X-API-Key: sk_…")
    if len(found) > 1:
        raise _unauthenticated("The request carries two different API keys. Send one.")
    return found.pop()


def _unauthenticated(message: str) -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, message)
