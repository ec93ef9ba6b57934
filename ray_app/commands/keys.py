"""`vigie keys`: makes API keys and lists them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from ray_app.config.api_settings import ROLES
from ray_app.console.caller import Role
from ray_app.console.key_file import add_key, is_name, read_keys
from ray_app.console.keys import NAME_LENGTH, ApiKey, new_key
from ray_app.domain.errors import ConfigError, StoreError


def run_new(file: Path, role: str, name: str, days: int | None, *, as_json: bool) -> int:
    """Makes a key, adds its hash to the file and prints the key, this once."""
    if role not in ROLES:
        raise ConfigError(f"unknown role {role!r}; known: {', '.join(ROLES)}")
    if not is_name(name):
        raise ConfigError(f"{name!r} is no name; give 1 to {NAME_LENGTH} printable characters")
    now = datetime.now(UTC).replace(microsecond=0)
    ends = None if days is None else now + timedelta(days=days)
    secret, key = new_key(name, Role(role), now, ends)
    try:
        add_key(file, key)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror or error}") from None
    if as_json:
        typer.echo(json.dumps({"key": secret, **_row(key), "file": str(file)}))
        return 0
    typer.echo(secret)
    typer.echo(
        f"This is the only time the key of {name} ({role}) is shown. {file} holds its hash; "
        "the site file names it: live: {api: {keys_file: ...}}",
        err=True,
    )
    return 0


def run_list(file: Path, *, as_json: bool) -> int:
    """Prints whose keys a file holds."""
    keys = read_keys(file).keys
    if as_json:
        typer.echo(json.dumps({"keys": [_row(key) for key in keys]}))
        return 0
    table = Table("name", "role", "begins with", "made", "ends")
    for key in keys:
        ends = "never" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}"
        table.add_row(key.name, key.role, key.prefix, f"{key.made_at:%Y-%m-%d %H:%M}", ends)
    Console().print(table)
    return 0


def _row(key: ApiKey) -> dict[str, str | None]:
    return {
        "name": key.name,
        "role": key.role.value,
        "prefix": key.prefix,
        "made_at": key.made_at.isoformat(),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
    }
