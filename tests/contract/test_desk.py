"""The desk without Ray: everything kept, everybody told, in spite of killed processes."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from receivers import HttpReceiver, wait_until
from situation_examples import CLIP, STILL, life, signal

from ray_app.alerts.settings import AlertsSettings, WebhookSettings
from ray_app.domain.errors import ConfigError, StoreError
from ray_app.domain.event import Phase
from ray_app.domain.situation import Verdict
from ray_app.live.desk import Desk, DeskPlan
from ray_app.live.retention import DAY_S
from ray_app.outside.retry import RetrySettings
from ray_app.store.journal_check import check_journal, read_entries
from ray_app.store.situation_settings import EventStoreSettings

FAST = RetrySettings(first_s=0.02, most_s=0.1, refused_s=1.0, healthy_s=0.0)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  of the specification
NOW = signal().taken_at + 1
DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"


def plan(folder: Path, **changed) -> DeskPlan:
    asked = {"alerts": AlertsSettings(), "store": EventStoreSettings()} | changed
    return DeskPlan("gare", folder, folder / "evidence", **asked)


def webhook(port: int, **changed) -> AlertsSettings:
    asked = {"url": f"http://127.0.0.1:{port}/", "secret": "${HOOK}", "timeout_s": 0.5}
    hook = WebhookSettings(name="desk", retry=FAST, **asked)
    return AlertsSettings(webhooks=(hook,), allowed_hosts=("127.0.0.1",), **changed)


class Opened:
    """A desk that is closed at the end."""

    def __init__(self, plan: DeskPlan, now=time.time) -> None:
        self.desk = Desk(plan, now, {"HOOK": SECRET})

    def __enter__(self) -> Desk:
        self.desk.start()
        return self.desk

    def __exit__(self, *_: object) -> None:
        self.desk.close(10)


def test_a_situation_from_its_opening_to_what_a_person_said(tmp_path):
    with Opened(plan(tmp_path)) as desk:
        desk.note("start", "vigie", "watching 1 camera")
        assert desk.take(life()[:2]) == 2
        event_id = life()[0].event.event_id
        desk.acknowledge(event_id, Verdict.DISMISSED, "ann", " stage smoke ")
        assert desk.take(life()) == 1
        assert desk.flush(20)
        situation = desk.situation(event_id)
        assert (situation.phase, situation.acknowledgements[0].reason) == ("closed", "stage smoke")
        assert {s.name: s.delivered for s in desk.sinks()} == {"journal": 3, "ndjson": 3}
    lines = (tmp_path / "situations.ndjson").read_text().splitlines()
    kinds = [json.loads(line)["type"].split(".")[3] for line in lines]
    assert kinds == ["opened", "acknowledged", "closed"]
    told = [(e.kind, e.person, e.detail) for e in read_entries(tmp_path / "journal")]
    assert told == [
        ("start", "vigie", "watching 1 camera"),
        ("situation", "vigie", f"{event_id} opened, level 2.4 people/m2, peak 2.4"),
        ("acknowledgement", "ann", f"{event_id} dismissed: stage smoke"),
        ("situation", "vigie", f"{event_id} closed, level 0.5 people/m2, peak 2.4"),
    ]
    assert check_journal(tmp_path / "journal").fault is None


def test_who_waits_for_changes_is_told_at_once_and_goes_on_after_a_restart(tmp_path):
    with Opened(plan(tmp_path)) as desk:
        assert desk.changes(0, wait_s=0.05) == ()
        timer = threading.Timer(0.1, desk.take, [life()[:1]])
        timer.start()
        (change,) = desk.changes(0, wait_s=20.0)
        assert change.number == 1
    with Opened(plan(tmp_path)) as desk:
        assert desk.changes(change.number, wait_s=0.0) == ()
        desk.take(life())
        assert [c.number for c in desk.changes(change.number, 0.0)] == [2, 3]
        assert desk.last_change() == 3


def test_a_dead_receiver_costs_the_desk_and_the_others_nothing(tmp_path):
    receiver = HttpReceiver(tmp_path)
    receiver.hang()
    with Opened(plan(tmp_path, alerts=webhook(receiver.port))) as desk:
        steps = [s for k in range(20) for s in life(f"zone {k}")]
        for step in steps:
            desk.take((step,))
        told = {s.name: s for s in desk.sinks()}
        wait_until(lambda: {s.name: s.waiting for s in desk.sinks()}["ndjson"] == 0)
        told = {s.name: s for s in desk.sinks()}
        assert told["ndjson"].delivered == 40
        assert told["desk"].delivered == 0
        receiver.go_on()
        assert desk.flush(30)
        told = {s.name: s for s in desk.sinks()}
        assert (told["desk"].delivered, told["desk"].dead, told["desk"].lost) == (40, 0, 0)
    receiver.close()


WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_desk import Desk, SECRET, plan, webhook
from situation_examples import signal
alerts = webhook(int(sys.argv[2]))
desk = Desk(plan(Path(sys.argv[1]), alerts=alerts), environment={{"HOOK": SECRET}})
desk.start()
for k in range(int(sys.argv[3]), 10**6):
    desk.take((signal(place=str(k)),))
    print(k, flush=True)
"""


