"""`usance serve`: a first start, a second, an end, and what goes wrong."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.commands import PROGRAM, environment, usance

KEY = r"sk_test_[0-9A-Za-z]{43}"
BOOTSTRAP = "sk_live_" + "b" * 32


class Running:
    """A server process, and what it has printed."""

    def __init__(self, process: "subprocess.Popen[str]", printed: Path) -> None:
        self.process = process
        self._printed = printed

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    @property
    def url(self) -> str:
        return self.wait_for(r"running on (http://\S+)")

    def wait_for(self, pattern: str, seconds: float = 30) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if match := re.search(pattern, self.printed):
                return match[1] if match.groups() else match[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{pattern} was not printed:\n{self.printed}")

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def served(env: dict[str, str], printed: Path) -> Iterator[Running]:
    with printed.open("w") as out:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", "0"],
            env=env | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=out,
            text=True,
            start_new_session=True,
        )
    try:
        yield Running(process, printed)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def asked(url: str, key: str = "", body: bytes | None = None) -> tuple[int, str]:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_first_start_makes_a_test_account_and_shows_what_to_try(tmp_path: Path):
    env = environment(tmp_path / "data")
    with served(env, tmp_path / "out") as server:
        url = server.url
        key = server.wait_for(KEY)
        server.wait_for("entitlements/user_456/ai_chat")
        assert len(re.findall(r"^ +curl ", server.printed, re.MULTILINE)) == 5
        assert asked(f"{url}/healthz") == (200, '{"status":"ok"}')
        assert asked(f"{url}/readyz")[0] == 200
        status, body = asked(f"{url}/api/v1/customers", key, b'{"customerReferenceId": "a"}')
        assert (status, json.loads(body)["success"]) == (201, True)

        # Beside it, and on the same database.
        assert "TEST" in usance("accounts", "list", env=env).stdout
        second = usance("accounts", "create", "--name", "Second", env=env).stdout.strip()
        assert asked(f"{url}/api/v1/customers", second)[0] == 200
        account, made = (
            usance("accounts", "list", env=env).stdout.split("\n")[1].split("\t")[0],
            second,
        )
        identity = usance("keys", "list", "--account", account, env=env).stdout.split("\t")[0]
        usance("keys", "revoke", identity, "--account", account, env=env)
        assert asked(f"{url}/api/v1/customers", made)[0] == 401

        assert server.stop() == 0
        assert "Usance has stopped." in server.printed
        assert "Traceback" not in server.printed
    # What it said was the right thing to say, and is not said again.
    with served(env, tmp_path / "out") as server:
        assert json.loads(asked(f"{server.url}/api/v1/customers/a", key)[1])["success"] is True
        assert "curl" not in server.printed
        assert server.stop(signal.SIGTERM) == 0


def test_a_bootstrap_key_opens_its_account_after_each_start(database_url: str, tmp_path: Path):
    env = environment(tmp_path, DATABASE_URL=database_url, USANCE_BOOTSTRAP_KEY=BOOTSTRAP)
    for _ in range(2):
        with served(env, tmp_path / "out") as server:
            assert asked(f"{server.url}/api/v1/customers", BOOTSTRAP)[0] == 200
            assert "account was made" not in server.printed
            assert server.stop() == 0
    assert [
        row.split("\t")[1] for row in usance("accounts", "list", env=env).stdout.splitlines()
    ] == ["LIVE"]


def test_several_processes_share_the_port_and_end_together(database_url: str, tmp_path: Path):
    env = environment(
        tmp_path, DATABASE_URL=database_url, USANCE_BOOTSTRAP_KEY=BOOTSTRAP, USANCE_WORKERS="2"
    )
    with served(env, tmp_path / "out") as server:
        url = server.url
        _eventually(lambda: asked(f"{url}/api/v1/customers", BOOTSTRAP)[0] == 200)
        children = _children(server.process.pid)
        assert len(children) == 2
        os.kill(children[0], signal.SIGKILL)
        _eventually(lambda: len(_children(server.process.pid)) == 2)
        assert asked(f"{url}/api/v1/customers", BOOTSTRAP)[0] == 200
        children = _children(server.process.pid)
        assert server.stop() == 0
        assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_the_children_of_a_killed_parent_end(database_url: str, tmp_path: Path):
    env = environment(tmp_path, DATABASE_URL=database_url, USANCE_WORKERS="2")
    with served(env, tmp_path / "out") as server:
        url = server.url
        _eventually(lambda: asked(f"{url}/readyz")[0] == 200)
        children = _children(server.process.pid)
        server.process.kill()
        server.process.wait()
        _eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_a_killed_postgresql_is_started_again(tmp_path: Path):
    env = environment(tmp_path / "data")
    with served(env, tmp_path / "out") as server:
        url, key = server.url, server.wait_for(KEY)
        assert asked(f"{url}/api/v1/customers", key)[0] == 200
        first = (tmp_path / "data/postgres/postmaster.pid").read_text().split()[0]
        os.kill(int(first), signal.SIGKILL)
        _eventually(lambda: asked(f"{url}/api/v1/customers", key)[0] == 200)
        assert asked(f"{url}/api/v1/customers", key, b"{}")[0] == 201
        assert server.stop() == 0


def test_without_a_database_the_server_says_so_and_comes_back(tmp_path: Path, database_url: str):
    env = environment(tmp_path, DATABASE_URL=database_url.replace("host=", "host=/nowhere-"))
    done = usance("serve", "--port", "0", env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("usance: The database cannot be reached")


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = usance("serve", "--port", str(port), env=environment(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr == (
        f"usance: Port {port} on 127.0.0.1 is in use. Stop what uses it (maybe another Usance), or "
        f"choose another port: USANCE_PORT={port + 1} or --port {port + 1}.\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("USANCE_HOST", "no.such.host.invalid", "Cannot listen on no.such.host.invalid"),
        ("USANCE_DATA_DIR", "/proc/usance", "cannot make /proc/usance"),
        (
            "USANCE_BOOTSTRAP_KEY",
            "sk_test_short",
            "USANCE_BOOTSTRAP_KEY must be sk_test_ or sk_live_",
        ),
        ("USANCE_WORKERS", "0", "USANCE_WORKERS must be a whole number from 1 to 64"),
        ("USANCE_DEMO", "maybe", "USANCE_DEMO must be 1 or 0"),
        ("USANCE_LOG_LEVEL", "loud", "USANCE_LOG_LEVEL must be one of debug, info, warning, error"),
    ],
)
def test_what_an_operator_can_mend_is_told(tmp_path: Path, variable: str, value: str, said: str):
    env = environment(tmp_path / "data") | {variable: value, "USANCE_PORT": "0"}
    done = usance("serve", env=env)
    assert done.returncode == 1
    assert done.stderr.startswith(f"usance: {said}")
    assert "Traceback" not in done.stderr


def test_a_folder_in_use_is_told(tmp_path: Path):
    env = environment(tmp_path / "data")
    with served(env, tmp_path / "out") as server:
        server.wait_for(KEY)
        done = usance("serve", "--port", "0", env=env)
        assert done.returncode == 1
        assert "is in use by another Usance" in done.stderr
        server.stop()


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [int(child) for child in listed]
    return [pid for pid in found if b"http" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _eventually(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (OSError, urllib.error.URLError):
            pass
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)
