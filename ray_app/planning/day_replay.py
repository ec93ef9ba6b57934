"""A recorded day played again: its load, the planned event's policies and machines."""

from dataclasses import dataclass, replace

import numpy as np

from ray_app.domain.errors import ConfigError
from ray_app.planning.recorded_day import RecordedCamera
from ray_app.simulator.event_profile import EventProfile, ZoneCameras
from ray_app.simulator.load_trace import LoadTrace
from ray_app.simulator.scenario import SCENARIOS, Scenario, real_machines
from ray_app.simulator.simulation import Day

RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class DayReplay:
    """What really was offered; the machines are drawn anew for every seed.

    Attributes:
        profile: The event, with the recorded cameras for its zones.
        trace: What they offered.
    """

    profile: EventProfile
    trace: LoadTrace

    def day(self, scenario: str, seed: int) -> Day:
        """Returns the recorded day with the machines of a kind of day and a seed.

        Raises:
            ConfigError: The kind of day is about the crowd, which is recorded.
        """
        kind = SCENARIOS[scenario]
        if not _is_about_machines(kind):
            known = ", ".join(name for name, one in SCENARIOS.items() if _is_about_machines(one))
            raise ConfigError(
                f"scenario {scenario!r} is about the crowd, and a recorded day has its own; "
                f"with --replay take one of {known}"
            )
        name = RECORDED if kind == SCENARIOS["as_planned"] else scenario
        return Day(name, seed, real_machines(self.profile, kind), self.trace)


def replay_of(
    profile: EventProfile, cameras: tuple[RecordedCamera, ...], from_min: float | None
) -> DayReplay:
    """Returns recorded cameras as a day of an event.

    Every camera is a zone of its own. A recorded camera of the name of a counted zone tells its
    counts to the policy.

    Args:
        profile: The event: plan, service, machines.
        cameras: From `read_day`.
        from_min: When the recording begins on the event's clock; None is when the watch begins.
    """
    names = _words([camera.camera_id for camera in cameras])
    counted = {zone.name for zone in profile.zones if zone.counted}
    zones = tuple(
        ZoneCameras(
            name=name,
            cameras=1,
            follows=(),
            fps=(camera.rate_hz, camera.rate_hz),
            tiles=(camera.tiles, camera.tiles),
            priority=camera.priority,
            floor_fps=camera.floor_hz,
            counted=name in counted,
        )
        for name, camera in zip(names, cameras, strict=True)
    )
    frames = np.stack([camera.frames_per_s for camera in cameras], axis=1)
    trace = LoadTrace(
        start_s=60.0 * (profile.from_min if from_min is None else from_min),
        zones=names,
        work_per_s=frames * np.array([camera.tiles for camera in cameras]),
        frames_per_s=frames,
        fps=np.broadcast_to([camera.rate_hz for camera in cameras], frames.shape),
        people=np.stack([camera.people for camera in cameras], axis=1),
    )
    return DayReplay(replace(profile, zones=zones), trace)


def _is_about_machines(kind: Scenario) -> bool:
    machines = Scenario(kind.about, boot_factor=kind.boot_factor)
    return kind == replace(machines, max_gpus_factor=kind.max_gpus_factor)


def _words(camera_ids: list[str]) -> tuple[str, ...]:
    """Returns names a zone may have, one per camera: other signs become _."""
    names: list[str] = []
    for camera_id in camera_ids:
        word = "".join(sign if sign.isalnum() else "_" for sign in camera_id)[:32]
        names.append(word if word not in names else f"{word}_{len(names)}")
    return tuple(names)
