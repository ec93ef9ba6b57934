"""Stands in for required values at fault, so that the checks of their neighbours still run."""

from collections.abc import Callable, Set

from ray_app.config.faults import KeyPath

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

TRIANGLE: JsonValue = [[0, 0], [1, 0], [1, 1]]
ALARM: JsonValue = {"open_at": 2, "close_at": 1, "hold_s": 1, "release_s": 1}
WINDOW: dict[str, JsonValue] = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"}


# Valid values of the required keys of a block, by the path of the block.
ValuesOf = Callable[[KeyPath], dict[str, JsonValue]]


def stand_ins(block: KeyPath, left_out: Set[KeyPath], values_of: ValuesOf) -> dict[str, JsonValue]:
    """Returns valid values for the keys of a block that were left out and are required."""
    values = values_of(block)
    chosen = {key: value for key, value in values.items() if (*block, key) in left_out}
    # The two ends of a window are checked together, so they are replaced together.
    return chosen | WINDOW if chosen.keys() & WINDOW.keys() else chosen


def has_stand_in(path: KeyPath, values_of: ValuesOf) -> bool:
    """Returns whether the value at path can be replaced when it is at fault or missing."""
    is_there = bool(path) and path[-1] in values_of(path[:-1])
    return is_there and not str(path[-1]).startswith("polygon")


def site_values(block: KeyPath) -> dict[str, JsonValue]:
    """Returns valid values of the required keys of a block of a site file."""
    name = "-".join(("unnamed", *map(str, block)))
    if block == ():
        return {"site": name, "cameras": []}
    if block == ("authorisation",):
        return {"purpose": name, "situations": [], "cameras": [], **WINDOW}
    if block[0] != "cameras":
        return {}
    if len(block) == 2:
        return {"id": name, "footage": [name]}
    if block[2:-1] == ("zones",):
        return {"name": name, "polygon_m": TRIANGLE, "polygon_px": TRIANGLE}
    return {"alarm": ALARM} if block[2:3] == ("situations",) and len(block) == 5 else {}
