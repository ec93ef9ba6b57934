"""What a rendered scene follows from, and the name that follows from it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

from ray_app.domain.errors import VigieError
from ray_app.video.synthetic.light import Light, check_weather, find_light
from ray_app.video.synthetic.scenario import Scenario
from ray_app.video.synthetic.scenarios import DEFAULT_SECONDS, build_scenario

STARTED_AT = datetime(2026, 6, 21, 16, 0, 0, tzinfo=UTC)
"""Wall clock of the first frame of every rendered scene."""
RATES_HZ = (5.0, 10.0, 12.5, 25.0)
"""Rates that are a whole number of the simulator's steps."""


@dataclass(frozen=True, slots=True)
class SceneRequest:
    """All parameters of a rendered scene.

    Attributes:
        scenario: Name of the scenario.
        seconds: Length.
        seed: Of people, noise and flames.
        light: "day", "overcast" or "night".
        weather: "dry" or "rain"; by day, rain brings an overcast sky.
        size_px: Width and height of the footage.
        rate_hz: Frames per second.
    """

    scenario: str
    seconds: float
    seed: int
    light: str
    weather: str
    size_px: tuple[int, int] = (640, 360)
    rate_hz: float = 10.0

    @property
    def folder_name(self) -> str:
        """A name that changes with any parameter and with the code that draws."""
        content = json.dumps(asdict(self), sort_keys=True) + code_version()
        return f"{self.scenario}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    @property
    def sky(self) -> Light:
        """The light, as the weather leaves it."""
        clouded = self.weather == "rain" and self.light == "day"
        return find_light("overcast" if clouded else self.light)

    def build(self) -> Scenario:
        """Returns the scenario."""
        return build_scenario(self.scenario, self.seconds)


def request_scene(
    scenario: str,
    seconds: float | None,
    seed: int,
    light: str,
    weather: str,
    rate_hz: float = 10.0,
) -> SceneRequest:
    """Returns a request that can be drawn; seconds None takes the scenario's own length.

    Raises:
        VigieError: An unknown name, or a length or seed out of range; says what is known.
    """
    find_light(light)
    check_weather(weather)
    if seed < 0:
        raise VigieError(f"a seed is 0 or more, not {seed}")
    if rate_hz not in RATES_HZ:
        known = ", ".join(f"{rate:g}" for rate in RATES_HZ)
        raise VigieError(f"scenes are filmed at {known} frames per second, not {rate_hz:g}")
    build_scenario(scenario, seconds)
    length = DEFAULT_SECONDS[scenario] if seconds is None else float(seconds)
    return SceneRequest(scenario, length, seed, light, weather, rate_hz=float(rate_hz))


def code_version() -> str:
    """Returns a hash of the code and shaders that draw scenes."""
    digest = hashlib.sha256()
    for file in _sources(files("ray_app.video.synthetic")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            found += _sources(entry)
        elif entry.name.endswith((".py", ".glsl", ".vert", ".frag")):
            found.append(entry)
    return found
