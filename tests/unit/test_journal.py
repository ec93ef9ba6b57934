"""Whatever is done to a journal is found, and a killed writer loses nothing it acknowledged."""

import itertools
import json
import re
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from ray_app.cli import app
from ray_app.domain.errors import StoreError
from ray_app.store.journal import Journal
from ray_app.store.journal_chain import (
    HEAD_FILE,
    chained_hash,
    journal_files,
    line_of,
    read_line,
)
from ray_app.store.journal_check import check_journal, read_entries


def clock():
    return itertools.count(1_750_000_000).__next__


def written(folder: Path, entries: int = 12, most_file_bytes: int = 900) -> Path:
    journal = Journal(folder, clock(), most_file_bytes)
    for k in range(entries):
        journal.append("view", "ann", f"still of gate/crowd_density/yard/{k}: « vu »")
    journal.close()
    return folder


def copied(folder: Path, to: Path) -> Path:
    to.mkdir(parents=True)
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def lines_of(folder: Path) -> list[tuple[Path, int]]:
    """Every line as (file, its number in the file from 0)."""
    return [
        (file, k) for file in journal_files(folder) for k in range(file.read_bytes().count(b"\n"))
    ]


def edit(file: Path, change) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    change(lines)
    file.write_bytes(b"".join(lines))


def test_a_journal_is_whole_over_files_and_restarts(tmp_path):
    written(tmp_path)
    written(tmp_path, 3)
    check = check_journal(tmp_path)
    assert (check.fault, check.entries, check.first_number) == (None, 15, 1)
    assert len(journal_files(tmp_path)) > 2
    entries = read_entries(tmp_path)
    assert [e.number for e in entries] == list(range(1, 16))
    assert entries[3].detail == "still of gate/crowd_density/yard/3: « vu »"


def test_any_byte_changed_is_found_at_its_line(tmp_path):
    whole, random = written(tmp_path / "whole"), Random(7)
    for trial in range(250):
        folder = copied(whole, tmp_path / f"t{trial}")
        file = random.choice(journal_files(folder))
        content = bytearray(file.read_bytes())
        at = random.randrange(len(content))
        content[at] ^= random.randrange(1, 256)
        file.write_bytes(content)
        fault = check_journal(folder).fault
        assert fault is not None, (file.name, at)
        line = bytes(whole.joinpath(file.name).read_bytes()[:at]).count(b"\n") + 1
        assert fault.startswith((f"{file.name}:{line}:", f"{HEAD_FILE}: cut")), (fault, line)


def test_an_entry_rewritten_with_a_hash_that_fits_is_found_at_the_next(tmp_path):
    written(tmp_path, 5, 10**6)

    def rewrite(lines):
        previous = read_line(lines[1])[1]
        changed = replace(read_line(lines[2])[0], person="bob")
        lines[2] = line_of(changed, chained_hash(previous, changed))

    edit(journal_files(tmp_path)[0], rewrite)
    assert ":4: changed: entry 4 does not follow" in check_journal(tmp_path).fault


def test_any_line_removed_is_found(tmp_path):
    whole = written(tmp_path / "whole")
    for trial, (file, k) in enumerate(lines_of(whole)):
        folder = copied(whole, tmp_path / f"t{trial}")
        edit(folder / file.name, lambda lines, k=k: lines.pop(k))
        fault = check_journal(folder).fault
        assert fault is not None
        assert "missing" in fault
        assert ("cut" in fault) == (trial == 11)


def test_any_two_lines_swapped_are_found(tmp_path):
    whole = written(tmp_path / "whole", most_file_bytes=10**6)
    for trial, (a, b) in enumerate(itertools.combinations(range(12), 2)):
        folder = copied(whole, tmp_path / f"t{trial}")

        def swap(lines, a=a, b=b):
            lines[a], lines[b] = lines[b], lines[a]

        edit(journal_files(folder)[0], swap)
        fault = check_journal(folder).fault
        assert f":{a + 1}: swapped: entry {b + 1} stands where {a + 1} should" in fault


def test_any_cut_of_the_end_is_found(tmp_path):
    whole = written(tmp_path / "whole")
    last = journal_files(whole)[-1]
    for length in range(last.stat().st_size):
        folder = copied(whole, tmp_path / f"t{length}")
        with (folder / last.name).open("rb+") as file:
            file.truncate(length)
        assert "cut" in check_journal(folder).fault
    folder = copied(whole, tmp_path / "file")
    (folder / last.name).unlink()
    assert "cut" in check_journal(folder).fault


def test_a_file_removed_in_the_middle_is_found(tmp_path):
    whole = written(tmp_path / "whole")
    for k, file in enumerate(journal_files(whole)[:-1]):
        folder = copied(whole, tmp_path / f"t{k}")
        (folder / file.name).unlink()
        assert "missing" in check_journal(folder).fault


def test_any_byte_of_the_head_changed_is_found(tmp_path):
    whole = written(tmp_path / "whole")
    content = (whole / HEAD_FILE).read_bytes()
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        (whole / HEAD_FILE).write_bytes(changed)
        assert check_journal(whole).fault is not None, at
    (whole / HEAD_FILE).unlink()
    assert "missing" in check_journal(whole).fault


def test_a_journal_written_anew_is_found_by_a_head_noted_elsewhere(tmp_path):
    written(tmp_path / "a")
    noted = (5, check_journal(written(tmp_path / "b", 5)).head_hash)
    assert check_journal(tmp_path / "a", noted).fault is None
    other = Journal(tmp_path / "c", clock())
    for _ in range(12):
        other.append("view", "bob", "nothing")
    assert check_journal(tmp_path / "c").fault is None
    assert "written anew" in check_journal(tmp_path / "c", noted).fault
    other.close()


