"""Writing a catalogue document, and reading it again: nothing is lost on the way."""

import json
import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from tests.core.catalogues import DOCUMENTS, GOOD, all_terms

from usance.core.catalog_document import (
    parse,
    terms_from_json,
    terms_to_json,
    to_document,
)


class Everything(frozenset[str]):
    """The names of an account that has them all."""

    def __contains__(self, _name):
        return True

    def __or__(self, _names):
        return self


@settings(max_examples=20, deadline=None)
@given(document=DOCUMENTS)
def test_a_document_written_and_read_is_the_same(document):
    written = to_document(document)

    assert parse(written, features=Everything(), denominations=Everything()) == document


@settings(max_examples=20, deadline=None)
@given(terms=all_terms())
def test_stored_terms_come_back_the_same_through_json(terms):
    text = json.dumps(terms_to_json(terms), default=lambda number: f"\0{number}")
    text = re.sub(r'"\\u0000([^"]*)"', r"\1", text)  # a Decimal's digits, as a store writes them

    assert terms_from_json(json.loads(text, parse_float=Decimal)) == terms


def test_what_is_absent_is_not_written():
    document = parse(GOOD, features=set(), denominations=set())
    written: Any = to_document(document)

    chat, seats = written["plans"][0]["features"]
    assert seats == {
        "key": "seats",
        "limit": {"units": 5, "overage": "BLOCK"},
        "aggregation": {"type": "unique", "property": "userId"},
    }
    assert chat["limit"]["every"] == "MONTH"
    assert "prune" not in written
    assert "enabled" not in written["features"][0]
