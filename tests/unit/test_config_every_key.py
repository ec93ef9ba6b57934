"""Any key of a site file renamed or deleted is told on the right line."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from site_example import GOOD, faults_of

from ray_app.config.schema_walk import type_at

Steps = tuple[str | int, ...]


def keys_in(node: yaml.Node, path: Steps = ()) -> Iterator[tuple[Steps, int]]:
    """Yields every key of the good file with its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from keys_in(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from keys_in(value, (*path, index))


ALL_KEYS = list(keys_in(yaml.compose(GOOD, Loader=yaml.SafeLoader)))


def named(path: Steps) -> str:
    return ".".join(map(str, path))


def is_required(path: Steps) -> bool:
    owner = type_at(path[:-1])
    assert dataclasses.is_dataclass(owner)
    fields = {field.name: field for field in dataclasses.fields(owner)}
    return fields[str(path[-1])].default is dataclasses.MISSING


@pytest.mark.parametrize(("path", "line"), ALL_KEYS, ids=[named(p) for p, _ in ALL_KEYS])
def test_any_key_renamed_is_a_fault_on_its_line(path: Steps, line: int, tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    key = str(path[-1])
    begin = column_of(path)
    lines[line - 1] = lines[line - 1][:begin] + key + "x" + lines[line - 1][begin + len(key) :]
    faults = faults_of("\n".join(lines), tmp_path)
    assert (line, begin + 1) in {(fault.line, fault.column) for fault in faults}
    assert any(f"did you mean {key!r}?" in fault.problem for fault in faults)


def column_of(path: Steps) -> int:
    node = yaml.compose(GOOD, Loader=yaml.SafeLoader)
    column = 0
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
        else:
            key, node = next(pair for pair in node.value if pair[0].value == step)
            column = key.start_mark.column
    return column


def first_line(node: yaml.Node, path: Steps) -> int:
    for step in path:
        inside = node.value
        node = inside[step] if isinstance(step, int) else {k.value: v for k, v in inside}[step]
    return node.start_mark.line + 1


def without(node: yaml.Node, path: Steps) -> yaml.Node:
    """The tree with one key taken out."""
    block = node
    for step in path[:-1]:
        inside = block.value
        block = inside[step] if isinstance(step, int) else {k.value: v for k, v in inside}[step]
    block.value = [pair for pair in block.value if pair[0].value != path[-1]]
    return node


@pytest.mark.parametrize("path", [p for p, _ in ALL_KEYS], ids=named)
def test_any_key_deleted_loads_or_is_told_in_its_block(path: Steps, tmp_path: Path) -> None:
    tree = without(yaml.compose(GOOD, Loader=yaml.SafeLoader), path)
    text = yaml.serialize(tree)
    faults = faults_of(text, tmp_path)
    if is_required(path):
        (missing,) = [fault for fault in faults if fault.path == named(path)]
        assert missing.problem.startswith("missing; add")
        assert missing.line == first_line(yaml.compose(text, Loader=yaml.SafeLoader), path[:-1])
