"""Changes as server-sent events, and previews as MJPEG, over a real connection."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from console_fakes import FakeDesk, situation
from console_site import Console, make_console, served, wait_until

from ray_app.config.api_settings import ApiSettings
from ray_app.console import event_routes
from ray_app.console.ports import UnreachableError
from ray_app.domain.situation import Change

API = "/api/v1"


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return make_console(tmp_path, ApiSettings(preview_hz=10.0))


@pytest.fixture
def address(console: Console, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(event_routes, "BEAT_S", 0.1)
    with served(console.app) as address:
        yield address


@contextlib.contextmanager
def listening(address: str, query: str = "", **headers: str) -> Iterator[Iterator[str]]:
    """Yields the lines of a stream of events."""
    with httpx2.stream(
        "GET", f"{address}{API}/events{query}", headers=headers, timeout=20
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.iter_lines()


def next_ids(lines: Iterator[str], count: int) -> list[int]:
    """Returns the ids of the next events."""
    ids = (int(line.removeprefix("id: ")) for line in lines if line.startswith("id: "))
    return [next(ids) for _ in range(count)]


def test_a_listener_hears_each_change_once_from_now_on(address: str, console: Console) -> None:
    console.desk.tell(situation(place="before"))
    with listening(address) as lines:
        assert next(lines) == "event: hello"
        console.desk.tell(situation(place="a"))
        console.desk.tell(situation(place="b"))
        assert next_ids(lines, 2) == [2, 3]


def test_a_listener_goes_on_where_it_left_off(address: str, console: Console) -> None:
    for place in "abcd":
        console.desk.tell(situation(place=place))
    with listening(address, **{"Last-Event-ID": "2"}) as lines:
        assert next_ids(lines, 2) == [3, 4]
    with listening(address, "?after=1", **{"Last-Event-ID": "3"}) as lines:
        assert next_ids(lines, 1) == [4]
    with listening(address, "?after=0") as lines:
        assert next_ids(lines, 4) == [1, 2, 3, 4]


def test_silence_is_told_by_comments(address: str) -> None:
    with listening(address) as lines:
        assert sum(line == ": beat" for line in (next(lines) for _ in range(12))) >= 2


@pytest.mark.parametrize("number", ["x", "-1", "1" * 17, "²"])
def test_a_last_event_id_that_is_no_number_is_refused(address: str, number: str) -> None:
    headers = {"Last-Event-ID": number.encode()}
    answer = httpx2.get(f"{address}{API}/events", headers=headers, timeout=20)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert "Last-Event-ID" in answer.json()["detail"]


def test_a_stream_ends_with_an_end_event(
    address: str, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_routes, "LONGEST_S", 0.3)
    with listening(address, "?after=0") as lines:
        told = list(lines)
    assert told[-3:] == ["event: end", 'data: {"after": 0}', ""]


def test_a_desk_that_restarts_is_told_and_loses_nothing(
    address: str, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([True, False])

    async def changes(after: int, wait_s: float) -> tuple[Change, ...]:
        if next(failures, False):
            raise UnreachableError("the desk does not answer")
        return await FakeDesk.changes(console.desk, after, wait_s)

    monkeypatch.setattr(console.desk, "changes", changes)
    console.desk.tell(situation())
    with listening(address, "?after=0") as lines:
        assert "event: trouble" in (next(lines) for _ in range(6))
        assert next_ids(lines, 1) == [1]


def test_who_leaves_is_counted_out(address: str, console: Console) -> None:
    with listening(address) as lines:
        next(lines)
        assert console.app.state.listeners == 1
    wait_until(lambda: console.app.state.listeners == 0)


def test_no_more_listeners_than_can_be_served(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_routes, "MOST_LISTENERS", 1)
    with listening(address) as lines:
        next(lines)
        answer = httpx2.get(f"{address}{API}/events", timeout=20)
        assert answer.status_code == 503


def test_mjpeg_sends_each_new_picture_and_ends_with_its_camera(
    address: str, console: Console
) -> None:
    console.fleet.previews["gate"] = b"one"
    path = f"{address}{API}/cameras/gate/preview.mjpeg"
    with httpx2.stream("GET", path, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")
        lines = answer.iter_lines()
        assert next(lines) == "--vigie-picture"
        assert [next(lines) for _ in range(4)][-1] == "one"
        console.fleet.previews["gate"] = b"two"
        assert [next(lines) for _ in range(5)][-1] == "two"
        del console.fleet.reports["gate"]
        assert list(lines) == []
    assert console.desk.journal == [("view", "local", "preview of camera gate")]
    wait_until(lambda: console.app.state.previews == 0)
