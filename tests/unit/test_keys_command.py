"""`vigie keys`: a key is shown once, its hash is kept."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ray_app.cli import app
from ray_app.console.caller import Role
from ray_app.console.key_file import read_keys
from ray_app.domain.errors import VigieError


def keys(*words: str):
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_shown_once_and_works(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    made = keys("new", "--file", str(file), "--role", "operator", "--name", "Desk 1")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("vigie_")
    assert secret not in file.read_text()
    found = read_keys(file).key_of(secret, datetime.now(UTC))
    assert (found.name, found.role, found.expires_at) == ("Desk 1", Role.OPERATOR, None)
    listed = keys("list", "--file", str(file))
    assert "Desk 1" in listed.stdout
    assert secret not in listed.stdout


def test_a_key_for_a_day_ends(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    words = ("--role", "viewer", "--name", "Guest", "--days", "1", "--json")
    told = json.loads(keys("new", "--file", str(file), *words).stdout)
    made, ends = (datetime.fromisoformat(told[key]) for key in ("made_at", "expires_at"))
    assert (ends - made).total_seconds() == 86400
    assert read_keys(file).key_of(told["key"], made) is not None
    assert read_keys(file).key_of(told["key"], ends) is None
    assert (
        json.loads(keys("list", "--file", str(file), "--json").stdout)["keys"][0]["name"] == "Guest"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--role", "boss", "--name", "x"), "unknown role 'boss'; known: viewer, operator, admin"),
        (("--role", "admin", "--name", " "), "is no name"),
        (("--role", "admin", "--name", "Desk 1"), "'Desk 1' names two keys"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    file = tmp_path / "keys.yaml"
    keys("new", "--file", str(file), "--role", "viewer", "--name", "Desk 1")
    before = file.read_bytes()
    refused = keys("new", "--file", str(file), *words)
    assert isinstance(refused.exception, VigieError)
    assert line in str(refused.exception)
    assert file.read_bytes() == before


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = keys("new", "--file", str(tmp_path / "file" / "k"), "--role", "viewer", "--name", "x")
    assert "cannot be written" in str(refused.exception)
