"""The empty endpoint: what the web server alone can answer, under the settings of `usance serve`.

Bare ASGI; each request gets the same 300 bytes, about those of an answered check.

    python -m bench.empty PORT
"""

import socket
import sys

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

BODY = b'{"success":true,"data":{"name":"%s"}}' % (b"x" * 263)
_BACKLOG = 2048
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BODY)).encode()),
]


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer anything at once."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": BODY})


def serve(app: ASGIApp, port: int) -> None:
    """Answer on a port of the loopback until told to stop, as `usance serve` would."""
    config = uvicorn.Config(
        app,
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    with socket.create_server(("127.0.0.1", port), backlog=_BACKLOG) as listener:
        listener.setblocking(False)
        uvloop.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve(empty, int(sys.argv[1]))
