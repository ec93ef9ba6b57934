"""Lays the files of one camera on one time line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ray_app.domain.errors import FootageError
from ray_app.video.archive import FileFacts
from ray_app.video.clip import Clip
from ray_app.video.container import FALLBACK_RATE_HZ
from ray_app.video.filesystem import shown
from ray_app.video.start_time import Clock, StartRule, find_clocks, find_starts

BREAK_S = 1.0  # a longer pause between files breaks a stretch: nobody is followed across it
ROUNDING_S = 0.001  # of time stamps: neither gap nor overlap


@dataclass(frozen=True, slots=True)
class Gap:
    """Time without footage between two files."""

    start_s: float
    end_s: float
    after_url: str
    before_url: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Time that two files cover; only the earlier one counts there."""

    start_s: float
    end_s: float
    kept_url: str
    cut_url: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All footage of one camera.

    Attributes:
        origin: UTC instant of second 0; None when unknown.
        clips: In time order, without overlap.
        gaps: Pauses that break a stretch, in time order.
        overlaps: What was cut, in time order.
        notes: What a person should know: where times come from, what is doubtful.
        clocks: (url, who told its start) pairs, of every file.
    """

    camera_id: str
    origin: datetime | None
    clips: tuple[Clip, ...]
    gaps: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...]
    clocks: tuple[tuple[str, Clock], ...] = ()

    @property
    def end_s(self) -> float:
        """Where the footage ends, seconds."""
        return self.clips[-1].end_s if self.clips else 0.0

    def instant(self, time_s: float) -> datetime | None:
        """Returns the UTC instant of a time on the line; None when unknown."""
        return None if self.origin is None else self.origin + timedelta(seconds=time_s)


def lay_out(
    camera_id: str,
    files: Sequence[FileFacts],
    rule: StartRule | None = None,
    frame_rate_hz: float | None = None,
) -> Timeline:
    """Returns the time line of a camera's files.

    Files with a known start stand where they began. The others follow in name order after all
    known ones, each a stretch of its own, at the next whole second.

    Args:
        camera_id: Camera name.
        files: Facts of every readable file, in any order.
        rule: How starts are found; None takes the containers' word.
        frame_rate_hz: True mean rate where the files lie or have no time stamps.

    Raises:
        FootageError: The length of a file cannot be told.
    """
    by_name = sorted(files, key=lambda facts: facts.url)
    starts, notes = find_starts(by_name, rule or StartRule())
    layout = _Layout(camera_id, frame_rate_hz)
    dated = [(s, f) for s, f in zip(starts, by_name, strict=True) if s is not None]
    dated.sort(key=lambda pair: (pair[0], pair[1].url))
    for start, facts in dated:
        layout.place_at((start - dated[0][0]).total_seconds(), facts)
    for undated in (f for s, f in zip(starts, by_name, strict=True) if s is None):
        layout.place_after(undated)
    said = dict.fromkeys(note for facts in by_name for note in _notes(facts, frame_rate_hz))
    return Timeline(
        camera_id=camera_id,
        origin=dated[0][0] if dated else None,
        clips=tuple(layout.clips),
        gaps=tuple(layout.gaps),
        overlaps=tuple(layout.overlaps),
        notes=(*notes, *said),
        clocks=tuple(
            (facts.url, clock)
            for facts, clock in zip(by_name, find_clocks(by_name, rule or StartRule()), strict=True)
        ),
    )


class _Layout:
    """Places one file after the other, in time order."""

    def __init__(self, camera_id: str, frame_rate_hz: float | None) -> None:
        self.clips: list[Clip] = []
        self.gaps: list[Gap] = []
        self.overlaps: list[Overlap] = []
        self._camera_id = camera_id
        self._frame_rate_hz = frame_rate_hz

    def place_at(self, start_s: float, facts: FileFacts) -> None:
        """Places a file whose start is known; cuts what the file before covers."""
        length_s = _length_s(facts, self._frame_rate_hz)
        if not self.clips:
            self._add(facts, start_s, 0.0, length_s, 0)
            return
        last = self.clips[-1]
        pause_s = start_s - last.end_s
        skip_s = max(0.0, -pause_s)
        if skip_s > ROUNDING_S:
            cut_to_s = min(last.end_s, start_s + length_s)
            self.overlaps.append(Overlap(start_s, cut_to_s, last.url, facts.url))
        if pause_s > BREAK_S:
            self.gaps.append(Gap(last.end_s, start_s, last.url, facts.url))
        if length_s > skip_s:
            self._add(facts, start_s, skip_s, length_s, last.stretch + (pause_s > BREAK_S))

    def place_after(self, facts: FileFacts) -> None:
        """Places a file whose start is unknown: the next whole second, a stretch of its own."""
        length_s = _length_s(facts, self._frame_rate_hz)
        if not self.clips:
            self._add(facts, 0.0, 0.0, length_s, 0)
            return
        last = self.clips[-1]
        start_s = float(math.ceil(last.end_s - ROUNDING_S))
        self._add(facts, start_s, 0.0, length_s, last.stretch + 1)

    def _add(
        self, facts: FileFacts, start_s: float, skip_s: float, length_s: float, stretch: int
    ) -> None:
        self.clips.append(
            Clip(
                camera_id=self._camera_id,
                url=facts.url,
                start_s=start_s + skip_s,
                end_s=start_s + length_s,
                stretch=stretch,
                size_px=facts.size_px,
                rotation_deg=facts.rotation_deg,
                skip_s=skip_s,
                frame_rate_hz=self._frame_rate_hz,
                has_time_stamps=facts.has_time_stamps,
            )
        )


def _length_s(facts: FileFacts, frame_rate_hz: float | None) -> float:
    if facts.duration_s is None:
        raise FootageError(f"{shown(facts.url)}: its length cannot be told")
    if frame_rate_hz is None:
        return facts.duration_s
    return facts.duration_s * (facts.frame_rate_hz or FALLBACK_RATE_HZ) / frame_rate_hz


def _notes(facts: FileFacts, frame_rate_hz: float | None) -> tuple[str, ...]:
    if frame_rate_hz is None:
        return facts.notes
    stated = "none" if facts.frame_rate_hz is None else f"{facts.frame_rate_hz:g}"
    return (f"time runs at {frame_rate_hz:g} pictures/s as the site file says; file: {stated}",)
