"""What a scaling policy may look at, and what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment of the programme whose real time is known: it happened, or was announced.

    Attributes:
        name: As in the programme.
        time_s: When it really is, on the event's clock, seconds.
    """

    name: str
    time_s: float


@dataclass(frozen=True, slots=True)
class Count:
    """People counted by the cameras of one zone now."""

    zone: str
    people: float


@dataclass(frozen=True, slots=True)
class Load:
    """What is known when a policy is asked.

    Attributes:
        time_s: Now, on the event's clock (0 at the planned zero of the programme), seconds.
        offered_per_s: Work the cameras offer before any shedding, tiles per second; None when
            nobody has told it lately.
        target: Replicas asked for by the last decision.
        anchors: Moments whose real time is known, in no order.
        counts: Newest counts of the crowd.
        running: Replicas that serve now; None when nobody tells.
    """

    time_s: float
    offered_per_s: float | None
    target: int
    anchors: tuple[Anchor, ...] = ()
    counts: tuple[Count, ...] = ()
    running: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy asks for.

    Attributes:
        replicas: Detector replicas wanted now.
        warm_gpus: GPUs that should be booting or up by now, replicas or not: nodes take
            minutes, replicas seconds, so nodes are asked for earlier.
    """

    replicas: int
    warm_gpus: int
