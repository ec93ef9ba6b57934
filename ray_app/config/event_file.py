"""Reads an event file, or tells everything that is wrong with it at once."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from ray_app.config.faults import Fault, KeyPath, KeyProblem, faults_error
from ray_app.config.schema_walk import advise_name
from ray_app.config.stand_ins import JsonValue
from ray_app.config.validation import FileKind, rests_on_any, validate
from ray_app.config.yaml_document import kept_path, read_document
from ray_app.simulator.event_profile import ARRIVING, INSIDE, LEAVING, EventProfile

MOMENT: JsonValue = {"name": "unnamed", "at_min": 0}
ARRIVALS: JsonValue = {
    "moment": "unnamed",
    "waves": [{"share": 1, "before_min": 30, "spread_min": 15}],
}
ZONE: JsonValue = {"name": "unnamed", "cameras": 1, "follows": [], "fps": [1, 5]}
SERVICE: JsonValue = {"overhead_s": 0.01, "per_tile_s": 0.01, "source": "unnamed"}
NODE: JsonValue = {
    "name": "unnamed", "gpus": 1, "max_nodes": 1, "price_per_h": 1, "price_source": "unnamed"
}  # fmt: skip


def load_event(path: Path) -> EventProfile:
    """Returns the checked event.

    Raises:
        ConfigError: The file has faults; the message lists every one, one a line, as
            file:line:column: path: what is wrong, what would be right.
    """
    event, faults = _load(path)
    if event is None or faults:
        raise faults_error(faults)
    return event


def event_faults(path: Path) -> tuple[Fault, ...]:
    """Returns every fault of an event file, in the order of the file; none when it is good."""
    return _load(path)[1]


def _load(path: Path) -> tuple[EventProfile | None, tuple[Fault, ...]]:
    document, written = read_document(path, first_key="event")
    if document is None:
        return None, written
    validation = validate(document, EVENT_FILE)
    faults = [*written, *validation.faults]
    if validation.content is not None:
        for problem in _cross_problems(validation.content):
            told = kept_path(document.data, problem.path, validation.left_out)
            moved = KeyProblem(told, problem.problem, problem.rests_on)
            if not rests_on_any(moved, validation.left_out):
                faults.append(document.fault_at(told, problem.problem, document.values))
    return validation.content, tuple(
        sorted(set(faults), key=lambda f: (f.line or 0, f.column or 0))
    )


def _values_of(block: KeyPath) -> dict[str, JsonValue]:
    """Returns valid values of the required keys of a block of an event file."""
    if block == ():
        return {
            "event": "unnamed",
            "attendance": 1,
            "from_min": 0,
            "to_min": 60,
            "programme": [MOMENT],
            "arrivals": ARRIVALS,
            "zones": [ZONE],
            "service": SERVICE,
            "machines": {"nodes": [NODE]},
        }
    known: dict[KeyPath, JsonValue] = {
        ("programme",): MOMENT,
        ("arrivals",): ARRIVALS,
        ("zones",): ZONE,
        ("service",): SERVICE,
        ("machines", "nodes"): NODE,
    }
    value = known.get(tuple(key for key in block if isinstance(key, str)), {})
    return value if isinstance(value, dict) else {}


def _cross_problems(event: EventProfile) -> Iterator[KeyProblem]:
    """Yields names that nothing in the file has, and names given twice."""
    moments = [moment.name for moment in event.programme]
    gatherings = [gathering.name for gathering in event.gatherings]
    crowds = [ARRIVING, INSIDE, LEAVING, *gatherings]
    yield from _twice(("programme",), moments)
    yield from _twice(("gatherings",), gatherings)
    yield from _twice(("zones",), [zone.name for zone in event.zones])
    yield from _twice(("machines", "nodes"), [node.name for node in event.machines.nodes])
    rests = (("programme",),)
    yield from _unknown(("arrivals", "moment"), event.arrivals.moment, moments, rests)
    if event.departures is not None:
        yield from _unknown(("departures", "moment"), event.departures.moment, moments, rests)
    for index, gathering in enumerate(event.gatherings):
        yield from _unknown(("gatherings", index, "moment"), gathering.moment, moments, rests)
        if gathering.name in (ARRIVING, INSIDE, LEAVING):
            told = f"{gathering.name!r} is taken by the crowd itself; give another name"
            yield KeyProblem(("gatherings", index, "name"), told)
    for index, zone in enumerate(event.zones):
        for at, follow in enumerate(zone.follows):
            crowd: KeyPath = ("zones", index, "follows", at, "crowd")
            yield from _unknown(crowd, follow.crowd, crowds, (("gatherings",),))
    if event.service.full_batch_s >= event.deadline_s:
        told = (
            f"{event.deadline_s:g} s is less than a full batch takes "
            f"({event.service.full_batch_s:.3g} s); nothing would ever be in time"
        )
        yield KeyProblem(("deadline_s",), told, (("service",),))


def _unknown(
    path: KeyPath, name: str, known: list[str], rests_on: tuple[KeyPath, ...]
) -> Iterator[KeyProblem]:
    if name not in known:
        yield KeyProblem(path, f"unknown name {name!r}; {advise_name(name, known)}", rests_on)


def _twice(block: KeyPath, names: list[str]) -> Iterator[KeyProblem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield KeyProblem((*block, index, "name"), f"{name!r} is given twice; rename one")


EVENT_FILE = FileKind(EventProfile, TypeAdapter(EventProfile), _values_of)
