"""A fire as a cloud of squares: flame that glows, smoke that rises and drifts."""

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.scenario import FirePlan

FloatArray = NDArray[np.float64]
FULL_AFTER_S = 12.0
RADIUS_M = 0.45
WIND_M_S = (0.45, 0.15)
FLAMES_PER_S, PUFFS_PER_S = 130.0, 14.0


class Fire:
    """Burns from the plan's start; the same seed and steps give the same flames."""

    def __init__(self, plan: FirePlan, seed: int) -> None:
        self._plan = plan
        self._rng = np.random.default_rng((seed, 7))
        self._places = np.zeros((0, 3))
        self._velocities = np.zeros((0, 3))
        # Age and length of life in seconds; 1 for smoke, 0 for flame.
        self._lives = np.zeros((0, 3))
        self._strength = 0.0

    def step(self, time_s: float, step_s: float) -> None:
        """Moves the fire on to time_s."""
        if time_s < self._plan.start_s:
            return
        grown = (time_s - self._plan.start_s) / FULL_AFTER_S
        self._strength = float(np.clip(0.12 + 0.88 * grown, 0, 1))
        self._kindle(step_s)
        self._drift(step_s)

    @property
    def light(self) -> tuple[float, float, float, float] | None:
        """Place and strength of the fire's light; None while nothing burns."""
        if not len(self._places):
            return None
        x, y, z = self._plan.place_m
        flicker = 1 + 0.25 * float(self._rng.normal())
        return x, y, z + 0.6, 5.0 * self._strength**1.5 * max(0.3, flicker)

    def particles(self) -> NDArray[np.float32]:
        """Returns x, y, z, half side, red, green, blue, alpha; shape (n, 8)."""
        age, length, smoke = self._lives.T
        share = age / length
        radius = RADIUS_M * np.sqrt(max(self._strength, 0.05))
        glow = (0.35 + 0.4 * self._rng.random(len(age))) * np.minimum(1, share * 8)
        flame = np.stack(
            [
                radius * 0.62 * (1 - 0.75 * share) + 0.05,
                np.ones_like(share),
                0.78 - 0.55 * share,
                0.32 * (1 - share) ** 2,
                glow * (1 - share) ** 0.6,
            ],
            axis=1,
        )
        grey = 0.13 + 0.03 * age
        thick = 0.38 * np.minimum(1, age * 2) * (1 - share)
        puff = np.stack([0.3 + 0.42 * age, grey, grey, grey + 0.01, thick], axis=1)
        looks = np.where(smoke[:, None] > 0, puff, flame)
        return np.concatenate([self._places, looks], axis=1).astype(np.float32)

    def _kindle(self, step_s: float) -> None:
        rng = self._rng
        flames = rng.poisson(FLAMES_PER_S * step_s * (0.25 + 0.75 * self._strength))
        puffs = rng.poisson(PUFFS_PER_S * step_s * (0.3 + 0.7 * self._strength))
        count, radius = flames + puffs, RADIUS_M * np.sqrt(self._strength)
        height = np.concatenate([rng.uniform(0, 0.15, flames), rng.uniform(0.6, 1.1, puffs)])
        around = rng.normal(0, radius * 0.45, (count, 2))
        places = np.concatenate([around, height[:, None]], axis=1) + self._plan.place_m
        rise = np.concatenate([rng.normal(1.9, 0.4, flames), rng.normal(1.3, 0.2, puffs)])
        rise *= 0.5 + 0.5 * self._strength
        sideways = rng.normal(0, 0.15, (count, 2))
        length = np.concatenate([rng.gamma(6, 0.13, flames) + 0.05, rng.uniform(5, 9, puffs)])
        smoke = np.concatenate([np.zeros(flames), np.ones(puffs)])
        self._places = np.concatenate([self._places, places])
        self._velocities = np.concatenate(
            [self._velocities, np.concatenate([sideways, rise[:, None]], axis=1)]
        )
        born = np.stack([np.zeros(count), length, smoke], axis=1)
        self._lives = np.concatenate([self._lives, born])

    def _drift(self, step_s: float) -> None:
        self._places += self._velocities * step_s
        aloft = np.minimum(1, self._places[:, 2:] / 2.5)
        stir = self._rng.normal(0, 0.5, (len(self._places), 2))
        self._places[:, :2] += (np.array(WIND_M_S) * aloft + stir) * step_s
        self._lives[:, 0] += step_s
        alive = self._lives[:, 0] < self._lives[:, 1]
        self._places, self._velocities = self._places[alive], self._velocities[alive]
        self._lives = self._lives[alive]
