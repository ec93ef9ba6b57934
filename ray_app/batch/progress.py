"""How far a back-fill is, how fast, and when it will be done."""

from collections.abc import Callable
from dataclasses import dataclass

from ray_app.batch.harvest_tally import HarvestTally


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a running back-fill.

    Attributes:
        segments_done: Segments that need no more work, failed ones and those of earlier runs too.
        segments_failed: Segments that failed in this run.
        footage_done_s: Seconds of footage in segments_done.
        footage_s_per_s: Seconds of footage done per second by this run; None before the first.
        left_s: Seconds until the end at that pace; None before the first.
        last_failure: What went wrong last, one line; None while nothing did.
        harvest: How the harvest stands; None for a run with workers of its own.
    """

    segments_done: int
    segments_total: int
    segments_failed: int
    footage_done_s: float
    footage_total_s: float
    footage_s_per_s: float | None
    left_s: float | None
    last_failure: str | None = None
    harvest: HarvestTally | None = None


OnProgress = Callable[[Progress], None]


class ProgressMeter:
    """Counts segments as they end.

    Args:
        lengths_s: Seconds of footage of each segment still to do, by id.
        done_before: Segments that earlier runs did.
        footage_before_s: Seconds of footage in them.
        now_s: Seconds of any clock when the work starts.
    """

    def __init__(
        self,
        lengths_s: dict[str, float],
        done_before: int,
        footage_before_s: float,
        now_s: float,
    ) -> None:
        self._lengths_s, self._started_s = lengths_s, now_s
        self._total_s = sum(lengths_s.values())
        self._done_before, self._before_s = done_before, footage_before_s
        self._ended: set[str] = set()
        self._done_s = 0.0
        self._failed = 0
        self._last_failure: str | None = None

    def end(self, segment_id: str, failure: str | None, now_s: float) -> Progress:
        """Counts one segment, whatever its end, and looks."""
        if segment_id not in self._ended:
            self._ended.add(segment_id)
            self._done_s += self._lengths_s[segment_id]
            self._failed += failure is not None
            self._last_failure = failure or self._last_failure
        return self.look(now_s)

    def look(self, now_s: float) -> Progress:
        """Returns how far the run is."""
        elapsed_s = now_s - self._started_s
        pace = self._done_s / elapsed_s if self._done_s > 0 and elapsed_s > 0 else None
        return Progress(
            segments_done=self._done_before + len(self._ended),
            segments_total=self._done_before + len(self._lengths_s),
            segments_failed=self._failed,
            footage_done_s=self._before_s + self._done_s,
            footage_total_s=self._before_s + self._total_s,
            footage_s_per_s=pace,
            left_s=None if pace is None else (self._total_s - self._done_s) / pace,
            last_failure=self._last_failure,
        )
