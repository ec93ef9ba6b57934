"""Words and numbers as a safety officer reads them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ray_app.report.data import CameraFacts
from ray_app.report.episodes import Episode

TITLES = {
    "crowd_density": "Crowd density",
    "bottleneck": "Bottleneck",
    "counterflow": "Counter-flow",
    "restricted_area": "Restricted area",
    "crowd_movement": "Crowd movement",
    "fire_smoke": "Fire or smoke",
    "abandoned_object": "Abandoned object",
    "person_down": "Person down",
}
MEANINGS = {
    "crowd_density": "People per square metre of floor",
    "bottleneck": "Seconds the waiting people need to pass, at the present outflow",
    "counterflow": "People walking against the common direction",
    "restricted_area": "People and vehicles where nobody may be",
}
# Okabe and Ito (2008): told apart by every common kind of colour blindness, and in grey.
COLOURS = {
    "crowd_density": "#d55e00",
    "bottleneck": "#0072b2",
    "counterflow": "#cc79a7",
    "restricted_area": "#009e73",
    "crowd_movement": "#8c7a00",
    "fire_smoke": "#e69f00",
    "abandoned_object": "#56b4e9",
    "person_down": "#000000",
}
OTHER_COLOUR = "#555555"
UNITS = {"people/m2": "people/m²", "people and vehicles": "people or vehicles"}
ONE_OF = {"people": "person", "people or vehicles": "person or vehicle"}


def title_of(situation: str) -> str:
    """Returns the name of a situation in words."""
    return TITLES.get(situation, situation.replace("_", " ").capitalize())


def colour_of(situation: str) -> str:
    """Returns the colour a situation has in every figure."""
    return COLOURS.get(situation, OTHER_COLOUR)


def meaning_of(situation: str) -> str:
    """Returns what the level of a situation counts; "" where no words are known."""
    return MEANINGS.get(situation, "")


def unit_of(unit: str) -> str:
    """Returns a unit as it is printed."""
    return UNITS.get(unit, unit)


def number(value: float) -> str:
    """Returns a level with as many digits as a person uses."""
    return _rounded(value, _digits(value))


def _digits(value: float) -> int:
    if abs(value) >= 100 or value == round(value):
        return 0
    return 1 if abs(value) >= 1 or round(value, 1) == round(value, 4) else 2


def _rounded(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace(",", "\u202f")


def level_words(level: float, sigma: float | None, unit: str) -> str:
    """Returns a level with its uncertainty and unit."""
    told = unit_of(unit)
    if sigma is None:
        return f"{number(level)} {ONE_OF.get(told, told) if level == 1 else told}"
    digits = max(_digits(level), min(1, _digits(sigma)))
    return f"{_rounded(level, digits)} ± {_rounded(sigma, digits)} {told}"


def duration(seconds: float) -> str:
    """Returns a length of time: 8 s, 2 min 5 s, 3 h 20 min."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{whole} s" if whole >= 10 else f"{seconds:.1f} s".replace(".0 s", " s")


def stream_clock(seconds: float) -> str:
    """Returns time since the start of the footage as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def moment(camera: CameraFacts, time_s: float, time_zone: str) -> str:
    """Returns clock time where the camera's start is known, else time from its start."""
    if camera.origin is None:
        return f"{stream_clock(time_s)} from start"
    at = clock_time(camera.origin, time_s, time_zone)
    return f"{at.day} {at:%b %H:%M:%S}"


def clock_time(origin: datetime, time_s: float, time_zone: str) -> datetime:
    """Returns the wall-clock time of a moment on a camera's time line."""
    return (origin + timedelta(seconds=time_s)).astimezone(ZoneInfo(time_zone))


def why(episode: Episode) -> str:
    """Returns what made the situation open and end, in plain words."""
    counted = meaning_of(episode.situation) or title_of(episode.situation)
    reached = f"{counted}: {episode.severity:.1f} times the alarm level at the strongest."
    return " ".join((reached, _certainty(episode), _ending(episode)))


def _certainty(episode: Episode) -> str:
    if episode.peak_sigma is None:
        return "How far off this may be is not known."
    if episode.peak - 2 * episode.peak_sigma >= episode.open_at:
        return "Clearly above the level."
    if episode.peak - episode.peak_sigma >= episode.open_at:
        return "Probably above the level."
    return "Close to the level: it may have stayed below."


def _ending(episode: Episode) -> str:
    if episode.ended_s is None:
        return "Still open when the footage ended."
    if episode.ended_by == "footage":
        return "The footage ended before the situation did."
    return f"Ended when it fell below {number(episode.close_at)}."


def plural(count: int, one: str, many: str) -> str:
    """Returns a count with its noun."""
    return f"{count:,} {one if count == 1 else many}".replace(",", "\u202f")
