"""Lines of a journal and the chain of hashes that ties each to all before it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FIRST_HASH = "0" * 64
"""What the first entry of a journal is chained to."""
HEAD_FILE = "head.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done.

    Attributes:
        number: 1, 2, 3... without a gap.
        at: When, seconds since 1970.
        kind: As "start", "stop", "change", "view", "acknowledgement", "purge".
        person: Name of the key that was used, or of the part of Vigie that did it.
        detail: What exactly, for a person.
    """

    number: int
    at: float
    kind: str
    person: str
    detail: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a journal begins and ends now.

    Attributes:
        number: Of the last entry; start_number - 1 when there is none.
        hash: Of the last entry, hexadecimal.
        start_number: Of the oldest entry kept.
        start_hash: What the oldest entry is chained to.
    """

    number: int = 0
    hash: str = FIRST_HASH
    start_number: int = 1
    start_hash: str = FIRST_HASH


def chained_hash(previous: str, entry: Entry) -> str:
    """Returns SHA-256 of the hash before and the entry's canonical JSON, hexadecimal."""
    return hashlib.sha256(f"{previous}|{canonical(asdict(entry))}".encode()).hexdigest()


def line_of(entry: Entry, digest: str) -> bytes:
    """Returns the entry's line, its end included."""
    return f"{canonical(asdict(entry) | {'hash': digest})}\n".encode()


def read_line(line: bytes) -> tuple[Entry, str]:
    """Returns the entry and its hash; raises ValueError when not exactly a line of a journal."""
    row = _parsed(line)
    digest = row.pop("hash", None)
    try:
        entry = Entry(**row)
    except TypeError:
        raise ValueError("holds other keys than an entry has") from None
    if not isinstance(digest, str) or line_of(entry, digest) != line:
        raise ValueError("is not written as the journal writes")
    return entry, digest


def head_bytes(head: Head) -> bytes:
    """Returns the head file's content."""
    return f"{canonical(asdict(head))}\n".encode()


def read_head(folder: Path) -> Head:
    """Returns the head; raises ValueError when its file is not whole, OSError when absent."""
    content = (folder / HEAD_FILE).read_bytes()
    try:
        head = Head(**_parsed(content))
    except TypeError:
        raise ValueError("holds other keys than a head has") from None
    if head_bytes(head) != content:
        raise ValueError("is not written as the journal writes")
    return head


def journal_files(folder: Path) -> list[Path]:
    """Returns the files of entries, oldest first; each is named by its first entry."""
    return sorted(folder.glob("journal-*.ndjson"))


def file_starting_at(folder: Path, number: int) -> Path:
    """Returns the file whose first entry has that number."""
    return folder / f"journal-{number:09d}.ndjson"


def canonical(value: Any) -> str:  # noqa: ANN401  JSON values of any shape
    """Returns the one way this value is written as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004  a line, not a programming error
    return row
