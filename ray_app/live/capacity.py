"""What the replicas can carry, as measured, and who gives up frames when it is not enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ray_app.live.lease import CameraPosition
from ray_app.scaling.shedding import Shares, StreamClass, recovered, share_capacity

SMOOTHING = 0.2
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
        efficiency: Share of that which really comes out: lowered while frames come too late,
            raised slowly while none does.
        lowered_s: When it was lowered last.
    """

    work_per_s: float | None = None
    efficiency: float = FIRST_EFFICIENCY
    lowered_s: float = 0.0

    def carried_per_s(self, replicas: int) -> float | None:
        """Returns tiles per second of so many replicas; None before anything was measured."""
        return None if self.work_per_s is None else self.work_per_s * self.efficiency * replicas


def measured(
    before: Capacity, work: int, busy_s: float, pressed: int, now_s: float, elapsed_s: float
) -> Capacity:
    """Returns what is known after another interval.

    Args:
        before: What was known.
        work: Tiles computed, padding included.
        busy_s: Seconds the replicas spent on them.
        pressed: Frames that came too late, or were replaced by a newer one while they waited.
        now_s: Now.
        elapsed_s: Length of the interval.
    """
    rate = before.work_per_s
    if busy_s > 0 and work > 0:
        new = work / busy_s
        rate = new if rate is None else rate + SMOOTHING * (new - rate)
    after = replace(before, work_per_s=rate)
    if pressed == 0:
        risen = min(MOST_EFFICIENCY, before.efficiency + RISE_PER_S * elapsed_s)
        return replace(after, efficiency=risen)
    if now_s - before.lowered_s < BACK_OFF_EVERY_S:
        return after
    lowered = max(LEAST_EFFICIENCY, before.efficiency * BACK_OFF)
    return replace(after, efficiency=lowered, lowered_s=now_s)


def shares_of(
    cameras: Sequence[CameraPosition],
    carried_per_s: float | None,
    before: dict[str, float],
    elapsed_s: float,
) -> dict[str, float]:
    """Returns the share of its frames each camera keeps.

    Args:
        cameras: Those that are read.
        carried_per_s: Tiles per second there is capacity for; None sheds nothing.
        before: Shares of the interval before.
        elapsed_s: Since then.
    """
    if carried_per_s is None or not cameras:
        return {camera.camera_id: 1.0 for camera in cameras}
    classes = [StreamClass(c.camera_id, c.rank, c.floor_share) for c in cameras]
    offered = [c.offered_per_s * c.work for c in cameras]
    wanted = share_capacity(classes, offered, carried_per_s)
    old = Shares(tuple(before.get(c.camera_id, 1.0) for c in cameras))
    kept = recovered(old, wanted, elapsed_s * RECOVERY_PER_S / 0.02).kept
    return {c.camera_id: share for c, share in zip(cameras, kept, strict=True)}
