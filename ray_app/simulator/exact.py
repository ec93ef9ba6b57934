"""The exact engine: every tile of every second, one by one."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ray_app.scaling.shedding import Shares
from ray_app.simulator.class_load import ClassLoad
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.data_plane import (
    BINS,
    Ongoing,
    PlaneResult,
    PlaneSettings,
    latency_quantile_s,
)
from ray_app.simulator.exact_kernel import (
    ABSENT,
    ACTIVE,
    DRAINING,
    DROPPED,
    IDLE,
    LATE,
    SERVED,
    play_second,
)

JITTERS = 1024
FIRST_SLOTS = 32
FIRST_RING = 1 << 14

IntArray = NDArray[np.int64]


class Draws(Protocol):
    """All randomness of a run."""

    def counts(self, work_per_s: FloatArray) -> IntArray:
        """Returns the tiles of every class that arrive in a second."""

    def moments(self, count: int) -> FloatArray:
        """Returns so many sorted moments of a second, 0 to 1."""

    def picks(self, count: int) -> FloatArray:
        """Returns two uniform numbers per tile, for routing; shape (count, 2)."""

    def jitters(self, count: int) -> FloatArray:
        """Returns normal numbers for service times."""

    def shuffled(self, classes: IntArray) -> IntArray:
        """Returns the classes of the tiles of a second in the order of their arrival."""


class CameraDraws:
    """Cameras send at an even pace, out of step: exact numbers, random moments."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
        self._left: FloatArray | None = None

    def counts(self, work_per_s: FloatArray) -> IntArray:
        """Returns the tiles of every class; fractions are carried to the next second."""
        if self._left is None:
            self._left = self._rng.random(len(work_per_s))
        due = self._left + work_per_s
        whole = np.floor(due)
        self._left = due - whole
        return whole.astype(np.int64)

    def moments(self, count: int) -> FloatArray:
        """Returns so many sorted moments of a second, 0 to 1."""
        gaps = np.cumsum(self._rng.standard_exponential(count + 1))
        return np.asarray(gaps[:-1] / gaps[-1])

    def picks(self, count: int) -> FloatArray:
        """Returns two uniform numbers per tile."""
        return self._rng.random((count, 2))

    def jitters(self, count: int) -> FloatArray:
        """Returns normal numbers."""
        return self._rng.standard_normal(count)

    def shuffled(self, classes: IntArray) -> IntArray:
        """Returns the classes in random order."""
        self._rng.shuffle(classes)
        return classes


