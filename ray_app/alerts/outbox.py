"""Messages that wait for one receiver, on disk."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ray_app.alerts.message import Message
from ray_app.domain.errors import StoreError

_TABLES = (
    "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, message_id TEXT NOT NULL,"
    " camera_id TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
)
_COUNTS = ("fed", "delivered", "dead", "lost")


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What became of the messages of one sink, over all restarts.

    Attributes:
        waiting: On disk now.
        fed: Number of the last change that was looked at.
        oldest_at: When the oldest that waits was kept, seconds since 1970; None for none.
    """

    waiting: int
    fed: int
    delivered: int
    dead: int
    lost: int
    oldest_at: float | None


class Outbox:
    """One SQLite file. It survives a kill; what a power cut takes is fed from the store again.

    Args:
        file: Made if absent.
        start_after: Number of the last change a new receiver is not told of.

    Raises:
        StoreError: The file cannot be made. A damaged one is put aside and begun anew from the
            first change there is: a receiver may get messages twice, never too few.
    """

    def __init__(self, file: Path, start_after: int) -> None:
        self._file, self._lock = file, threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = start_after if not file.exists() else 0
            try:
                self._connection = _opened(file, fresh)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                _put_aside(file)
                self._connection = _opened(file, 0)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open the outbox {file}: {error}") from error

    def put(self, messages: Sequence[Message], fed: int) -> None:
        """Keeps messages, and that changes up to the number fed were looked at."""
        rows = [(m.number, m.message_id, m.camera_id, m.at, m.body) for m in messages]
        with self._lock, _told(self._file), self._connection:
            self._connection.executemany(
                "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?)", rows
            )
            self._connection.execute("UPDATE counts SET value = ? WHERE name = 'fed'", (fed,))

    def first(self) -> Message | None:
        """Returns the oldest message; None when none waits."""
        with self._lock, _told(self._file):
            row = self._connection.execute(
                "SELECT number, message_id, camera_id, at, body FROM messages"
                " ORDER BY number LIMIT 1"
            ).fetchone()
        return None if row is None else Message(*row)

    def settle(self, number: int, became: str) -> None:
        """Takes a message out; it became "delivered" or "dead"."""
        with self._lock, _told(self._file), self._connection:
            self._connection.execute("DELETE FROM messages WHERE number = ?", (number,))
            self._add(became, 1)

    def count_lost(self, count: int) -> None:
        """Counts dead letters that were deleted."""
        with self._lock, _told(self._file), self._connection:
            self._add("lost", count)

    def counts(self) -> OutboxCounts:
        """Returns what became of the messages."""
        with self._lock, _told(self._file):
            waiting, oldest_at = self._connection.execute(
                "SELECT count(*), min(at) FROM messages"
            ).fetchone()
            rows = dict(self._connection.execute("SELECT name, value FROM counts").fetchall())
        return OutboxCounts(waiting=waiting, oldest_at=oldest_at, **rows)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def _add(self, name: str, count: int) -> None:
        self._connection.execute(
            "UPDATE counts SET value = value + ? WHERE name = ?", (count, name)
        )


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Turns the database's faults into StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"cannot use the outbox {file}: {error}") from error


def _opened(file: Path, start_after: int) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = NORMAL")
        _check(connection)
        with connection:
            for table in _TABLES:
                connection.execute(table)
            values = [(name, start_after if name == "fed" else 0) for name in _COUNTS]
            connection.executemany("INSERT OR IGNORE INTO counts VALUES (?, ?)", values)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _put_aside(file: Path) -> None:
    file.replace(file.with_name(f"{file.name}.damaged"))
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            file.with_name(f"{file.name}{ending}").unlink()
