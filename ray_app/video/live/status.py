"""How a live stream is doing."""

import enum
from dataclasses import dataclass


class StreamState(enum.StrEnum):
    """Where a stream stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"  # connected, and no picture for too long
    WAITING = "waiting"  # lost, tried again in a while
    REFUSED = "refused"  # the camera does not accept the credentials: tried again late
    ENDED = "ended"  # a file came to its end, or somebody stopped it


class Clock(enum.StrEnum):
    """Whose clock says when a picture was taken."""

    SENDER = "sender"  # the camera's, by RTCP sender reports
    ARRIVAL = "arrival"  # ours, when it arrived


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream at one instant.

    Attributes:
        since_s: When it came into this state, monotonic seconds.
        pictures: Whole pictures decoded so far.
        broken: Packets that could not be decoded.
        openings: Times it was opened, the first one counted.
        segment: Number of the unbroken stretch it is in; no track crosses from one to the next.
        trouble: What went wrong last, without secrets; None when nothing did.
    """

    state: StreamState
    since_s: float
    pictures: int = 0
    broken: int = 0
    openings: int = 0
    segment: int = 0
    trouble: str | None = None
