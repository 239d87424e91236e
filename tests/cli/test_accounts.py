"""`usance accounts` and `usance keys`, on a database of one's own and beside a running server."""

import re
from pathlib import Path

import pytest
from tests.cli.commands import environment, usance

KEY = r"sk_(test|live)_[0-9A-Za-z]{43}"


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, DATABASE_URL=database_url)


def _rows(printed: str) -> list[list[str]]:
    return [line.split("\t") for line in printed.splitlines()]


def test_an_account_is_made_with_a_key_alone_on_standard_output(env: dict[str, str]):
    done = usance("accounts", "create", "--name", "Acme", env=env)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(KEY + "\n", done.stdout)
    assert done.stdout.startswith("sk_test_")
    live = usance(
        "accounts", "create", "--name", "Ümlaut & Co", "--live", "--currency", "JPY",
        "--zone", "Asia/Tokyo", env=env,
    )  # fmt: skip
    assert live.stdout.startswith("sk_live_")

    listed = _rows(usance("accounts", "list", env=env).stdout)
    assert [row[1:] for row in listed] == [
        ["TEST", "Acme", "USD", "UTC"],
        ["LIVE", "Ümlaut & Co", "JPY", "Asia/Tokyo"],
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", ""], "A name has 1 to 255 characters."),
        (["--name", "x" * 256], "A name has 1 to 255 characters."),
        (["--name", "a", "--currency", "usd"], "'usd' is no currency of ISO 4217."),
        (["--name", "a", "--zone", "Berlin"], "'Berlin' is no time zone of the IANA database."),
    ],
)
def test_a_bad_account_is_refused_in_a_sentence(env: dict[str, str], options: list[str], said: str):
    done = usance("accounts", "create", *options, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"usance: {said}\n")
    assert usance("accounts", "list", env=env).stdout == ""


def test_keys_are_made_listed_and_revoked(env: dict[str, str]):
    first = usance("accounts", "create", "--name", "Acme", env=env).stdout.strip()
    second = usance("keys", "create", "--name", "ci", env=env).stdout.strip()
    assert re.fullmatch(KEY, second)
    rows = _rows(usance("keys", "list", env=env).stdout)
    assert [row[1:3] for row in rows] == [[first[-4:], "first"], [second[-4:], "ci"]]
    assert [row[4] for row in rows] == ["", ""]

    done = usance("keys", "revoke", rows[1][0], env=env)
    assert (done.returncode, done.stderr) == (0, f"The key ending in {second[-4:]} is revoked.\n")
    assert [bool(row[4]) for row in _rows(usance("keys", "list", env=env).stdout)] == [False, True]


def test_among_several_accounts_one_is_named(env: dict[str, str]):
    none = usance("keys", "create", env=env)
    assert (none.returncode, none.stderr) == (
        1, "usance: There is no account yet: usance accounts create --name …\n"
    )  # fmt: skip
    for name in ("a", "b"):
        usance("accounts", "create", "--name", name, env=env)
    several = usance("keys", "list", env=env)
    assert several.returncode == 1
    assert "Name one with --account" in several.stderr
    chosen = _rows(usance("accounts", "list", env=env).stdout)[1][0]
    assert usance("keys", "create", "--account", chosen, env=env).returncode == 0
    assert len(_rows(usance("keys", "list", "--account", chosen, env=env).stdout)) == 2

    other = _rows(usance("accounts", "list", env=env).stdout)[0][0]
    key = _rows(usance("keys", "list", "--account", chosen, env=env).stdout)[0][0]
    foreign = usance("keys", "revoke", key, "--account", other, env=env)
    assert (foreign.returncode, foreign.stderr) == (
        1, "usance: The account has no key with this id.\n"
    )  # fmt: skip


def test_an_unknown_account_is_told(env: dict[str, str]):
    done = usance("keys", "list", "--account", "00000000-0000-7000-8000-000000000000", env=env)
    assert (done.returncode, done.stderr) == (1, "usance: There is no account with this id.\n")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "The database cannot be reached"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must start with postgresql://"),
        ({"USANCE_PORT": "eighty"}, "USANCE_PORT must be a whole number from 0 to 65535"),
    ],
)
def test_what_an_operator_can_mend_is_told_without_a_traceback(
    env: dict[str, str], setting: dict[str, str], said: str
):
    done = usance("accounts", "list", env=env | setting)
    assert done.returncode == 1
    assert done.stderr.startswith(f"usance: {said}")
    assert "Traceback" not in done.stderr


def test_a_password_is_not_repeated(env: dict[str, str]):
    for url in ("postgresql://x:hunter2@127.0.0.1:1/x", "mysql://x:hunter2@h/x"):
        assert "hunter2" not in usance("accounts", "list", env=env | {"DATABASE_URL": url}).stderr


def test_without_a_server_the_embedded_database_is_started_for_the_command(tmp_path: Path):
    env = environment(tmp_path / "data")
    assert usance("accounts", "create", "--name", "Acme", env=env).returncode == 0
    assert "Acme" in usance("accounts", "list", env=env).stdout
    assert "nothing to do" in usance("migrate", env=env).stdout
