"""Situations in PostgreSQL, for a site whose machines come and go."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ray_app.domain.errors import StoreError
from ray_app.outside.secrets import Secret, redacted
from ray_app.store.sql_situations import Execute, Row, SqlSituations

if TYPE_CHECKING:
    from types import ModuleType

    import psycopg

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        "INSERT INTO counters VALUES ('change', 0), ('version', 0)",
        "CREATE TABLE steps (event_id TEXT NOT NULL, phase TEXT NOT NULL,"
        " time_s DOUBLE PRECISION NOT NULL, signal TEXT NOT NULL,"
        " PRIMARY KEY (event_id, phase, time_s))",
        "CREATE TABLE situations (event_id TEXT PRIMARY KEY, camera_id TEXT NOT NULL,"
        " phase TEXT NOT NULL, kept_at DOUBLE PRECISION NOT NULL, files_at DOUBLE PRECISION,"
        " last_change BIGINT NOT NULL, situation TEXT NOT NULL)",
        "CREATE INDEX situations_by_change ON situations (last_change)",
        "CREATE INDEX situations_by_time ON situations (kept_at)",
        "CREATE INDEX situations_by_files ON situations (files_at)",
        "CREATE TABLE changes (number BIGINT PRIMARY KEY, at DOUBLE PRECISION NOT NULL,"
        " kind TEXT NOT NULL, event_id TEXT NOT NULL, situation TEXT NOT NULL)",
        "CREATE INDEX changes_by_event ON changes (event_id)",
        "CREATE INDEX changes_by_time ON changes (at)",
    ),
)
"""Statements that bring the schema from version k to k + 1; only ever added to."""
SCHEMA = "vigie"
OWNER_LOCK = 0x76696769  # an advisory lock of the database, held by the one owner
CONNECT_S = 10
OWNER_WAIT_S = 5.0


def open_postgres_situations(address: Secret) -> SqlSituations:
    """Opens the store in the schema `vigie` of a database, made if absent.

    Args:
        address: Connection string, as `postgresql://vigie@db.example/vigie`.

    Raises:
        StoreError: psycopg is not installed, the server does not answer, another desk owns the
            store, or it was written by a newer Vigie. The message shows no secret.
    """
    return SqlSituations(PostgresDatabase(address))


class PostgresDatabase:
    """One connection, opened again after the server was away."""

    def __init__(self, address: Secret) -> None:
        self._address, self._lock = address, threading.RLock()
        self._open: psycopg.Connection[Row] | None = None
        with self._transaction():
            pass  # the first connection brings the schema up to date

    def transaction(self) -> AbstractContextManager[Execute]:
        """Gives what runs a statement; durable when the block ends, or all of it undone."""
        return self._transaction()

    def close(self) -> None:
        """Closes the connection; another may own the store then."""
        with self._lock:
            self._drop()

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        errors = _driver().Error
        with self._lock:
            try:
                connection = self._connected()
                with connection.transaction():
                    yield _executor(connection)
            except errors as error:
                # Whether it was kept may be unknown: every call may be made again.
                self._drop()
                raise StoreError(f"PostgreSQL: {_told(error)}") from None

    def _connected(self) -> "psycopg.Connection[Row]":
        if self._open is None or self._open.closed:
            self._open = _connect(self._address)
        return self._open

    def _drop(self) -> None:
        if self._open is not None:
            with suppress(Exception):
                self._open.close()
        self._open = None


def _driver() -> "ModuleType":
    try:
        import psycopg
    except ImportError:
        raise StoreError(
            "a PostgreSQL store needs psycopg; install it: pip install 'vigie[postgres]'"
        ) from None
    return psycopg


def _connect(address: Secret) -> "psycopg.Connection[Row]":
    driver = _driver()
    try:
        connection: psycopg.Connection[Row] = driver.connect(
            address.reveal(), autocommit=True, connect_timeout=CONNECT_S
        )
    except driver.ProgrammingError:  # its text quotes the string, password and all
        raise StoreError(
            "the connection string of the PostgreSQL store cannot be read; "
            "as postgresql://vigie@db.example/vigie"
        ) from None
    try:
        execute = _executor(connection)
        _own(execute)
        execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        execute(f"SET search_path TO {SCHEMA}")
        execute("SET synchronous_commit TO on")
        _migrate(connection, execute)
    except BaseException:
        connection.close()
        raise
    return connection


def _own(execute: Execute) -> None:
    """Waits a little for an owner that is just going."""
    give_up_at = time.monotonic() + OWNER_WAIT_S
    while not execute("SELECT pg_try_advisory_lock(?)", OWNER_LOCK)[0][0]:
        if time.monotonic() >= give_up_at:
            raise StoreError("another desk owns this PostgreSQL store; stop it (vigie live stop)")
        time.sleep(0.1)


def _migrate(connection: "psycopg.Connection[Row]", execute: Execute) -> None:
    with connection.transaction():
        exists = execute("SELECT to_regclass(?)", f"{SCHEMA}.counters")[0][0]
        version = (
            execute("SELECT value FROM counters WHERE name = 'version'")[0][0] if exists else 0
        )
        if version > len(MIGRATIONS):
            raise StoreError(
                f"the PostgreSQL store was written by a newer Vigie (version {version}); update"
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                execute(statement)
        execute("UPDATE counters SET value = ? WHERE name = 'version'", len(MIGRATIONS))


def _executor(connection: "psycopg.Connection[Row]") -> Execute:
    def execute(statement: str, *values: Any) -> list[Row]:  # noqa: ANN401  SQL values
        cursor = connection.execute(statement.replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []

    return execute


def _told(error: BaseException) -> str:
    lines = redacted(str(error)).splitlines()
    return lines[0] if lines else type(error).__name__
