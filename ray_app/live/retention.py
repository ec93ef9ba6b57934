"""Deletes what was kept for its time, and leaves the proof in the journal."""

from dataclasses import dataclass
from pathlib import Path

from ray_app.alerts.message import moment
from ray_app.domain.errors import StoreError
from ray_app.domain.situation import Situation
from ray_app.store.journal import Journal
from ray_app.store.situation_settings import RetentionSettings
from ray_app.store.situation_store import SituationStore

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Purged:
    """What one round deleted.

    Attributes:
        files: Stills and clips.
        changes: Of situations that stay.
        situations: With their steps and what people said.
        entries: Of the journal.
    """

    files: int = 0
    changes: int = 0
    situations: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept where, and for how long.

    Attributes:
        settings: How long.
        evidence: Folder of stills and clips.
        drones: Cameras whose pictures are kept for the shorter time.
    """

    settings: RetentionSettings
    evidence: Path
    drones: frozenset[str]


def purge(retention: Retention, store: SituationStore, journal: Journal, now: float) -> Purged:
    """Deletes everything whose time is over; what a killed round left is done by the next.

    Raises:
        StoreError: Something could not be deleted; it is tried again by the next round.
    """
    days = retention.settings
    files = 0
    for kept_days, cameras in (
        (days.drone_evidence_days, sorted(retention.drones)),
        (days.evidence_days, None),
    ):
        for situation in store.with_evidence(now - kept_days * DAY_S, cameras):
            files += _delete_files(retention.evidence, situation, kept_days, journal)
            store.forget_evidence([situation.event_id], now)
    files += _delete_strays(retention, journal, now)
    changes = store.forget_changes(now - days.changes_days * DAY_S)
    if changes:
        journal.append("purge", "vigie", f"{changes} changes after {days.changes_days:g} days")
    gone = store.forget_situations(now - days.situations_days * DAY_S)
    if gone:
        told = f"{len(gone)} situations after {days.situations_days:g} days: {', '.join(gone)}"
        journal.append("purge", "vigie", told)
    entries = journal.forget(now - days.journal_days * DAY_S)
    return Purged(files, changes, len(gone), entries)


def _delete_files(folder: Path, situation: Situation, kept_days: float, journal: Journal) -> int:
    """Deletes the files of a situation; the entry names each with its hash."""
    for file in situation.evidence:
        _delete(folder / Path(file.name).name)
    named = ", ".join(f"{file.name} {file.sha256}" for file in situation.evidence)
    journal.append(
        "purge", "vigie", f"evidence of {situation.event_id} after {kept_days:g} days: {named}"
    )
    return len(situation.evidence)


def _delete_strays(retention: Retention, journal: Journal, now: float) -> int:
    """Deletes files no situation names, as a killed reader leaves: nobody else ever would."""
    before = now - retention.settings.evidence_days * DAY_S
    if not retention.evidence.is_dir():
        return 0
    old = [
        file
        for file in retention.evidence.iterdir()
        if file.is_file() and file.stat().st_mtime < before
    ]
    for file in old:
        written = moment(file.stat().st_mtime)
        _delete(file)
        journal.append("purge", "vigie", f"evidence no situation names: {file.name}, of {written}")
    return len(old)


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot delete {file}: {error.strerror or error}") from error
