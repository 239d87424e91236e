"""The Idempotency-Key header, bound to the request that it was sent with."""

import hashlib
from typing import Final

from starlette.requests import Request

from usance.actions.commands import Keyed
from usance.core.refusals import invalid

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_LENGTH_MAX: Final = 255


def keyed(request: Request, body: bytes) -> Keyed | None:
    """Return the request's key with its identity and fingerprint, or None if it has no key."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or not 1 <= len(key) <= _LENGTH_MAX or not key.isprintable():
        raise invalid(HEADER, f"An idempotency key is one header of 1 to {_LENGTH_MAX} characters.")
    # The path as it was routed: the same call by another spelling of the path is the same call.
    parts = (request.method, request.scope["path"], request.scope["query_string"].decode("latin-1"))
    identity = "\x00".join((*parts, key)).encode()
    return Keyed(hashlib.sha256(identity).digest(), hashlib.sha256(body).digest())
