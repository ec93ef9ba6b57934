"""Turns a wavering level into a clean open and close."""

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class HysteresisSettings:
    """When a situation opens and closes. No defaults: a site must decide its alarm levels.

    Attributes:
        open_at: Level at or above which the situation may open, in the situation's unit.
        close_at: Level below which it may close; must be below open_at.
        hold_s: How long the level must stay at or above open_at before opening.
        release_s: How long it must stay below close_at before closing.
    """

    open_at: float
    close_at: float
    hold_s: float
    release_s: float

    def __post_init__(self) -> None:
        crossed = ("close_at", f"{self.close_at:g} must be below open_at ({self.open_at:g})")
        refuse_faults(
            above("open_at", self.open_at, 0, 1e6),
            # No level is ever below 0, so a situation that closes there would never close.
            above("close_at", self.close_at, 0, 1e6),
            crossed if self.close_at >= self.open_at else None,
            between("hold_s", self.hold_s, 0, 3600),
            between("release_s", self.release_s, 0, 3600),
        )
