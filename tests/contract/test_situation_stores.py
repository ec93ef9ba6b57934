"""Every event store keeps the same promises. PostgreSQL is a real one."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server, programs, running_server
from situation_examples import CLIP, STILL, life, said, signal

from ray_app.domain.errors import StoreError
from ray_app.domain.event import Phase
from ray_app.domain.situation import ChangeKind, Verdict
from ray_app.outside.secrets import Secret
from ray_app.store.postgres_situations import open_postgres_situations
from ray_app.store.situation_store import SituationStore
from ray_app.store.sqlite_situations import open_sqlite_situations

NOW = 1_750_000_100.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgres)")
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with running_server() as server:
        yield server


class Shop:
    """Opens one kind of store, again and again, on the same ground."""

    def __init__(self, kind: str, folder: Path, server: Server | None) -> None:
        self.kind, self.folder, self.server = kind, folder, server
        self._open: list[SituationStore] = []

    def open(self) -> SituationStore:
        if self.server is None:
            store: SituationStore = open_sqlite_situations(self.folder / "s.sqlite", 0.2)
        else:
            store = open_postgres_situations(Secret(self.server.address))
        self._open.append(store)
        return store

    def close(self) -> None:
        for store in self._open:
            store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request, tmp_path) -> Iterator[Shop]:
    server = request.getfixturevalue("server") if request.param == "postgres" else None
    if server is not None:
        import psycopg

        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS vigie CASCADE")
    shop = Shop(request.param, tmp_path, server)
    yield shop
    shop.close()


@pytest.fixture
def store(shop) -> SituationStore:
    return shop.open()


def test_a_life_is_one_situation_and_a_change_for_every_step(store):
    candidate, opened, closed = life()
    assert store.take((candidate, opened), NOW) == 2
    assert store.take((closed,), NOW + 7) == 1
    situation = store.situation(opened.event.event_id)
    assert situation.latest == closed
    assert situation.opened_at == opened.taken_at
    assert situation.peak == 2.4
    changes = store.changes(0)
    assert [c.number for c in changes] == [1, 2, 3]
    assert [c.situation.phase for c in changes] == ["candidate", "opened", "closed"]
    assert [c.at for c in changes] == [NOW, NOW, NOW + 7]
    assert changes[0].situation.opened_at is None
    assert changes[-1].situation == situation
    assert store.changes(1, limit=1) == changes[1:2]
    assert store.changes(3) == ()
    assert store.last_change() == 3


def test_the_same_step_twice_changes_nothing(store):
    assert store.take(life(), NOW) == 3
    assert store.take((*life(), *life()), NOW + 1) == 0
    assert store.last_change() == 3


def test_a_late_step_does_not_turn_a_situation_back(store):
    candidate, opened, closed = life()
    store.take((candidate, closed), NOW)
    assert store.take((opened,), NOW) == 1
    situation = store.situation(opened.event.event_id)
    assert (situation.latest, situation.opened_at) == (closed, opened.taken_at)
    assert situation.peak == 2.4


def test_files_that_come_later_are_added_once(store):
    store.take((signal(evidence=(STILL,)),), NOW)
    with_clip = signal(evidence=(STILL, CLIP))
    assert store.take((with_clip, with_clip), NOW + 5) == 1
    assert store.take((signal(evidence=(CLIP,)),), NOW + 6) == 0
    situation = store.situation(with_clip.event.event_id)
    assert situation.evidence == (STILL, CLIP)
    assert [c.kind for c in store.changes(0)] == [ChangeKind.STEP, ChangeKind.EVIDENCE]


def test_every_detail_comes_back_as_it_was_told(store, shop):
    odd = signal(place="Jardin « d'été » /\\ 100 %", level=float("inf"), evidence=(STILL,))
    store.take((odd,), NOW)
    store.acknowledge(said(odd.event.event_id, Verdict.DISMISSED, 'fumée d\'une scène ; "essai"'))
    before = store.situation(odd.event.event_id)
    store.close()
    assert shop.open().situation(odd.event.event_id) == before
    assert before.latest == odd


def test_numbers_go_on_after_a_restart_and_a_purge(store, shop):
    store.take(life(), NOW)
    assert store.forget_situations(before=NOW) == ()
    assert len(store.forget_situations(before=NOW + 1)) == 1
    store.close()
    again = shop.open()
    assert again.last_change() == 3
    assert again.changes(0) == ()
    again.take(life("door"), NOW)
    assert [c.number for c in again.changes(0)] == [4, 5, 6]


def test_queries(store):
    for k, place in enumerate(("a", "b", "c")):
        store.take(life(place, started_s=10.0 * k)[: k + 1], NOW)
    store.take((signal(place="d", camera_id="square"),), NOW)
    assert [s.latest.event.place for s in store.situations()] == ["d", "c", "b", "a"]
    assert [s.latest.event.place for s in store.situations(limit=2)] == ["d", "c"]
    assert [s.latest.event.place for s in store.situations(phase="opened")] == ["d", "b"]
    assert [s.latest.event.place for s in store.situations(camera_id="gate", phase="opened")] == [
        "b"
    ]
    assert [s.latest.event.place for s in store.situations(since_change=3)] == ["d", "c"]
    assert store.situations(camera_id="' OR 1=1 --") == ()
    assert store.situation("nowhere") is None


def test_what_changes_again_is_found_by_its_last_change(store):
    first, second = life("a", started_s=1.0), life("b", started_s=2.0)
    store.take((first[0], second[0], first[1]), NOW)
    assert [s.latest.event.place for s in store.situations()] == ["a", "b"]
    assert [s.latest.event.place for s in store.situations(since_change=2)] == ["a"]


def test_a_step_prolongs_a_situation_and_what_people_say_does_not(store):
    candidate, opened, closed = life()
    door = life("door", started_s=20.0)
    store.take((candidate, opened, *door), NOW)
    store.take((closed,), NOW + 50)
    store.acknowledge(said(door[0].event.event_id, at=NOW + 50))
    assert store.forget_situations(before=NOW + 40) == (door[0].event.event_id,)
    assert store.situation(candidate.event.event_id).phase == "closed"


def test_the_oldest_go_first_and_their_files_too(store):
    for place, at in (("a", NOW + 2), ("b", NOW + 1), ("c", NOW)):
        store.take((signal(place=place, evidence=(STILL,)),), at)
    due = store.with_evidence(before=NOW + 9)
    assert [s.latest.event.place for s in due] == ["c", "b", "a"]
    assert list(store.forget_situations(before=NOW + 9)) == [s.event_id for s in due]


def test_a_situation_that_was_forgotten_may_come_again(store):
    store.take(life(), NOW)
    store.forget_situations(before=NOW + 1)
    assert store.take(life(), NOW + 2) == 3
    assert store.situation(life()[0].event.event_id).phase == "closed"


def test_updates_of_what_rests_are_forgotten_and_no_other_steps(store):
    candidate, opened, _ = life()
    updated = signal(Phase.UPDATED, 13.0)
    store.take((candidate, opened, updated), NOW)
    store.forget_changes(before=NOW + 1)
    assert store.take((candidate, opened), NOW + 2) == 0
    assert store.take((updated,), NOW + 3) == 1  # nobody holds a list of all updates for good


def test_what_people_say_is_kept_in_order(store):
    store.take(life()[:2], NOW)
    event_id = life()[0].event.event_id
    store.acknowledge(said(event_id, Verdict.CONFIRMED))
    last = store.acknowledge(said(event_id, Verdict.DISMISSED, "drill", person="bob"))
    assert [a.verdict for a in last.acknowledgements] == ["confirmed", "dismissed"]
    told = store.changes(2)[-1]
    assert (told.kind, told.at) == (ChangeKind.ACKNOWLEDGEMENT, said(event_id).at)
    store.take(life()[2:], NOW + 9)
    assert len(store.situation(event_id).acknowledgements) == 2


def test_the_same_said_again_changes_nothing(store):
    """A call whose answer was lost is made again."""
    store.take(life()[:2], NOW)
    first = said(life()[0].event.event_id)
    store.acknowledge(first)
    assert store.acknowledge(said(first.event_id, at=first.at + 3)).acknowledgements == (first,)
    assert store.last_change() == 3


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"event_id": "nowhere"}, "no situation 'nowhere'"),
        ({"verdict": Verdict.DISMISSED, "reason": " "}, "needs a reason"),
        ({"person": ""}, "nobody said it"),
        ({"reason": "x" * 501}, "501 letters"),
    ],
)
def test_what_cannot_be_said_is_one_clear_line(store, fault, told):
    store.take(life()[:2], NOW)
    with pytest.raises(ValueError, match=told):
        store.acknowledge(said(**{"event_id": life()[0].event.event_id} | fault))
    assert store.last_change() == 2


def test_a_candidate_cannot_be_acknowledged(store):
    store.take(life()[:1], NOW)
    with pytest.raises(ValueError, match="never opened"):
        store.acknowledge(said(life()[0].event.event_id))


def test_files_of_old_situations_are_forgotten_but_not_what_happened(store):
    old, new = signal(evidence=(STILL,)), signal(place="door", evidence=(STILL,))
    store.take((old, signal(place="bare")), NOW)
    store.take((signal(evidence=(STILL, CLIP)),), NOW + 5)  # its time runs from the first file
    store.acknowledge(said(old.event.event_id, at=NOW + 900))
    store.take((new,), NOW + 10)
    assert store.with_evidence(before=NOW) == ()
    due = store.with_evidence(before=NOW + 1)
    assert [s.event_id for s in due] == [old.event.event_id]
    assert due[0].evidence == (STILL, CLIP)
    assert store.with_evidence(NOW + 1, camera_ids=["gate", "square"]) == due
    assert store.with_evidence(NOW + 1, camera_ids=["square"]) == ()
    assert store.with_evidence(NOW + 1, camera_ids=[]) == ()
    store.forget_evidence([s.event_id for s in due], NOW + 20)
    assert store.situation(old.event.event_id).evidence == ()
    assert store.situation(new.event.event_id).evidence == (STILL,)
    assert store.changes(5)[0].kind is ChangeKind.PURGED
    assert store.with_evidence(before=NOW + 1) == ()
    assert store.take((old,), NOW) == 0  # told again by a reader that starts anew


def test_old_changes_go_and_the_situation_stays(store):
    updates = tuple(signal(Phase.UPDATED, 20.0 + k) for k in range(3))
    store.take((signal(), *updates), NOW)
    store.take((signal(place="door"),), NOW + 10)
    assert store.forget_changes(before=NOW + 1) == 4
    assert [c.number for c in store.changes(0)] == [5]
    assert store.last_change() == 5
    assert store.situation(signal().event.event_id).latest == updates[-1]
    assert store.take((signal(),), NOW + 20) == 0
    assert store.forget_changes(before=NOW + 1) == 0


def test_nothing_of_a_failed_call_is_kept(store):
    good, bad = life()[0], signal(place=7j)  # cannot be written
    with pytest.raises(TypeError):
        store.take((good, bad), NOW)
    assert store.last_change() == 0
    assert store.situation(good.event.event_id) is None
    assert store.take((good,), NOW) == 1


def test_only_one_owns_a_store(store, shop, monkeypatch):
    monkeypatch.setattr("ray_app.store.postgres_situations.OWNER_WAIT_S", 0.2)
    with pytest.raises(StoreError, match="own"):
        shop.open()
    store.close()
    assert shop.open().last_change() == 0


def test_several_threads_may_call(store):
    def work(k: int) -> None:
        for n in range(10):
            store.take((signal(place=f"{k}-{n}"), signal(place="shared")), NOW)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [c.number for c in store.changes(0, limit=1000)] == list(range(1, 42))


def test_postgres_away_and_back_loses_nothing(server, tmp_path):
    shop = Shop("postgres", tmp_path, server)
    store = shop.open()
    last = store.last_change()
    store.take(life("before the fall", started_s=77.0), NOW)
    server.stop("immediate")  # as a crash: no clean end
    try:
        with pytest.raises(StoreError, match="PostgreSQL") as caught:
            store.take(life("after the fall", started_s=77.0), NOW)
        assert "geheim" not in str(caught.value)
    finally:
        server.start()
    assert store.take(life("after the fall", started_s=77.0), NOW) == 3
    assert store.last_change() == last + 6
    shop.close()


def test_no_secret_of_a_wrong_connection_string_is_told():
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgres)")
    for text in ("geheim", "host=127.0.0.1 geheim", "postgresql://u:geheim@127.0.0.1:1/x"):
        with pytest.raises(StoreError) as caught:
            open_postgres_situations(Secret(text))
        assert "geheim" not in str(caught.value)
