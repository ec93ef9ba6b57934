"""Reads YAML into plain data that remembers where each key and value stands."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ray_app.config.faults import Fault, KeyPath
from ray_app.config.stand_ins import JsonValue
from ray_app.config.yaml_text import read_text, syntax_faults

LARGEST_NUMBER = 1e9
MOST_NODES = 100_000
DEEPEST = 20
PLAIN_TAGS = ("null", "bool", "int", "float", "str", "timestamp", "map", "seq", "merge", "value")


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """A site file as data.

    Attributes:
        file: Path as it was given.
        data: The content; times stay text.
        keys: Where each key, or each item of a list, begins.
        values: Where each value begins.
        broken: Values that could not be read and stand as None.
    """

    file: str
    data: JsonValue
    keys: Mapping[KeyPath, Place]
    values: Mapping[KeyPath, Place]
    broken: frozenset[KeyPath]

    def fault_at(self, path: KeyPath, problem: str, places: Mapping[KeyPath, Place]) -> Fault:
        """Returns a fault at path, or at its nearest parent that is in the file."""
        near = path
        while near not in places and near:
            near = near[:-1]
        place = places.get(near, Place(1, 1))
        return Fault(self.file, place.line, place.column, dotted(path), problem)


def dotted(path: KeyPath) -> str:
    """Returns a path as people write it: cameras.1.url."""
    return ".".join(map(str, path))


def read_document(path: Path, first_key: str = "site") -> tuple[Document | None, tuple[Fault, ...]]:
    """Returns the document, or None, and every fault of its writing."""
    file = str(path)
    text, fault = read_text(path)
    if text is None:
        return None, (fault,) if fault else ()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            problem = f"expected a block of keys that begins with `{first_key}:`, got {_kind(root)}"
            return None, (Fault(file, 1, 1, "", problem),)
        reader = _TreeReader(file)
        data = reader.read(root, ())
    except yaml.YAMLError as error:
        return None, syntax_faults(file, text, error)
    except (RecursionError, _TooLargeError) as error:
        place = error.place if isinstance(error, _TooLargeError) else Place(1, 1)
        problem = "nested too deep, or repeated too often by anchors"
        return None, (Fault(file, place.line, place.column, "", problem),)
    broken = frozenset(reader.broken)
    return Document(file, data, reader.keys, reader.values, broken), tuple(reader.faults)


def _kind(root: yaml.Node | None) -> str:
    if root is None:
        return "nothing"
    return "a list" if isinstance(root, yaml.SequenceNode) else "text"


def kept_path(data: JsonValue, loc: tuple[str | int, ...], left_out: Set[KeyPath]) -> KeyPath:
    """Returns the path in the document of a location in the data with parts left out."""
    path: KeyPath = ()
    for key in loc:
        step = key
        if isinstance(data, list) and isinstance(key, int):
            kept = [i for i in range(len(data)) if (*path, i) not in left_out]
            step = kept[key] if key < len(kept) else key
        data = _child(data, step)
        path = (*path, step)
    return path


def _child(data: JsonValue, key: str | int) -> JsonValue:
    if isinstance(data, dict) and isinstance(key, str):
        return data.get(key)
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return data[key]
    return None


class _TooLargeError(Exception):
    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


@dataclass(slots=True)
class _TreeReader:
    file: str
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    broken: set[KeyPath] = field(default_factory=set)
    nodes: int = 0

    def read(self, node: yaml.Node, path: KeyPath) -> JsonValue:
        self._count(node, path)
        self.values[path] = _place(node)
        self.keys.setdefault(path, _place(node))
        if node.tag.removeprefix("tag:yaml.org,2002:") not in PLAIN_TAGS:
            self._add(node, path, f"the tag {node.tag!r} is not supported; remove it")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._read_block(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._read_scalar(node, path) if isinstance(node, yaml.ScalarNode) else None

    def _count(self, node: yaml.Node, path: KeyPath) -> None:
        # Anchors can repeat a small text without end.
        self.nodes += 1
        if len(path) > DEEPEST or self.nodes > MOST_NODES:
            raise _TooLargeError(_place(node))

    def _read_block(self, node: yaml.MappingNode, path: KeyPath) -> JsonValue:
        block: dict[str, JsonValue] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add(key, path, "a key must be plain text, as `site:`")
            elif key.tag.endswith(":merge"):
                merged.append(value)
            elif key.value in block:
                first = self.keys[(*path, key.value)].line
                self._add(key, (*path, key.value), f"given twice, first in line {first}; keep one")
                self.broken.discard((*path, key.value))
            else:
                self._read_pair(key, value, path, block)
        for other in merged:
            self._merge(other, path, block)
        return block

    def _read_pair(
        self, key: yaml.ScalarNode, value: yaml.Node, path: KeyPath, block: dict[str, JsonValue]
    ) -> None:
        self.keys[(*path, key.value)] = _place(key)
        block[key.value] = self.read(value, (*path, key.value))

    def _merge(self, node: yaml.Node, path: KeyPath, block: dict[str, JsonValue]) -> None:
        self._count(node, path)
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                self._add(source, path, "`<<` takes a block of keys, as `<<: *name`")
                continue
            for key, value in source.value:
                if key.tag.endswith(":merge"):
                    self._merge(value, path, block)
                elif isinstance(key, yaml.ScalarNode) and key.value not in block:
                    self._read_pair(key, value, path, block)

    def _read_scalar(self, node: yaml.ScalarNode, path: KeyPath) -> JsonValue:
        # Times stay text, and 12:30 too, which YAML 1.1 would read as the number 750.
        if node.tag.endswith(":timestamp") or (node.style is None and ":" in node.value):
            return str(node.value)
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except (ValueError, yaml.YAMLError):
            return str(node.value)
        if isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
            self._add(node, path, f"{node.value} is no number that can be used here")
            return None
        return value if isinstance(value, (bool, int, float, str)) else None

    def _add(self, node: yaml.Node, path: KeyPath, problem: str) -> None:
        place = _place(node)
        self.faults.append(Fault(self.file, place.line, place.column, dotted(path), problem))
        self.broken.add(path)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
