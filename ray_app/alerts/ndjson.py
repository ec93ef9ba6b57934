"""Messages as lines of JSON in a file that others may follow."""

import os
from pathlib import Path

from ray_app.alerts.message import Message
from ray_app.alerts.settings import NdjsonSettings
from ray_app.alerts.sink import TryLaterError


class NdjsonSink:
    """Appends to one file; a full one is put aside under a number, `NAME.000001`.

    Args:
        settings: How much is kept.
        folder: Of the live site.
    """

    name = kind = "ndjson"

    def __init__(self, settings: NdjsonSettings, folder: Path) -> None:
        self._settings, self._file = settings, folder / settings.file
        self.dropped = 0

    def deliver(self, message: Message) -> None:
        """Appends a line; it is on disk when this returns. Raises TryLaterError."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._put_aside()
            with self._file.open("ab+") as file:
                _cut_unfinished_line(self._file)
                length = file.seek(0, os.SEEK_END)
                try:
                    file.write(f"{message.body}\n".encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.truncate(self._file, length)
                    raise
        except OSError as error:
            told = error.strerror or str(error)
            raise TryLaterError(f"cannot write {self._file}: {told}") from error

    def close(self) -> None:
        """Nothing is held open."""

    def _put_aside(self) -> None:
        if not self._file.is_file() or self._file.stat().st_size < self._settings.most_mb * 1e6:
            return
        kept = sorted(self._file.parent.glob(f"{self._file.name}.[0-9]*"))
        number = int(kept[-1].suffix[1:]) + 1 if kept else 1
        self._file.replace(self._file.with_name(f"{self._file.name}.{number:06d}"))
        for oldest in kept[: max(0, len(kept) + 1 - self._settings.kept_files)]:
            self.dropped += oldest.read_bytes().count(b"\n")
            oldest.unlink()


def _cut_unfinished_line(file: Path) -> None:
    """Takes off what a killed writer left; its message is written anew."""
    with file.open("rb+") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end == 0:
            return
        stream.seek(end - 1)
        if stream.read(1) == b"\n":
            return
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)
