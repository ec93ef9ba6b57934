"""Situations and what people said of them, told to the journal as to any other receiver."""

import json

from ray_app.alerts.message import Message
from ray_app.alerts.sink import TryLaterError
from ray_app.domain.errors import StoreError
from ray_app.store.journal import Journal


class JournalSink:
    """Writes an entry for every message; a full disk is tried again, nothing is left out."""

    name = kind = "journal"
    dropped = 0

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def deliver(self, message: Message) -> None:
        """Returns when the entry is on disk; raises TryLaterError."""
        told = json.loads(message.body)
        kind, person, detail = _entry(told["type"].split(".")[3], told["data"])
        try:
            self._journal.append(kind, person, detail)
        except StoreError as error:
            raise TryLaterError(str(error)) from error

    def close(self) -> None:
        """The journal is closed by whoever opened it."""


def _entry(what: str, data: dict[str, object]) -> tuple[str, str, str]:
    """Returns kind, person and detail."""
    event_id, said = data["event_id"], data["acknowledgement"]
    if what == "acknowledged" and isinstance(said, dict):
        reason = f": {said['reason']}" if said["reason"] else ""
        return "acknowledgement", said["person"], f"{event_id} {said['verdict']}{reason}"
    if what == "evidence":
        return "evidence", "vigie", f"{event_id}: {_files(data)}"
    level = f"level {data['level']} {data['unit']}, peak {data['peak']}"
    files = f"; {_files(data)}" if data["evidence"] else ""
    return "situation", "vigie", f"{event_id} {what}, {level}{files}"


def _files(data: dict[str, object]) -> str:
    files = data["evidence"]
    return ", ".join(f"{f['name']} {f['sha256']}" for f in files) if isinstance(files, list) else ""
