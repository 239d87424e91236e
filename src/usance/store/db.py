"""The database: a pool of connections, transactions, and the one place where outages are retried.

A transaction that PostgreSQL rolled back by itself (a serialization failure, a deadlock, a lost
connection) is run again; one whose COMMIT got no answer is not, since it may have happened.

Sources: PostgreSQL, "Transaction Isolation" and "PostgreSQL Error Codes".
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Final, Literal, Self, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from usance.core.refusals import Code, Refusal
from usance.store import jsonb, partitions
from usance.store.migrate import Migration, migrate

# A connection inside a transaction. Whoever is handed one neither commits nor rolls back.
Tx: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

T = TypeVar("T")
_Isolation: TypeAlias = Literal["read_committed", "repeatable_read"]

_ATTEMPTS_MAX: Final = 5
_ACQUIRE_SECONDS_MAX: Final = 5.0
_CONNECT_SECONDS_MAX: Final = 10.0
_SETTINGS: Final = {
    "application_name": "usance",
    "timezone": "UTC",
    "statement_timeout": "30000",  # milliseconds, as all of these
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",  # compiling costs more than these short statements take
}
# Without it a statement goes on, and holds its locks, after its client is gone.
_WATCH: Final = ("client_connection_check_interval", "500")

_CONFLICTS: Final = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "0A000",  # a migration changed what a prepared statement returns
}
_LOSSES: Final = {
    "57P01",  # admin_shutdown
    "57P02",  # crash_shutdown
    "57P03",  # cannot_connect_now
    "25P03",  # idle_in_transaction_session_timeout
}
_OVERLOADS: Final = {
    "57014",  # query_canceled: statement_timeout
    "55P03",  # lock_not_available: lock_timeout
    "25006",  # read_only_sql_transaction: this server became a standby
}
_OVERLOAD_CLASS: Final = "53"  # insufficient resources: connections, memory, disk
CONSTRAINTS: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
)
"""What the database says of rows that must not be: our mistake, never the world's."""

# Raised before anything is sent, where the server's farewell was read and the connection's end not yet.
_BROKEN: Final = asyncpg.InternalClientError
_DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, _BROKEN, OSError)


class Unreachable(Exception):  # noqa: N818 - named by the fact, like a refusal
    """The database cannot be connected to; the message says why, without a password."""


class _Again(Exception):  # noqa: N818
    """Nothing was kept: the transaction can be run again, after `pause_seconds`."""

    def __init__(self, pause_seconds: float, factor: int) -> None:
        super().__init__()
        self.pause_seconds = pause_seconds
        self.factor = factor


def _conflict() -> _Again:
    return _Again(0.01, 2)


def _loss() -> _Again:
    return _Again(0.05, 3)  # five attempts take two seconds: a killed PostgreSQL is back by then


def _unavailable(message: str) -> Refusal:
    return Refusal(Code.UNAVAILABLE, message)


async def migrate_database(dsn: str, *, now: datetime) -> list[Migration]:
    """Apply the migrations that the database lacks, and return them. Raises `Unreachable`.

    Tables for the months to come are made, too; one that cannot be made now is made by a worker.
    On a connection of its own: a migration may take longer than any statement of a request.
    """
    with _unreachable():
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS_MAX)
    try:
        applied = await migrate(connection, now=now)
        for month in await partitions.missing(connection, now=now):
            await partitions.create(connection, month)
        return applied
    finally:
        await connection.close()


