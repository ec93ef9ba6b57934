"""People moving against the common direction. Unit of level: people."""

from ray_app.domain.settings import settings


@settings
class CounterflowSettings:
    """How one zone is read.

    Attributes:
        zone: Name of the zone.
        direction_m: The common direction as a vector x, y on the site (or in the picture,
            for a zone given in pixels); its length does not matter.
        window_s: Time over which a displacement is measured.
        min_displacement_m: Displacement against the direction that counts, metres.
        min_displacement_px: The same for a camera without calibration, pixels; None refuses.
    """

    zone: str
    direction_m: tuple[float, float]
    window_s: float = 2.0
    min_displacement_m: float = 1.0
    min_displacement_px: float | None = None
