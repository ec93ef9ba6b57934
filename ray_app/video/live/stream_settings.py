"""How a live stream is read."""

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class StreamSettings:
    """How a stream is read.

    Attributes:
        transport: "tcp" or "udp", for RTSP.
        open_s: Longest time to open.
        read_s: Longest time without data before the connection is given up.
        stalled_s: Time without a whole picture from which the stream counts as stalled.
        most_px: Pictures of more pixels are not decoded: a broken header can ask for gigabytes.
        verify_tls: Whether the certificate of rtsps, rtmps and https must be valid.
        ca_file: Certificates to trust; None takes the machine's.
    """

    transport: str = "tcp"
    open_s: float = 5.0
    read_s: float = 5.0
    stalled_s: float = 5.0
    most_px: int = 7680 * 4320
    verify_tls: bool = True
    ca_file: str | None = None

    def __post_init__(self) -> None:
        known = None if self.transport in ("tcp", "udp") else ("transport", "is tcp or udp")
        refuse_faults(
            known,
            above("open_s", self.open_s, 0, 120),
            above("read_s", self.read_s, 0, 120),
            above("stalled_s", self.stalled_s, 0, 600),
            between("most_px", self.most_px, 64, 2**28),
        )
