"""`vigie evaluate tune`: levels for a stated number of false alarms, and what they would do."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from ray_app.analysis.alarm_tuning import Series, Trial, Watched, openings, try_alarm, tune
from ray_app.analysis.camera_analyzer import TimedReading
from ray_app.analysis.event_scores import EARLY_S, LATE_S, TrueEvent
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.commands.evaluate_events import TYPES
from ray_app.commands.site_text import load_site_text
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError, FootageError, StoreError
from ray_app.store.readings import read_readings
from ray_app.store.run_record import read_run
from ray_app.store.segments import SegmentRecord, SegmentStatus, read_segments

SHOWN = 6
LONGEST_STEP = 3.0
"""A jump above so many periods, and above 1 s, broke the footage off, as in the analyzer."""


def run(results: Path, truth: Path, situation: str, false_per_hour: float, *, as_json: bool) -> int:
    """Prints the levels that find most within the budget.

    Returns:
        0; 1 when no levels stay within the budget.
    """
    text = read_run(results).site_text
    if text is None:
        raise StoreError(f"{results} holds no site file, so that no present levels are known")
    present = present_alarm(load_site_text(text, f"site of {results}"), situation)
    cameras = watched_cameras(results, truth, situation)
    now, trials = try_alarm(cameras, present), tune(cameras, present, false_per_hour)
    best = trials[0]
    fired = what_fires(cameras, best.alarm)
    within = best.false_per_hour <= false_per_hour
    if as_json:
        told = {
            "situation": situation,
            "false_per_hour_allowed": false_per_hour,
            "within_budget": within,
            "camera_hours": sum(camera.seconds for camera in cameras) / 3600,
            "present": asdict(now),
            "best": asdict(best),
            "would_fire": fired,
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(Console(), situation, now, trials, fired)
        if not within:
            typer.echo(f"no levels stay within {false_per_hour:g} false alarms per camera-hour")
    return 0 if within else 1


def present_alarm(site: SiteConfig, situation: str) -> HysteresisSettings:
    """Returns the levels of the first camera that watches; raises ConfigError when none does."""
    watches = [w for c in site.cameras for w in getattr(c.situations, situation, ())]
    if not watches:
        known = sorted({name for c in site.cameras for name in _watched(c.situations)})
        listed = ", ".join(known) or "none"
        raise ConfigError(f"these results do not watch for {situation!r}; they do for: {listed}")
    alarm = watches[0].alarm
    assert isinstance(alarm, HysteresisSettings)  # noqa: S101  every watch has one
    return alarm


def _watched(situations: Any) -> list[str]:  # noqa: ANN401  any settings class
    return [name for name in situations.__slots__ if getattr(situations, name)]


def watched_cameras(results: Path, truth: Path, situation: str) -> list[Watched]:
    """Returns the readings of every labelled camera.

    Raises:
        FootageError: The labels cannot be read, or name nothing of these results.
    """
    try:
        whole = json.loads(truth.read_text("utf-8"))
        labelled = {name: told for name, told in whole.items() if not name.startswith("_")}
    except (OSError, ValueError, AttributeError) as error:
        raise FootageError(f"{truth}: cannot be read as labelled events ({error})") from error
    records = [r for r in read_segments(results) if r.status is SegmentStatus.DONE]
    series = _series(results, situation, {r.camera_id: _rate_hz(r) for r in records})
    cameras = []
    for name, told in labelled.items():
        camera_id = _camera_named(name, records, truth)
        cameras.append(
            Watched(
                name,
                sum(_seconds(r) for r in records if r.camera_id == camera_id),
                tuple(series.get(camera_id, ())),
                partial(_labels, name, truth, told, situation),
            )
        )
    if not cameras:
        raise FootageError(f"{truth}: labels nothing")
    return cameras


def what_fires(cameras: Sequence[Watched], alarm: HysteresisSettings) -> list[dict[str, Any]]:
    """Returns every event that would open, and whether a label answers it."""
    fired: list[dict[str, Any]] = []
    for camera in cameras:
        labels = camera.labels(alarm)
        for series in camera.series:
            for time_s in openings(series, alarm):
                true = any(
                    e.start_s - EARLY_S - e.slack_s <= time_s <= e.alarm_s + LATE_S + e.slack_s
                    for e in labels
                )
                place = {"camera": camera.name, "place": series.place}
                fired.append(place | {"time_s": time_s, "true": true})
    return sorted(fired, key=lambda row: (row["camera"], row["time_s"]))


def _series(results: Path, situation: str, rates_hz: dict[str, float]) -> dict[str, list[Series]]:
    rows: dict[tuple[str, str], list[TimedReading]] = defaultdict(list)
    for timed in read_readings(results):
        if timed.situation == situation:
            rows[timed.camera_id, timed.reading.place].append(timed)
    found: dict[str, list[Series]] = defaultdict(list)
    for (camera_id, place), readings in rows.items():
        longest_s = max(1.0, LONGEST_STEP / rates_hz.get(camera_id, 5.0)) + 1e-6
        times = [timed.time_s for timed in readings]
        breaks = [k for k in range(1, len(times)) if times[k] - times[k - 1] > longest_s]
        levels = tuple(timed.reading.level for timed in readings)
        found[camera_id].append(Series(place, tuple(times), levels, frozenset(breaks)))
    return found


def _camera_named(name: str, records: Sequence[SegmentRecord], truth: Path) -> str:
    """Returns the camera of that id, or the one whose only file has that name."""
    if any(record.camera_id == name for record in records):
        return name
    matching = {r.camera_id for r in records if Path(r.url).name == Path(name).name}
    if len(matching) == 1:
        camera_id = matching.pop()
        if len({r.url for r in records if r.camera_id == camera_id}) == 1:
            return camera_id
        raise FootageError(
            f"{truth}: {name!r} is one of several files of camera {camera_id!r}; label the camera, "
            'with "fps": 1 and seconds on its time line'
        )
    known = ", ".join(sorted({record.camera_id for record in records}))
    raise FootageError(
        f"{truth}: {name!r} is no camera and no file of these results; known: {known}"
    )


def _labels(
    name: str, truth: Path, told: Mapping[str, Any], situation: str, alarm: HysteresisSettings
) -> tuple[TrueEvent, ...]:
    try:
        rate_hz = float(told.get("fps", 1))
        slack_s = float(told.get("tolerance_frames", 0)) / rate_hz
        events = []
        for event in told.get("events", ()):
            if event.get("type", situation) not in (situation, *TYPES.get(situation, ())):
                continue
            if event.get("type") == "abandoned":
                start, left = float(event["put_down"]), float(event["owner_leaves"])
                alarm_s = left / rate_hz + alarm.open_at
                removed = event.get("removed")
                if removed is not None and float(removed) / rate_hz < alarm_s:
                    continue
                events.append(TrueEvent(start / rate_hz, alarm_s, slack_s))
            else:
                start = float(event["start"])
                alarm_s = float(event.get("alarm", start)) / rate_hz
                events.append(TrueEvent(start / rate_hz, alarm_s, slack_s))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FootageError(
            f"{truth}: {name}: events need a type and a start ({error!r})"
        ) from error
    return tuple(events)


def _rate_hz(record: SegmentRecord) -> float:
    return 5.0 if record.span is None else record.span.rate_hz


def _seconds(record: SegmentRecord) -> float:
    span = record.span
    return 0.0 if span is None else (span.end_index - span.first_index) / span.rate_hz


def _show(
    console: Console,
    situation: str,
    now: Trial,
    trials: Sequence[Trial],
    fired: Sequence[Mapping[str, Any]],
) -> None:
    table = Table(
        "", "open at", "hold", "found", "false", "false per hour", "delay", title=situation
    )
    _add(table, "now", now)
    for number, trial in enumerate(trials[:SHOWN]):
        _add(table, "best" if number == 0 else "", trial)
    console.print(table)
    best = trials[0].alarm
    levels = {name: round(value, 4) for name, value in asdict(best).items()}
    console.print("with the best, these would have opened:")
    for row in fired:
        verdict = "[green]true[/]" if row["true"] else "[red]false[/]"
        console.print(f"  {row['camera']}  {row['place']}  {row['time_s']:.1f} s  {verdict}")
    if not fired:
        console.print("  none")
    line = yaml.safe_dump(levels, default_flow_style=True, sort_keys=False).strip()
    console.print(f"for the site file:\n  alarm: {line}", highlight=False)


def _add(table: Table, title: str, trial: Trial) -> None:
    delay = "" if trial.median_delay_s is None else f"{trial.median_delay_s:+.1f} s"
    table.add_row(
        title,
        f"{trial.alarm.open_at:g}",
        f"{trial.alarm.hold_s:g} s",
        f"{trial.found} of {trial.true}",
        str(trial.false),
        f"{trial.false_per_hour:.2f}",
        delay,
    )
