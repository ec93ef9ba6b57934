"""Fills the schema from a document and finds every fault on the way, not the first alone."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ray_app.config.faults import Fault, KeyPath, KeyProblem
from ray_app.config.schema import SiteConfig
from ray_app.config.schema_walk import advise_key, closest, describe, type_at
from ray_app.config.stand_ins import JsonValue, ValuesOf, has_stand_in, site_values, stand_ins
from ray_app.config.yaml_document import Document, kept_path
from ray_app.domain.ranges import SettingsError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileKind(Generic[T]):
    """One kind of file.

    Attributes:
        root: The settings class the whole file fills.
        adapter: Fills it.
        values_of: Stand-ins for its required keys.
    """

    root: type[T]
    adapter: TypeAdapter[T]
    values_of: ValuesOf


ADAPTER = TypeAdapter(SiteConfig)
SITE_FILE = FileKind(SiteConfig, ADAPTER, site_values)


@dataclass(frozen=True, slots=True)
class Validation(Generic[T]):
    """What became of a document.

    Attributes:
        content: All parts that could be read; None when nothing could.
        faults: What is wrong with the others.
        left_out: Paths of the document that are not in content.
    """

    content: T | None
    faults: tuple[Fault, ...]
    left_out: frozenset[KeyPath]


def validate(document: Document, kind: FileKind[T]) -> Validation[T]:
    """Fills the schema; parts at fault are left out and the rest is tried again.

    Leaving parts out lets the checks of a whole (a range, a block, the site) run even when
    some key in it is wrong, so that one run tells every fault.
    """
    left_out = set(document.broken)
    faults: list[Fault] = []
    while True:
        try:
            data = json.dumps(_without(document.data, (), left_out, kind.values_of))
            content = kind.adapter.validate_json(data, strict=True)
            return Validation(content, tuple(faults), frozenset(left_out))
        except ValidationError as error:
            details = error.errors(include_url=False)
        known = frozenset(left_out)
        problems = [p for detail in details for p in _problems(document, detail, known, kind.root)]
        for problem in problems:
            if not (rests_on_any(problem, known) or _is_told_by_misspelling(problem, problems)):
                faults.append(_place(document, problem))
            left_out.add(_to_leave_out(document, problem.path, known, kind))
        if left_out == known:
            return Validation(None, tuple(faults), known)


def rests_on_any(problem: KeyProblem, paths: frozenset[KeyPath]) -> bool:
    """Returns whether a problem may be the echo of one of the paths at fault."""
    grounds = (problem.path, *problem.rests_on)
    return any(_overlap(ground, path) for ground in grounds for path in paths)


def _overlap(one: KeyPath, other: KeyPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _without(
    data: JsonValue, path: KeyPath, left_out: set[KeyPath], values_of: ValuesOf
) -> JsonValue:
    if isinstance(data, list):
        return [
            _without(item, (*path, index), left_out, values_of)
            for index, item in enumerate(data)
            if (*path, index) not in left_out
        ]
    if isinstance(data, dict):
        kept = {
            key: _without(value, (*path, key), left_out, values_of)
            for key, value in data.items()
            if (*path, key) not in left_out
        }
        return kept | stand_ins(path, left_out, values_of)
    return data


def _problems(
    document: Document, detail: ErrorDetails, left_out: frozenset[KeyPath], root: object
) -> list[KeyProblem]:
    path = kept_path(document.data, detail["loc"], left_out)
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, SettingsError):
        return [KeyProblem((*path, key), problem) for key, problem in error.faults]
    if isinstance(error, ValueError):
        return [KeyProblem(path, str(error))]
    return [_type_problem(path, detail, root)]


def _type_problem(path: KeyPath, detail: ErrorDetails, root: object) -> KeyProblem:
    if detail["type"] == "unexpected_keyword_argument":
        return KeyProblem(path, f"unknown key; {advise_key(str(path[-1]), path[:-1], root)}")
    if detail["type"] == "missing" and isinstance(path[-1], str):
        return KeyProblem(path, f"missing; add `{path[-1]}:` with {describe(type_at(path, root))}")
    if detail["type"] == "missing":
        return KeyProblem(path[:-1], f"too short; expected {describe(type_at(path[:-1], root))}")
    got = json.dumps(detail["input"], ensure_ascii=False)
    got = got if len(got) <= 40 else got[:37] + "..."
    return KeyProblem(path, f"expected {describe(type_at(path, root))}, got {_yaml_word(got)}")


def _yaml_word(got: str) -> str:
    if got in ("true", "false"):
        return f"{got} (YAML reads yes, no, on, off so)"
    return "nothing" if got == "null" else got


def _is_told_by_misspelling(problem: KeyProblem, problems: list[KeyProblem]) -> bool:
    """Returns whether a key is missing because it stands beside, misspelt."""
    if not problem.problem.startswith("missing"):
        return False
    *block, key = problem.path
    return any(
        other.problem.startswith("unknown key")
        and list(other.path[:-1]) == block
        and closest(str(other.path[-1]), (str(key),))
        for other in problems
    )


def _place(document: Document, problem: KeyProblem) -> Fault:
    at_key = problem.problem.startswith("unknown key")
    places = document.keys if at_key else document.values
    return document.fault_at(problem.path, problem.problem, places)


def _to_leave_out(
    document: Document, path: KeyPath, left_out: frozenset[KeyPath], kind: FileKind[T]
) -> KeyPath:
    """Returns the smallest part to leave out: the key, or its block when the key is not there."""
    while path and isinstance(path[-1], int) and not _is_block(path, kind.root):
        path = path[:-1]
    while len(path) > 1 and (path not in document.keys or path in left_out):
        if path not in left_out and has_stand_in(path, kind.values_of):
            return path
        path = path[:-1]
    return path


def _is_block(path: KeyPath, root: object) -> bool:
    return dataclasses.is_dataclass(type_at(path, root))
