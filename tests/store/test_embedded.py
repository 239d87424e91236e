"""The launcher of the embedded PostgreSQL, with real processes and real kills."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

import usance
from usance.store import embedded, embedded_exec
from usance.store.embedded import EmbeddedError

ROOT = os.geteuid() == 0
NOBODY = embedded_exec.NOBODY

# What another process runs: own the folder until standard input ends.
OWNER = """
import sys
from pathlib import Path
from usance.store import embedded
bin_dir = Path(sys.argv[2]) if sys.argv[2] else None
running = embedded.start(Path(sys.argv[1]), bin_dir=bin_dir)
print(running.pid, running.dsn, flush=True)
sys.stdin.read()
running.stop()
"""


@dataclass
class Owner:
    process: subprocess.Popen[str]
    server_pid: int
    dsn: str

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


Start = Callable[..., embedded.Running]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, bin_dir: Path | None) -> Path:
    """A data folder after its first start and stop; tests work on copies."""
    data_dir = tmp_path_factory.mktemp("made")
    embedded.start(data_dir, bin_dir=bin_dir).stop()
    return data_dir


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture
def start(bin_dir: Path | None) -> Iterator[Start]:
    """`embedded.start` on the chosen server; what it started is stopped at the test's end."""
    started = []

    def call(data_dir: Path, **settings: str) -> embedded.Running:
        started.append(embedded.start(data_dir, bin_dir=bin_dir, settings=settings))
        return started[-1]

    yield call
    for running in started:
        running.stop()


@contextmanager
def owner(data_dir: Path, bin_dir: Path | None) -> Iterator[Owner]:
    """Another process that owns `data_dir` and its server."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, data_dir, bin_dir or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        pid, dsn = process.stdout.readline().split()
        yield Owner(process, int(pid), dsn)


def sql(dsn: str, statement: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def wait_until_gone(pid: int) -> None:
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still there after 10 s")


# --- starting and stopping ------------------------------------------------------------------------


def test_the_first_start_makes_a_durable_utf8_database(tmp_path, start):
    running = start(tmp_path / "new" / "data")
    settings = (
        "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name "
        "in ('fsync', 'synchronous_commit', 'listen_addresses', 'TimeZone', 'data_checksums')"
    )
    assert sql(running.dsn, settings) == (
        "TimeZone=UTC data_checksums=on fsync=on listen_addresses= synchronous_commit=on"
    )
    kind = "select concat_ws(' ', pg_encoding_to_char(encoding), datcollate) from pg_database"
    assert sql(running.dsn, f"{kind} where datname = current_database()") == "UTF8 C"
    assert sql(running.dsn, "show server_version").split()[0] == running.version  # type: ignore[attr-defined]


def test_data_survives_a_stop_and_a_start(data_dir, start):
    first = start(data_dir)
    sql(first.dsn, "create table kept as select 42 as n")
    first.stop()
    assert not first.is_alive()
    assert sql(start(data_dir).dsn, "select n from kept") == 42


def test_stopping_twice_is_stopping_once(data_dir, start):
    running = start(data_dir)
    running.stop()
    running.stop()
    assert not running.is_alive()


def test_only_the_owner_can_enter_the_socket_s_folder(data_dir, start):
    start(data_dir)
    assert (data_dir / "run").stat().st_mode & 0o777 == 0o700


def test_the_server_outlives_the_thread_that_started_it(data_dir, start):
    """The kernel's parent-death signal is sent when a thread ends, so that must be another one."""
    thread = threading.Thread(target=start, args=[data_dir])
    thread.start()
    thread.join()
    time.sleep(0.2)
    dsn = embedded.running_dsn(data_dir)
    assert dsn
    assert sql(dsn, "select 1") == 1


def test_ctrl_c_in_the_owner_s_terminal_does_not_reach_the_server(data_dir, start):
    assert os.getsid(start(data_dir).pid) != os.getsid(0)


def test_a_running_server_is_found_by_its_folder(data_dir, start):
    assert embedded.running_dsn(data_dir) is None
    running = start(data_dir)
    assert embedded.running_dsn(data_dir) == running.dsn
    running.stop()
    assert embedded.running_dsn(data_dir) is None


# --- killed ---------------------------------------------------------------------------------------


def test_a_killed_owner_takes_the_server_along_and_loses_nothing(data_dir, bin_dir, start):
    with owner(data_dir, bin_dir) as killed:
        sql(killed.dsn, "create table kept as select 42 as n")
        killed.kill()
    began = time.monotonic()
    running = start(data_dir)
    assert time.monotonic() - began < 3
    assert sql(running.dsn, "select n from kept") == 42
    wait_until_gone(killed.server_pid)


