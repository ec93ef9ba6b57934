"""Running means over time."""

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


class TrendMean:
    """A running mean that does not lag behind what rises or falls steadily.

    Twice the exponential mean less the exponential mean of it: the double exponential moving
    average of Mulloy (1994, Stocks & Commodities 12:1). A crowd that grows by a tenth a second is
    else told too small by a tenth for each second of averaging.

    Args:
        time_constant_s: Of both means; 0 does not average.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._once, self._twice = ExponentialMean(time_constant_s), ExponentialMean(time_constant_s)

    def update(self, time_s: float, values: tuple[float, ...]) -> tuple[float, ...]:
        """Takes the values at time_s, none below 0; returns their means, none below 0."""
        once = self._once.update(time_s, values)
        twice = self._twice.update(time_s, once)
        return tuple(max(0.0, 2 * a - b) for a, b in zip(once, twice, strict=True))

    def forget(self) -> None:
        """Starts anew."""
        self._once.forget()
        self._twice.forget()