class Db:
    """The pool of one process. `run` and `read` are how work reaches the database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", jitter: Callable[[], float]) -> None:
        self._pool = pool
        self._jitter = jitter

    @classmethod
    async def open(cls, dsn: str, *, jitter: Callable[[], float], size: int = 16) -> Self:
        """Return a pool of at most `size` connections, or raise `Unreachable`.

        `jitter` gives numbers from 0 up to 1: the store draws none itself.
        """
        with _unreachable():
            settings = await _settings(dsn)
            pool = await asyncpg.create_pool(
                dsn,
                min_size=0,  # a floor is restored in the background, loudly while the server is away
                init_size=1,
                max_size=size,
                init=_prepare,
                reset=_leave,
                server_settings=settings,
                statement_cache_size=512,
                timeout=_CONNECT_SECONDS_MAX,
            )
        return cls(pool, jitter)

    async def close(self, seconds: float = 5) -> None:
        """Close all connections; those still at work after some seconds are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), seconds)
        except TimeoutError:
            self._pool.terminate()

    async def ping(self) -> bool:
        """Return whether the database answers."""
        try:
            async with self._connection() as connection:
                return bool(await connection.fetchval("SELECT true", timeout=2) is True)
        except (_Again, Refusal, TimeoutError, *_DRIVER_ERRORS):
            return False

    async def run(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Return what `work` does in one transaction (READ COMMITTED), once it is committed.

        `work` is run again when PostgreSQL had to undo it, so it must keep nothing outside of the
        transaction. Refused with `unavailable` after five attempts, when no connection is free,
        and when nobody can tell whether the COMMIT happened.
        """
        return await self._repeat(lambda: self._transaction("read_committed"), work)

    async def read(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Return what `work` reads at one instant (REPEATABLE READ, read only)."""
        return await self._repeat(lambda: self._transaction("repeatable_read", readonly=True), work)

    async def peek(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Return what `work` reads with a single statement, outside of a transaction."""
        return await self._repeat(self._connection, work)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Open a transaction (READ COMMITTED) that nothing repeats: prefer `run`."""
        try:
            async with self._transaction("read_committed") as tx:
                yield tx
        except _Again as failure:
            raise _unavailable("The database is not available at the moment.") from failure

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """Open a read-only transaction that sees one instant and is not repeated: prefer `read`."""
        try:
            async with self._transaction("repeatable_read", readonly=True) as tx:
                yield tx
        except _Again as failure:
            raise _unavailable("The database is not available at the moment.") from failure

    async def _repeat(
        self,
        opened: Callable[[], AbstractAsyncContextManager[Tx]],
        work: Callable[[Tx], Awaitable[T]],
    ) -> T:
        last: BaseException | None = None
        for attempt in range(_ATTEMPTS_MAX):
            try:
                async with opened() as tx:
                    return await work(tx)
            except _Again as failure:
                last = failure.__cause__
                if attempt < _ATTEMPTS_MAX - 1:
                    pause = failure.pause_seconds * failure.factor**attempt
                    await asyncio.sleep(pause * (0.5 + self._jitter()))
        raise _unavailable("The database is not available at the moment.") from last

    @asynccontextmanager
    async def _transaction(
        self, isolation: _Isolation, *, readonly: bool = False
    ) -> AsyncIterator[Tx]:
        async with self._connection() as connection:
            block = connection.transaction(isolation=isolation, readonly=readonly)
            await block.start()
            try:
                yield connection
            except BaseException:
                # A closed connection has rolled back, and must not hide why it was closed.
                with suppress(*_DRIVER_ERRORS):
                    await block.rollback()
                raise
            try:
                await block.commit()
            except _DRIVER_ERRORS as error:
                if readonly or isinstance(error, _BROKEN) or _sqlstate(error) in _CONFLICTS:
                    raise
                if _sqlstate(error) in _LOSSES or _is_gone(connection):
                    raise _unavailable(
                        "The database went away while this was being committed, so it may have "
                        "happened or not. Send it again with the same Idempotency-Key to be sure."
                    ) from error
                raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Tx]:
        try:
            connection = await self._pool.acquire(timeout=_ACQUIRE_SECONDS_MAX)
        except TimeoutError as error:
            raise _unavailable("All connections to the database are busy.") from error
        except _DRIVER_ERRORS as error:
            raise _loss() from error
        try:
            yield connection
        except _BROKEN as error:
            with suppress(*_DRIVER_ERRORS):
                connection.terminate()
            raise _loss() from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            state = _sqlstate(error)
            if state in _CONFLICTS or _is_misplaced(error):
                raise _conflict() from error
            if state in _LOSSES or _is_gone(connection):
                raise _loss() from error
            if state in _OVERLOADS or state[:2] == _OVERLOAD_CLASS:
                raise _unavailable("The database is too busy at the moment.") from error
            raise
        finally:
            # A connection that broke while it was handed back is replaced by the pool.
            with suppress(*_DRIVER_ERRORS):
                await self._pool.release(connection)


def _is_gone(connection: Tx) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool took it back when it broke
        return True


def _is_misplaced(error: BaseException) -> bool:
    """Whether a row's partition was chosen while another was made for it: a CHECK without a name."""
    return isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


async def _settings(dsn: str) -> dict[str, str]:
    """Return the settings for each connection: those that this server knows.

    An unknown name would refuse the connection, and so would this one's value on a system that
    cannot watch a socket.
    """
    connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS_MAX)
    try:
        with suppress(asyncpg.PostgresError):
            await connection.execute("SELECT set_config($1, $2, false)", *_WATCH)
            return _SETTINGS | dict([_WATCH])
        return _SETTINGS
    finally:
        await connection.close()


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=jsonb.encode, decoder=jsonb.decode
    )


async def _leave(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Do nothing: no session state is ever set, and resetting it would cost a round trip."""