WRITER = """
import sys
from pathlib import Path
from ray_app.store.journal import Journal
journal = Journal(Path(sys.argv[1]), lambda: 1.0, 5000)
while True:
    print(journal.append("view", "ann", "x" * 300).number, flush=True)
"""


def test_killed_while_writing_keeps_all_that_was_acknowledged(tmp_path):
    told = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            lines = [writer.stdout.readline() for _ in range(25)]
            writer.kill()
            lines += writer.stdout.read().splitlines()
        told = max(int(line) for line in lines if line.strip())
        assert check_journal(tmp_path).fault is None
        assert check_journal(tmp_path).entries >= told
    Journal(tmp_path, lambda: 1.0).close()
    assert check_journal(tmp_path).fault is None


@pytest.mark.parametrize("cut", [1, 40])
def test_a_line_never_finished_is_cut_off_and_that_is_noted(cut, tmp_path):
    written(tmp_path, 3, 10**6)
    file = journal_files(tmp_path)[0]
    with file.open("ab") as stream:
        stream.write(b'{"at":1.0,"detail":"some words of a line that was never ended'[:cut])
    check = check_journal(tmp_path)
    assert (check.fault, check.unfinished) == (None, True)
    Journal(tmp_path, clock()).close()
    check = check_journal(tmp_path)
    assert (check.fault, check.entries, check.unfinished) == (None, 4, False)
    assert read_entries(tmp_path)[-1].detail == f"cut off {cut} bytes of a line never finished"


def test_killed_between_line_and_head_goes_on(tmp_path):
    written(tmp_path, 3)
    head = (tmp_path / HEAD_FILE).read_bytes()
    written(tmp_path, 1)
    for _ in range(2):  # and again right after
        (tmp_path / HEAD_FILE).write_bytes(head)
        assert check_journal(tmp_path).fault is None
        Journal(tmp_path, clock()).close()
    assert check_journal(tmp_path).head_number == 4


def test_a_damaged_end_is_not_written_on(tmp_path):
    written(tmp_path, 3, 10**6)
    edit(journal_files(tmp_path)[0], lambda lines: lines.pop())
    with pytest.raises(StoreError, match="vigie journal verify"):
        Journal(tmp_path, clock())


def test_a_disk_that_fills_leaves_the_journal_as_it_was(tmp_path):
    journal = Journal(tmp_path, clock())
    journal.append("start", "vigie", "x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = journal_files(tmp_path)[0].stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))  # half a line fits
    try:
        with pytest.raises(StoreError, match="cannot write the journal"):
            journal.append("stop", "vigie", "y" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    check = check_journal(tmp_path)
    assert (check.fault, check.unfinished, check.entries) == (None, False, 1)
    assert journal.append("stop", "vigie", "y" * 100).number == 2
    journal.close()
    assert check_journal(tmp_path).fault is None


def test_only_one_writes_a_journal(tmp_path):
    journal = Journal(tmp_path, clock())
    with pytest.raises(StoreError, match="another process"):
        Journal(tmp_path, clock())
    journal.close()


def test_old_entries_go_with_a_proof_and_the_chain_stays_whole(tmp_path):
    journal = Journal(tmp_path, clock(), 900)
    for k in range(12):
        journal.append("view", "ann", f"still {k} " + "x" * 100)
    files = journal_files(tmp_path)
    kept_from = read_entries(tmp_path)[8]
    count = journal.forget(before=kept_from.at)
    assert 0 < count <= 8
    assert not files[0].exists()
    check = check_journal(tmp_path)
    assert (check.fault, check.first_number) == (None, count + 1)
    proof = read_entries(tmp_path)[-1]
    assert proof.kind == "purge"
    assert re.search(rf"{count} journal entries up to {count}, [0-9a-f]{{64}}", proof.detail)
    assert journal.forget(before=kept_from.at) == 0
    journal.close()
    assert Journal(tmp_path, clock()).append("start", "vigie", "x").number == 14
    journal_files(tmp_path)[0].unlink()
    assert "missing" in check_journal(tmp_path).fault


def test_the_command_tells_what_is_broken(tmp_path):
    runner = CliRunner()
    written(tmp_path / "journal")
    whole = runner.invoke(app, ["journal", "verify", str(tmp_path)])
    assert whole.exit_code == 0
    head = re.search(r"whole: 12 entries; head (12:[0-9a-f]{64})", whole.output).group(1)
    noted = runner.invoke(app, ["journal", "verify", str(tmp_path), "--head", head])
    assert noted.exit_code == 0
    shown = runner.invoke(app, ["journal", "show", str(tmp_path), "--last", "2", "--json"])
    assert [json.loads(line)["number"] for line in shown.output.splitlines()] == [11, 12]
    edit(journal_files(tmp_path / "journal")[0], lambda lines: lines.pop(1))
    broken = runner.invoke(app, ["journal", "verify", str(tmp_path)])
    assert broken.exit_code == 1
    assert "broken: journal-000000001.ndjson:2: missing: entry 3 follows 1" in broken.output
    as_json = runner.invoke(app, ["journal", "verify", str(tmp_path), "--json"])
    assert json.loads(as_json.output)["entries"] == 1
    for words in (["verify", str(tmp_path / "none")], ["show", str(tmp_path / "none")]):
        assert isinstance(runner.invoke(app, ["journal", *words]).exception, StoreError)
