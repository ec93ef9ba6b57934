"""Finds the first line of a journal that was changed, removed, swapped or cut off."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ray_app.domain.errors import StoreError
from ray_app.store.journal_chain import (
    HEAD_FILE,
    Entry,
    Head,
    chained_hash,
    journal_files,
    read_head,
    read_line,
)


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What became of a journal.

    Attributes:
        entries: Whole ones in a row from its start.
        first_number: Of the oldest entry; None when it holds none.
        head_number: Of the last entry of the unbroken chain.
        head_hash: Its hash.
        fault: The first broken place and how, as "journal-000000001.ndjson:7: ..."; None when
            the journal is whole.
        unfinished: Whether a last line was being written when the writer was killed: it was
            never acknowledged and is no fault.
    """

    entries: int
    first_number: int | None
    head_number: int
    head_hash: str
    fault: str | None
    unfinished: bool


@dataclass(frozen=True, slots=True)
class _Line:
    place: str
    content: bytes


def check_journal(folder: Path, noted: tuple[int, str] | None = None) -> JournalCheck:
    """Returns whether the journal is whole.

    Args:
        folder: Of the journal.
        noted: Number and hash of a head noted elsewhere earlier; must lie in the chain.

    Raises:
        StoreError: There is no journal.
    """
    lines, unfinished = _lines(folder)
    if not lines and not unfinished and not (folder / HEAD_FILE).exists():
        raise StoreError(f"no journal in {folder}")
    try:
        head = read_head(folder)
    except FileNotFoundError:
        return _broken(Head(), 0, f"{HEAD_FILE}: is missing")
    except (OSError, ValueError) as error:
        return _broken(Head(), 0, f"{HEAD_FILE}: {error}")
    return _Walk(head, noted).over(lines, unfinished)


def read_entries(folder: Path) -> tuple[Entry, ...]:
    """Returns every entry up to the first line that cannot be read; raises StoreError."""
    entries: list[Entry] = []
    for line in _lines(folder)[0]:
        try:
            entries.append(read_line(line.content)[0])
        except ValueError:
            break
    if not entries:
        raise StoreError(f"no journal in {folder}")
    return tuple(entries)


class _Walk:
    """Walks the chain from its start."""

    def __init__(self, head: Head, noted: tuple[int, str] | None) -> None:
        self._head, self._noted = head, noted
        self._number, self._hash = head.start_number - 1, head.start_hash
        self._noted_fits = noted is None or noted == (self._number, self._hash)

    def over(self, lines: list[_Line], unfinished: bool) -> JournalCheck:
        """Returns what becomes of the lines."""
        for position, line in enumerate(lines):
            fault = self._step(line, lines[position:])
            if fault is not None:
                return self._result(f"{line.place}: {fault}", unfinished)
        return self._result(self._end(), unfinished)

    def _step(self, line: _Line, rest: list[_Line]) -> str | None:
        """Takes a line; returns its fault."""
        try:
            entry, digest = read_line(line.content)
        except ValueError as error:
            return f"changed: {error}"
        due = self._number + 1
        if entry.number != due:
            return _misplaced(entry.number, due, rest)
        if chained_hash(self._hash, entry) != digest:
            return f"changed: entry {due} does not follow from the one before"
        self._number, self._hash = due, digest
        self._noted_fits = self._noted_fits or self._noted == (due, digest)
        return None

    def _end(self) -> str | None:
        """Returns what is wrong with where the chain ends."""
        head = self._head
        if self._number < head.number:
            first, last = self._number + 1, head.number
            return f"{HEAD_FILE}: cut: entries {first} to {last} are missing at the end"
        if self._number > head.number + 1:
            return f"{HEAD_FILE}: names entry {head.number}, the journal goes to {self._number}"
        if self._number == head.number and self._hash != head.hash:
            return f"{HEAD_FILE}: names another last entry: one of the two was changed"
        if not self._noted_fits:
            return "the head noted elsewhere is not in this chain: all of it was written anew"
        return None

    def _result(self, fault: str | None, unfinished: bool) -> JournalCheck:
        entries = self._number - self._head.start_number + 1
        first = self._head.start_number if entries else None
        return JournalCheck(entries, first, self._number, self._hash, fault, unfinished)


def _misplaced(found: int, due: int, rest: list[_Line]) -> str:
    if due in _numbers(rest):
        return f"swapped: entry {found} stands where {due} should"
    if found > due:
        return f"missing: entry {found} follows {due - 1}"
    return f"changed: entry {found} stands where {due} should"


def _numbers(lines: list[_Line]) -> Iterator[int]:
    for line in lines:
        try:
            yield read_line(line.content)[0].number
        except ValueError:
            continue


def _broken(head: Head, entries: int, fault: str) -> JournalCheck:
    return JournalCheck(entries, None, head.number, head.hash, fault, unfinished=False)


def _lines(folder: Path) -> tuple[list[_Line], bool]:
    """Returns the lines of all files in order, and whether the very last is unfinished."""
    lines: list[_Line] = []
    for file in journal_files(folder):
        content = file.read_bytes().split(b"\n")
        lines += [
            _Line(f"{file.name}:{number}", part + b"\n")
            for number, part in enumerate(content[:-1], 1)
        ]
        if content[-1]:
            lines.append(_Line(f"{file.name}:{len(content)}", content[-1]))
    unfinished = bool(lines) and not lines[-1].content.endswith(b"\n")
    return (lines[:-1] if unfinished else lines), unfinished
