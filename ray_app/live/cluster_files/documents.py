"""Reads YAML files of one or more documents, and remembers where everything stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ray_app.config.faults import Fault, KeyPath, KeyProblem
from ray_app.config.yaml_document import Place, dotted

MOST_BYTES = 5_000_000
# Top keys that no site file has: Serve config, manifest, `ray up`.
OF_A_CLUSTER = {"applications", "apiVersion", "kind", "cluster_name", "available_node_types"}
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a file.

    Attributes:
        file: As it was given.
        data: What it says.
        places: Where each key, or item of a list, begins.
        first_line: Lines of the file before its first.
    """

    file: str
    data: dict[str, Any]
    places: Mapping[KeyPath, Place]
    first_line: int = 0

    def fault(self, problem: KeyProblem) -> Fault:
        """Returns the problem with its place, or that of its nearest parent in the file."""
        near = problem.path
        while near and near not in self.places:
            near = near[:-1]
        place = self.places.get(near, Place(1, 1))
        line = place.line + self.first_line
        return Fault(self.file, line, place.column, dotted(problem.path), problem.problem)


def is_cluster_file(path: Path) -> bool:
    """Returns whether a file says something of a cluster; one that cannot be read does not."""
    manifests, _ = read_manifests(path)
    return any(OF_A_CLUSTER & manifest.data.keys() for manifest in manifests)


def read_manifests(path: Path) -> tuple[tuple[Manifest, ...], tuple[Fault, ...]]:
    """Returns the documents of a file, and every fault of its writing."""
    file = str(path)
    try:
        with path.open("rb") as opened:
            text = opened.read(MOST_BYTES + 1)
    except OSError as error:
        return (), (Fault(file, None, None, "", f"cannot be read: {error.strerror}"),)
    if len(text) > MOST_BYTES:
        return (), (Fault(file, None, None, "", f"is larger than {MOST_BYTES} bytes"),)
    try:
        return manifests_of(file, text.decode("utf-8"), 0)
    except UnicodeDecodeError:
        return (), (Fault(file, None, None, "", "is no UTF-8 text"),)


def manifests_of(
    file: str, text: str, first_line: int
) -> tuple[tuple[Manifest, ...], tuple[Fault, ...]]:
    """Returns the documents of a text that stands in a file after so many lines."""
    try:
        roots = [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root]
        read = [_Reader(file, first_line).read(root) for root in roots]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 + first_line if error.problem_mark else 1
        column = error.problem_mark.column + 1 if error.problem_mark else 1
        return (), (Fault(file, line, column, "", f"is no YAML: {error.problem}"),)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return (), (Fault(file, 1, 1, "", f"is no YAML: {str(error).splitlines()[0]}"),)
    manifests = tuple(manifest for manifest, _ in read if manifest is not None)
    return manifests, tuple(fault for _, faults in read for fault in faults)


class _Reader:
    def __init__(self, file: str, first_line: int) -> None:
        self._file, self._first_line = file, first_line
        self._places: dict[KeyPath, Place] = {}

    def read(self, root: yaml.Node) -> tuple[Manifest | None, list[Fault]]:
        """Returns one document, None when it is no block of keys, and its doubled keys."""
        faults = [
            Fault(self._file, p.line + self._first_line, p.column, dotted(path), told)
            for path, p, told in self._walk(root, ())
        ]
        data = yaml.SafeLoader("").construct_document(root)
        if not isinstance(data, dict):
            line = root.start_mark.line + 1 + self._first_line
            return None, [*faults, Fault(self._file, line, 1, "", "expected a block of keys")]
        return Manifest(self._file, data, self._places, self._first_line), faults

    def _walk(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, Place, str]]:
        if len(path) > DEEPEST:
            raise ValueError("nested too deep, or an anchor holds itself")
        self._places.setdefault(path, _place(node))
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield from self._walk(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                inner = (*path, str(key.value))
                if key.value in seen:
                    yield inner, _place(key), "given twice; keep one"
                seen.add(key.value)
                self._places[inner] = _place(key)
                yield from self._walk(value, inner)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
