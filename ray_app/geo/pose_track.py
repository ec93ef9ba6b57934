"""A drone's poses along the stream time of one video file."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ray_app.domain.observation import DronePose

LONGEST_STEP_S = 2.0
UNKNOWN_POSE = DronePose(None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Cue:
    """What telemetry says of one instant.

    Attributes:
        start_s: Stream time the pose stands for, seconds from the start of the file.
        end_s: Stream time until which the telemetry shows it.
        pose: Members the telemetry does not tell are None.
        time: Wall clock of the aircraft, without a time zone, as written; None when not told.
    """

    start_s: float
    end_s: float
    pose: DronePose
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """All cues of one file, in time order, and what was wrong with the rest.

    Attributes:
        cues: Strictly increasing in start_s.
        notes: What could not be read or is doubtful, one sentence each, for a person.
    """

    cues: tuple[Cue, ...]
    notes: tuple[str, ...] = ()
    _known: tuple[Cue, ...] = field(init=False, repr=False, compare=False)
    _starts: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = tuple(cue for cue in self.cues if cue.pose != UNKNOWN_POSE)
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_starts", tuple(cue.start_s for cue in known))

    def pose_at(self, stream_time_s: float) -> DronePose | None:
        """Returns the pose at a stream time; None where telemetry is silent.

        Linear between two cues at most LONGEST_STEP_S apart; a cue without such a successor
        holds until its own end, at most as long. Angles turn the short way round.
        """
        at = bisect_right(self._starts, stream_time_s) - 1
        if at < 0:
            return None
        cue = self._known[at]
        if at + 1 < len(self._known):
            following = self._known[at + 1]
            step_s = following.start_s - cue.start_s
            if step_s <= LONGEST_STEP_S:
                return _between(cue.pose, following.pose, (stream_time_s - cue.start_s) / step_s)
        held_until_s = min(cue.end_s, cue.start_s + LONGEST_STEP_S)
        return cue.pose if stream_time_s <= held_until_s else None


def in_time_order(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Returns cues sorted by start; of several with one start, the last written."""
    latest = {cue.start_s: cue for cue in cues}
    return tuple(latest[start_s] for start_s in sorted(latest))


def _between(a: DronePose, b: DronePose, share: float) -> DronePose:
    return DronePose(
        latitude_deg=_mix(a.latitude_deg, b.latitude_deg, share),
        longitude_deg=_turn(a.longitude_deg, b.longitude_deg, share),
        height_m=_mix(a.height_m, b.height_m, share),
        yaw_deg=_turn(a.yaw_deg, b.yaw_deg, share),
        pitch_deg=_mix(a.pitch_deg, b.pitch_deg, share),
        roll_deg=_turn(a.roll_deg, b.roll_deg, share),
        horizontal_fov_deg=_mix(a.horizontal_fov_deg, b.horizontal_fov_deg, share),
    )


def _mix(a: float | None, b: float | None, share: float) -> float | None:
    if share == 0:
        return a
    return None if a is None or b is None else a + (b - a) * share


def _turn(a: float | None, b: float | None, share: float) -> float | None:
    if share == 0:
        return a
    if a is None or b is None:
        return None
    short_way = (b - a + 180.0) % 360.0 - 180.0
    return (a + short_way * share + 180.0) % 360.0 - 180.0
