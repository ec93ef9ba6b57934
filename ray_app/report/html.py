"""Fills page templates, and writes pages whole or not at all."""

import os
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ray_app.domain.errors import StoreError


def environment() -> Environment:
    """Returns the templates beside this file; every value is escaped."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_html(path: Path, page: str) -> None:
    """Writes the page at path; raises StoreError when it cannot be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_aside(path, page)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def _write_aside(path: Path, page: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