def test_without_a_new_start_the_server_of_a_killed_owner_ends_too(data_dir, bin_dir):
    with owner(data_dir, bin_dir) as killed:
        killed.kill()
    wait_until_gone(killed.server_pid)
    assert not (data_dir / "postgres" / "postmaster.pid").exists(), "it was no orderly shutdown"


def test_a_start_waits_for_an_earlier_server_that_is_still_shutting_down(data_dir, bin_dir, start):
    with owner(data_dir, bin_dir) as killed:
        os.kill(killed.server_pid, signal.SIGSTOP)
        killed.kill()
    resume = threading.Timer(0.5, os.kill, [killed.server_pid, signal.SIGCONT])
    resume.start()
    began = time.monotonic()
    running = start(data_dir)
    assert 0.5 <= time.monotonic() - began < 3
    assert sql(running.dsn, "select 1") == 1
    resume.join()


def test_a_start_recovers_from_a_kill_of_owner_and_server(data_dir, bin_dir, start):
    with owner(data_dir, bin_dir) as killed:
        sql(killed.dsn, "create table kept as select 42 as n")
        os.kill(killed.server_pid, signal.SIGKILL)
        killed.kill()
    began = time.monotonic()
    running = start(data_dir)
    assert time.monotonic() - began < 3
    assert sql(running.dsn, "select n from kept") == 42


def test_a_stale_pid_that_is_now_some_other_process_is_no_obstacle(data_dir, start):
    with subprocess.Popen(["sleep", "60"]) as other:
        lines = [other.pid, data_dir / "postgres", 0, 5432, data_dir / "run", "", "", "ready"]
        text = "\n".join(map(str, lines)) + "\n"
        (data_dir / "postgres" / "postmaster.pid").write_text(text)
        (data_dir / "run" / ".s.PGSQL.5432.lock").write_text(text)
        assert embedded.running_dsn(data_dir) is None
        assert sql(start(data_dir).dsn, "select 1") == 1
        other.terminate()


def test_what_an_interrupted_first_start_left_is_made_anew(tmp_path, start):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert sql(start(tmp_path).dsn, "select 1") == 1
    assert not (tmp_path / "postgres.new").exists()


# --- refused --------------------------------------------------------------------------------------


def test_a_second_owner_is_refused_and_told_of_the_first(data_dir, bin_dir, start):
    with owner(data_dir, bin_dir) as first:
        with pytest.raises(EmbeddedError, match=f"{data_dir} .* process {first.process.pid}\\."):
            start(data_dir)
        assert sql(first.dsn, "select 1") == 1


def test_a_server_started_by_other_means_is_left_alone(data_dir, bin_dir, start):
    with owner(data_dir, bin_dir) as other:
        # A folder whose locks are new is what a server started by hand looks like.
        (data_dir / "owner.lock").unlink()
        (data_dir / "server.lock").unlink()
        with pytest.raises(EmbeddedError, match=f"process {other.server_pid}, was started"):
            start(data_dir)
        assert sql(other.dsn, "select 1") == 1


def test_data_of_another_major_version_is_refused_with_a_way_out(data_dir, start):
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match=r"written by PostgreSQL 12, but .* pg_dump"):
        start(data_dir)


def test_a_folder_that_is_no_cluster_is_refused(tmp_path, start):
    (tmp_path / "postgres").mkdir()
    with pytest.raises(EmbeddedError, match="not a PostgreSQL data folder"):
        start(tmp_path)


def test_missing_programs_are_named_with_what_to_install(tmp_path):
    with pytest.raises(EmbeddedError, match="apt install postgresql"):
        embedded.start(tmp_path, bin_dir=tmp_path)


def test_a_server_that_cannot_start_says_why_and_frees_the_folder(data_dir, start):
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        start(data_dir, no_such_setting="1")
    assert sql(start(data_dir).dsn, "select 1") == 1


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="USANCE_DATA_DIR"):
        embedded.start(tmp_path / "file" / "data")


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x" * 120, "a comma, a \" and a '"])
def test_a_path_that_cannot_hold_a_socket_gets_one_elsewhere(made, tmp_path, start, name):
    data_dir = shutil.copytree(made, tmp_path / name)
    running = start(data_dir)
    socket_dir = Path(sql(running.dsn, "show unix_socket_directories"))  # type: ignore[arg-type]
    assert socket_dir.parent != data_dir
    assert socket_dir.stat().st_mode & 0o777 == 0o700
    running.stop()
    assert not socket_dir.exists()


