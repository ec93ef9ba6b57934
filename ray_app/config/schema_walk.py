"""Asks the schema what a key path stands for: its type, its keys, an example."""

import dataclasses
import types
import typing
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from ray_app.config.faults import KeyPath
from ray_app.config.schema import SiteConfig

Pair = tuple[float, float]
EXAMPLES: dict[object, str] = {
    str: "text, as gate (in quotes where YAML reads a number or yes/no)",
    float: "a number, as 5.0",
    int: "a whole number, as 4",
    bool: "true or false",
    datetime: "a time with its zone, as 2024-07-26T18:00:00+02:00",
    Pair: "two numbers, as [1.5, 2.0]",
    tuple[int, int]: "two whole numbers, as [1920, 1080]",
    tuple[float, float, float]: "three numbers, as [1.0, 2.0, 3.0]",
    tuple[Pair, ...]: "a list of [x, y] points, as [[0, 0], [10, 0], [10, 5]]",
    tuple[str, ...]: "a list of texts, as [gate, stage]",
    tuple[int, ...]: "a list of whole numbers, as [8, 16]",
}


def type_at(path: KeyPath, root: object = SiteConfig) -> object:
    """Returns the type the schema wants at path; object where the schema knows no such key."""
    wanted = root
    for key in path:
        wanted = _step(_without_none(wanted), key)
    return _without_none(wanted)


def keys_at(path: KeyPath, root: object = SiteConfig) -> tuple[str, ...]:
    """Returns the keys a block at path may have; none where no block is wanted."""
    return keys_of(type_at(path, root))


def keys_of(wanted: object) -> tuple[str, ...]:
    """Returns the keys of a settings class, in the order it lists them."""
    if not (isinstance(wanted, type) and dataclasses.is_dataclass(wanted)):
        return ()
    return tuple(field.name for field in dataclasses.fields(wanted))


def describe(wanted: object) -> str:
    """Returns what a value of this type looks like, for a person."""
    if wanted in EXAMPLES:
        return EXAMPLES[wanted]
    if keys := keys_of(wanted):
        return f"a block of keys: {', '.join(keys)}"
    if typing.get_origin(wanted) is tuple and (inner := keys_of(typing.get_args(wanted)[0])):
        return f"a list of blocks (`- {inner[0]}: ...`) with keys: {', '.join(inner)}"
    return "another kind of value"


def advise_key(key: str, path: KeyPath, root: object = SiteConfig) -> str:
    """Returns which key of the block at path was probably meant."""
    known = keys_at(path, root)
    if close := closest(key, known):
        return f"did you mean {close!r}?"
    homes = [name for name in known if key in keys_at((*path, name), root)]
    if homes:
        return f"it belongs under {homes[0]!r}"
    return f"known: {', '.join(known)}" if known else "no keys are expected here"


def closest(word: str, known: Sequence[str]) -> str | None:
    """Returns the known word most like word, or None when none is like it."""
    matches = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return matches[0] if matches else None


def advise_name(name: str, names: Sequence[str]) -> str:
    """Returns which of the names was probably meant, or all of them."""
    if close := closest(name, names):
        return f"did you mean {close!r}?"
    return f"known: {', '.join(names)}" if names else "none is given"


def _step(wanted: object, key: str | int) -> object:
    if isinstance(key, str):
        if isinstance(wanted, type) and key in keys_of(wanted):
            return typing.get_type_hints(wanted)[key]
        return object
    inner = typing.get_args(wanted) if typing.get_origin(wanted) is tuple else ()
    if len(inner) == 2 and inner[1] is Ellipsis:
        return inner[0]
    return inner[key] if key < len(inner) else object


def _without_none(wanted: object) -> object:
    if isinstance(wanted, types.UnionType) or typing.get_origin(wanted) is typing.Union:
        return next(part for part in typing.get_args(wanted) if part is not types.NoneType)
    return wanted
