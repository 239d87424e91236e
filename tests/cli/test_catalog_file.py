"""Catalogue files: YAML and JSON without a lost digit, faults by line and column, and the demo."""

import json
import time
from decimal import Decimal
from pathlib import Path

import pytest

from usance.cli import catalog_file
from usance.cli.catalog_file import MOST_BYTES, load, loads
from usance.core.catalog import (
    EVERYTHING_ADDED,
    AggregationKind,
    BillingTiming,
    FeatureTerms,
    Overage,
    Rollover,
)
from usance.core.catalog_document import parse, to_document
from usance.core.pricing import Graduated, Package, PerUnit, Volume
from usance.core.refusals import Code, Refusal


def fault(content, name="plans.yaml"):
    """The message of a refusal, without the file's name."""
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    with pytest.raises(Refusal) as caught:
        loads(content, name)
    assert caught.value.code is Code.VALIDATION_FAILED
    assert caught.value.message.startswith(f"{name}: ")
    return caught.value.message.removeprefix(f"{name}: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("49.00", Decimal("49.00")),
        ("-0.5", Decimal("-0.5")),
        (".5", Decimal("0.5")),
        ("1.", Decimal(1)),
        ("1e3", Decimal("1E+3")),
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
        ("100000", 100000),
        ("+5", 5),
        ("010", 10),  # YAML 1.1 would say 8
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("1:30", "1:30"),  # YAML 1.1 would say 90
        (".inf", "inf"),
        ("inf", "inf"),
        ("-.inf", "-.inf"),
        (".nan", ".nan"),
        ("2027-01-31", "2027-01-31"),
        ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("", None),
        ("~", None),
        ("null", None),
        ('"49.00"', "49.00"),
        ("'true'", "true"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("[1, {b: 2.0}]", [1, {"b": Decimal("2.0")}]),
        ("gpt-4.1", "gpt-4.1"),
    ],
)
def test_yaml_is_read_by_the_core_schema_and_exactly(text, value):
    read = loads(f"a: {text}".encode(), "x.yaml")

    assert read == {"a": value}
    assert type(read["a"]) is type(value)
    assert str(read["a"]) == str(value)


def test_an_empty_file_has_no_value():
    assert loads(b"", "x.yaml") is None
    assert loads(b"# nothing\n", "x.yml") is None


def test_a_byte_order_mark_is_not_text():
    assert loads(b"\xef\xbb\xbfa: 1", "x.yaml") == {"a": 1}
    assert loads(b'\xef\xbb\xbf{"a": 1}', "x.json") == {"a": 1}


def test_an_alias_repeats_the_value_of_its_anchor():
    read = loads(b"a: &x {n: 1.0}\nb: *x\nc: *x", "x.yaml")

    assert read == {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: a comes twice."),
        ('a: {b: 1, "b": 2}', "line 1, column 11: b comes twice."),
        ("a:\n  4: 1", "line 2, column 3: a key must be a text: write it in quotes."),
        ("? [a]\n: 1", "line 1, column 3: a key must be a text: write it in quotes."),
        ("b: &b {}\na:\n  <<: *b", "line 3, column 3: merge keys are not read: repeat the fields."),
        ("a: [1,\n", "line 2, column 1: expected the node content, but found '<stream end>'."),
        ("a: 1\n\tb: 2", "line 2, column 1: found character '\\t' that cannot start any token."),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here."),
        ("a: *x", "line 1, column 4: there is no anchor &x before this."),
        ("a: &x [*x]", "line 1, column 8: is an alias inside an anchored value."),
        ("a: 1\n---\nb: 2", "line 2, column 1: is a second document in one file."),
        ("a: !!float 1", "line 1, column 4: the tag tag:yaml.org,2002:float is not read."),
        ("a: !!set {b}", "line 1, column 4: the tag tag:yaml.org,2002:set is not read."),
        (
            "!!python/tuple []",
            "line 1, column 1: the tag tag:yaml.org,2002:python/tuple is not read.",
        ),
        ("a: 1\nb: \0", "line 2, column 4: has a character that YAML does not allow."),
        ('a: "\\UFFFFFFFF"', "line 1, column 1: is followed by an escape of no character."),
        ("a: 1e9999999", "line 1, column 4: is not a number to be read."),
        ("a: " + "1" * 1001, "line 1, column 4: is not a number to be read."),
        ("a: " + "[" * 41, "line 1, column 44: is nested too deep."),
        (b"a: 1\nb: \xff", "line 2, column 4: is not UTF-8."),
    ],
)
def test_a_fault_in_yaml_is_named_by_line_and_column(text, message):
    assert fault(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "a": 2}', "line 2, column 2: a comes twice."),
        ('[{"a": {"b": 1, "\\u0062": 2}}]', "line 1, column 17: b comes twice."),
        ('{"a": }', "line 1, column 7: is not JSON: Expecting value."),
        ('{"\\q": 1}', "line 1, column 3: is not JSON: Invalid \\escape."),
        ("", "line 1, column 1: is not JSON: Expecting value."),
        ('{"upTo": Infinity}', "line 1, column 10: is not a number to be read."),
        ("[\n-Infinity]", "line 2, column 1: is not a number to be read."),
        ("[NaN]", "line 1, column 2: is not a number to be read."),
        ("[1e9999999]", "line 1, column 2: is not a number to be read."),
        ("[" + "1" * 1001 + "]", "line 1, column 2: is not a number to be read."),
        ("[" * 41, "line 1, column 41: is nested too deep."),
        (b'["\xff"]', "line 1, column 3: is not UTF-8."),
    ],
)
def test_a_fault_in_json_is_named_by_line_and_column(text, message):
    assert fault(text, "plans.json") == message


