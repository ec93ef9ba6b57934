"""Times of day and weather, as the numbers the shaders need."""

from dataclasses import dataclass

from ray_app.domain.errors import VigieError

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """Light on a scene; colours are linear RGB.

    Attributes:
        sun: Direction towards the sun.
        sun_colour: Direct light.
        sky_colour: Light from above.
        floor_colour: Light thrown back from below.
        lamp_colour: Light of each lamp; black by day.
        sky: sRGB of the background.
        softness: Width of a shadow's edge as a share of the shadow map.
        gain: Exposure.
        noise: Sensor noise, grey levels (one standard deviation).
    """

    sun: Rgb
    sun_colour: Rgb
    sky_colour: Rgb
    floor_colour: Rgb
    lamp_colour: Rgb
    sky: Rgb
    softness: float
    gain: float
    noise: float


BLACK = (0.0, 0.0, 0.0)
LIGHTS = {
    "day": Light(
        sun=(-0.45, -0.5, 0.75),
        sun_colour=(1.75, 1.6, 1.38),
        sky_colour=(0.34, 0.39, 0.46),
        floor_colour=(0.17, 0.16, 0.145),
        lamp_colour=BLACK,
        sky=(0.62, 0.68, 0.74),
        softness=0.0012,
        gain=0.72,
        noise=2.0,
    ),
    "overcast": Light(
        sun=(-0.08, -0.1, 1.0),
        sun_colour=(0.42, 0.43, 0.44),
        sky_colour=(0.78, 0.8, 0.83),
        floor_colour=(0.3, 0.29, 0.28),
        lamp_colour=BLACK,
        sky=(0.72, 0.74, 0.76),
        softness=0.007,
        gain=0.9,
        noise=2.5,
    ),
    "night": Light(
        sun=(-0.2, -0.3, 0.9),
        sun_colour=(0.02, 0.024, 0.035),
        sky_colour=(0.022, 0.026, 0.04),
        floor_colour=(0.015, 0.014, 0.014),
        lamp_colour=(1.5, 1.15, 0.72),
        sky=(0.03, 0.035, 0.06),
        softness=0.004,
        gain=1.3,
        noise=5.0,
    ),
}
WEATHERS = ("dry", "rain")


def find_light(name: str) -> Light:
    """Returns the light of that name; raises VigieError naming the known ones."""
    if name not in LIGHTS:
        raise VigieError(f"unknown light '{name}'; known: {', '.join(LIGHTS)}")
    return LIGHTS[name]


def check_weather(name: str) -> None:
    """Raises VigieError naming the known weathers when name is none of them."""
    if name not in WEATHERS:
        raise VigieError(f"unknown weather '{name}'; known: {', '.join(WEATHERS)}")
