"""What a site file says of the pictures kept of a situation."""

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class EvidenceSettings:
    """A still and a short clip around each opened situation, people unrecognisable.

    Attributes:
        keep: Whether any picture is kept at all.
        before_s: Seconds of the clip before the situation opened.
        after_s: Seconds of the clip after it opened.
        width_px: Width of stills and clips; never enlarged.
        rate_hz: Most frames per second of a clip.
        memory_mb: Most memory of one camera's latest frames, millions of bytes; less time is
            remembered when it is too little, which is counted.
    """

    keep: bool = True
    before_s: float = 8.0
    after_s: float = 4.0
    width_px: int = 640
    rate_hz: float = 5.0
    memory_mb: float = 64.0

    def __post_init__(self) -> None:
        refuse_faults(
            between("before_s", self.before_s, 0, 10),
            between("after_s", self.after_s, 0, 10),
            between("width_px", self.width_px, 160, 960),
            above("rate_hz", self.rate_hz, 0, 30),
            above("memory_mb", self.memory_mb, 0, 4096),
        )
