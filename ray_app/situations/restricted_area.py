"""Somebody or some vehicle where nobody may be. Unit of level: people and vehicles."""

from ray_app.domain.settings import settings


@settings
class RestrictedAreaSettings:
    """How one closed zone is read.

    Attributes:
        zone: Name of the zone.
        vehicles: Whether vehicles count as well as people.
        margin_m: How far inside the edge feet must be, metres, against calibration error.
    """

    zone: str
    vehicles: bool = True
    margin_m: float = 0.0
