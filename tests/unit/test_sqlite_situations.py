"""The event store on a disk that fills, breaks, or a process that is killed."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ray_app.domain.errors import StoreError
from ray_app.domain.event import Event, Phase, Why
from ray_app.domain.situation import Signal
from ray_app.store.sqlite_situations import MIGRATIONS, SqliteDatabase, open_sqlite_situations

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_sqlite_situations import step
from ray_app.store.sqlite_situations import open_sqlite_situations
store = open_sqlite_situations(Path(sys.argv[1]))
for k in range(1_000_000):
    store.take((step(k),), float(k))
    print(k, flush=True)
"""


def step(k: int) -> Signal:
    why = Why("people", 1.0, 0.5, 0.0, 2.0, (k,))
    event = Event("gate", "counterflow", f"zone {k}", Phase.OPENED, 1.0, 2.0, 2.0, None, why)
    return Signal(event, 1000.0 + k)


def test_killed_in_the_middle_of_writing_loses_nothing_that_was_acknowledged(tmp_path):
    file = tmp_path / "s.sqlite"
    code = WRITER.format(tests=str(Path(__file__).parent))
    told = -1
    for _ in range(3):  # and again on what the last one left
        with subprocess.Popen(
            [sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True
        ) as writer:
            lines = [int(writer.stdout.readline()) for _ in range(40)]
            writer.kill()
            lines += [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
        told = max(told, *lines)
        store = open_sqlite_situations(file)
        assert all(store.situation(step(k).event.event_id) for k in range(told + 1))
        numbers = [change.number for change in store.changes(0, limit=10_000)]
        assert numbers == list(range(1, len(numbers) + 1))
        store.close()


def test_a_full_disk_is_told_and_keeps_nothing_half(tmp_path):
    file = tmp_path / "s.sqlite"
    store = open_sqlite_situations(file)
    database: SqliteDatabase = store._database
    store.take((step(0),), 0.0)
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages + 4}")  # SQLITE_FULL from here
    kept = 1
    while True:
        try:
            store.take((step(kept),), 0.0)
        except StoreError as error:
            assert str(error).endswith("s.sqlite: database or disk is full")  # noqa: PT017
            break
        kept += 1
    assert store.last_change() == kept
    assert store.situation(step(kept).event.event_id) is None
    database._connection.execute("PRAGMA max_page_count = 1000000")  # somebody made room
    assert store.take((step(kept),), 0.0) == 1
    store.close()


def test_a_damaged_file_is_told_at_the_start(tmp_path):
    file = tmp_path / "s.sqlite"
    store = open_sqlite_situations(file)
    store.take(tuple(step(k) for k in range(300)), 0.0)
    store.close()
    whole = bytearray(file.read_bytes())
    whole[8192:40960] = b"\xff" * (40960 - 8192)
    file.write_bytes(whole)
    with pytest.raises(StoreError, match="move it away"):
        open_sqlite_situations(file)
    file.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match="move it away"):
        open_sqlite_situations(file, owner_wait_s=0.0)


def test_a_file_of_a_newer_vigie_is_left_alone(tmp_path):
    file = tmp_path / "s.sqlite"
    open_sqlite_situations(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer Vigie"):
        open_sqlite_situations(file)


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot open"):
        open_sqlite_situations(tmp_path / "file" / "s.sqlite")
