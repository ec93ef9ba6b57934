"""What readers send to detector replicas and what comes back."""

from dataclasses import dataclass

from models.settings import NetworkSettings
from models.smaller_input import at_share, shrinks_objects
from ray_app.config.live_schema import SmallerInput
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
        networks: At the input size the frames are to be looked at.
        taken_at: When each frame was taken, seconds since 1970; None for one that never is late.
        input_cost: Cost of an input of that size over one of the usual size.
    """

    networks: NetworkSettings
    batch: FrameBatch
    taken_at: tuple[float | None, ...]
    load: SiteLoad
    input_cost: float = 1.0


@dataclass(frozen=True, slots=True)
class StackKind:
    """What frames of one stack have in common.

    Attributes:
        networks: At the input size they are looked at.
        smaller: That size; None for the usual one.
        width_px: Of the analysed picture, as asked for.
        source_size_px: Of the source; None before the first picture.
        every_frame: Whether none of them is ever too late.
    """

    networks: NetworkSettings
    smaller: SmallerInput | None
    width_px: int
    source_size_px: tuple[int, int] | None
    every_frame: bool


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
        work: Tiles looked at, padding of the batches included; smaller ones at their cost.
        busy_s: Seconds spent on them.
        replica: Process id of the replica, for people who look for it.
    """

    seen: tuple[Observation | None, ...]
    work: float
    busy_s: float
    tuning: Tuning
    replica: int


def tiles_of(networks: NetworkSettings) -> int:
    """Returns how many network inputs one frame is: whole view, tiles, heads, fire."""
    return sum(inputs for inputs, _ in _inputs_of(networks))


def at_input(networks: NetworkSettings, smaller: SmallerInput | None) -> NetworkSettings:
    """Returns the networks at an input size; None is the usual one."""
    return networks if smaller is None else at_share(networks, smaller.share, smaller.tiles)


def frame_cost(networks: NetworkSettings, smaller: SmallerInput | None) -> float:
    """Returns the work of a frame at an input size over the work at the usual one, 0 to 1."""
    if smaller is None:
        return 1.0
    inputs = _inputs_of(at_input(networks, smaller))
    work = sum(number * (smaller.cost if shrinks else 1.0) for number, shrinks in inputs)
    return work / tiles_of(networks)


def padded_work(networks: NetworkSettings, frames: int, input_cost: float = 1.0) -> float:
    """Returns the tiles a replica computes for so many frames: batches are padded.

    Args:
        networks: At any input size.
        frames: In the stack.
        input_cost: Cost of one input over one of the usual size, of networks that shrink.
    """
    return sum(
        _padded(frames * inputs, networks.batch_size) * (input_cost if shrinks else 1)
        for inputs, shrinks in _inputs_of(networks)
    )


def _inputs_of(networks: NetworkSettings) -> tuple[tuple[int, bool], ...]:
    """Returns for each network its inputs per frame and whether it knows smaller ones."""
    side = networks.objects.tiles
    views = 1 if side == 1 else 1 + side * side
    return (
        (views, shrinks_objects(networks)),
        (int(networks.crowd is not None), False),
        (int(networks.fire is not None), True),
    )


def _padded(pictures: int, batch_size: int) -> int:
    return -(-pictures // batch_size) * batch_size
