"""Situations in a database that speaks SQL; the database itself is behind a protocol."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ray_app.domain.event import Phase
from ray_app.domain.situation import (
    Acknowledgement,
    Change,
    ChangeKind,
    Signal,
    Situation,
)
from ray_app.store.situation_fold import (
    new_files,
    with_acknowledgement,
    with_evidence,
    with_step,
    without_evidence,
)
from ray_app.store.situation_json import signal_of, signal_text, situation_of, situation_text

Row = tuple[Any, ...]
Execute = Callable[..., list[Row]]
MOST_ROWS = 10_000


class Database(Protocol):
    """A database with one owner."""

    def transaction(self) -> AbstractContextManager[Execute]:
        """Gives what runs one statement (SQL with ?, values...) and returns its rows.

        Durable when the block ends; an exception undoes all of it. Raises StoreError.
        """
        ...

    def close(self) -> None:
        """Closes it."""
        ...


class SqlSituations:
    """Keeps situations by the statements SQLite and PostgreSQL share (`SituationStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, signals: Sequence[Signal], at: float) -> int:
        """Keeps steps and files in one transaction; returns how many brought something new."""
        with self._database.transaction() as execute:
            return sum(_take(execute, signal, at) for signal in signals)

    def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        with self._database.transaction() as execute:
            return _situation(execute, event_id)

    def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        wanted = ["last_change > ?"]
        chosen: list[Any] = [since_change]
        for column, value in (("phase", phase), ("camera_id", camera_id)):
            if value is not None:
                wanted.append(f"{column} = ?")
                chosen.append(value)
        statement = (
            f"SELECT situation FROM situations WHERE {' AND '.join(wanted)}"  # noqa: S608
            " ORDER BY last_change DESC LIMIT ?"
        )
        with self._database.transaction() as execute:
            rows = execute(statement, *chosen, _bounded(limit))
        return tuple(situation_of(row[0]) for row in rows)

    def acknowledge(self, said: Acknowledgement) -> Situation:
        """Keeps what a person said; raises ValueError with one clear line."""
        with self._database.transaction() as execute:
            known = _situation(execute, said.event_id)
            if known is None:
                raise ValueError(f"no situation {said.event_id!r}")
            grown = with_acknowledgement(known, said)
            if grown is not known:
                _keep(execute, ChangeKind.ACKNOWLEDGEMENT, grown, said.at)
            return grown

    def changes(self, after: int, limit: int = 200) -> tuple[Change, ...]:
        """Returns the changes after a number, in order."""
        with self._database.transaction() as execute:
            rows = execute(
                "SELECT number, at, kind, situation FROM changes WHERE number > ?"
                " ORDER BY number LIMIT ?",
                after,
                _bounded(limit),
            )
        return tuple(
            Change(number, at, ChangeKind(kind), situation_of(text))
            for number, at, kind, text in rows
        )

    def last_change(self) -> int:
        """Returns the number of the newest change ever; 0 before the first."""
        with self._database.transaction() as execute:
            return int(execute("SELECT value FROM counters WHERE name = 'change'")[0][0])

    def with_evidence(
        self, before: float, camera_ids: Sequence[str] | None = None
    ) -> tuple[Situation, ...]:
        """Returns situations whose first file was kept before, oldest first."""
        wanted = "files_at < ?"
        chosen: list[Any] = [before, *(camera_ids or ())]
        if camera_ids is not None:
            wanted += f" AND camera_id IN ({', '.join('?' * len(camera_ids)) or 'NULL'})"
        statement = f"SELECT situation FROM situations WHERE {wanted} ORDER BY files_at LIMIT ?"  # noqa: S608
        with self._database.transaction() as execute:
            rows = execute(statement, *chosen, MOST_ROWS)
        return tuple(situation_of(row[0]) for row in rows)

    def forget_evidence(self, event_ids: Sequence[str], at: float) -> None:
        """Notes that the files of these situations were deleted."""
        with self._database.transaction() as execute:
            for event_id in event_ids:
                known = _situation(execute, event_id)
                if known is not None and known.evidence:
                    _keep(execute, ChangeKind.PURGED, without_evidence(known), at)

    def forget_changes(self, before: float) -> int:
        """Deletes changes kept before, and updates of situations that rest since; counts them."""
        with self._database.transaction() as execute:
            execute(
                "DELETE FROM steps WHERE phase = ? AND event_id IN"
                " (SELECT event_id FROM situations WHERE kept_at < ?)",
                str(Phase.UPDATED),
                before,
            )
            count = execute("SELECT count(*) FROM changes WHERE at < ?", before)[0][0]
            execute("DELETE FROM changes WHERE at < ?", before)
        return int(count)

    def forget_situations(self, before: float) -> tuple[str, ...]:
        """Deletes situations whose last step was kept before; returns their ids."""
        with self._database.transaction() as execute:
            rows = execute(
                "SELECT event_id FROM situations WHERE kept_at < ? ORDER BY kept_at LIMIT ?",
                before,
                MOST_ROWS,
            )
            for (event_id,) in rows:
                execute("DELETE FROM changes WHERE event_id = ?", event_id)
                execute("DELETE FROM steps WHERE event_id = ?", event_id)
                execute("DELETE FROM situations WHERE event_id = ?", event_id)
        return tuple(row[0] for row in rows)

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()


def _bounded(limit: int) -> int:
    return max(0, min(limit, MOST_ROWS))


def _situation(execute: Execute, event_id: str) -> Situation | None:
    rows = execute("SELECT situation FROM situations WHERE event_id = ?", event_id)
    return situation_of(rows[0][0]) if rows else None


def _take(execute: Execute, signal: Signal, at: float) -> bool:
    """Keeps one signal; returns whether it brought something new."""
    event = signal.event
    step = (event.event_id, str(event.phase), event.time_s)
    rows = execute(
        "SELECT signal FROM steps WHERE event_id = ? AND phase = ? AND time_s = ?", *step
    )
    known = _situation(execute, event.event_id)
    if not rows or known is None:
        execute("INSERT INTO steps VALUES (?, ?, ?, ?)", *step, signal_text(signal))
        _keep(execute, ChangeKind.STEP, with_step(known, signal), at)
        return True
    told = signal_of(rows[0][0]).evidence
    files = new_files(told, signal.evidence)
    if not files:
        return False
    text = signal_text(Signal(event, signal.taken_at, (*told, *files), signal.versions))
    execute(
        "UPDATE steps SET signal = ? WHERE event_id = ? AND phase = ? AND time_s = ?", text, *step
    )
    _keep(execute, ChangeKind.EVIDENCE, with_evidence(known, files), at)
    return True


def _keep(execute: Execute, kind: ChangeKind, situation: Situation, at: float) -> None:
    """Writes the situation as it stands now, under the next change number."""
    text, event = situation_text(situation), situation.latest.event
    rows = execute("UPDATE counters SET value = value + 1 WHERE name = 'change' RETURNING value")
    number, files_at = rows[0][0], at if situation.evidence else None
    execute(
        "INSERT INTO situations VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO UPDATE SET"
        " phase = excluded.phase, last_change = excluded.last_change,"
        " situation = excluded.situation",
        *(event.event_id, event.camera_id, str(event.phase), at, files_at, number, text),
    )
    if kind in {ChangeKind.STEP, ChangeKind.EVIDENCE}:  # what people say prolongs nothing
        execute("UPDATE situations SET kept_at = ? WHERE event_id = ?", at, event.event_id)
    execute(
        "UPDATE situations SET files_at = coalesce(files_at, ?) WHERE event_id = ?"
        if situation.evidence
        else "UPDATE situations SET files_at = ? WHERE event_id = ?",
        files_at,
        event.event_id,
    )
    execute(
        "INSERT INTO changes VALUES (?, ?, ?, ?, ?)", number, at, str(kind), event.event_id, text
    )
