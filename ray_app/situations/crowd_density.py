"""Too many people for the floor they stand on. Unit of level: people per square metre."""

from ray_app.domain.settings import settings


@settings
class CrowdDensitySettings:
    """How density is read in one zone.

    Attributes:
        zone: Name of the zone.
        measure: "zone" is people in the zone over its area; "local" is the densest spot of
            `local_radius_m` inside it.
        local_radius_m: Radius of the spot for "local", metres.
        smoothing_s: Time constant over which counts are averaged before the level is read.
    """

    zone: str
    measure: str = "zone"
    local_radius_m: float = 1.5
    smoothing_s: float = 1.0
