"""Situations in one SQLite file, owned by one process."""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from ray_app.domain.errors import StoreError
from ray_app.store.sql_situations import Execute, Row, SqlSituations
from ray_app.store.written_aside import cause_of

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
        "INSERT INTO counters VALUES ('change', 0)",
        "CREATE TABLE steps (event_id TEXT NOT NULL, phase TEXT NOT NULL, time_s REAL NOT NULL,"
        " signal TEXT NOT NULL, PRIMARY KEY (event_id, phase, time_s)) STRICT, WITHOUT ROWID",
        "CREATE TABLE situations (event_id TEXT PRIMARY KEY, camera_id TEXT NOT NULL,"
        " phase TEXT NOT NULL, kept_at REAL NOT NULL, files_at REAL,"
        " last_change INTEGER NOT NULL, situation TEXT NOT NULL) STRICT",
        "CREATE INDEX situations_by_change ON situations (last_change)",
        "CREATE INDEX situations_by_time ON situations (kept_at)",
        "CREATE INDEX situations_by_files ON situations (files_at)",
        "CREATE TABLE changes (number INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL,"
        " event_id TEXT NOT NULL, situation TEXT NOT NULL) STRICT",
        "CREATE INDEX changes_by_event ON changes (event_id)",
        "CREATE INDEX changes_by_time ON changes (at)",
    ),
)
"""Statements that bring a file from version k to k + 1; only ever added to."""
OWNER_WAIT_S = 15.0


def open_sqlite_situations(file: Path, owner_wait_s: float = OWNER_WAIT_S) -> SqlSituations:
    """Opens the store, made if absent.

    Args:
        file: Of the database; others of the same name with an ending lie beside it.
        owner_wait_s: How long to wait for an owner that is just going.

    Raises:
        StoreError: Another process owns it, it is damaged, or written by a newer Vigie.
    """
    return SqlSituations(SqliteDatabase(file, owner_wait_s))


class SqliteDatabase:
    """One SQLite file in write-ahead mode; every transaction is on disk when it returns."""

    def __init__(self, file: Path, owner_wait_s: float = OWNER_WAIT_S) -> None:
        self._file, self._lock = file, threading.RLock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._owner = _own(file.with_name(f"{file.name}.lock"), owner_wait_s)
        except OSError as error:
            raise StoreError(f"cannot open {file}: {cause_of(error)}") from error
        try:
            self._connection = sqlite3.connect(
                file, isolation_level=None, check_same_thread=False, timeout=5.0
            )
            self._prepare()
        except sqlite3.Error as error:
            self._owner.close()
            raise StoreError(f"cannot open {file}: {error}; move it away to begin anew") from error
        except StoreError:
            self.close()
            raise

    def transaction(self) -> AbstractContextManager[Execute]:
        """Gives what runs a statement; on disk when the block ends, or all of it undone."""
        return self._transaction()

    def close(self) -> None:
        """Closes the file and lets another own it."""
        with self._lock:
            self._connection.close()
            self._owner.close()

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._execute
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._undo()
                raise StoreError(f"cannot use {self._file}: {error}") from error
            except BaseException:
                self._undo()
                raise

    def _execute(self, statement: str, *values: Any) -> list[Row]:  # noqa: ANN401  SQL values
        return self._connection.execute(statement, values).fetchall()

    def _undo(self) -> None:
        with suppress(sqlite3.Error):  # SQLite undid it already, as it does when the disk is full
            self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {setting}").fetchall()
        found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{self._file} is damaged ({found}); move it away to begin anew")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._file} was written by a newer Vigie (version {version}, this one knows "
                f"{len(MIGRATIONS)}); update Vigie"
            )
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            with self._transaction() as execute:
                for statement in statements:
                    execute(statement)
                execute(f"PRAGMA user_version = {number}")


def _own(lock: Path, wait_s: float) -> BinaryIO:
    """Returns the locked file; it stays locked until it is closed or its process ends."""
    file = lock.open("ab")
    give_up_at = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                file.close()
                raise StoreError(
                    f"another process owns {lock.with_suffix('')}; stop it (vigie live stop)"
                ) from None
            time.sleep(0.05)
        else:
            return file
