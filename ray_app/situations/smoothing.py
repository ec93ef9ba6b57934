"""A running mean over time."""

import math


class ExponentialMean:
    """Averages several numbers at once, later ones weighing more.

    Args:
        time_constant_s: Age at which a value still weighs 1/e of a new one; 0 does not average.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._time_constant_s = time_constant_s
        self._last_s: float | None = None
        self._means: tuple[float, ...] = ()

    def update(self, time_s: float, values: tuple[float, ...]) -> tuple[float, ...]:
        """Takes the values at time_s; returns their means, in the same order."""
        if self._last_s is None or self._time_constant_s == 0:
            self._means = values
        else:
            kept = math.exp(-(time_s - self._last_s) / self._time_constant_s)
            pairs = zip(self._means, values, strict=True)
            self._means = tuple(kept * old + (1 - kept) * new for old, new in pairs)
        self._last_s = time_s
        return self._means

    def forget(self) -> None:
        """Starts anew."""
        self._last_s = None
