"""Holds a reader's signals until the desk has taken them."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from ray_app.domain.situation import Signal

MOST_WAITING = 20_000
MOST_AT_ONCE = 200
AGAIN_S = 0.5
LOG = logging.getLogger(__name__)


class SignalOutbox:
    """Sends signals in order on a thread of its own; analysis never waits for the desk.

    Args:
        take: Hands signals to the desk and returns once they are safe there; any exception
            means they are not, and they are sent again: the desk takes a step only once.
    """

    def __init__(self, take: Callable[[tuple[Signal, ...]], object]) -> None:
        self._take = take
        self._changed = threading.Condition()
        self._waiting: deque[Signal] = deque()
        self._ending = False
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self._thread.start()

    def put(self, signals: Sequence[Signal]) -> None:
        """Leaves signals to be sent; when too many wait the oldest are counted as lost."""
        if not signals:
            return
        with self._changed:
            self._waiting.extend(signals)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)

    def flush(self, wait_s: float) -> bool:
        """Waits until everything is taken; returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, wait_s)

    def close(self) -> None:
        """Stops sending."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def _run(self) -> None:
        told = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                if self._ending:
                    return
                first = tuple(self._waiting)[:MOST_AT_ONCE]
            try:
                self._take(first)
            except Exception as error:  # noqa: BLE001  whatever it is, the signals stay
                if not told:
                    LOG.warning("the desk does not take signals: %s", type(error).__name__)
                told = True
                with self._changed:
                    self._changed.wait_for(lambda: self._ending, AGAIN_S)
                continue
            told = False
            with self._changed:
                for _ in range(min(len(first), len(self._waiting))):
                    if self._waiting[0] in first:
                        self._waiting.popleft()
                self._changed.notify_all()
