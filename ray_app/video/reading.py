"""What a site file says of how footage is read."""

from ray_app.domain.ranges import above, between, one_of, refuse_faults
from ray_app.domain.settings import settings


@settings
class ReadingSettings:
    """How one camera's footage is read and sampled.

    Attributes:
        rate_hz: Analysed frames per second of stream time.
        width_px: Width of the analysed picture; height keeps the shape. None takes what the
            networks need. Never enlarges.
        reader: "pyav", or "decord" for files decord reads right (mp4, mov, mkv; no edit list,
            closed groups of pictures, start at 0); other files fall back to pyav, and it is said.
            PyAV decodes beside decord to notice damage, so decord costs twice the decoding.
        frame_rate_hz: True frame rate where the container lies or has no time stamps.
    """

    rate_hz: float = 5.0
    width_px: int | None = None
    reader: str = "pyav"
    frame_rate_hz: float | None = None

    def __post_init__(self) -> None:
        refuse_faults(
            above("rate_hz", self.rate_hz, 0, 60),
            between("width_px", self.width_px, 64, 8192),
            one_of("reader", self.reader, ("pyav", "decord")),
            above("frame_rate_hz", self.frame_rate_hz, 0, 1000),
        )
