"""Outboxes and dead letters on a disk that fills or breaks; lines in a file that is put aside."""

import json

import pytest

from ray_app.alerts.dead_letters import DeadLetters
from ray_app.alerts.message import Message
from ray_app.alerts.ndjson import NdjsonSink
from ray_app.alerts.outbox import Outbox
from ray_app.alerts.settings import NdjsonSettings
from ray_app.alerts.sink import TryLaterError
from ray_app.domain.errors import StoreError


def message(number: int) -> Message:
    return Message(number, f"id{number}", "gate", float(number), json.dumps({"n": number}))


def test_a_message_stays_until_it_is_settled_over_restarts(tmp_path):
    box = Outbox(tmp_path / "x.sqlite", start_after=7)
    assert box.counts().fed == 7
    box.put([message(8), message(10)], fed=11)
    box.put([message(8)], fed=11)
    box.close()
    box = Outbox(tmp_path / "x.sqlite", start_after=99)
    assert (box.counts().fed, box.counts().waiting, box.counts().oldest_at) == (11, 2, 8.0)
    assert box.first() == message(8)
    box.settle(8, "delivered")
    box.settle(10, "dead")
    box.count_lost(3)
    assert box.first() is None
    counts = box.counts()
    assert (counts.waiting, counts.delivered, counts.dead, counts.lost) == (0, 1, 1, 3)
    box.close()


def test_a_damaged_outbox_is_put_aside_and_fed_from_the_start(tmp_path):
    file = tmp_path / "x.sqlite"
    file.write_bytes(b"this was an outbox once" * 500)
    box = Outbox(file, start_after=50)
    assert box.counts().fed == 0
    assert (tmp_path / "x.sqlite.damaged").exists()
    box.close()


def test_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "no folder").write_text("x")
    with pytest.raises(StoreError, match="cannot open the outbox"):
        Outbox(tmp_path / "no folder" / "x.sqlite", 0)
    box = Outbox(tmp_path / "x.sqlite", 0)
    pages = box._connection.execute("PRAGMA page_count").fetchone()[0]
    box._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(StoreError, match="full"):
        box.put([message(k) for k in range(1000)], fed=1000)
    assert (box.counts().waiting, box.counts().fed) == (0, 0)
    box.close()


def test_dead_letters_are_bounded_and_what_went_is_counted(tmp_path):
    dead = DeadLetters(tmp_path / "x.dead.ndjson", most_bytes=4000)
    lost = sum(dead.keep(message(k), "refused", 1.0) for k in range(100))
    kept = [
        json.loads(line)["number"]
        for name in ("x.dead.ndjson.older", "x.dead.ndjson")
        for line in (tmp_path / name).read_text().splitlines()
    ]
    assert lost + len(kept) == 100
    assert kept == list(range(lost, 100))
    assert sum(f.stat().st_size for f in tmp_path.iterdir()) < 4500
    assert lost > 0


def test_lines_are_put_aside_and_the_oldest_are_dropped_counted(tmp_path):
    sink = NdjsonSink(NdjsonSettings(most_mb=0.0001, kept_files=2), tmp_path)
    for k in range(60):
        sink.deliver(message(k))
    files = sorted(tmp_path.glob("situations.ndjson.*"))
    assert len(files) == 2
    texts = [f.read_text() for f in (*files, tmp_path / "situations.ndjson")]
    kept = [json.loads(line)["n"] for text in texts for line in text.splitlines()]
    assert kept == list(range(sink.dropped, 60))
    assert sink.dropped > 0


def test_a_line_a_killed_writer_left_is_cut_and_written_anew(tmp_path):
    sink = NdjsonSink(NdjsonSettings(), tmp_path)
    sink.deliver(message(1))
    with (tmp_path / "situations.ndjson").open("ab") as file:
        file.write(b'{"n": 2')
    sink.deliver(message(2))
    lines = (tmp_path / "situations.ndjson").read_text().splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2]


def test_a_file_that_cannot_be_written_is_tried_later(tmp_path):
    (tmp_path / "situations.ndjson").mkdir()
    with pytest.raises(TryLaterError, match="cannot write"):
        NdjsonSink(NdjsonSettings(), tmp_path).deliver(message(1))
