"""An append-only journal: who did what and when, each line tied to all before it.

Whoever changes, removes or cuts a line is found by `verify` (`journal_check`). Whoever writes the
whole journal and its head anew is found only by a head noted elsewhere: note it daily.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ray_app.domain.errors import StoreError
from ray_app.store.journal_chain import (
    HEAD_FILE,
    Entry,
    Head,
    chained_hash,
    file_starting_at,
    head_bytes,
    journal_files,
    line_of,
    read_head,
    read_line,
)
from ray_app.store.written_aside import cause_of, write_whole

MOST_FILE_BYTES = 8_000_000
LONGEST_DETAIL = 4000


class Journal:
    """Writes a journal. One owner at a time; safe to call from several threads.

    Args:
        folder: Made if absent.
        now: Returns seconds since 1970.
        most_file_bytes: A new file is begun beyond; the chain goes on through it.

    Raises:
        StoreError: Another process owns it, or its end is not what its head says.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float],
        most_file_bytes: int = MOST_FILE_BYTES,
    ) -> None:
        self._folder, self._now, self._most_file_bytes = folder, now, most_file_bytes
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._owner = _own(folder)
            head, torn = self._recovered()
            self._set_head(head)
        except OSError as error:
            raise StoreError(f"cannot open the journal {folder}: {cause_of(error)}") from error
        if torn:
            self.append("recovery", "vigie", f"cut off {torn} bytes of a line never finished")

    def append(self, kind: str, person: str, detail: str) -> Entry:
        """Writes one entry; it is on disk when this returns.

        Raises:
            StoreError: It could not be written; the journal is as before.
        """
        with self._lock:
            return self._append(kind, person, detail)

    def forget(self, before: float) -> int:
        """Deletes whole files whose every entry is older; returns how many entries went.

        An entry written first says how many and the hash of the last: the proof.
        """
        with self._lock:
            files = journal_files(self._folder)
            old = [file for file in files[:-1] if _last_entry(file)[0].at < before]
            old = old[: _leading(files, old)]
            if not old:
                return 0
            last, digest = _last_entry(old[-1])
            count = last.number - self._head.start_number + 1
            self._append("purge", "vigie", f"{count} journal entries up to {last.number}, {digest}")
            self._set_head(Head(self._head.number, self._head.hash, last.number + 1, digest))
            for file in old:
                file.unlink()
            return count

    def head(self) -> Head:
        """Returns where it ends now, to be noted elsewhere."""
        return self._head

    def close(self) -> None:
        """Lets another own it."""
        self._owner.close()

    def _append(self, kind: str, person: str, detail: str) -> Entry:
        entry = Entry(self._head.number + 1, self._now(), kind, person, detail[:LONGEST_DETAIL])
        digest = chained_hash(self._head.hash, entry)
        file = self._current_file()
        length = file.stat().st_size if file.exists() else 0
        try:
            _write_at(file, length, line_of(entry, digest))
            self._set_head(
                Head(entry.number, digest, self._head.start_number, self._head.start_hash)
            )
        except (OSError, StoreError) as error:
            _cut(file, length)
            cause = cause_of(error) if isinstance(error, OSError) else str(error)
            raise StoreError(f"cannot write the journal {file}: {cause}") from error
        return entry

    def _current_file(self) -> Path:
        files = journal_files(self._folder)
        if files and files[-1].stat().st_size < self._most_file_bytes:
            return files[-1]
        return file_starting_at(self._folder, self._head.number + 1)

    def _set_head(self, head: Head) -> None:
        write_whole(self._folder / HEAD_FILE, head_bytes(head))
        self._head = head

    def _recovered(self) -> tuple[Head, int]:
        """Returns the head and how many bytes of an unfinished line were cut off."""
        if not journal_files(self._folder) and not (self._folder / HEAD_FILE).exists():
            return Head(), 0
        try:
            head = read_head(self._folder)
            entry, digest, torn = _end_of(self._folder)
        except (ValueError, OSError) as error:
            raise StoreError(self._damaged(str(error))) from error
        ends = (head.start_number - 1, head.start_hash) if entry is None else (entry.number, digest)
        if ends == (head.number, head.hash):
            return head, torn
        if entry is not None and ends == (head.number + 1, chained_hash(head.hash, entry)):
            # Killed between the line and the head.
            return Head(entry.number, digest, head.start_number, head.start_hash), torn
        raise StoreError(self._damaged("its last line is not the one its head names"))

    def _damaged(self, how: str) -> str:
        return (
            f"the journal {self._folder} is damaged: {how}; see `vigie journal verify "
            f"{self._folder}`, then move it away to begin anew"
        )


def _own(folder: Path) -> BinaryIO:
    file = (folder / ".lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StoreError(f"another process writes the journal {folder}; stop it") from None
    return file


def _write_at(file: Path, length: int, line: bytes) -> None:
    with file.open("ab") as stream:
        if stream.tell() != length:
            raise OSError(f"{file.name} grew by another hand")
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def _cut(file: Path, length: int) -> None:
    """Takes off what was written beyond a length; the next opening does what this could not."""
    with suppress(OSError):
        if length == 0:
            file.unlink()
        else:
            os.truncate(file, length)


def _end_of(folder: Path) -> tuple[Entry | None, str, int]:
    """Returns the last whole entry and its hash; cuts an unfinished line, returns its bytes."""
    torn = 0
    for file in reversed(journal_files(folder)):
        content = file.read_bytes()
        whole = content.rfind(b"\n") + 1
        torn += len(content) - whole
        if whole < len(content) or whole == 0:
            _cut(file, whole)
        if whole:
            line = content[content.rfind(b"\n", 0, whole - 1) + 1 : whole]
            return *read_line(line), torn
    return None, "", torn


def _last_entry(file: Path) -> tuple[Entry, str]:
    try:
        return read_line(file.read_bytes().splitlines(keepends=True)[-1])
    except (ValueError, IndexError) as error:
        raise StoreError(f"the journal file {file} is damaged; nothing is deleted") from error


def _leading(files: list[Path], old: list[Path]) -> int:
    """Returns how many of the oldest files in a row are old: the chain keeps its end whole."""
    count = 0
    while count < len(old) and files[count] == old[count]:
        count += 1
    return count
