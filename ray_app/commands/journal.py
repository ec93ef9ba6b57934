"""`vigie journal`: whether it is whole, and what it tells."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import typer

from ray_app.domain.errors import ConfigError
from ray_app.store.journal_chain import Entry
from ray_app.store.journal_check import JournalCheck, check_journal, read_entries

BROKEN = 1


def verify(folder: Path, head: str | None, *, as_json: bool) -> int:
    """Prints whether the journal is whole; exit status 1 when it is broken."""
    check = check_journal(_journal_in(folder), _noted(head))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(check)))
    elif check.fault is None:
        typer.echo(_whole(check))
    else:
        typer.echo(f"broken: {check.fault}")
        typer.echo(f"{check.entries} entries before it are whole")
    return 0 if check.fault is None else BROKEN


def show(folder: Path, last: int, kind: str | None, *, as_json: bool) -> int:
    """Prints the newest entries, oldest first."""
    entries = [e for e in read_entries(_journal_in(folder)) if kind is None or e.kind == kind]
    for entry in entries[-last:]:
        told = json.dumps(dataclasses.asdict(entry), ensure_ascii=False)
        typer.echo(told if as_json else _line(entry))
    return 0


def _whole(check: JournalCheck) -> str:
    unfinished = ", one more was never finished" if check.unfinished else ""
    head = f"head {check.head_number}:{check.head_hash}"
    return f"whole: {check.entries} entries{unfinished}; {head}"


def _line(entry: Entry) -> str:
    moment = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
    detail = "".join(c if c.isprintable() else "?" for c in entry.detail)
    return f"{entry.number:>7}  {moment}  {entry.kind:<16} {entry.person:<16} {detail}"


def _journal_in(folder: Path) -> Path:
    """Returns the journal's folder, given it or the folder of the live site."""
    return folder / "journal" if (folder / "journal").is_dir() else folder


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    number, _, digest = head.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise ConfigError(f"{head!r} is no head; give NUMBER:HASH as `vigie journal verify` told")
    return int(number), digest
