"""What the replicas can carry, as measured, and who gives up frames when it is not enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ray_app.live.lease import CameraPosition
from ray_app.scaling.input_steps import InputStep, next_step
from ray_app.scaling.shedding import Shares, StreamClass, recovered, share_capacity

SMOOTHING = 0.2
WAITING_SHARE = 0.6
"""Share of the deadline that may pass at a replica."""
LEAST_EFFICIENCY, FIRST_EFFICIENCY, MOST_EFFICIENCY = 0.3, 0.85, 0.95
BACK_OFF, BACK_OFF_EVERY_S, RISE_PER_S = 0.9, 1.5, 0.01
RECOVERY_PER_S = 0.2
"""Live, frames come back within seconds: a reader gives them up again as fast."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is known of the replicas.

    Attributes:
        work_per_s: Tiles per second of one replica while it computes, padding included; None
            before anything was measured.
        stack_s: Seconds a replica takes for one stack; None before anything was measured.
        efficiency: Share of that which really comes out: lowered while frames come too late,
            raised slowly while none does.
        lowered_s: When it was lowered last.
    """

    work_per_s: float | None = None
    stack_s: float | None = None
    efficiency: float = FIRST_EFFICIENCY
    lowered_s: float = 0.0

    def carried_per_s(self, replicas: int) -> float | None:
        """Returns tiles per second of so many replicas; None before anything was measured."""
        return None if self.work_per_s is None else self.work_per_s * self.efficiency * replicas

    def stacks_per_replica(self, most: int, deadline_s: float) -> int:
        """Returns how many stacks may be at a replica at once, the one it looks at among them.

        One that waits saves a replica from idling between two; but where a stack takes long,
        frames that wait behind it only grow too old, those that matter with the others.
        """
        if self.stack_s is None:
            return most
        return max(1, min(most, int(WAITING_SHARE * deadline_s / self.stack_s)))


@dataclass(frozen=True, slots=True)
class Interval:
    """What was seen of the replicas in a while.

    Attributes:
        elapsed_s: How long it was.
        stacks: Stacks answered.
        work: Tiles computed, padding included, smaller ones at their cost.
        busy_s: Seconds the replicas spent on them.
        pressed: Frames that came too late, or were replaced by a newer one while they waited.
    """

    elapsed_s: float
    stacks: int
    work: float
    busy_s: float
    pressed: int


def measured(before: Capacity, seen: Interval, now_s: float) -> Capacity:
    """Returns what is known after another interval that ended now_s."""
    after = before
    if seen.busy_s > 0 and seen.work > 0 and seen.stacks > 0:
        after = replace(
            before,
            work_per_s=_smoothed(before.work_per_s, seen.work / seen.busy_s),
            stack_s=_smoothed(before.stack_s, seen.busy_s / seen.stacks),
        )
    if seen.pressed == 0:
        risen = min(MOST_EFFICIENCY, before.efficiency + RISE_PER_S * seen.elapsed_s)
        return replace(after, efficiency=risen)
    if now_s - before.lowered_s < BACK_OFF_EVERY_S:
        return after
    lowered = max(LEAST_EFFICIENCY, before.efficiency * BACK_OFF)
    return replace(after, efficiency=lowered, lowered_s=now_s)


def _smoothed(before: float | None, new: float) -> float:
    return new if before is None else before + SMOOTHING * (new - before)


def shares_of(
    cameras: Sequence[CameraPosition],
    carried_per_s: float | None,
    before: dict[str, float],
    elapsed_s: float,
    place: int = 0,
) -> dict[str, float]:
    """Returns the share of its frames each camera keeps.

    Args:
        cameras: Those that are read.
        carried_per_s: Tiles per second there is capacity for; None sheds nothing.
        before: Shares of the interval before.
        elapsed_s: Since then.
        place: Number of the input size that all cameras but those of the highest rank look at.
    """
    if carried_per_s is None or not cameras:
        return {camera.camera_id: 1.0 for camera in cameras}
    classes = _classes(cameras, (place,))
    wanted = share_capacity(classes, _offered(cameras), carried_per_s)
    old = Shares(tuple(before.get(c.camera_id, 1.0) for c in cameras))
    kept = recovered(old, wanted, elapsed_s * RECOVERY_PER_S / 0.02).kept
    return {c.camera_id: share for c, share in zip(cameras, kept, strict=True)}


def step_of(
    cameras: Sequence[CameraPosition],
    carried_per_s: float | None,
    before: InputStep,
    elapsed_s: float,
    input_costs: Sequence[float],
) -> InputStep:
    """Returns the input size that all cameras but those of the highest rank look at.

    Args:
        cameras: Those that are read.
        carried_per_s: Tiles per second there is capacity for; None leaves the usual size.
        before: The size of the interval before.
        elapsed_s: Since then.
        input_costs: Of all sizes over the usual one's, 1.0 first.
    """
    if carried_per_s is None or not cameras:
        return InputStep()
    load = _classes(cameras, range(len(input_costs))), _offered(cameras)
    return next_step(before, *load, carried_per_s, input_costs, elapsed_s)


def below_the_top(cameras: Sequence[CameraPosition], place: int) -> set[str]:
    """Returns the cameras that look at an input size: of any rank but the highest, if it helps."""
    top = max((camera.rank for camera in cameras), default=0)
    return {c.camera_id for c in cameras if c.rank < top and _cost(c, place) < 1.0}


def _classes(cameras: Sequence[CameraPosition], places: Sequence[int]) -> list[StreamClass]:
    return [
        StreamClass(c.camera_id, c.rank, c.floor_share, tuple(_cost(c, place) for place in places))
        for c in cameras
    ]


def _cost(camera: CameraPosition, place: int) -> float:
    """Returns the work of a camera's frame at a size; as usual where it tells of none."""
    return camera.input_costs[place] if place < len(camera.input_costs) else 1.0


def _offered(cameras: Sequence[CameraPosition]) -> list[float]:
    return [camera.offered_per_s * camera.work for camera in cameras]
