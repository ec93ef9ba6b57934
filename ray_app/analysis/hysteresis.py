"""Turns a wavering level into a clean open and close."""

from ray_app.domain.event import Phase
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


# Stream time is k / rate in binary fractions: five steps of 0.2 s must make one second.
ROUNDING_S = 1e-6


class HysteresisGate:
    """Remembers whether one situation in one place is quiet, a candidate or open.

    Quiet -> CANDIDATE at open_at; CANDIDATE -> OPENED after hold_s at or above open_at, else
    -> LAPSED; OPENED -> CLOSED after release_s below close_at. Frames without a level change
    nothing, and the time they cover counts neither for hold_s nor for release_s.
    """

    def __init__(self, settings: HysteresisSettings) -> None:
        self._settings = settings
        self._phase: Phase | None = None  # None, CANDIDATE or OPENED
        self._since_s: float | None = None  # when the wait for the next phase began
        self._last_s: float | None = None
        self._last_measured = False

    def update(self, level: float | None, time_s: float) -> tuple[Phase, ...]:
        """Takes the level at time_s, None when not measured; returns the phases entered.

        A hold_s of 0 enters CANDIDATE and OPENED at once.
        """
        self._skip_unmeasured(level is not None, time_s)
        if level is None:
            return ()
        if self._phase is Phase.OPENED:
            return self._step_open(level, time_s)
        if level < self._settings.open_at:
            lapsed = self._phase is Phase.CANDIDATE
            self._phase, self._since_s = None, None
            return (Phase.LAPSED,) if lapsed else ()
        entered: tuple[Phase, ...] = ()
        if self._phase is None or self._since_s is None:
            self._phase, self._since_s = Phase.CANDIDATE, time_s
            entered = (Phase.CANDIDATE,)
        if time_s - self._since_s >= self._settings.hold_s - ROUNDING_S:
            self._phase, self._since_s = Phase.OPENED, None
            entered = (*entered, Phase.OPENED)
        return entered

    def interrupt(self) -> Phase | None:
        """Ends what is under way, as the footage ended; returns CLOSED, LAPSED or None."""
        phase = self._phase
        self._phase, self._since_s, self._last_s = None, None, None
        if phase is None:
            return None
        return Phase.CLOSED if phase is Phase.OPENED else Phase.LAPSED

    def _step_open(self, level: float, time_s: float) -> tuple[Phase, ...]:
        if level >= self._settings.close_at:
            self._since_s = None
            return ()
        if self._since_s is None:
            self._since_s = time_s
        if time_s - self._since_s < self._settings.release_s - ROUNDING_S:
            return ()
        self._phase, self._since_s = None, None
        return (Phase.CLOSED,)

    def _skip_unmeasured(self, measured: bool, time_s: float) -> None:
        unknown = not (measured and self._last_measured)
        if unknown and self._since_s is not None and self._last_s is not None:
            self._since_s += time_s - self._last_s
        self._last_s, self._last_measured = time_s, measured
