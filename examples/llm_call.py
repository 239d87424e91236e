#!/usr/bin/env python3
"""Where the check, the hold and the event stand around a call of a model, streaming included.

    USANCE_KEY=sk_test_... python examples/llm_call.py

It plays against a running server, as `quickstart.py` does, with a made-up model that streams words.
A hold is taken for the most that the answer may cost, settled with what it really used, and released
when nothing was used. See docs/around-a-call.md.
"""

# ruff: noqa: T201, TID251 - a script that prints, and is nothing of the server's

import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any, NoReturn

API = os.environ.get("USANCE_API", "").rstrip("/") or "http://127.0.0.1:8080/api/v1"
KEY = os.environ.get("USANCE_KEY", "")
FEATURE = "ai_chat"  # of the demo catalogue: 0.002 credits a token
MOST_TOKENS = 800  # what the model may answer with, and so what is held


def fail(message: str) -> NoReturn:
    """End the run: something is not as it should be."""
    print(f"\nllm_call: {message}", file=sys.stderr)
    sys.exit(1)


def call(method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Return the status and the `data` of an answer, or its `error`."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(API + path, data, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)["data"]
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)["error"]
    except (urllib.error.URLError, TimeoutError) as away:
        fail(f"{API} does not answer ({away}). Start it with: make run")


def answer(
    customer: str, prompt: str, request_id: str, *, breaks_after: int | None = None
) -> Iterator[str]:
    """Stream the model's answer to a customer who may have it, and report what it used.

    `request_id` names this request in your own system: sent again it holds and counts once.
    """
    # 1. Before: hold the most that it may use. A 402 or 403 says why not, and nothing was called.
    status, hold = call(
        "POST",
        "/holds",
        {
            "customerReferenceId": customer,
            "featureKey": FEATURE,
            "usageUnits": MOST_TOKENS,
            "holdKey": request_id,
            "expiresInSeconds": 120,  # longer than the longest answer; then it is over by itself
        },
    )
    if status not in (200, 201):
        raise PermissionError(hold["code"])

    # 2. During: stream. What was streamed when it breaks was used all the same.
    used = 0
    try:
        for word in model(prompt, breaks_after):
            used += 1
            yield word
    finally:
        # 3. After, whatever happened: the event of what was used, or nothing at all.
        if used:
            settle = {"usageUnits": used, "eventIdempotencyKey": request_id, "eventName": "answer"}
            status, receipt = call("POST", f"/holds/{hold['id']}/settle", settle)
            if status not in (200, 201):
                fail(f"settling said {status}: {receipt}")
        else:
            call("POST", f"/holds/{hold['id']}/release")


def model(prompt: str, breaks_after: int | None) -> Iterator[str]:
    """Stream words, as a model would; it may break off."""
    for number, word in enumerate(f"You said: {prompt}".split()):
        if number == breaks_after:
            raise ConnectionError
        yield word


def check(what: str, actual: object, expected: object) -> None:
    """End the run unless a value is the one expected."""
    if actual != expected:
        fail(f"{what} is {actual}, and should be {expected}.")


def main() -> None:
    """Play it."""
    if not KEY:
        fail("Set USANCE_KEY to a key of a TEST account; `make run` prints one at its first start.")
    customer = f"caller-{uuid.uuid4()}"
    call("POST", "/customers", {"customerReferenceId": customer})

    try:
        list(answer(customer, "hello", "r0"))
    except PermissionError as denied:
        check("without a subscription", str(denied), "no_subscription")
        print("denied before the model was called:", denied)

    subscribed = {"customerReferenceId": customer, "planKey": "pro_monthly"}
    _, bought = call("POST", "/subscriptions", subscribed)
    call("POST", f"/billing/invoices/{bought['invoice']['id']}/mark-paid")

    words = list(answer(customer, "how are you today", "r1"))
    print("answered:", " ".join(words))
    try:
        list(answer(customer, "how are you today", "r2", breaks_after=3))
    except ConnectionError:
        print("the second answer broke off after 3 words, which count")
    try:
        list(answer(customer, "how are you today", "r3", breaks_after=0))
    except ConnectionError:
        print("the third broke before the first, which counts nothing")

    _, entitlement = call("GET", f"/entitlements/{customer}/{FEATURE}")
    check("what is used", entitlement["usage"]["used"], len(words) + 3)
    credit = entitlement["credit"]
    check("what is available", credit["available"], credit["balance"])
    print(f"used {entitlement['usage']['used']} tokens; nothing is held any more")
    print("All as it should be.")


if __name__ == "__main__":
    main()
