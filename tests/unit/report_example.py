"""A made-up evening: a gate that fills up, a closed yard, a drone without telemetry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from ray_app.domain.event import Event, Phase, Why
from ray_app.report.data import (
    Authorisation,
    CameraFacts,
    Curve,
    FailedFile,
    FootageFile,
    LostSpan,
    NotMeasured,
    Place,
    ReportData,
    RunFacts,
)

ORIGIN = datetime(2024, 7, 26, 16, 0, tzinfo=UTC)


def curve(
    camera_id: str, situation: str, place: str, bumps: Sequence[tuple[float, float, float]], **kw
) -> Curve:
    time_s = np.arange(0, kw.get("length_s", 3600), 0.2)
    keep = np.ones(len(time_s), bool)
    for start_s, end_s in kw.get("unseen", ()):
        keep &= ~((time_s >= start_s) & (time_s < end_s))
    rng = np.random.default_rng(abs(hash((len(place), len(situation)))) % 97)
    noise = np.convolve(rng.normal(0, 1, len(time_s)), np.ones(25) / 25, "same")
    level = kw.get("rest", 0.8) * (1 + 0.6 * noise)
    for centre_s, width_s, height in bumps:
        level = level + height * np.exp(-(((time_s - centre_s) / width_s) ** 2))
    level = np.clip(level, 0, None)
    if kw.get("whole"):
        level = np.round(level)
    sigma = np.full(len(level), np.nan) if kw.get("whole") else 0.05 + 0.08 * level
    return Curve(
        camera_id,
        situation,
        place,
        kw["unit"],
        time_s[keep],
        level[keep],
        sigma[keep],
        kw["open_at"],
        kw["close_at"],
    )


def events_of(c: Curve, rate_hz: float = 5.0) -> list[Event]:
    events, opened_at = [], None
    for time_s, level in zip(c.time_s, c.level, strict=True):
        if opened_at is None and level >= c.open_at:
            opened_at = float(time_s)
            events.append(event(c, Phase.OPENED, opened_at, opened_at, float(level), rate_hz))
        elif opened_at is not None and level < c.close_at:
            during = c.level[(c.time_s >= opened_at) & (c.time_s <= time_s)]
            closed = event(c, Phase.CLOSED, opened_at, float(time_s), float(level), rate_hz)
            peak = float(during.max())
            events.append(replace(closed, why=replace(closed.why, peak=peak)))
            opened_at = None
    return events


def event(
    c: Curve, phase: Phase, started_s: float, time_s: float, level: float, rate_hz: float = 5.0
) -> Event:
    frames = tuple(round(t * rate_hz) for t in (started_s, (started_s + time_s) / 2, time_s))
    why = Why(
        c.unit,
        c.open_at,
        c.close_at,
        time_s - started_s,
        level,
        frames,
        ended_by="level" if phase is Phase.CLOSED else None,
    )
    return Event(c.camera_id, c.situation, c.place, phase, started_s, time_s, level, 0.2, why)


def example_report() -> ReportData:
    hole = (1500.0, 1620.0)
    curves = (
        curve(
            "gate",
            "crowd_density",
            "forecourt",
            [(900, 120, 3.9), (2700, 200, 4.4)],
            unit="people/m2",
            open_at=4.0,
            close_at=3.0,
            unseen=[hole],
        ),
        curve(
            "gate",
            "bottleneck",
            "doors",
            [(960, 150, 70), (2750, 90, 55)],
            rest=12,
            unit="s",
            open_at=60.0,
            close_at=40.0,
            unseen=[hole],
        ),
        curve(
            "gate",
            "counterflow",
            "passage",
            [(2500, 25, 4.5)],
            rest=0.4,
            whole=True,
            unit="people",
            open_at=3.0,
            close_at=1.0,
            unseen=[hole],
        ),
        curve(
            "yard",
            "restricted_area",
            "closed yard",
            [(1200, 12, 2.2), (3300, 30, 1.4)],
            rest=0.0,
            whole=True,
            unit="people and vehicles",
            open_at=1.0,
            close_at=0.5,
            length_s=3400,
        ),
    )
    forecourt = ((0.0, 0.0), (20.0, 0.0), (20.0, 12.0), (0.0, 12.0))
    cameras = (
        CameraFacts(
            "gate",
            5.0,
            ORIGIN,
            watched=tuple((c.situation, c.place) for c in curves[:3]),
            seen=((0.0, 1500.0), (1620.0, 3600.0)),
            gaps=(hole,),
            files=(
                FootageFile("gate_1.mp4", 0.0, 1500.0, is_dated=True, clock="file name"),
                FootageFile("gate_x.mp4", 1620.0, 3600.0, is_dated=False, clock="unknown"),
            ),
            calibration="homography of 6 pairs, off by 0.08 m rms, 0.15 m at worst",
            position_m=(10.0, -9.0),
            view_m=((6.0, -6.0), (14.0, -6.0), (34.0, 40.0), (-14.0, 40.0)),
            networks="nanodet_g at 416 px, 2 x 2 tiles; crowd_counter",
        ),
        CameraFacts(
            "yard",
            5.0,
            ORIGIN.replace(minute=5),
            watched=(("restricted_area", "closed yard"),),
            seen=((0.0, 2000.0), (2030.0, 3400.0)),
            lost=(LostSpan(2000.0, 2030.0, "corrupt packets in yard_02.ts"),),
            networks="nanodet_g at 416 px",
            position_m=(31.0, 15.0),
            calibration="pinhole, 6 m up, tilted -30 deg",
            notes=("telemetry of yard_02.ts: no cue tells a usable gimbal tilt",),
        ),
        CameraFacts(
            "drone",
            5.0,
            ORIGIN.replace(minute=20),
            watched=(("crowd_density", "quay"),),
            seen=((0.0, 600.0),),
            files=(FootageFile("drone.mp4", 0.0, 600.0, is_dated=True, clock="container"),),
            overlaps=((300.0, 303.0),),
            networks="nanodet_g at 640 px",
        ),
    )
    return ReportData(
        site="Harbour festival, Friday evening",
        cameras=cameras,
        events=tuple(e for c in curves for e in events_of(c)),
        curves=curves,
        run=RunFacts(
            frames=36_850,
            site_sha256="9f2c" * 16,
            weights=(("nanodet_g.safetensors", "41ab" * 16),),
            versions=(("vigie", "0.1.0"), ("ray", "2.60.0"), ("torch", "2.13.0")),
        ),
        authorisation=Authorisation(
            "Safety of the public at the harbour festival",
            ("crowd_density", "bottleneck", "counterflow", "restricted_area"),
            ("gate", "yard", "drone"),
            datetime(2024, 7, 26, 10, tzinfo=UTC),
            datetime(2024, 7, 28, 1, tzinfo=UTC),
            refused_s=90.0,
        ),
        time_zone="Europe/Paris",
        places=(
            Place("forecourt", forecourt),
            Place("passage", ((7.0, 12.0), (13.0, 12.0), (13.0, 22.0), (7.0, 22.0))),
            Place("closed yard", ((22.0, 4.0), (30.0, 4.0), (30.0, 12.0), (22.0, 12.0))),
            Place("doors", ((13.0, 12.0), (7.0, 12.0))),
        ),
        perimeter_m=((-4.0, -10.0), (34.0, -10.0), (34.0, 24.0), (-4.0, 24.0)),
        failures=(
            FailedFile("gate_20240726_1900.mp4", "not a video: no stream could be found", "gate"),
        ),
        not_measured=(
            NotMeasured(
                "drone",
                "crowd_density",
                "quay",
                "the pose of the drone is unknown: no .SRT file beside drone.mp4",
                3000,
            ),
        ),
    )
