"""Counts how often a worker died in a segment, so that poisoned footage cannot hang a run."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ray_app.batch.segment import Segment
from ray_app.domain.errors import FootageError, StoreError
from ray_app.store.observations import segment_file
from ray_app.store.written_aside import cause_of
from ray_app.video.filesystem import shown

MOST = 3
SUFFIX = ".attempts"


class Attempts:
    """One attempt at a segment: leaves a mark that only a death leaves standing.

    Ray restarts a worker that died and gives it the same segment again, without end. A file
    that crashes the decoder would do so for ever.

    Raises:
        FootageError: Every earlier attempt ended with the worker's death.
        StoreError: The folder cannot be written.
    """

    def __init__(self, out_dir: Path, segment: Segment, stage: str) -> None:
        file = segment_file(out_dir, segment.camera_id, segment.segment_id)
        self._mark = file.with_name(f".{file.name}.{stage}{SUFFIX}")
        self._url = shown(segment.clip.url)

    def __enter__(self) -> Self:
        try:
            self._mark.parent.mkdir(parents=True, exist_ok=True)
            with self._mark.open("ab") as mark:
                deaths = mark.tell()
                mark.write(b"x")
        except OSError as error:
            raise StoreError(f"cannot write {self._mark.parent}: {cause_of(error)}") from error
        if deaths >= MOST:
            self._remove()
            raise FootageError(
                f"{self._url}: the worker process died {deaths} times in this segment: "
                "the file crashes the decoder, or memory runs out"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._mark.unlink()


def forget_attempt(out_dir: Path, segment: Segment) -> None:
    """Forgets the last attempt at a segment: its worker was killed by us, not by the footage."""
    file = segment_file(out_dir, segment.camera_id, segment.segment_id)
    for mark in file.parent.glob(f".{file.name}.*{SUFFIX}"):
        with suppress(OSError):
            os.truncate(mark, max(0, mark.stat().st_size - 1))


def clear_attempts(out_dir: Path) -> None:
    """Forgets the deaths of earlier runs: a killed run counts against nobody."""
    for mark in (out_dir / "observations").rglob(f".*{SUFFIX}"):
        with suppress(OSError):
            mark.unlink()
