"""Catalogue documents for the tests of the API: one small, and ways to say more."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from usance.cli import catalog_file

DEMO: Any = catalog_file.load(Path(catalog_file.__file__).with_name("demo.yaml"))


def plan(key: str = "pro", **said: Any) -> dict[str, Any]:
    """A plan of the document; whatever is said comes in place of these."""
    return {
        "key": key,
        "name": "Pro",
        "price": {"amount": Decimal("49.00"), "currency": "USD"},
        "interval": {"unit": "MONTH"},
        "billingTiming": "IN_ADVANCE",
        **said,
    }


def document(*plans: dict[str, Any], **said: Any) -> dict[str, Any]:
    """A document with one feature, `chat`, and these plans."""
    return {"features": [{"key": "chat", "name": "Chat"}], "plans": list(plans), **said}
