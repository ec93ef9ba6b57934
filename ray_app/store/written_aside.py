"""Files that are complete or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ray_app.domain.errors import StoreError

ASIDE = ".aside"


@contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """Gives a file to write to that takes the name `path` only when all of it is on disk.

    The hidden file lies in the same folder, so the last step is a rename; a process killed
    before it leaves nothing under `path`.

    Raises:
        StoreError: The disk is full, or the folder cannot be written; the old file stays.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}{ASIDE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _settle(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {cause_of(error)}") from error
    finally:
        with suppress(OSError):
            aside.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Writes content under path, complete or not at all; raises StoreError."""
    with written_aside(path) as file:
        file.write(content)


def clear_asides(folder: Path) -> None:
    """Removes what killed processes left under folder."""
    for aside in folder.rglob(f".*{ASIDE}"):
        with suppress(OSError):
            aside.unlink()


def cause_of(error: OSError) -> str:
    """Returns the cause in words: `No space left on device`."""
    return error.strerror or str(error).splitlines()[0]


def _settle(folder: Path) -> None:
    """Puts the rename itself on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
