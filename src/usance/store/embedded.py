"""The embedded PostgreSQL: found, made, started and stopped by Usance itself.

    running = start(Path("~/.usance").expanduser())
    ... asyncpg.connect(running.dsn) ...
    running.stop()

`start` and `stop` block (about 1 s at first, 0.1 s later); an event loop calls them in a thread.

In the data folder:

    postgres/      PostgreSQL's own folder; it appears complete or not at all
    run/           the Unix socket (0700; there is no TCP port). Where that path is too long for a
                   socket, a new folder under the temporary one takes its place.
    owner.lock     held by the one Usance process that owns the folder; it names that process
    server.lock    held by PostgreSQL's processes, which inherit it: the kernel frees it when the
                   last of them is gone, so no start can overtake an earlier server's end
    postgres.log   what PostgreSQL says; moved to postgres.log.1 at a start when over 10 MB

A killed owner takes PostgreSQL with it (see embedded_exec.py). The kernel sends that signal when
the *thread* that started the child ends, so a thread kept for that purpose starts it and waits.

PostgreSQL refuses to run as root. For root it runs in a user namespace, or else as the user 65534
(see embedded_exec.py); a folder that already belongs to another user is served as that user.

Sources: PostgreSQL 18, "pg_ctl", "postgres", "Shutting Down the Server"; prctl(2),
user_namespaces(7), unix(7).
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import quote

from usance.store import embedded_exec
from usance.store.embedded_programs import Binaries, EmbeddedError, find_binaries, major_of

__all__ = ["Binaries", "EmbeddedError", "Running", "find_binaries", "running_dsn", "start"]

PORT = 5432  # only part of the socket's name
NAME = "usance"  # of the database and of its owner

_SOCKET_PATH_BYTES_MAX = 107  # sun_path holds 108 with its closing zero
_LOG_BYTES_MAX = 10_000_000
_LOG_LINES_SHOWN = 20
_POLL_SECONDS = 0.005
_START_SECONDS_MAX = 300  # recovery after a crash replays up to max_wal_size
_OLD_SERVER_SECONDS = 2  # then an earlier server is told to hurry
_OLD_SERVER_SECONDS_MAX = 60
_STOP_SECONDS = 30  # for the fast shutdown; then immediate, then kill

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_compression": "off",  # pglz costs more than the disk it saves
    "jit": "off",  # compiling costs more than these short statements take
    "client_connection_check_interval": "500ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors are reported by the caller; repeated here they would fill the disk with customers' data.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


class Running:
    """A PostgreSQL server that belongs to this process.

    `dsn` is what asyncpg connects to; it holds no secret. `version` is e.g. "18.6".
    """

    def __init__(
        self, server: "_Child", socket_dir: Path, binaries: Binaries, held: ExitStack
    ) -> None:
        self._server = server
        self._held = held  # owner.lock, and a socket folder to remove
        self.dsn = _dsn(socket_dir)
        self.binaries = binaries

    @property
    def version(self) -> str:
        return self.binaries.version

    @property
    def pid(self) -> int:
        return self._server.pid

    def is_alive(self) -> bool:
        return not self._server.gone.is_set()

    def stop(self, *, fast_seconds: float = _STOP_SECONDS) -> None:
        """Shut down and free the folder; may be called again.

        Open transactions are rolled back, committed ones are safe however it ends: fast, after
        `fast_seconds` immediately (the next start recovers), and 10 s later by force.
        """
        self._server.stop(fast_seconds)
        self._held.close()


def start(
    data_dir: Path, *, bin_dir: Path | None = None, settings: Mapping[str, str] | None = None
) -> Running:
    """Start PostgreSQL on `data_dir` and return it when it takes connections.

    The first start makes the cluster and in it the empty database `usance`. `bin_dir` names the
    programs to use (else see `find_binaries`); `settings` are further server settings.

    Raise EmbeddedError if the folder has another owner, the programs are missing or of another
    major version than the data, or PostgreSQL does not start.
    """
    data_dir = data_dir.absolute()
    try:
        # 0711: where root hands the server to another user, that one must get through to postgres/.
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"cannot make {data_dir}: {error.strerror}. Choose another folder with USANCE_DATA_DIR."
        ) from error
    folder = data_dir / "postgres"
    with ExitStack() as held, ExitStack() as passed_on:
        held.callback(os.close, _take_ownership(data_dir))
        lock = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        passed_on.callback(os.close, lock)
        _wait_for_earlier_server(lock, folder)
        _clear_stale(data_dir, folder)

        binaries = find_binaries(bin_dir, major=major_of(folder))
        launch = _Launch(_identity(folder, binaries), lock)
        if not folder.exists():
            _make_cluster(folder, binaries, launch)
        socket_dir = _make_socket_dir(data_dir, launch)
        if socket_dir.parent != data_dir:
            held.callback(shutil.rmtree, socket_dir, ignore_errors=True)
        log = _open_log(data_dir)
        passed_on.callback(os.close, log)
        log_start = os.fstat(log).st_size
        options = {**_SETTINGS, "unix_socket_directories": str(socket_dir), **(settings or {})}
        command = [binaries.program("postgres"), "-D", str(folder)]
        command += [f"--{name}={value}" for name, value in options.items()]
        server = _Child(launch.command(folder, command), log=log, lock=lock)
        held.callback(server.stop, _STOP_SECONDS)
        passed_on.close()

        _wait_until_ready(server, folder, data_dir / "postgres.log", log_start)
        return Running(server, socket_dir, binaries, held.pop_all())


def running_dsn(data_dir: Path) -> str | None:
    """Return the DSN of the server that another Usance process runs on `data_dir`, or None."""
    folder = data_dir.absolute() / "postgres"
    lines = _pid_file(folder)
    if len(lines) < _PidFile.STATUS + 1 or lines[_PidFile.STATUS].strip() != "ready":
        return None
    if not _serves(int(lines[_PidFile.PID]), folder):
        return None
    return _dsn(Path(lines[_PidFile.SOCKET_DIR]))


# --- one owner ------------------------------------------------------------------------------------


def _take_ownership(data_dir: Path) -> int:
    """Return the open, locked owner.lock. Raise EmbeddedError naming the owner if there is one."""
    try:
        lock = os.open(data_dir / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise EmbeddedError(
            f"{data_dir} belongs to another user. Choose a folder of yours with USANCE_DATA_DIR."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode().strip() or "unknown"
        os.close(lock)
        raise EmbeddedError(
            f"{data_dir} is in use by another Usance, process {owner}. Stop that one, or choose "
            "another folder with USANCE_DATA_DIR."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _wait_for_earlier_server(lock: int, folder: Path) -> None:
    """Lock server.lock, waiting until the server of an owner that died has shut down."""
    began = time.monotonic()
    hurried = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
        else:
            return
        pid = next((int(line) for line in _pid_file(folder)[:1]), 0)
        if waited > _OLD_SERVER_SECONDS and not hurried and _serves(pid, folder):
            os.kill(pid, signal.SIGQUIT)
            hurried = True
        if waited > _OLD_SERVER_SECONDS_MAX:
            raise EmbeddedError(
                f"an earlier PostgreSQL still runs on {folder}. Find it with `fuser "
                f"{folder.parent / 'server.lock'}` and stop it with `kill -QUIT`."
            )
        time.sleep(_POLL_SECONDS)


class _PidFile:
    """Lines of postmaster.pid (PostgreSQL's src/include/utils/pidfile.h)."""

    PID = 0
    SOCKET_DIR = 4
    STATUS = 7


def _pid_file(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _serves(pid: int, folder: Path) -> bool:
    """Whether process `pid` is a server on `folder`: PostgreSQL makes that its current folder."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:  # gone, or of another user and so not ours
        return False


def _clear_stale(data_dir: Path, folder: Path) -> None:
    """Remove what a killed server or first start left. To be called under both locks.

    The number in a left postmaster.pid may by now belong to any process, in a container often to
    Usance itself, and PostgreSQL would take that one for a server and refuse to start.
    """
    shutil.rmtree(data_dir / "postgres.new", ignore_errors=True)
    if lines := _pid_file(folder):
        pid = int(lines[_PidFile.PID])
        if _serves(pid, folder):
            raise EmbeddedError(
                f"PostgreSQL, process {pid}, was started on {folder} by other means. Stop it "
                f"(pg_ctl -D {folder} stop) and start Usance again."
            )
        (folder / "postmaster.pid").unlink()
        socket_dir = Path(lines[_PidFile.SOCKET_DIR]) if len(lines) > _PidFile.SOCKET_DIR else None
        if socket_dir and socket_dir.name.startswith("usance-") and socket_dir.is_dir():
            shutil.rmtree(socket_dir, ignore_errors=True)  # see _make_socket_dir
    for path in (data_dir / "run").glob(".s.PGSQL.*"):
        path.unlink()


# --- starting a process ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Launch:
    """How PostgreSQL's programs are run: as whom, and with which lock (see embedded_exec.py)."""

    identity: str
    lock: int

    def command(self, folder: Path, command: list[str]) -> list[str]:
        script = [sys.executable, "-I", "-S", embedded_exec.__file__]
        return [*script, str(os.getpid()), self.identity, str(folder), *command]

    def make_folder(self, folder: Path) -> None:
        """Make `folder` (0700) for the user that PostgreSQL runs as."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if ":" in self.identity:
            uid, gid = self.identity.split(":")
            os.chown(folder, int(uid), int(gid))

    def run(self, folder: Path, command: list[str], text: str = "") -> None:
        """Run a program to its end. Raise EmbeddedError with what it said if it fails."""
        done = subprocess.run(
            self.command(folder, command),
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[self.lock],
            env=_environment(),
            start_new_session=True,
            check=False,
        )
        if done.returncode or b"ERROR" in done.stdout:
            raise EmbeddedError(_failure(command[0], done.returncode, done.stdout.decode()))


class _Child:
    """A server process and the thread that started it, which lives exactly as long."""

    def __init__(self, command: list[str], *, log: int, lock: int) -> None:
        self.gone = threading.Event()
        started: SimpleQueue[subprocess.Popen[bytes] | OSError] = SimpleQueue()

        def keep() -> None:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[lock],
                    env=_environment(),
                    # Else Ctrl-C in a terminal would stop the server before its users are done.
                    start_new_session=True,
                )
            except OSError as error:
                started.put(error)
                return
            started.put(process)
            process.wait()
            self.gone.set()

        threading.Thread(target=keep, name="embedded-postgres", daemon=True).start()
        process = started.get()
        if isinstance(process, OSError):
            raise EmbeddedError(f"cannot start {command[0]}: {process}") from process
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def stop(self, fast_seconds: float) -> None:
        steps = ((signal.SIGINT, fast_seconds), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
        for number, seconds in steps:
            if not self.gone.is_set():
                self._process.send_signal(number)
                self.gone.wait(seconds)


def _environment() -> dict[str, str]:
    # No PG* variables, which change what the programs do, and no secrets of Usance's.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _identity(folder: Path, binaries: Binaries) -> str:
    """Return whom PostgreSQL runs as; see embedded_exec.py."""
    if os.geteuid() != 0:
        return "same"
    owner = folder.stat() if folder.exists() else None
    if owner and owner.st_uid != 0:
        return f"{owner.st_uid}:{owner.st_gid}"
    if _namespaces_work(binaries):
        return "namespace"
    nobody = f"{embedded_exec.NOBODY}:{embedded_exec.NOBODY}"
    if owner:
        raise EmbeddedError(
            f"{folder} belongs to root, PostgreSQL does not run as root, and this system allows no "
            f"user namespaces. Give it to another user: chown -R {nobody} {folder}"
        )
    return nobody


def _namespaces_work(binaries: Binaries) -> bool:
    # Containers often forbid them even to root, so only trying tells.
    probe = _Launch("namespace", lock=-1).command(Path("/"), [binaries.program("postgres"), "-V"])
    code = subprocess.run(probe, capture_output=True, check=False).returncode
    return code != embedded_exec.NO_NAMESPACE


# --- the cluster ----------------------------------------------------------------------------------


def _make_cluster(folder: Path, binaries: Binaries, launch: _Launch) -> None:
    """Make the cluster in `folder`, complete with its database, or not at all."""
    new = folder.with_name("postgres.new")
    launch.make_folder(new)
    initdb = [binaries.program("initdb"), "-D", str(new), "-U", NAME, "--auth=trust"]
    initdb += ["--no-locale", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
    launch.run(new, initdb)
    # The single-user server needs no socket; its end writes a checkpoint.
    single = [binaries.program("postgres"), "--single", "-D", str(new), "template1"]
    launch.run(new, single, f"CREATE DATABASE {NAME}\n")
    new.rename(folder)
    parent = os.open(folder.parent, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)


def _make_socket_dir(data_dir: Path, launch: _Launch) -> Path:
    """Make the folder of the socket: run/, or a new temporary one where that cannot hold it."""
    run = data_dir / "run"
    name_bytes = len(f"/.s.PGSQL.{PORT}")
    # A comma or a quote would end the name in PostgreSQL's and in asyncpg's list of sockets.
    if len(os.fsencode(run)) + name_bytes > _SOCKET_PATH_BYTES_MAX or set(str(run)) & set(',"\\'):
        run = Path(tempfile.mkdtemp(prefix="usance-", dir="/tmp"))
    launch.make_folder(run)
    return run


def _dsn(socket_dir: Path) -> str:
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(socket_dir))}&port={PORT}"


# --- waiting and reporting ------------------------------------------------------------------------


def _open_log(data_dir: Path) -> int:
    path = data_dir / "postgres.log"
    if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
        path.replace(path.with_name("postgres.log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _wait_until_ready(server: _Child, folder: Path, log: Path, log_start: int) -> None:
    """Return when `server` takes connections. Raise EmbeddedError with its log if it ends."""
    deadline = time.monotonic() + _START_SECONDS_MAX
    while not server.gone.wait(_POLL_SECONDS):
        lines = _pid_file(folder)
        # Only a file with our child's number is this server's word.
        if (
            len(lines) > _PidFile.STATUS
            and int(lines[_PidFile.PID]) == server.pid
            and lines[_PidFile.STATUS].strip() == "ready"
        ):
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL was not ready after {_START_SECONDS_MAX} s. Its log: {log}"
            )
    with log.open("rb") as file:
        file.seek(log_start)
        said = file.read().decode(errors="replace")
    raise EmbeddedError(_failure("postgres", server.returncode, said) + f"\nIts log: {log}")


def _failure(program: str, code: int | None, said: str) -> str:
    tail = "\n".join(said.splitlines()[-_LOG_LINES_SHOWN:])
    advice = {
        embedded_exec.NO_ENTRY: "\nPut the data where that user gets to, e.g. "
        "USANCE_DATA_DIR=/var/lib/usance, or run Usance as a user that is not root.",
        embedded_exec.NO_COMMAND: "\nInstall Usance where that user gets to, e.g. /opt/usance, or "
        "run it as a user that is not root.",
    }.get(code or 0, "")
    return f"{Path(program).name} failed ({code}):\n{tail}{advice}"
