"""Words and numbers as a safety officer reads them."""

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
    "camera_health": "Camera fails",
    "people_count": "People counted",
    "flow": "Flow",
}
MEANINGS = {
    "crowd_density": "People per square metre of floor",
    "bottleneck": "Seconds the waiting people need to pass, at the present outflow",
    "flow": "People who pass per second and metre of the passage's width",
    "counterflow": "People walking against the common direction",
    "restricted_area": "People and vehicles where nobody may be",
    "abandoned_object": "Seconds a thing that somebody brought has been left alone",
    "fire_smoke": "How sure the network is of flame or smoke that was not there before, 0 to 1",
    "crowd_movement": "Speed of a rush, or pressure of a crush, as a multiple of its limit",
    "person_down": "Seconds somebody who fell has been on the ground",
    "camera_health": "Seconds the camera has been frozen, dark, covered, blurred or moved",
}
# After Okabe and Ito (2008): told apart by every common kind of colour blindness. Their yellow,
# sky blue and black are darkened or lightened until they stand out on white and on black paper.
COLOURS = {
    "crowd_density": "#d55e00",
    "bottleneck": "#0072b2",
    "counterflow": "#cc79a7",
    "restricted_area": "#009e73",
    "flow": "#0072b2",
    "crowd_movement": "#8c7a00",
    "fire_smoke": "#b87f00",
    "abandoned_object": "#2a8fc7",
    "person_down": "#8a63b8",
}
OTHER_COLOUR = "#76818b"
SURE_S = 1.0  # shorter than this a level may cross by chance
COARSE_SIGMA = 3.0  # tenths say nothing beside an uncertainty of whole units
UNITS = {
    "s": "s to clear",
    "people/m2": "people/m²",
    "people/(m s)": "people/(m·s)",
    "people and vehicles": "people or vehicles",
}
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
    digits = 0 if sigma >= COARSE_SIGMA else max(_digits(level), min(1, _digits(sigma)))
    if round(sigma, digits) == 0:
        return level_words(level, None, unit)
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


def how_sure(episode: Episode) -> tuple[str, str]:
    """Returns in one word, and in a sentence, whether the level was truly above its alarm."""
    clear_s, likely_s = episode.clear_s, episode.likely_s
    if clear_s is None or likely_s is None:
        return "not told", "How far off the level may be is not known."
    if clear_s >= SURE_S:
        return "clear", f"Two standard deviations above the alarm level for {duration(clear_s)}."
    if likely_s >= SURE_S:
        return "likely", f"One standard deviation above the alarm level for {duration(likely_s)}."
    return "doubtful", "Within its uncertainty of the alarm level: it may be false."


def how_ended(episode: Episode) -> str:
    """Returns how a situation ended."""
    if episode.ended_s is None:
        return "Still on when the footage ended."
    if episode.ended_by == "footage":
        return "The footage ended before the situation did."
    return f"Ended below {number(episode.close_at)}."


def is_unfinished(episode: Episode) -> bool:
    """Returns whether the footage ended before the situation did."""
    return episode.ended_s is None or episode.ended_by == "footage"


def plural(count: int, one: str, many: str) -> str:
    """Returns a count with its noun."""
    return f"{count:,} {one if count == 1 else many}".replace(",", "\u202f")


def listed(names: tuple[str, ...]) -> str:
    """Returns names as a, b and c; "" for none."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