def test_the_socket_folder_elsewhere_of_a_killed_owner_is_removed(made, tmp_path, bin_dir, start):
    data_dir = shutil.copytree(made, tmp_path / ("x" * 120))
    with owner(data_dir, bin_dir) as killed:
        socket_dir = Path(sql(killed.dsn, "show unix_socket_directories"))  # type: ignore[arg-type]
        os.kill(killed.server_pid, signal.SIGKILL)
        killed.kill()
    start(data_dir)
    assert not socket_dir.exists()


def test_spaces_and_letters_beyond_ascii_are_fine_in_a_path(made, tmp_path, start):
    data_dir = shutil.copytree(made, tmp_path / "Büro & 100 % geheim?")
    assert sql(start(data_dir).dsn, "select 1") == 1


# --- root and plain users -------------------------------------------------------------------------


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="usance-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_root_s_data_may_lie_where_no_other_user_gets_to(data_dir, start):
    """In a user namespace root's files stay root's, so no folder above has to be opened."""
    data_dir.parent.chmod(0o700)
    running = start(data_dir)
    assert sql(running.dsn, "select 1") == 1
    assert (data_dir / "postgres").stat().st_uid == 0
    status = Path(f"/proc/{running.pid}/status").read_text()
    assert "\nCapEff:\t0000000000000000\n" in status


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_root_without_namespaces_runs_it_as_nobody(open_dir, start, bin_dir, monkeypatch):
    monkeypatch.setattr(embedded, "_namespaces_work", lambda _binaries: False)
    require_runs_as_nobody([embedded.find_binaries(bin_dir).program("postgres"), "--version"])
    data_dir = open_dir / "data"
    running = start(data_dir)
    assert sql(running.dsn, "select 1") == 1
    assert (data_dir / "postgres").stat().st_uid == NOBODY
    assert Path(f"/proc/{running.pid}").stat().st_uid == NOBODY
    running.stop()

    monkeypatch.undo()  # and stays so, whatever the next start could do
    assert Path(f"/proc/{start(data_dir).pid}").stat().st_uid == NOBODY


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_root_without_namespaces_is_told_of_a_folder_nobody_can_enter(open_dir, start, monkeypatch):
    monkeypatch.setattr(embedded, "_namespaces_work", lambda _binaries: False)
    open_dir.chmod(0o700)
    with pytest.raises(EmbeddedError, match=r"user 65534 may not enter .*\n.*USANCE_DATA_DIR"):
        start(open_dir / "data")


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_a_server_as_nobody_dies_with_a_killed_owner_too(made, open_dir, bin_dir):
    require_runs_as_nobody([embedded.find_binaries(bin_dir).program("postgres"), "--version"])
    data_dir = shutil.copytree(made, open_dir / "data")
    data_dir.chmod(0o711)
    for path in (data_dir / "postgres", *(data_dir / "postgres").rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    with owner(data_dir, bin_dir) as killed:
        assert Path(f"/proc/{killed.server_pid}").stat().st_uid == NOBODY
        killed.kill()
    wait_until_gone(killed.server_pid)


@pytest.mark.skipif(not ROOT, reason="the other tests already run as a plain user")
def test_a_plain_user_needs_no_privilege(open_dir, bin_dir):
    binaries = embedded.find_binaries(bin_dir)
    require_runs_as_nobody([binaries.program("postgres"), "--version"])
    # The launcher needs only the standard library: any Python that plain users may run will do.
    candidates = (sys.executable, "/usr/bin/python3")
    python = next((path for path in candidates if runs_as_nobody([path, "-c", PYTHON_OK])), None)
    if python is None:
        pytest.skip("no Python here that a plain user may run")
    sources = shutil.copytree(Path(usance.__file__).parent / "store", open_dir / "usance" / "store")
    (sources / "__init__.py").write_text("")
    (open_dir / "data").mkdir()
    os.chown(open_dir / "data", NOBODY, NOBODY)
    done = subprocess.run(
        [*AS_NOBODY, python, "-c", OWNER, open_dir / "data", binaries.folder],
        env={"PYTHONPATH": str(open_dir), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        input="",
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (open_dir / "data" / "postgres").stat().st_uid == NOBODY


AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
PYTHON_OK = (
    "import os, sys; sys.exit(sys.version_info < (3, 11) or not os.access(sys.executable, os.X_OK))"
)


def runs_as_nobody(command: list[str]) -> bool:
    with suppress(FileNotFoundError):
        return (
            subprocess.run([*AS_NOBODY, *command], capture_output=True, check=False).returncode == 0
        )
    return False


def require_runs_as_nobody(command: list[str]) -> None:
    if not runs_as_nobody(command):
        pytest.skip(f"a plain user may not run {command[0]} here, or setpriv is missing")
