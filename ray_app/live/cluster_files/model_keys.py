"""Finds keys that a pydantic model would drop without a word."""

import difflib
import typing
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError

from ray_app.config.faults import KeyPath, KeyProblem


def unknown_keys(model: type[BaseModel], data: object, path: KeyPath) -> Iterator[KeyProblem]:
    """Yields every key of data, however deep, that neither the model nor its parts have."""
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        field = model.model_fields.get(str(key))
        if field is None:
            yield KeyProblem((*path, str(key)), unknown(str(key), model.model_fields))
            continue
        for inner, where in _parts(field.annotation, value, (*path, str(key))):
            yield from unknown_keys(inner, where[1], where[0])


def unknown(key: str, known: typing.Iterable[str]) -> str:
    """Returns what is told of an unknown key."""
    names = sorted(known)
    return "unknown key" + (closest_of(key, names) or f"; known: {', '.join(names)}")


def closest_of(name: str, known: typing.Iterable[str]) -> str:
    """Returns what to add to a message about a name nobody knows; nothing when none is near."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]!r}?" if close else ""


def told_by_model(error: ValidationError, data: object, path: KeyPath) -> Iterator[KeyProblem]:
    """Yields what pydantic refused, at the paths of the data."""
    for detail in error.errors(include_url=False):
        where = _path_in(data, detail["loc"])
        problem = detail["msg"].removeprefix("Value error, ").splitlines()[0]
        yield KeyProblem((*path, *where), problem)


def _path_in(data: object, loc: tuple[int | str, ...]) -> KeyPath:
    """Returns the steps of a location that lead on in the data; pydantic adds names of types."""
    found: list[int | str] = []
    for step in loc:
        if not _leads_on(data, step):
            continue
        data = data[step]  # type: ignore[index]
        found.append(step)
    return tuple(found)


def _leads_on(data: object, step: int | str) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, Mapping) and step in data


def _parts(
    wanted: object, value: object, path: KeyPath
) -> Iterator[tuple[type[BaseModel], tuple[KeyPath, object]]]:
    for model in _models(wanted):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield model, ((*path, index), item)
        else:
            yield model, (path, value)


def _models(wanted: object) -> Iterator[type[BaseModel]]:
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        yield wanted
        return
    for argument in typing.get_args(wanted):
        yield from _models(argument)
