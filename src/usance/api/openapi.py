"""The OpenAPI document: what FastAPI derives from the routes, and what holds for all of them.

It is to be true: each operation names every status that it can answer with, in the one error shape.
"""

from importlib import metadata
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from usance.api import calls, idempotency
from usance.api.routes import Route, refuses
from usance.core.refusals import Code

_DESCRIPTION: Final = """\
Billing as a system of record: customers, plans, subscriptions, usage, credits, invoices, payments.

- Success is `{"success": true, "data": …}`, with `pagination` beside the data of a list; failure is
  `{"success": false, "error": {…}}`, whose `code` is from a closed list.
- Numbers are exact: money, credits and quantities are JSON numbers, never rounded on the way, and
  may be sent as text.
- Every call that changes something takes an `Idempotency-Key`: sent again it gives the same answer
  and changes nothing twice.
- References and keys in a path are URL-escaped and may hold anything, slashes too.
"""
_SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"apiKey": []}]
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`sk_test_…` or `sk_live_…`"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_REQUEST_ID: Final = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Names the request in our logs and in its answer: 1 to 128 letters, digits and "
    "`_.:-`. Made by us when it is absent or anything else.",
    "schema": {"type": "string"},
}
_KEY: Final = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of the caller's: the same call again is answered as the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_ANSWERED_ID: Final = {
    "description": "The request's name.",
    "schema": {"type": "string"},
}
_REPLAYED: Final = {
    "description": "`true` if this is the answer that was given before under the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of the app's routes."""
    result = get_openapi(
        title="Usance",
        version=metadata.version("usance"),
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, Route) or route.path_format is None:
            continue
        for method in route.methods or ():
            operation = result["paths"][route.path_format][method.lower()]
            _complete(operation, route)
            _allow_no_body(operation, result["components"]["schemas"])
    for operations in result["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                response.setdefault("headers", {})["X-Request-Id"] = _ANSWERED_ID
    components = result.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    # FastAPI's own shape of a validation error, which nothing here answers.
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    whole: dict[str, Any] = _whole(result)
    return whole


def _complete(operation: dict[str, Any], route: RouteContext) -> None:
    """Add what every route of the API has."""
    operation["security"] = _SECURITY
    parameters = operation.setdefault("parameters", [])
    parameters.append(_REQUEST_ID)
    is_keyed = _takes(route.dependant, calls.command)
    codes = [Code.UNAUTHENTICATED, Code.INTERNAL_ERROR, Code.UNAVAILABLE]
    if is_keyed:
        parameters.append(_KEY)
        codes += [Code.IDEMPOTENCY_CONFLICT, Code.IDEMPOTENCY_IN_FLIGHT]
    if is_keyed or route.body_field or _has_query(route.dependant):
        codes.append(Code.VALIDATION_FAILED)
    if is_keyed or route.body_field:
        codes.append(Code.BODY_TOO_LARGE)
    if route.body_field:
        codes += [Code.MALFORMED_JSON, Code.UNSUPPORTED_MEDIA_TYPE]

    responses = operation["responses"]
    # FastAPI's, wherever there is a parameter; but what a path names is unknown, never invalid.
    if not responses.get("422", {}).get("description", "").startswith("`"):
        responses.pop("422", None)
    for status, said in refuses(*codes).items():
        known = responses.get(str(status))
        own = known["description"] if known else ""
        responses[str(status)] = {
            "description": ", ".join(filter(None, [own, said["description"]])),
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}
            },
        }
    if is_keyed:
        for status in [each for each in responses if each.startswith("2")]:
            responses[status].setdefault("headers", {})[idempotency.REPLAYED] = _REPLAYED
    operation["responses"] = dict(sorted(responses.items()))


def _allow_no_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Say that a body may be left out where nothing in it is required: an empty one is none."""
    body = operation.get("requestBody")
    if body is not None and "application/json" in body["content"]:
        schema = body["content"]["application/json"]["schema"]
        named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        body["required"] = bool(named.get("required"))


def _takes(dependant: Dependant, call: object) -> bool:
    return any(each.call is call or _takes(each, call) for each in dependant.dependencies)


def _has_query(dependant: Dependant) -> bool:
    return bool(dependant.query_params) or any(map(_has_query, dependant.dependencies))


def _whole(value: Any) -> Any:  # noqa: ANN401 - any part of the document
    """Return the value with whole bounds: FastAPI has turned them into floats."""
    if isinstance(value, dict):
        return {name: _whole(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_whole(child) for child in value]
    if isinstance(value, float):
        assert value.is_integer(), "a bound that is no whole number is written as text"
        return int(value)
    return value
