"""Secrets stand in a site file by reference only; what is shown never holds one."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ray_app.domain.errors import ConfigError

HIDDEN = "***"
REFERENCE = re.compile(r"\$\{(?P<name>[^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@'\"]*@")
_QUERY = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s?'\"]*)\?[^\s'\"]*")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was looked up. Printing it never shows it."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Returns the secret, for the library that needs it and nobody else."""
        return self._value


def is_reference(text: str) -> bool:
    """Returns whether text is `${NAME}` or `${file:/path}` and nothing else."""
    return REFERENCE.fullmatch(text) is not None


def look_up(text: str, shown: str, environment: Mapping[str, str] = os.environ) -> Secret:
    """Returns the secret that a reference stands for.

    Args:
        text: `${NAME}` of an environment variable, or `${file:/path}` for a file's first line.
        shown: What it belongs to, for messages.
        environment: Of the process.

    Raises:
        ConfigError: No reference, or the secret is not there. The message shows no secret.
    """
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"{shown}: a secret is written out; put it in the environment and write "
            "${NAME} instead, or ${file:/path}"
        )
    return Secret(_value_of(found["name"], shown, environment))


def put_in(text: str, shown: str, environment: Mapping[str, str] = os.environ) -> str:
    """Returns text with every reference replaced by its secret; raises ConfigError as `look_up`."""
    return REFERENCE.sub(lambda found: _value_of(found["name"], shown, environment), text)


def redacted(text: str) -> str:
    """Returns any text with credentials and queries of addresses in it blotted out.

    FFmpeg's exceptions carry the whole address; nothing of theirs may be shown without this.
    """
    text = _CREDENTIALS.sub(lambda found: f"{found['scheme']}{HIDDEN}@", text)
    return _QUERY.sub(lambda found: f"{found['before']}?{HIDDEN}", text)


def _value_of(name: str, shown: str, environment: Mapping[str, str]) -> str:
    if name.startswith("file:"):
        try:
            lines = Path(name.removeprefix("file:")).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigError(f"{shown}: ${{{name}}} cannot be read: {reason}") from None
        return lines[0] if lines else ""
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"{shown}: ${{{name}}} is no name of an environment variable")
    if name not in environment:
        raise ConfigError(f"{shown}: ${{{name}}} is not set in the environment")
    return environment[name]
