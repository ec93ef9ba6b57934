"""Puts a Serve config into the text of a manifest, which stays as people wrote it."""

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from ray_app.domain.errors import ConfigError

KEY = "  serveConfigV2: |\n"
INDENT = "    "


def config_text(config: Mapping[str, Any]) -> str:
    """Returns a Serve config as YAML, in the order in which it was made."""
    return yaml.safe_dump(config, sort_keys=False, width=100)


def with_serve_config(manifest: str, config: Mapping[str, Any]) -> str:
    """Returns the text of a RayService with its serveConfigV2 replaced, all else untouched.

    Raises:
        ConfigError: The text has no line `  serveConfigV2: |`.
    """
    before, key, after = manifest.partition(KEY)
    if not key:
        raise ConfigError(f"the manifest has no line {KEY.rstrip()!r}")
    lines = after.splitlines(keepends=True)
    ends = next(
        (n for n, line in enumerate(lines) if line.strip() and not line.startswith(INDENT)),
        len(lines),
    )
    return before + key + textwrap.indent(config_text(config), INDENT) + "".join(lines[ends:])
