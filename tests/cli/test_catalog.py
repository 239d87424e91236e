"""`usance catalog`: what it tells, what it writes, and with which code it ends."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from tests.conftest import FreshDatabase
from tests.core.catalogues import DOCUMENTS, GOOD

from usance import clock
from usance.actions import accounts
from usance.cli import catalog_file, catalog_yaml, main
from usance.cli.catalog import DEMO, EXIT_CHANGES, apply_demo, call_of
from usance.core.accounts import Account, Mode
from usance.core.catalog_document import Document, parse, to_document
from usance.store import catalog
from usance.store.db import Db, Tx

SMALL = """\
features:
  - {key: chat, name: Chat}
plans:
  - key: pro
    name: Pro
    price: {amount: 49.00, currency: USD}
    interval: {unit: MONTH}
    billingTiming: IN_ADVANCE
    features:
      - {key: chat, limit: {units: 1000}}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


Usance = Callable[..., Ended]


@pytest.fixture
def url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def usance(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Usance:
    """The command, in this process, on this test's database and a narrow terminal."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "60")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["usance", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        code = end.value.code or 0
        assert isinstance(code, int)
        return Ended(code, said.out, said.err)

    return run


def on_database(url: str, work: Callable[[Tx], Any]) -> Any:
    async def run() -> Any:
        db = await Db.open(url, jitter=clock.jitter, size=1)
        try:
            return await db.run(work)
        finally:
            await db.close()

    return asyncio.run(run())


def make_account(url: str, name: str = "Shop") -> Account:
    request = accounts.NewAccount(name=name, mode=Mode.TEST)
    account: Account = on_database(url, lambda tx: accounts.create(tx, request))
    return account


@pytest.fixture
def account(url: str) -> Account:
    return make_account(url)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "plans.yaml"
    file.write_text(SMALL)
    return file


@pytest.mark.usefixtures("account")
def test_a_file_is_planned_applied_and_then_as_it_is(usance: Usance, small: Path):
    planned = usance("catalog", "plan", small)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert planned.stdout == (
        f"{small} and the catalogue of Shop (TEST):\n"
        "  + feature chat\n"
        "  + plan pro  version 1\n"
        "\n"
        "2 created.\n"
        f"Nothing is changed yet. To do it: usance catalog apply {small}\n"
    )
    applied = usance("catalog", "apply", small)
    assert applied.returncode == 0
    assert applied.stdout.endswith("\n2 created.\nApplied.\n")
    for command in ("plan", "apply"):
        again = usance("catalog", command, small)
        assert again.returncode == 0
        assert again.stdout == (
            f"Nothing to change: the catalogue of Shop (TEST) is as {small} says.\n"
        )


@pytest.mark.usefixtures("account")
def test_a_change_is_told_value_by_value(usance: Usance, small: Path):
    usance("catalog", "apply", small)
    small.write_text(
        SMALL.replace("49.00", "59")
        .replace("name: Chat", "name: Talk, enabled: false")
        .replace("1000", "2500")
        .replace("key: pro\n", "key: pro\n    trialDays: 14\n    metadata: {old: true}\n")
        + "prune: true\n"
    )
    said = usance("catalog", "plan", small).stdout.splitlines()
    assert said[1:-3] == [
        "  ~ feature chat",
        "      name     Chat → Talk",
        "      enabled  true → false",
        "  ~ plan pro  version 1 → 2",
        "      features[chat].limit.units  1000 → 2500",
        "      metadata.old                nothing → true",
        "      price.amount                49.00 → 59.00",
        "      trialDays                   0 → 14",
    ]
    assert said[-2] == "1 updated, 1 with a new version."


@pytest.mark.usefixtures("account")
def test_what_is_pruned_is_told(usance: Usance, small: Path):
    usance("catalog", "apply", small)
    small.write_text("prune: true\n")
    said = usance("catalog", "apply", small).stdout.splitlines()
    assert said[1:] == [
        "  - plan pro",
        "      status  ACTIVE → ARCHIVED",
        "",
        "1 archived.",
        "Applied.",
    ]


@pytest.mark.usefixtures("account")
def test_the_exit_code_tells_whether_something_would_change(usance: Usance, small: Path):
    assert usance("catalog", "plan", small, "--exit-code").returncode == EXIT_CHANGES
    usance("catalog", "apply", small)
    assert usance("catalog", "plan", small, "--exit-code").returncode == 0


@pytest.mark.usefixtures("account")
def test_json_is_for_programs(usance: Usance, small: Path):
    planned = json.loads(usance("catalog", "plan", small, "--json").stdout)
    applied = json.loads(usance("catalog", "apply", small, "--json").stdout)
    assert planned == applied
    assert [plan["key"] for plan in applied["plans"]] == ["pro"]
    shown = json.loads(usance("catalog", "show", "--json").stdout, parse_float=Decimal)
    assert shown["plans"][0]["price"] == {"amount": Decimal("49.00"), "currency": "USD"}


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["shown.yaml", "shown.json"])
def test_what_is_shown_can_be_applied(usance: Usance, tmp_path: Path, name: str):
    assert usance("catalog", "apply", DEMO).returncode == 0
    file = tmp_path / name
    shown = usance("catalog", "show", *(["--json"] if name.endswith("json") else []))
    assert shown.returncode == 0
    file.write_text(shown.stdout)
    assert usance("catalog", "plan", file, "--exit-code").returncode == 0


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            SMALL.replace("49.00", "49.001"),
            "plans[0].price.amount must have at most 2 decimals in USD.",
        ),
        (
            SMALL.replace("key: chat, limit", "key: talk, limit"),
            "plans[0].features[0].key names no feature of the document or the account: talk.",
        ),
        (
            SMALL + "more: 1\n",
            "more is not a field; there are features, creditModels, plans, prune.",
        ),
        ("- 1\n", "The document must be an object."),
        ("a: [\n", "line 2, column 1: expected the node content, but found '<stream end>'."),
    ],
)
def test_a_fault_names_the_file_and_its_place_in_it(
    usance: Usance, small: Path, text: str, problem: str
):
    small.write_text(text)
    for command in ("plan", "apply"):
        failed = usance("catalog", command, small)
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr == f"usance: {small}: {problem}\n"


def test_a_file_that_is_not_there_is_told(usance: Usance, tmp_path: Path):
    failed = usance("catalog", "plan", tmp_path / "none.yaml")
    assert failed.returncode == 1
    assert (
        failed.stderr
        == f"usance: {tmp_path}/none.yaml: cannot be read: No such file or directory.\n"
    )


def test_an_account_is_named_when_there_are_several(usance: Usance, url: str, small: Path):
    none = usance("catalog", "plan", small)
    assert (none.returncode, none.stdout) == (1, "")
    assert "no account yet" in none.stderr
    first, second = make_account(url, "One"), make_account(url, "Two")
    several = usance("catalog", "apply", small)
    assert several.returncode == 1
    assert "Name one with --account" in several.stderr
    assert usance("catalog", "apply", small, "--account", "One").returncode == 0
    assert usance("catalog", "plan", small, "--exit-code", "--account", first.id).returncode == 0
    left = usance("catalog", "plan", small, "--exit-code", "--account", second.id)
    assert left.returncode == EXIT_CHANGES
    unknown = usance("catalog", "show", "--account", "Three")
    assert unknown.returncode == 1
    assert "no account with the name or id Three" in unknown.stderr
    make_account(url, "One")
    twice = usance("catalog", "show", "--account", "One")
    assert "Several accounts are called One" in twice.stderr


def test_the_demo_applies_once(url: str, account: Account):
    async def work(tx: Tx) -> list[str]:
        for _ in range(2):
            await apply_demo(tx, account)
        found, total = await catalog.on_sale(tx, account.id, key=None, limit=9, offset=0)
        assert total == 5
        return [each.plan.key for each in found]

    assert on_database(url, work) == [
        "free",
        "starter_monthly",
        "pro_monthly",
        "enterprise_monthly",
        "payg_monthly",
    ]


def test_a_command_acts_at_the_accounts_instant(account: Account):
    call = call_of(account)
    assert call.account is account
    assert call.keyed is None
    assert call.now.tzinfo is not None


# YAML ------------------------------------------------------------------------------------------------


def reread(document: Document) -> Document:
    written = catalog_yaml.dump(to_document(document))
    value = catalog_file.loads(written.encode(), "shown.yaml") or {}
    features = {term.key for plan in document.plans for term in plan.terms.features}
    burns = {
        term.burn.denomination
        for plan in document.plans
        for term in plan.terms.features
        if term.burn
    }
    granted = {one.denomination for plan in document.plans for one in plan.terms.credits}
    return parse(value, features=features, denominations=burns | granted)


@settings(max_examples=200, deadline=None)
@given(document=DOCUMENTS)
def test_any_document_written_as_yaml_reads_the_same(document: Document):
    assert reread(document) == document


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "null",
        "~",
        "true",
        "12",
        "1e3",
        "0x10",
        "1.",
        ".5",
        "inf",
        ".inf",
        "a: b",
        "- a",
        "#",
        "é ",
        "<<",
    ],
)
def test_a_text_stays_a_text(text: str):
    good = parse(GOOD, features=set(), denominations=set())
    written = to_document(good)
    features: Any = written["features"]
    features[0]["name"] = text
    value: Any = catalog_file.loads(catalog_yaml.dump(written).encode(), "shown.yaml")
    assert value["features"][0]["name"] == text


def test_numbers_are_written_digit_by_digit():
    written = catalog_yaml.dump({"a": [Decimal("49.00"), Decimal("1E+3"), Decimal("1E-7"), 5]})
    assert written == "a: [49.00, 1000, 0.0000001, 5]\n"
    assert yaml.safe_load(written)["a"][1] == 1000
