"""Errors: one shape for all of them, and the only place that gives a refusal an HTTP status."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from usance.api import json
from usance.core.refusals import Code, Refusal

STATUSES: Final[Mapping[Code, int]] = {
    Code.MALFORMED_JSON: 400,
    Code.UNAUTHENTICATED: 401,
    Code.USAGE_LIMIT_REACHED: 402,
    Code.INSUFFICIENT_CREDITS: 402,
    Code.FORBIDDEN: 403,
    Code.FEATURE_DISABLED: 403,
    Code.NO_SUBSCRIPTION: 403,
    Code.FEATURE_NOT_IN_PLAN: 403,
    Code.SUBSCRIPTION_INACTIVE: 403,
    Code.PAYMENT_PAST_DUE: 403,
    Code.SUBSCRIPTION_CANCELLED: 403,
    Code.NOT_FOUND: 404,
    Code.CUSTOMER_NOT_FOUND: 404,
    Code.PLAN_NOT_FOUND: 404,
    Code.FEATURE_NOT_FOUND: 404,
    Code.SUBSCRIPTION_NOT_FOUND: 404,
    Code.INVOICE_NOT_FOUND: 404,
    Code.LINE_NOT_FOUND: 404,
    Code.CREDIT_NOTE_NOT_FOUND: 404,
    Code.POOL_NOT_FOUND: 404,
    Code.PAYMENT_NOT_FOUND: 404,
    Code.STATEMENT_NOT_FOUND: 404,
    Code.ENTRY_NOT_FOUND: 404,
    Code.TRANSACTION_NOT_FOUND: 404,
    Code.KEY_NOT_FOUND: 404,
    Code.HOLD_NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CUSTOMER_EXISTS: 409,
    Code.CUSTOMER_HAS_SUBSCRIPTIONS: 409,
    Code.CUSTOMER_HAS_BALANCE: 409,
    Code.CUSTOMER_ERASED: 409,
    Code.ALREADY_SUBSCRIBED: 409,
    Code.SAME_PLAN: 409,
    Code.SUBSCRIPTION_NOT_ACTIVE: 409,
    Code.CANCELLATION_NOT_SCHEDULED: 409,
    Code.TOO_FAR_AHEAD: 409,
    Code.SUBSCRIPTION_ENDED: 409,
    Code.ALREADY_PAID: 409,
    Code.INVOICE_VOID: 409,
    Code.INVOICE_PENDING: 409,
    Code.INVOICE_NOT_VOIDABLE: 409,
    Code.INVOICE_NOT_OVERDUE: 409,
    Code.INVOICE_ISSUED: 409,
    Code.E_INVOICE_INCOMPLETE: 409,
    Code.ENTRY_SETTLED: 409,
    Code.NO_PROPOSAL: 409,
    Code.PROPOSAL_CHANGED: 409,
    Code.PAYMENT_REFERENCE_CONFLICT: 409,
    Code.EVENT_KEY_CONFLICT: 409,
    Code.HOLD_KEY_CONFLICT: 409,
    Code.HOLD_SETTLED: 409,
    Code.ALREADY_REVERSED: 409,
    Code.NOT_REVERSIBLE: 409,
    Code.INSUFFICIENT_BALANCE: 409,
    Code.ALREADY_EFFECTIVE: 409,
    Code.MAIL_NOT_SET_UP: 409,
    Code.CLOCK_IS_REAL: 409,
    Code.CLOCK_BACKWARDS: 409,
    Code.IDEMPOTENCY_CONFLICT: 409,
    Code.IDEMPOTENCY_IN_FLIGHT: 409,
    Code.BODY_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.VALIDATION_FAILED: 422,
    Code.PLAN_NOT_ACTIVE: 422,
    Code.CURRENCY_MISMATCH: 422,
    Code.NOT_AN_UPGRADE: 422,
    Code.NO_PRICE: 422,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL_ERROR: 500,
    Code.UNAVAILABLE: 503,
}

# The seconds after which the same request may well succeed.
_RETRY_AFTER: Final = {
    Code.IDEMPOTENCY_IN_FLIGHT: 1,
    Code.RATE_LIMITED: 1,
    Code.UNAVAILABLE: 2,
}
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FIELD_LENGTH_MAX: Final = 200
_FAULTS_SHOWN_MAX: Final = 20
_WORDS: Final = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known here.",
    "string_type": "This must be text.",
    "int_type": "This must be a whole number.",
    "bool_type": "This must be true or false.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
}


class ErrorBody(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(alias_generator=to_camel)

    code: Code = Field(description="From a closed list; a program decides by it.")
    message: str = Field(description="One sentence for a person.")
    detail: dict[str, Any] = Field(default={}, description="Facts for a program, by code.")
    field: str = Field(default="", description="The part of the request at fault.")
    request_id: str = Field(description="As in the header X-Request-Id.")


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    success: bool = Field(default=False, json_schema_extra={"const": False})
    error: ErrorBody


def told(refusal: Refusal) -> dict[str, object]:
    """Return what an error says of the refusal, but for the request's id."""
    error: dict[str, object] = {"code": refusal.code.value, "message": refusal.message}
    if refusal.detail is not None:
        error["detail"] = refusal.detail
    if refusal.field is not None:
        error["field"] = refusal.field
    return error


