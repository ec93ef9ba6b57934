"""Turns a wavering level into a clean open and close."""

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
        if self.close_at >= self.open_at:
            raise ValueError(f"close_at ({self.close_at}) must be below open_at ({self.open_at})")
        if self.hold_s < 0 or self.release_s < 0:
            raise ValueError("hold_s and release_s must be 0 or more")
