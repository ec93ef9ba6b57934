"""The file of API keys: read, added to, never holding a key that could be used."""

import os
import re
import tempfile
from datetime import datetime
from pathlib import Path

import yaml

from ray_app.console.caller import Role
from ray_app.console.keys import NAME_LENGTH, ApiKey, KeyRing
from ray_app.domain.errors import ConfigError

LARGEST_BYTES = 1_000_000
KEYS = ("name", "role", "prefix", "sha256", "made_at", "expires_at")
HEAD = "# API keys, as hashes, made by `vigie keys new`. Delete an entry to revoke its key.\n"


def read_keys(path: Path) -> KeyRing:
    """Returns the keys of a file. Raises ConfigError with one line for what is wrong."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"{path}: is larger than 1 MB; this is no file of keys")
        data = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; make the first key with "
            f"`vigie keys new --file {path} --role admin --name NAME`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError:
        raise ConfigError(f"{path}: is no YAML; make keys with `vigie keys new`") from None
    entries = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path}: holds no key; make one with `vigie keys new --file {path}`")
    keys = tuple(_key_of(path, number, entry) for number, entry in enumerate(entries, 1))
    _refuse_twins(path, keys)
    return KeyRing(keys)


def add_key(path: Path, key: ApiKey) -> None:
    """Adds a key to a file, which is made if absent; only its owner may read it."""
    known = read_keys(path).keys if path.exists() else ()
    _refuse_twins(path, (*known, key))
    text = HEAD + yaml.safe_dump(
        {"keys": [_entry_of(each) for each in (*known, key)]}, sort_keys=False, allow_unicode=True
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(aside).replace(path)


def _entry_of(key: ApiKey) -> dict[str, str]:
    entry = {
        "name": key.name,
        "role": key.role.value,
        "prefix": key.prefix,
        "sha256": key.sha256,
        "made_at": key.made_at.isoformat(),
    }
    return entry if key.expires_at is None else entry | {"expires_at": key.expires_at.isoformat()}


def _key_of(path: Path, number: int, entry: object) -> ApiKey:
    where = f"{path}: key {number}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: is no block; make keys with `vigie keys new`")
    if unknown := [str(key) for key in entry if key not in KEYS]:
        raise ConfigError(f"{where}: unknown {unknown[0]!r}; known: {', '.join(KEYS)}")
    name, role, prefix, sha256 = (str(entry.get(key, "")) for key in KEYS[:4])
    if not is_name(name):
        raise ConfigError(f"{where}: name must be 1 to {NAME_LENGTH} printable characters")
    if role not in list(Role):
        raise ConfigError(f"{where}: unknown role {role!r}; known: {', '.join(Role)}")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not prefix:
        raise ConfigError(f"{where}: prefix or sha256 is damaged; make a new key")
    made_at, expires_at = (_moment(where, key, entry.get(key)) for key in KEYS[4:])
    if made_at is None:
        raise ConfigError(f"{where}: made_at is missing; make a new key")
    return ApiKey(name, Role(role), prefix, sha256, made_at, expires_at)


def is_name(name: str) -> bool:
    """Returns whether a text may name a key: it goes into the journal and onto the page."""
    return name == name.strip() and name.isprintable() and 1 <= len(name) <= NAME_LENGTH


def _moment(where: str, key: str, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise ConfigError(f"{where}: {key} must be a time with its zone, as 2026-07-01T00:00:00Z")
    return moment


def _refuse_twins(path: Path, keys: tuple[ApiKey, ...]) -> None:
    names = [key.name for key in keys]
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(
            f"{path}: {twins[0]!r} names two keys; every key needs a name of its own, "
            "because the journal tells people apart by it"
        )
