"""README and docs stay true: commands parse, examples check, key and column tables are whole."""

import dataclasses
import importlib
import re
import shlex
import textwrap
import typing
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from ray_app.cli import app
from ray_app.commands.site_text import load_site_text
from ray_app.config.schema import SiteConfig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES}
LARGEST_PICTURE_BYTES = 300_000


def blocks(text: str, kind: str = "") -> list[str]:
    """Returns the fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def typed() -> list[str]:
    """Every vigie command of every page, without comment."""
    lines = [
        line for text in TEXTS.values() for block in blocks(text) for line in block.split("\n")
    ]
    lines = [line.removeprefix(".venv/bin/") for line in lines]
    return list(dict.fromkeys(x.split("  #")[0].strip() for x in lines if x.startswith("vigie ")))


def tables(mark: str) -> list[tuple[str, list[list[str]]]]:
    """Returns (name, rows) of every table under `<!-- mark: name -->`."""
    pattern = rf"<!-- {mark}: (\S+) -->\n\n\|[^\n]+\n\|[-|]+\n((?:\|[^\n]+\n)+)"
    found = [pair for text in TEXTS.values() for pair in re.findall(pattern, text)]
    return [(name, [cells(row) for row in rows.splitlines()]) for name, rows in found]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def named(path: str) -> typing.Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def shown(default: object) -> str:
    """Returns a default as the tables tell it."""
    if default is dataclasses.MISSING:
        return "required"
    if default is None or default == ():
        return "none"
    if dataclasses.is_dataclass(default):
        return "its defaults"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        parts = (x if isinstance(x, str) else f"{x:g}" for x in default)
        return f"[{', '.join(parts)}]"
    return f"{default:g}" if isinstance(default, float) else str(default)


def settings_in(wanted: object) -> set[type]:
    """Returns every settings class a type is made of."""
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        hints = typing.get_type_hints(wanted)
        return {wanted}.union(*(settings_in(hint) for hint in hints.values()))
    return set().union(*(settings_in(part) for part in typing.get_args(wanted)))


@pytest.mark.parametrize("line", typed())
def test_every_command_parses(line: str) -> None:
    command, words = typer.main.get_command(app), shlex.split(line)
    while (find := getattr(command, "get_command", None)) is not None:
        context = command.make_context(words[0], [], resilient_parsing=True)
        command, words = find(context, words[1]), words[1:]
        assert command is not None, f"no command {words[0]}"
    command.make_context(words[0], words[1:])  # raises on options that do not exist


@pytest.mark.parametrize("page", TEXTS)
def test_every_site_example_has_no_fault(page: str) -> None:
    for example in blocks(TEXTS[page], "yaml"):
        load_site_text(textwrap.dedent(example), page)


def test_every_key_of_a_site_file_is_told_with_its_default() -> None:
    told = dict(tables("keys"))
    for name, rows in told.items():
        fields = [(f"`{f.name}`", shown(f.default)) for f in dataclasses.fields(named(name))]
        assert [(row[0], row[1]) for row in rows] == fields, name
        assert all(row[2] for row in rows), name
    # A watch is nothing but its settings and its alarm.
    schema = {c for c in settings_in(SiteConfig) if not c.__name__.endswith("Watch")}
    assert {f"{c.__module__}.{c.__name__}" for c in schema} == set(told)


def test_every_column_is_told() -> None:
    told = tables("columns")
    assert len(told) == 4
    for name, rows in told:
        schema: pa.Schema = named(name)
        assert [row[0] for row in rows] == [f"`{column}`" for column in schema.names], name


def test_printed_output_is_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pattern = r"<!-- output: vigie (.*?) -->\n\n```\n(.*?)```"
    found = [pair for text in TEXTS.values() for pair in re.findall(pattern, text, re.DOTALL)]
    assert found
    for command, printed in found:
        assert CliRunner().invoke(app, shlex.split(command)).stdout == printed


def test_every_test_named_as_a_safeguard_exists() -> None:
    named_tests = re.findall(r"`(tests/\S+?)::(\w+)`", TEXTS["docs/safeguards.md"])
    assert len(named_tests) > 10
    for file, test in named_tests:
        assert f"def {test}(" in (ROOT / file).read_text("utf-8"), test


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_and_named_file_exists(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\((?!http)([^)#]+)", TEXTS[page]):
        assert (folder / target).exists(), target
    for file in re.findall(r"`((?:ray_app|models|tests|configs|docs)/[\w./]+)`", TEXTS[page]):
        assert (ROOT / file).exists(), file


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES, picture.name