def test_json_is_read_exactly():
    text = b'{"a": [49.00, 7, true, null, "NaN", "{\\"a\\": 1e9999999}"], "b": {"a": 1e3}}'
    read = loads(text, "X.JSON")

    assert read == {
        "a": [Decimal("49.00"), 7, True, None, "NaN", '{"a": 1e9999999}'],
        "b": {"a": Decimal(1000)},
    }
    assert str(read["a"][0]) == "49.00"


def test_a_refusal_carries_its_place_as_facts():
    with pytest.raises(Refusal) as caught:
        loads(b"a: 1\nb: *x", "x.yaml")

    assert caught.value.detail == {"line": 2, "column": 4}


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b" " * (MOST_BYTES + 1))

    with pytest.raises(Refusal, match="is larger than 5 MiB"):
        load(path)


def test_a_file_that_cannot_be_read_is_refused_by_its_name(tmp_path):
    with pytest.raises(Refusal, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "text",
    [
        # A thousand values, a thousand times, a thousand times.
        "a: &a [" + "1," * 1000 + "]\nb: [" + "*a," * 1000 + "]",
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"k{i}: &k{i} [{','.join(['*' + ('a' if not i else f'k{i - 1}')] * 9)}]\n"
            for i in range(9)
        ),
        "[" * 200_000,
        "{a: " * 100_000,
    ],
)
def test_a_small_file_that_means_a_large_one_is_refused_at_once(text):
    before = time.perf_counter()

    fault(text)

    assert time.perf_counter() - before < 10  # it would take more memory than there is


def test_values_are_counted_one_by_one_too(monkeypatch):
    monkeypatch.setattr(catalog_file, "MOST_VALUES", 4)

    assert loads(b"a: [1]", "x.yaml") == {"a": [1]}
    assert loads(b"[1, 2, 3]", "x.yaml") == [1, 2, 3]
    assert fault("- &a [1]\n- *a") == "line 2, column 3: brings the file to more than 4 values."
    assert fault("a: [1,\n2, 3]") == "line 2, column 1: brings the file to more than 4 values."


# The demo catalogue.


def demo():
    return document_in(load(Path(catalog_file.__file__).parent / "demo.yaml"))


def document_in(value):
    return parse(value, features=set(), denominations=set())


def test_the_demo_catalogue_has_the_plans_that_the_documentation_names():
    document = demo()

    assert [plan.key for plan in document.plans] == [
        "free",
        "starter_monthly",
        "pro_monthly",
        "enterprise_monthly",
        "payg_monthly",
    ]
    assert [str(plan.terms.price) for plan in document.plans] == [
        "0.00",
        "19.00",
        "49.00",
        "199.00",
        "0.00",
    ]
    assert [plan.terms.timing is BillingTiming.IN_ARREARS for plan in document.plans] == [
        *[False] * 4,
        True,
    ]
    assert [feature.key for feature in document.features] == ["ai_chat", "api_calls", "seats"]
    assert [model.denomination for model in document.credit_models] == ["AI_CREDITS"]


def test_the_demo_catalogue_lets_the_guide_run_on_pro_and_grants_more_above_it():
    plans = {plan.key: plan.terms for plan in demo().plans}
    pro, enterprise = plans["pro_monthly"], plans["enterprise_monthly"]
    chat = pro.term("ai_chat")

    # A request of 5,000 tokens, before and after one of some thousands of gpt-4o.
    assert chat.limit.units >= 100 * 5_000
    assert 10_000 * dict(chat.burn.models)["gpt-4o"] <= pro.allocation("AI_CREDITS").amount / 10
    assert pro.allocation("AI_CREDITS").amount < enterprise.allocation("AI_CREDITS").amount


def test_the_demo_catalogue_shows_each_concept():
    terms = [plan.terms for plan in demo().plans]
    features = [term for each in terms for term in each.features]

    models = {type(term.price.model) for term in features if term.price}
    assert models == {PerUnit, Graduated, Volume, Package}
    assert {term.limit.overage for term in features if term.limit} == set(Overage)
    assert {credit.rollover for each in terms for credit in each.credits} == set(Rollover)
    assert {term.aggregation.kind for term in features} >= {
        AggregationKind.SUM,
        AggregationKind.MAX,
        AggregationKind.UNIQUE,
    }
    assert any(term.burn and term.price for term in features)
    assert any(term.limit and term.limit.every for term in features)
    assert FeatureTerms("seats", None, None, EVERYTHING_ADDED, None) in features


def test_the_demo_catalogue_is_the_same_as_json():
    document = demo()
    written = json.dumps(to_document(document), default=str).encode()

    assert document_in(loads(written, "demo.json")) == document
