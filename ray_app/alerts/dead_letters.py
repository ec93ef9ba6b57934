"""Messages a receiver will never take, kept as lines of JSON."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from ray_app.alerts.message import Message
from ray_app.domain.errors import StoreError


class DeadLetters:
    """One file and the one before it.

    Args:
        file: Made when the first message dies.
        most_bytes: Of both files together; then the older one is deleted.
    """

    def __init__(self, file: Path, most_bytes: float) -> None:
        self._file, self._older = file, file.with_name(f"{file.name}.older")
        self._most_bytes = most_bytes

    def keep(self, message: Message, reason: str, at: float) -> int:
        """Keeps a message; returns how many older ones were deleted to make room.

        Raises:
            StoreError: It could not be written.
        """
        line = json.dumps({"at": at, "reason": reason} | asdict(message), ensure_ascii=False)
        try:
            lost = self._make_room()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(f"{line}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"cannot write dead letters {self._file}: {error.strerror or error}"
            ) from error
        return lost

    def _make_room(self) -> int:
        if not self._file.exists() or self._file.stat().st_size < self._most_bytes / 2:
            return 0
        lost = self._older.read_bytes().count(b"\n") if self._older.exists() else 0
        self._file.replace(self._older)
        return lost
