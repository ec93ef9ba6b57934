"""Ends on the desk what a reader that is gone left open: its memory went with it."""

import logging
import time
from dataclasses import replace

import ray
from ray.exceptions import RayError

from ray_app.domain.event import Phase
from ray_app.domain.situation import Signal, Situation
from ray_app.live.fleet_book import CameraEntry
from ray_app.live.messages import DESK, NAMESPACE

LOG = logging.getLogger(__name__)
UNDER_WAY = (Phase.CANDIDATE, Phase.OPENED, Phase.UPDATED)
DESK_ANSWERS_S = 5.0


def close_left_open(entry: CameraEntry) -> None:
    """Tells the desk the end of everything that is under way at a camera nobody reads."""
    try:
        desk = ray.get_actor(DESK, namespace=NAMESPACE)
        told: tuple[Situation, ...] = ray.get(
            desk.situations.remote(limit=1000, camera_id=entry.camera.id), timeout=DESK_ANSWERS_S
        )
        ends = tuple(ended(s.latest, entry) for s in told if s.phase in UNDER_WAY)
        if ends:
            ray.get(desk.take.remote(ends), timeout=DESK_ANSWERS_S)
    except (RayError, ValueError) as error:
        LOG.warning("camera %s: left open on the desk: %s", entry.camera.id, error)


def ended(signal: Signal, entry: CameraEntry) -> Signal:
    """Returns the last step of a situation whose reader is gone."""
    event, position = signal.event, entry.position
    phase = Phase.LAPSED if event.phase is Phase.CANDIDATE else Phase.CLOSED
    time_s = event.time_s
    if position is not None:
        time_s = max(time_s, (position.next_index - 1) / entry.camera.reading.rate_hz)
    duration_s = event.why.duration_s + time_s - event.time_s
    why = replace(event.why, ended_by="footage", duration_s=duration_s)
    return replace(
        signal,
        event=replace(event, phase=phase, time_s=time_s, why=why),
        taken_at=time.time(),
        evidence=(),
    )
