"""What became of the frames of one camera, and how old they were."""

import threading
from collections import Counter, deque

import numpy as np

from ray_app.live.messages import FrameCounts, Outcome

MINUTE_S, RATE_WINDOW_S = 60.0, 10.0
MOST_AGES = 4096


class FrameTally:
    """Counts every due frame once. Callers on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: Counter[Outcome] = Counter()
        self._in_flight = self._reduced = 0
        self._ages: deque[tuple[float, float]] = deque(maxlen=MOST_AGES)
        self._recent: deque[tuple[float, Outcome]] = deque(maxlen=4 * MOST_AGES)

    def offer(self) -> None:
        """Takes a frame that is due; it is in flight until `decide`."""
        with self._lock:
            self._in_flight += 1

    def reduce(self) -> None:
        """Takes an analysed frame that was looked at with a smaller input."""
        with self._lock:
            self._reduced += 1

    def decide(self, outcome: Outcome, now_s: float, age_s: float | None = None) -> None:
        """Says what became of a frame offered before."""
        with self._lock:
            self._in_flight -= 1
            self._count(outcome, 1, now_s)
            if age_s is not None:
                self._ages.append((now_s, age_s))

    def miss(self, frames: int, now_s: float) -> None:
        """Takes frames that were due and of which no picture came."""
        with self._lock:
            self._count(Outcome.NOT_SEEN, frames, now_s)

    def counts(self) -> FrameCounts:
        """Returns all frames so far by outcome."""
        with self._lock:
            told = {outcome: self._decided[outcome] for outcome in Outcome}
            told[Outcome.IN_FLIGHT] = self._in_flight
            return FrameCounts(told, self._reduced)

    def age_p95_s(self, now_s: float) -> float | None:
        """Returns the 95th percentile of the ages of the last minute."""
        with self._lock:
            ages = [age for at, age in self._ages if at >= now_s - MINUTE_S]
        return float(np.percentile(ages, 95)) if ages else None

    def rate_hz(self, outcome: Outcome, now_s: float) -> float:
        """Returns frames per second of the last ten seconds with an outcome."""
        with self._lock:
            since_s = now_s - RATE_WINDOW_S
            return sum(o is outcome and at >= since_s for at, o in self._recent) / RATE_WINDOW_S

    def _count(self, outcome: Outcome, frames: int, now_s: float) -> None:
        self._decided[outcome] += frames
        self._recent.extend([(now_s, outcome)] * min(frames, 64))
