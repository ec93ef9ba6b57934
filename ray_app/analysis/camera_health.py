"""Whether a camera can be believed: frozen, dark, covered, blurred, moved. Unit: seconds."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.event import Reading
from ray_app.domain.observation import PictureState
from ray_app.domain.ranges import KeyFault, between, refuse_faults
from ray_app.domain.settings import settings

FAULTS = ("frozen", "dark", "covered", "blurred", "moved")
FROZEN_DIFFERENCE = 2
"""A re-coded still picture wavers by so much of 255; a live one has at least a noisy pixel."""
DARK_LEVEL = 20.0
"""95 % of the samples are darker than this, of 255: no night street is."""
COVERED_SPREAD = 6.0
"""Standard deviation of the samples: a hand, paint or a bag shows nothing but one shade."""
BLURRED_SHARE = 0.4
"""Sharpness, as a share of what is usual here, below which the picture is out of focus."""
MOVED_SHARE = 0.4
"""Likeness to the usual picture, as a share of what is usual, below which it looks elsewhere."""
LEAST_LIKENESS = 0.35
"""A view whose picture never stays alike, as over a moving crowd, cannot be told to have moved."""
USUAL_S = 60.0
LEARNT_S = 20.0
"""For so long nothing is said of blur and of movement: usual must be known first."""
Floats = NDArray[np.float64]


@settings
class CameraHealthSettings:
    """When a camera is taken to fail.

    Attributes:
        faults: Which faults are looked for; a camera that pans on purpose leaves out moved.
        after_s: How long a fault must last before it is an event, and before all situations of
            the camera are muted until it is over.
    """

    faults: tuple[str, ...] = FAULTS
    after_s: float = 5.0

    def __post_init__(self) -> None:
        known = ", ".join(FAULTS)
        unknown: list[KeyFault] = [
            ("faults", f"unknown fault {name!r}; known: {known}")
            for name in self.faults
            if name not in FAULTS
        ]
        refuse_faults(*unknown, between("after_s", self.after_s, 0.5, 3600))

    @property
    def alarm(self) -> HysteresisSettings:
        """Levels of the events."""
        return HysteresisSettings(open_at=self.after_s, close_at=0.4, hold_s=0.0, release_s=1.0)


class CameraHealth:
    """Compares each picture with the one before and with what is usual for the camera.

    The level of a fault is for how many seconds it has lasted without a break. What is usual is a
    running mean over a minute that learns only while nothing is wrong.
    """

    name = "camera_health"
    unit = "s of fault"

    def __init__(self, settings: CameraHealthSettings) -> None:
        self._settings = settings
        self._since_s: dict[str, float] = {}
        self._before: NDArray[np.uint8] | None = None
        self._view: Floats | None = None
        self._likeness, self._sharpness = 0.0, 0.0
        self._learnt_s, self._last_s = 0.0, 0.0

    def measure(self, state: PictureState | None, time_s: float) -> tuple[Reading, ...]:
        """Returns one reading per fault looked for; none without a picture state."""
        if state is None:
            return ()
        passed_s = max(0.0, time_s - self._last_s) if self._before is not None else 0.0
        measures = self._measures(state)
        wrong = self._wrong(measures, len(self._since_s) > 0)
        wrong &= set(self._settings.faults)
        self._since_s = {name: self._since_s.get(name, self._last_s) for name in sorted(wrong)}
        if not wrong:
            self._learn(state, measures["likeness"], passed_s)
        self._before, self._last_s = state.samples, time_s
        return tuple(
            Reading(name, time_s - self._since_s.get(name, time_s), None, tuple(measures.items()))
            for name in self._settings.faults
        )

    def fault(self, time_s: float) -> str | None:
        """Returns the fault that has lasted long enough to silence the camera, or None."""
        lasting = [
            name for name, since in self._since_s.items() if time_s - since >= self._after_s()
        ]
        return lasting[0] if lasting else None

    def forget(self) -> None:
        """Drops everything: the footage was interrupted, and may go on elsewhere."""
        self._since_s.clear()
        self._before = self._view = None
        self._learnt_s = 0.0

    def _after_s(self) -> float:
        return self._settings.after_s - 1e-6

    def _measures(self, state: PictureState) -> dict[str, float]:
        samples = state.samples.astype(np.float64)
        change = 255.0
        if self._before is not None and self._before.shape == samples.shape:
            change = float(np.abs(samples - self._before).max())
        likeness = 1.0 if self._view is None else _likeness(_structure(samples), self._view)
        return {
            "change": change,
            "bright": float(np.percentile(samples, 95)),
            "spread": float(samples.std()),
            "sharpness": state.sharpness,
            "likeness": likeness,
        }

    def _wrong(self, now: dict[str, float], already: bool) -> set[str]:
        wrong = set()
        if now["bright"] < DARK_LEVEL:
            wrong.add("dark")
        elif now["spread"] < COVERED_SPREAD:
            wrong.add("covered")
        elif now["change"] <= FROZEN_DIFFERENCE:
            wrong.add("frozen")
        elif self._learnt_s >= LEARNT_S or already:
            if now["sharpness"] < BLURRED_SHARE * self._sharpness:
                wrong.add("blurred")
            alike = self._likeness >= LEAST_LIKENESS
            if alike and now["likeness"] < MOVED_SHARE * self._likeness:
                wrong.add("moved")
        return wrong

    def _learn(self, state: PictureState, likeness: float, passed_s: float) -> None:
        structure = _structure(state.samples.astype(np.float64))
        if self._view is None or self._view.shape != structure.shape:
            self._view, self._likeness, self._sharpness = structure, 1.0, state.sharpness
            return
        self._learnt_s += passed_s
        # the mean so far, at first: the first picture alone is not what is usual
        fresh = min(1.0, passed_s / min(USUAL_S, max(self._learnt_s, 1e-6)))
        self._view = self._view + fresh * (structure - self._view)
        self._likeness += fresh * (likeness - self._likeness)
        self._sharpness += fresh * (state.sharpness - self._sharpness)


def _structure(samples: Floats) -> Floats:
    """Returns edges whatever the light: samples less their surroundings, over local contrast."""
    smooth = ndimage.gaussian_filter(samples, 0.7)
    around = ndimage.gaussian_filter(samples, 3.0)
    rough = smooth - around
    contrast = np.sqrt(ndimage.gaussian_filter(rough**2, 4.0)) + 2.0
    return np.asarray(rough / contrast, np.float64)


def _likeness(one: Floats, other: Floats) -> float:
    """Returns the correlation of two structures of one shape, -1 to 1."""
    if one.shape != other.shape:
        return 0.0
    a, b = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum() / size) if size > 1e-9 else 1.0
