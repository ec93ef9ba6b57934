"""Finds when each file of a camera began: file name, site file, container or telemetry."""

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from ray_app.video.archive import FileFacts
from ray_app.video.filesystem import shown

CREATION_TIMES_CLASH_S = 2.0


class Clock(enum.StrEnum):
    """Who told when a file began."""

    SITE_FILE = "site file"
    FILE_NAME = "file name"
    CONTAINER = "container"
    TELEMETRY = "telemetry"
    NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class StartRule:
    """What the site file says of when footage began.

    Attributes:
        started_at: Instant of the first file in name order, with a time zone.
        start_pattern: strftime pattern of the file name without its ending, as
            `cam1_%Y%m%d_%H%M%S`.
        time_zone: IANA name of the zone file names and telemetry are written in.
        telemetry: (url, wall clock of the aircraft at the file's first instant) pairs; an
            instant without a time zone is in time_zone.
    """

    started_at: datetime | None = None
    start_pattern: str | None = None
    time_zone: str = "UTC"
    telemetry: tuple[tuple[str, datetime], ...] = ()


def find_starts(
    files: Sequence[FileFacts], rule: StartRule
) -> tuple[list[datetime | None], list[str]]:
    """Returns the UTC start of each file, None where unknown, and what to say about it.

    The file name goes before the container: its pattern was written by somebody who knows. The
    given start of the first file goes before both; telemetry, whose clock rarely says its time
    zone, comes last. Creation times are dropped, and it is said,
    when they would have files run at once: then they tell when files were copied.
    """
    told, notes = _find(files, rule)
    return [start for start, _ in told], notes


def find_clocks(files: Sequence[FileFacts], rule: StartRule) -> list[Clock]:
    """Returns who told the start of each file that `find_starts` gives."""
    return [clock for _, clock in _find(files, rule)[0]]


def _find(
    files: Sequence[FileFacts], rule: StartRule
) -> tuple[list[tuple[datetime | None, Clock]], list[str]]:
    notes: list[str] = []
    named = [_from_name(facts.url, rule) for facts in files]
    if rule.start_pattern is not None:
        notes += [
            f"{shown(facts.url)}: its name does not match {rule.start_pattern!r}"
            for facts, start in zip(files, named, strict=True)
            if start is None
        ]
    stated = [facts.started_at for facts in files]
    if _clash(files, stated):
        notes.append("creation times contradict the lengths of the files; not used")
        stated = [None] * len(files)
    flown = [_from_telemetry(facts.url, rule) for facts in files]
    told = [_first_told(*each) for each in zip(named, stated, flown, strict=True)]
    if rule.started_at is not None and told:
        told[0] = rule.started_at.astimezone(UTC), Clock.SITE_FILE
    unknown = sum(start is None for start, _ in told)
    if unknown:
        notes.append(f"start unknown for {unknown} of {len(files)} files; placed in name order")
    return told, notes


def _first_told(
    name: datetime | None, container: datetime | None, telemetry: datetime | None
) -> tuple[datetime | None, Clock]:
    if name is not None:
        return name, Clock.FILE_NAME
    if container is not None:
        return container, Clock.CONTAINER
    return (None, Clock.NOBODY) if telemetry is None else (telemetry, Clock.TELEMETRY)


def _from_telemetry(url: str, rule: StartRule) -> datetime | None:
    at = dict(rule.telemetry).get(url)
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(rule.time_zone))).astimezone(UTC)


def _from_name(url: str, rule: StartRule) -> datetime | None:
    if rule.start_pattern is None:
        return None
    name = PurePosixPath(shown(url).replace("\\", "/"))
    for text in (name.stem, name.name):
        try:
            start = datetime.strptime(text, rule.start_pattern)  # noqa: DTZ007 (zone set below)
        except ValueError:
            continue
        if start.tzinfo is None:
            start = start.replace(tzinfo=ZoneInfo(rule.time_zone))
        return start.astimezone(UTC)
    return None


def _clash(files: Sequence[FileFacts], starts: Sequence[datetime | None]) -> bool:
    known = sorted(
        (start, facts.duration_s or 0.0)
        for facts, start in zip(files, starts, strict=True)
        if start is not None
    )
    return any(
        start + timedelta(seconds=length_s - CREATION_TIMES_CLASH_S) > following
        for (start, length_s), (following, _) in itertools.pairwise(known)
    )