def refused(scope: Scope, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return the refusal as an answer."""
    error = told(refusal)
    error["requestId"] = scope.get("state", {}).get("request_id", "")
    more = dict(headers or {})
    if refusal.code is Code.UNAUTHENTICATED:
        more["WWW-Authenticate"] = "Bearer"
    if refusal.code is Code.BODY_TOO_LARGE:
        more["Connection"] = "close"  # the rest of the body will not be read
    if refusal.code in _RETRY_AFTER:
        more["Retry-After"] = str(_RETRY_AFTER[refusal.code])
    return Response(
        json.render({"success": False, "error": error}),
        status_code=STATUSES[refusal.code],
        headers=more,
        media_type="application/json",
    )


def install(app: FastAPI) -> None:
    """Let the app answer every failure in the one shape."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    # The exception goes on to the edge, which writes it to the log.
    app.add_exception_handler(Exception, _on_failure)


def unexpected(scope: Scope) -> Response:
    """Return the answer to a failure of ours, of which nothing is told but the id in the log."""
    return refused(
        scope,
        Refusal(
            Code.INTERNAL_ERROR,
            "Something failed on our side. The request id names it in our logs.",
        ),
    )


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal), "installed for refusals"
    return refused(request.scope, error)


async def _on_disconnect(request: Request, _error: Exception) -> Response:
    # Nobody will read this; it only says that the failure was not ours.
    return refused(request.scope, Refusal(Code.MALFORMED_JSON, "The body ended too early."))


async def _on_failure(request: Request, _error: Exception) -> Response:
    return unexpected(request.scope)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "installed for HTTP's own errors"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_allowed(request))
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
        refusal = Refusal(Code.METHOD_NOT_ALLOWED, f"This path answers to {allowed}.")
        return refused(request.scope, refusal, {"Allow": allowed})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(request.scope, Refusal(Code.NOT_FOUND, "There is nothing at this path."))
    return unexpected(request.scope)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "installed for validation errors"
    return refused(request.scope, _invalid(error.errors()))


def invalid_part(error: ValidationError) -> Refusal:
    """Return the refusal of one part of a body, whose faults are named from that part on."""
    return _invalid([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()])


def _invalid(faults: Sequence[Mapping[str, Any]]) -> Refusal:
    if any(fault["loc"][0] == "path" for fault in faults):
        return Refusal(Code.NOT_FOUND, "There is nothing at this path.")
    found = [{"field": _field(fault["loc"]), "message": _message(fault)} for fault in faults]
    return Refusal(
        Code.VALIDATION_FAILED,
        found[0]["message"],
        field=found[0]["field"],
        detail={"errors": found[:_FAULTS_SHOWN_MAX]} if len(found) > 1 else None,
    )


def _field(loc: Sequence[str | int]) -> str:
    """Return where the fault is: `costInput.inputTokens`, `events[3].usageUnits`.

    >>> _field(("body", "events", 3, "usageUnits")), _field(("query", "limit")), _field(("body",))
    ('events[3].usageUnits', 'limit', 'body')
    """
    parts = loc[1:] or loc
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".")[:_FIELD_LENGTH_MAX]


def _message(fault: Mapping[str, Any]) -> str:
    known = _WORDS.get(fault["type"])
    if known:
        return known
    message = re.sub(r"^Value error, ", "", str(fault["msg"]))
    return message if message.endswith(".") else f"{message}."


def _allowed(request: Request) -> list[str]:
    """Return the methods that the path answers to: one route knows only its own."""
    app: FastAPI = request.app
    found = [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0].name == "FULL"
            for route in app.router.routes
        )
    ]
    return [*found, "HEAD", "OPTIONS"] if "GET" in found else [*found, "OPTIONS"]
