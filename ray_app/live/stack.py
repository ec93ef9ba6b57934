"""What readers send to detector replicas and what comes back."""

from dataclasses import dataclass

from models.settings import NetworkSettings
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Observation


@dataclass(frozen=True, slots=True)
class SiteLoad:
    """What the fleet knows of the whole site, told to every replica with every stack.

    Attributes:
        told_at: When the fleet added it up, seconds since 1970.
        offered_work_per_s: Tiles due per second before any is shed.
        counts: Newest people count by zone, as (camera/zone, people) pairs.
        moments: When moments of the programme really are, as (name, seconds since 1970) pairs.
    """

    told_at: float = 0.0
    offered_work_per_s: float = 0.0
    counts: tuple[tuple[str, float], ...] = ()
    moments: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames of one size for the same networks, from any mix of cameras.

    Attributes:
        taken_at: When each frame was taken, seconds since 1970; None for one that never is late.
    """

    networks: NetworkSettings
    batch: FrameBatch
    taken_at: tuple[float | None, ...]
    load: SiteLoad


@dataclass(frozen=True, slots=True)
class Tuning:
    """What may be changed while replicas run (Serve's `user_config`); readers follow it.

    Attributes:
        deadline_s: A frame older than this is not looked at any more.
        stack_size: Most frames in one call.
    """

    deadline_s: float = 1.0
    stack_size: int = 8


@dataclass(frozen=True, slots=True)
class StackAnswer:
    """What a replica saw.

    Attributes:
        seen: One per frame of the stack; None for a frame that was too old when its turn came.
        work: Tiles looked at, padding of the batches included.
        busy_s: Seconds spent on them.
        replica: Process id of the replica, for people who look for it.
    """

    seen: tuple[Observation | None, ...]
    work: int
    busy_s: float
    tuning: Tuning
    replica: int


def tiles_of(networks: NetworkSettings) -> int:
    """Returns how many network inputs one frame is: whole view, tiles, heads, fire."""
    side = networks.objects.tiles
    views = 1 if side == 1 else 1 + side * side
    return views + (networks.crowd is not None) + (networks.fire is not None)


def padded_work(networks: NetworkSettings, frames: int) -> int:
    """Returns the tiles a replica computes for so many frames: batches are padded."""
    side = networks.objects.tiles
    views = 1 if side == 1 else 1 + side * side
    others = (networks.crowd is not None) + (networks.fire is not None)
    size = networks.batch_size
    return _padded(frames * views, size) + others * _padded(frames, size)


def _padded(pictures: int, batch_size: int) -> int:
    return -(-pictures // batch_size) * batch_size
