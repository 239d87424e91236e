"""Files as banks and providers write them, each beside what it says; and what they have in common."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.statements.golden import FILES, told

from usance.statements.columns import DayOrder, Mapping
from usance.statements.entries import BYTES_MAX, Statement, identities
from usance.statements.reading import read

# What these do not say themselves.
MAPPINGS = {
    "chase.csv": Mapping(currency="USD", account="US-1"),
    "uk.csv": Mapping(currency="GBP", day_order=DayOrder.DAY_FIRST),
}


def golden_files() -> list[Path]:
    return sorted(each for each in FILES.iterdir() if each.suffix != ".txt")


def read_file(path: Path) -> Statement:
    return read(path.read_bytes(), name=path.name, mapping=MAPPINGS.get(path.name))


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_a_file_says_what_stands_beside_it(path: Path):
    assert told(read_file(path)) == path.with_name(f"{path.name}.txt").read_text(encoding="utf-8")


def test_every_dialect_is_there():
    assert len(golden_files()) >= 17
    assert {each.suffix for each in golden_files()} == {".xml", ".sta", ".csv"}
    assert all(path.stat().st_size < BYTES_MAX for path in golden_files())


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_a_file_that_comes_again_has_the_same_identities(path: Path):
    first, again = read_file(path).entries, read_file(path).entries
    assert identities(first) == identities(again)
    assert len(set(identities(first))) == len(first) > 0


def test_two_equal_payments_of_a_day_are_two_and_an_overlap_finds_both():
    entries = read_file(FILES / "plain.sta").entries
    twin = entries[1]
    whole = (entries[0], twin, twin)
    overlapping = (twin, twin, replace(entries[2], text="of the next day"))
    assert len(set(identities(whole))) == 3
    assert set(identities(whole)[1:]) == set(identities(overlapping)[:2])
    assert not set(identities(overlapping)[2:]) & set(identities(whole))


def test_order_and_spacing_do_not_change_an_identity():
    first, second, *_ = read_file(FILES / "sparkasse.csv").entries
    assert set(identities([first, second])) == set(identities([second, first]))
    assert identities([replace(first, text=" RG  INV-2026-0 0042 ")]) == identities([first])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "RG INV-2026-00043"},
        {"account": "DE00"},
        {"reference": "other"},
        {"payer_name": "Muller"},
        {"amount": Decimal(2)},
        {"reversal": True},
        {"kind": ""},
        {"end_to_end_id": ""},
        {"payer_account": ""},
        {"structured_reference": "RF36INV202600042"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_an_entry_says_tells_it_from_another(change):
    first = read_file(FILES / "sparkasse.csv").entries[0]
    assert identities([first]) != identities([replace(first, **change)])


def test_amounts_that_are_written_otherwise_are_one_identity():
    first = read_file(FILES / "sparkasse.csv").entries[0]
    assert identities([replace(first, amount=first.amount * 10 / 10)]) == identities([first])
