"""Compares what was found with what a rendered scene planted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ray_app.domain.event import Event, Phase

EARLIEST_S = -5.0
LATEST_S = 5.0
LATER_S = {"fire_smoke": 10.0, "abandoned_object": 10.0}
"""A flame must grow before it can be told; an owner is near or gone by a metre."""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One planted incident in one camera, and the event that answers it.

    Attributes:
        start_s: When the true level first reached open_at.
        delay_s: From there to the opening of the event; None when none answered in time.
        watched: Whether the site file watches for it; if not, nothing can answer.
    """

    camera_id: str
    situation: str
    place: str
    start_s: float
    delay_s: float | None
    watched: bool

    @property
    def verdict(self) -> str:
        """found, missed, or not watched for."""
        if not self.watched:
            return "not watched for"
        return "missed" if self.delay_s is None else "found"


@dataclass(frozen=True, slots=True)
class TruthTable:
    """How a run answers a scene.

    Attributes:
        rows: Every planted incident in every camera that can see it.
        false_alarms: Events that answer no incident.
    """

    rows: tuple[TruthRow, ...]
    false_alarms: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class DensityError:
    """How far a camera's zone density was from the truth, frame by frame.

    Attributes:
        frames: Frames in which the zone truly held at least `LEAST_PEOPLE_M2`.
        median_share: Median of |measured - true| / true over them.
        bias_share: Median of (measured - true) / true.
    """

    camera_id: str
    zone: str
    frames: int
    median_share: float
    bias_share: float


LEAST_PEOPLE_M2 = 0.3


def compare(scene: Path, events: Sequence[Event], watched: set[tuple[str, str, str]]) -> TruthTable:
    """Returns the table of a scene's incidents against a run's events.

    An event answers an incident of its camera, situation and place when it opened from 5 s before
    to 5 s after the incident's start (10 s for a fire and a thing left behind); each event answers
    one incident. A thing left behind is found wherever it lies in the place.

    Args:
        scene: Folder of the scene, with `truth/incidents.json`.
        events: Of the run.
        watched: (camera, situation, place) that the site file watches for.
    """
    planted = json.loads((scene / "truth" / "incidents.json").read_text("utf-8"))
    opened = [event for event in events if event.phase is Phase.OPENED]
    rows: list[TruthRow] = []
    answered: set[str] = set()
    for incident in planted:
        for camera_id in incident["cameras"]:
            key = (camera_id, str(incident["situation"]), str(incident["place"]))
            start_s = float(incident["start_s"])
            answers = [
                event
                for event in opened
                if (event.camera_id, event.situation, event.place.partition("/")[0]) == key
                and EARLIEST_S <= event.time_s - start_s <= LATER_S.get(event.situation, LATEST_S)
                and event.event_id not in answered
            ]
            delay_s = None
            if answers:
                answered.add(answers[0].event_id)
                delay_s = answers[0].time_s - start_s
            rows.append(TruthRow(*key, start_s, delay_s, key in watched))
    false = tuple(event for event in opened if event.event_id not in answered)
    return TruthTable(tuple(rows), false)


def density_errors(scene: Path, results: Path) -> tuple[DensityError, ...]:
    """Returns how each camera's zone density compares with the true people per square metre."""
    true = pq.read_table(scene / "truth" / "density.parquet").to_pydict()
    by_zone: dict[str, tuple[list[float], list[float]]] = {}
    for zone, time_s, level in zip(
        true["zone"], true["time_s"], true["people_per_m2"], strict=True
    ):
        times, levels = by_zone.setdefault(zone, ([], []))
        times.append(time_s)
        levels.append(level)
    rows = pq.read_table(
        results / "readings.parquet", filters=[("situation", "==", "crowd_density")]
    ).to_pydict()
    measured: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for camera_id, zone, time_s, level in zip(
        rows["camera_id"], rows["place"], rows["time_s"], rows["level"], strict=True
    ):
        times, levels = measured.setdefault((camera_id, zone), ([], []))
        times.append(time_s)
        levels.append(level)
    return tuple(
        error
        for (camera_id, zone), curve in sorted(measured.items())
        if zone in by_zone
        and (error := _density_error(camera_id, zone, curve, by_zone[zone])) is not None
    )


def _density_error(
    camera_id: str,
    zone: str,
    measured: tuple[list[float], list[float]],
    true: tuple[list[float], list[float]],
) -> DensityError | None:
    at_s, level = np.asarray(measured[0]), np.asarray(measured[1])
    truth = np.interp(at_s, true[0], true[1])
    held = truth >= LEAST_PEOPLE_M2
    if not held.any():
        return None
    share = (level[held] - truth[held]) / truth[held]
    return DensityError(
        camera_id,
        zone,
        int(held.sum()),
        float(np.median(np.abs(share))),
        float(np.median(share)),
    )