def test_killed_again_and_again_store_journal_and_receivers_agree(tmp_path):
    receiver, taken = HttpReceiver(tmp_path), -1
    code = WORKER.format(tests=str(Path(__file__).parent))
    for _ in range(3):
        words = [str(tmp_path), str(receiver.port), str(taken + 1)]
        with subprocess.Popen(
            [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True
        ) as worker:
            lines = [worker.stdout.readline() for _ in range(25)]
            worker.kill()
            lines += worker.stdout.read().splitlines()
        taken = max(int(line) for line in lines if line.strip())
    with Opened(plan(tmp_path, alerts=webhook(receiver.port))) as desk:
        assert desk.flush(60)
        count = desk.last_change()
        assert count > taken
    due = [str(k) for k in range(count)]
    lines = (tmp_path / "situations.ndjson").read_text().splitlines()
    assert list(dict.fromkeys(json.loads(x)["data"]["place"] for x in lines)) == due
    assert list(dict.fromkeys(m["data"]["place"] for m in receiver.received())) == due
    entries = [e for e in read_entries(tmp_path / "journal") if e.kind == "situation"]
    assert list(dict.fromkeys(e.detail.split("/")[2] for e in entries)) == due
    assert check_journal(tmp_path / "journal").fault is None
    receiver.close()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nowhere", "confirmed", "ann", ""), "no situation 'nowhere'"),
        (("gate/crowd_density/yard/10.000", "maybe", "ann", ""), "known: confirmed, dismissed"),
        (("gate/crowd_density/yard/10.000", "dismissed", "ann", ""), "needs a reason"),
    ],
)
def test_what_cannot_be_acknowledged_is_one_clear_line(asked, told, tmp_path):
    with Opened(plan(tmp_path)) as desk:
        desk.take((signal(),))
        with pytest.raises(ValueError, match=told):
            desk.acknowledge(*asked)
        with pytest.raises(ValueError, match="unknown phase 'open'"):
            desk.situations(phase="open")


def test_a_full_disk_is_counted_and_the_same_signals_are_taken_later(tmp_path):
    with Opened(plan(tmp_path)) as desk:
        desk.take((signal(),))
        desk.flush(20)
        connection = desk._store._database._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        many = tuple(signal(place=f"zone {k}") for k in range(200))
        with pytest.raises(StoreError, match="full"):
            desk.take(many)
        assert desk.health().failures == 1
        assert "full" in desk.health().trouble
        connection.execute("PRAGMA max_page_count = 1000000")
        assert desk.take(many) == 200
        assert desk.health().trouble is None
        assert desk.flush(30)
        assert {s.delivered for s in desk.sinks()} == {201}