class ExactPlane:
    """Serve's data path, frame by frame.

    A replica that is lost with its node finishes the batch it has: sixteen tiles at most.

    Args:
        load: What is offered.
        settings: Service, deadline and what happens to frames that wait.
        draws: Where randomness comes from.
    """

    def __init__(self, load: ClassLoad, settings: PlaneSettings, draws: Draws) -> None:
        self._load, self._settings, self._draws = load, settings, draws
        seconds, classes = load.work_per_s.shape
        self._offered = np.zeros((seconds, classes))
        self._shed = np.zeros((seconds, classes))
        self._dropped, self._late, self._served = (np.zeros((seconds, classes)) for _ in range(3))
        self._latency, self._reduced = np.zeros(BINS), 0
        self._p95_s = np.full(seconds, np.nan)
        self._params = _params(settings)
        self._slot_of: dict[int, int] = {}
        self._slots = _Slots(FIRST_SLOTS, settings)
        self._handle_s = np.zeros(FIRST_RING)
        self._handle_class = np.zeros(FIRST_RING, np.int64)
        self._handle = np.zeros(2, np.int64)

    def step(self, second: int, running: list[int], kept: Shares | None) -> Ongoing:
        """Plays one second with these replicas; kept is what is not shed (None keeps all)."""
        self._set_running(running)
        work = self._load.work_per_s[second]
        admitted, costs = work, self._load.costs(1.0)
        if kept is not None:
            admitted = work * np.array(kept.kept)
            costs = self._load.costs(self._settings.service.tile_cost(kept.input_cost))
        counts = self._draws.counts(admitted)
        total = int(counts.sum())
        self._make_room(total)
        classes = self._draws.shuffled(np.repeat(np.arange(len(counts)), counts))
        counters = np.zeros((len(counts), 4), np.int64)
        latency = np.zeros(BINS, np.int64)
        s = self._slots
        play_second(
            second + 1.0,
            second + self._draws.moments(total),
            classes,
            self._draws.picks(total),
            self._draws.jitters(JITTERS),
            self._params,
            costs,
            s.state,
            s.queue_s,
            s.queue_class,
            s.heads,
            s.counts,
            s.batch_s,
            s.batch_class,
            s.batch_n,
            s.done_s,
            s.mode,
            self._handle_s,
            self._handle_class,
            self._handle,
            counters,
            latency,
        )
        self._note(second, counts, work - admitted, counters, latency)
        self._reduced += int(counters[costs < 1, SERVED].sum())
        return Ongoing(float(self._handle[1]), float(s.counts.sum() + s.batch_n.sum()))

    def result(self) -> PlaneResult:
        """Returns where everything went; what waits past the deadline at the end is late."""
        ages = len(self._offered) - self._waiting_since_s()
        overdue = int((ages > self._settings.deadline_s).sum())
        late = self._late.copy()
        waiting = self._waiting_classes()
        if overdue:
            old = np.bincount(waiting[ages > self._settings.deadline_s], minlength=late.shape[1])
            late[-1] += old
        return PlaneResult(
            offered=self._offered + self._shed,
            shed=self._shed,
            dropped=self._dropped,
            late=late,
            served=self._served,
            reduced=float(self._reduced),
            in_flight=float(len(waiting)),
            latency=self._latency,
            p95_s=self._p95_s,
        )

    def _note(
        self,
        second: int,
        counts: IntArray,
        shed: FloatArray,
        counters: IntArray,
        latency: IntArray,
    ) -> None:
        self._offered[second] = counts
        self._shed[second] = shed
        self._served[second] = counters[:, SERVED]
        self._late[second] = counters[:, LATE]
        self._dropped[second] = counters[:, DROPPED]
        self._latency += latency
        self._p95_s[second] = latency_quantile_s(latency.astype(np.float64), 0.95)

    def _set_running(self, running: list[int]) -> None:
        there, s = set(running), self._slots
        for number in [n for n in self._slot_of if n not in there]:
            slot = self._slot_of.pop(number)
            is_empty = s.mode[slot] == IDLE and s.counts[slot] == 0
            s.state[slot] = ABSENT if is_empty else DRAINING
        for number in running:
            if number not in self._slot_of:
                free = np.flatnonzero(s.state == ABSENT)
                if not len(free):
                    free = np.array([len(s.state)])
                    self._slots = s = s.grown()
                self._slot_of[number] = int(free[0])
                s.state[free[0]] = ACTIVE

    def _make_room(self, arrivals: int) -> None:
        """Grows the handle's ring, which Serve does not bound by default."""
        count, ring = int(self._handle[1]), len(self._handle_s)
        if count + arrivals < ring:
            return
        order = (self._handle[0] + np.arange(count)) % ring
        size = 2 * (count + arrivals)
        for name in ("_handle_s", "_handle_class"):
            old = getattr(self, name)
            new = np.zeros(size, old.dtype)
            new[:count] = old[order]
            setattr(self, name, new)
        self._handle[0] = 0

    def _waiting(self) -> list[tuple[FloatArray, IntArray]]:
        s, parts = self._slots, []
        order = (self._handle[0] + np.arange(self._handle[1])) % len(self._handle_s)
        parts.append((self._handle_s[order], self._handle_class[order]))
        for slot in range(len(s.state)):
            at = (s.heads[slot] + np.arange(s.counts[slot])) % s.queue_s.shape[1]
            parts.append((s.queue_s[slot, at], s.queue_class[slot, at]))
            n = s.batch_n[slot]
            parts.append((s.batch_s[slot, :n], s.batch_class[slot, :n]))
        return parts

    def _waiting_since_s(self) -> FloatArray:
        return np.concatenate([times for times, _ in self._waiting()])

    def _waiting_classes(self) -> IntArray:
        return np.concatenate([classes for _, classes in self._waiting()])


class _Slots:
    """State of all replicas, as arrays the kernel takes."""

    def __init__(self, slots: int, settings: PlaneSettings) -> None:
        self._settings = settings
        room = settings.most_ongoing + 1
        batch = settings.service.batch_max
        self.state = np.zeros(slots, np.int64)
        self.queue_s = np.zeros((slots, room))
        self.queue_class = np.zeros((slots, room), np.int64)
        self.heads, self.counts = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
        self.batch_s = np.zeros((slots, batch))
        self.batch_class = np.zeros((slots, batch), np.int64)
        self.batch_n = np.zeros(slots, np.int64)
        self.done_s = np.full(slots, np.inf)
        self.mode = np.zeros(slots, np.int64)

    def grown(self) -> "_Slots":
        """Returns twice as many slots, the first ones unchanged."""
        count = len(self.state)
        more = _Slots(2 * count, self._settings)
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray):
                getattr(more, name)[:count] = array
        return more


def _params(settings: PlaneSettings) -> FloatArray:
    """Returns what the kernel calls params, in its order."""
    service = settings.service
    return np.array(
        [
            service.overhead_s,
            service.per_tile_s,
            service.batch_max,
            service.batch_wait_s,
            settings.deadline_s,
            settings.stale_s,
            service.jitter,
            settings.most_ongoing,
        ],
        np.float64,
    )