def test_pictures_go_when_their_time_is_over_with_a_proof(tmp_path):
    now = [NOW]
    folder = tmp_path / "evidence"
    folder.mkdir()
    drone = signal(camera_id="drone", evidence=(CLIP,))
    for name in (STILL.name, CLIP.name, "stray.jpg"):
        (folder / name).write_bytes(b"picture")
        os.utime(folder / name, (NOW, NOW))
    desk_plan = DeskPlan(
        "gare", tmp_path, folder, AlertsSettings(), EventStoreSettings(), frozenset({"drone"})
    )
    with Opened(desk_plan, lambda: now[0]) as desk:
        desk.take((signal(evidence=(STILL,)), drone))
        desk.flush(20)
        now[0] = NOW + 6.9 * DAY_S
        assert desk.purge().files == 0
        now[0] = NOW + 7.1 * DAY_S
        assert desk.purge().files == 1
        assert {f.name for f in folder.iterdir()} == {STILL.name, "stray.jpg"}
        now[0] = NOW + 30.1 * DAY_S
        assert desk.purge().files == 2
        assert list(folder.iterdir()) == []
        situation = desk.situation(drone.event.event_id)
        assert (situation.latest.event, situation.evidence) == (drone.event, ())
        now[0] = NOW + 366 * DAY_S
        assert desk.purge().situations == 2
        assert desk.situations() == ()
        assert desk.purge() == type(desk.purge())()
    proofs = [e.detail for e in read_entries(tmp_path / "journal") if e.kind == "purge"]
    assert f"evidence of {drone.event.event_id} after 7 days: {CLIP.name} {CLIP.sha256}" in proofs
    assert (
        f"evidence of {signal().event.event_id} after 30 days: {STILL.name} {STILL.sha256}"
    ) in proofs
    assert any("no situation names: stray.jpg" in proof for proof in proofs)
    assert any(proof.startswith("2 situations after 365 days: ") for proof in proofs)
    assert check_journal(tmp_path / "journal").fault is None


def test_a_desk_that_cannot_be_leaves_no_lock(tmp_path):
    bad = plan(tmp_path, alerts=webhook(1))
    with pytest.raises(ConfigError, match="not set"):
        Desk(bad, environment={})
    with Opened(plan(tmp_path)) as desk:
        assert desk.last_change() == 0


def test_the_check_of_the_docs_fits_what_is_sent(tmp_path):
    (code,) = re.findall(r"<!-- tested: verify -->\n\n```python\n(.*?)```", DOCS.read_text(), re.S)
    shown: dict = {}
    exec(code, shown)  # noqa: S102  our own page
    receiver = HttpReceiver(tmp_path)
    with Opened(plan(tmp_path, alerts=webhook(receiver.port))) as desk:
        desk.take((signal(),))
        assert desk.flush(20)
    receiver.close()
    ((_, headers, body),) = receiver.requests
    check = shown["is_from_vigie"]
    assert check(SECRET, headers, body)
    assert not check(SECRET, headers, body + b" ")
    assert not check("whsec_" + "A" * 32, headers, body)
    assert not check(SECRET, headers | {"webhook-id": "other"}, body)
    assert not check(SECRET, headers, body, now=time.time() + 301)


def test_the_message_of_the_docs_has_the_fields_of_a_real_one(tmp_path):
    (example,) = re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.S)
    with Opened(plan(tmp_path)) as desk:
        desk.take((signal(evidence=(STILL,)),))
        assert desk.flush(20)
    (line,) = (tmp_path / "situations.ndjson").read_text().splitlines()

    def shape(value: object) -> object:
        if isinstance(value, dict):
            free = set(value) <= {"people", "speed_m_s"} or "vigie" in value
            return (
                "pairs"
                if free or "crowd_counter" in value
                else {k: shape(v) for k, v in value.items()}
            )
        return [shape(v) for v in value] if isinstance(value, list) else "value"

    assert shape(json.loads(example)) == shape(json.loads(line))


def test_updated_steps_are_sent_and_keep_their_peak(tmp_path):
    with Opened(plan(tmp_path)) as desk:
        desk.take((signal(), signal(Phase.UPDATED, 20.0, 3.0), signal(Phase.UPDATED, 50.0, 2.0)))
        assert desk.flush(20)
        assert desk.situation(signal().event.event_id).peak == 3.0
        assert {s.name: s.delivered for s in desk.sinks()} == {"journal": 1, "ndjson": 3}
