"""The HTTP API on a fleet and a desk in memory."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from console_fakes import COUNTS, camera, situation
from console_site import Console, make_console
from starlette.testclient import TestClient

from ray_app.config.api_settings import ApiSettings
from ray_app.console.caller import Role
from ray_app.console.ports import UnreachableError
from ray_app.domain.errors import StoreError
from ray_app.domain.event import Phase
from ray_app.domain.situation import EvidenceFile
from ray_app.video.live.status import StreamState

API = "/api/v1"


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return make_console(tmp_path, ApiSettings(loopback_role="admin"))


@pytest.fixture
def api(console: Console) -> TestClient:
    return TestClient(console.app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def problem(answer: Any, status: int) -> str:
    """Returns the one line of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert "\n" not in told["detail"]
    assert "Traceback" not in answer.text
    return str(told["detail"])


def test_cameras_tell_state_age_and_what_became_of_frames(
    api: TestClient, console: Console
) -> None:
    stale = camera("gate", frame_age_s=8.0, state=StreamState.STALLED)
    console.fleet.reports["gate"] = stale
    told = api.get(f"{API}/cameras").json()["cameras"]
    assert [each["id"] for each in told] == ["gate", "stage"]
    assert (told[0]["state"], told[0]["freshness"]) == ("stalled", "stale")
    assert told[1]["freshness"] == "fresh"
    assert told[1]["offered"] == 1001
    assert told[1]["frames"]["shed"] == 60
    assert sum(told[1]["frames"].values()) == told[1]["offered"]
    assert (told[1]["input_work"], told[1]["reduced"]) == (1.0, 0)


def test_a_camera_looked_at_with_a_smaller_input_says_so(api: TestClient, console: Console) -> None:
    coarse = camera("gate", input_work=0.62, counts=replace(COUNTS, reduced=40))
    console.fleet.reports["gate"] = coarse
    told = api.get(f"{API}/cameras/gate").json()
    assert (told["input_work"], told["reduced"]) == (0.62, 40)
    assert 'input_work_ratio{camera="gate"} 0.62' in api.get(f"{API}/metrics").text


def test_a_reader_that_fell_silent_lets_its_cameras_grow_old(
    api: TestClient, console: Console
) -> None:
    console.fleet.reports["gate"] = camera("gate", told_at=camera().told_at - 30)
    told = api.get(f"{API}/cameras/gate").json()
    assert told["frame_age_s"] > 30
    assert (told["freshness"], told["rate_hz"]) == ("stale", 0.0)


def test_an_unknown_camera_is_told_with_those_known(api: TestClient) -> None:
    for method, path in (
        ("GET", "cameras/gat"),
        ("DELETE", "cameras/gat"),
        ("POST", "cameras/gat/pause"),
        ("GET", "cameras/gat/preview.jpg"),
        ("GET", "cameras/gat/preview.mjpeg"),
    ):
        line = problem(api.request(method, f"{API}/{path}"), 404)
        assert line == "unknown camera 'gat'; known: gate, stage"


def test_a_camera_is_added_paused_resumed_and_removed_with_a_line_in_the_journal_each(
    api: TestClient, console: Console
) -> None:
    added = api.post(f"{API}/cameras", content="id: bridge\nstream: {}\n")
    assert (added.status_code, added.json()) == (201, {"id": "bridge"})
    assert api.post(f"{API}/cameras/bridge/pause").json()["idle_reason"] == "paused"
    assert problem(api.post(f"{API}/cameras/bridge/pause"), 409).endswith("is paused already")
    assert api.post(f"{API}/cameras/bridge/resume").json()["state"] == "connecting"
    assert problem(api.post(f"{API}/cameras/bridge/resume"), 409).endswith("is not paused")
    assert api.delete(f"{API}/cameras/bridge").status_code == 204
    assert console.desk.journal == [
        ("change", "local", f"camera bridge {what}")
        for what in ("added", "paused", "resumed", "removed")
    ]


def test_a_camera_that_is_no_camera_is_refused_with_every_fault(api: TestClient) -> None:
    answer = api.post(f"{API}/cameras", content="nonsense")
    assert problem(answer, 422) == "camera.yaml:1:1: id: is missing"
    assert len(answer.json()["errors"]) == 2
    assert problem(api.post(f"{API}/cameras", content="id: gate"), 409).endswith("already")
    assert "UTF-8" in problem(api.post(f"{API}/cameras", content=b"\xff\xfe"), 422)


def test_a_large_body_is_refused_whether_its_length_is_told_or_not(api: TestClient) -> None:
    line = "the body is larger than 64000 bytes"
    assert problem(api.post(f"{API}/cameras", content="x" * 64_001), 413) == line
    parts = (b"x" * 1000 for _ in range(100))
    assert problem(api.post(f"{API}/cameras", content=parts), 413) == line


def test_situations_are_listed_newest_change_first_and_filtered(
    api: TestClient, console: Console
) -> None:
    console.desk.tell(situation("gate"))
    console.desk.tell(situation("stage", "fire_smoke", "view", phase=Phase.CANDIDATE))
    console.desk.tell(situation("stage", "bottleneck", "exit", phase=Phase.CLOSED))

    def kinds(query: str) -> list[str]:
        page = api.get(f"{API}/situations{query}").json()
        assert page["last_change"] == 3
        return [each["situation"] for each in page["situations"]]

    assert kinds("") == ["bottleneck", "fire_smoke", "crowd_density"]
    assert kinds("?phase=opened") == ["crowd_density"]
    assert kinds("?camera_id=stage&limit=1") == ["bottleneck"]
    assert kinds("?since_change=2") == ["bottleneck"]
    assert "query.phase" in problem(api.get(f"{API}/situations?phase=open"), 422)


def test_a_situation_is_told_in_plain_words(api: TestClient, console: Console) -> None:
    told = situation("gate", "crowd_density", "Porte Sud / été")
    console.desk.tell(told)
    shown = api.get(f"{API}/situations/{quote(told.event_id)}").json()
    assert shown["id"] == told.event_id
    assert shown["level_words"] == "4.6 ± 0.3 people/m²"
    assert shown["alarm_words"] == "alarm from 4, peak 5.1"
    assert (shown["title"], shown["severity"]) == ("Crowd density", "high")
    assert "too few" in shown["known_to_fail"]
    assert shown["at"] - shown["started_at"] == pytest.approx(95.0)
    line = problem(api.get(f"{API}/situations/gate/nothing/here/1.000"), 404)
    assert line == "unknown situation 'gate/nothing/here/1.000'"


def test_strong_crowds_and_fire_are_urgent(api: TestClient, console: Console) -> None:
    console.desk.tell(situation(level=5.6))
    console.desk.tell(situation(kind="fire_smoke", level=0.6, unit="1", open_at=0.5))
    console.desk.tell(situation(kind="camera_health", level=60.0, unit="s", open_at=10.0))
    told = api.get(f"{API}/situations").json()["situations"]
    assert [each["severity"] for each in told] == ["notice", "urgent", "urgent"]


def test_a_person_acknowledges(api: TestClient, console: Console) -> None:
    told = situation()
    console.desk.tell(told)
    path = f"{API}/situations/{quote(told.event_id)}/acknowledgements"
    assert "reason" in problem(api.post(path, json={"verdict": "dismissed", "reason": " "}), 422)
    said = api.post(path, json={"verdict": "dismissed", "reason": "a \n parade"}).json()
    assert said["acknowledgement"] | {"at": 0} == {
        "verdict": "dismissed",
        "person": "local",
        "reason": "a parade",
        "at": 0,
    }
    again = api.post(path, json={"verdict": "dismissed", "reason": "a parade"})
    assert again.json() == said  # a retry changes nothing
    assert api.post(path, json={"verdict": "confirmed"}).status_code == 200
    as_json = {"Content-Type": "application/json"}
    assert "no JSON" in problem(api.post(path, content=b"\xff{", headers=as_json), 422)
    assert "body.verdict" in problem(api.post(path, json={"verdict": "maybe"}), 422)
    assert "body.extra" in problem(api.post(path, json={"verdict": "confirmed", "extra": 1}), 422)
    entries = [entry for entry in console.desk.journal if "parade" not in entry[2]]
    assert entries == [("acknowledgement", "local", f"{told.event_id}: confirmed")]
    dismissal = ("acknowledgement", "local", f"{told.event_id}: dismissed, a parade")
    assert console.desk.journal[0] == dismissal


def test_what_never_opened_cannot_be_acknowledged(api: TestClient, console: Console) -> None:
    told = situation(phase=Phase.CANDIDATE)
    console.desk.tell(told)
    path = f"{API}/situations/{quote(told.event_id)}/acknowledgements"
    assert "candidate" in problem(api.post(path, json={"verdict": "confirmed"}), 409)
    unknown = f"{API}/situations/gate/x/y/1.000/acknowledgements"
    assert "unknown" in problem(api.post(unknown, json={"verdict": "confirmed"}), 404)


def test_evidence_is_shown_and_each_view_is_noted_once_a_minute(
    api: TestClient, console: Console
) -> None:
    (console.evidence / "a still.jpg").write_bytes(b"jpeg bytes")
    told = situation(evidence=(EvidenceFile("a still.jpg", "still", "ab" * 32),))
    console.desk.tell(told)
    url = api.get(f"{API}/situations").json()["situations"][0]["evidence"][0]["url"]
    answer = api.get(url)
    assert (answer.content, answer.headers["content-type"]) == (b"jpeg bytes", "image/jpeg")
    assert answer.headers["etag"] == f'"{"ab" * 32}"'
    part = api.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"jpeg")
    assert console.desk.journal == [("view", "local", f"evidence a still.jpg of {told.event_id}")]


@pytest.mark.parametrize(
    "name",
    ["../secret.jpg", "/etc/passwd", "..", "link.jpg", "notes.txt", "x\0.jpg", "gone.jpg", "sub"],
)
def test_no_name_leads_out_of_the_evidence_folder(
    name: str, api: TestClient, console: Console, tmp_path: Path
) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (console.evidence / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (console.evidence / "notes.txt").write_bytes(b"secret")
    (console.evidence / "sub").mkdir()
    told = situation(evidence=(EvidenceFile(name, "still", ""),))  # even where the desk lists it
    console.desk.tell(told)
    for asked in (quote(name, safe=""), quote(name), f"..%2f{quote(name, safe='')}"):
        answer = api.get(f"{API}/evidence/{quote(told.event_id)}/{asked}")
        assert answer.status_code == 404
        assert b"secret" not in answer.content
    assert console.desk.journal == []


def test_a_preview_is_sent_once_and_noted_once(api: TestClient, console: Console) -> None:
    assert api.get(f"{API}/cameras/gate/preview.jpg").status_code == 204
    console.fleet.previews["gate"] = b"\xff\xd8one"
    first = api.get(f"{API}/cameras/gate/preview.jpg")
    assert (first.content, first.headers["content-type"]) == (b"\xff\xd8one", "image/jpeg")
    same = api.get(
        f"{API}/cameras/gate/preview.jpg", headers={"If-None-Match": first.headers["etag"]}
    )
    assert same.status_code == 304
    assert console.desk.journal == [("view", "local", "preview of camera gate")]


def test_the_fleet_tells_load_replicas_and_sinks(api: TestClient) -> None:
    told = api.get(f"{API}/fleet").json()
    assert (told["offered_per_s"], told["replicas"], told["replicas_wanted"]) == (16.0, 2, 3)
    assert told["kept_share"] == {"critical": 1.0, "normal": 0.9}
    assert told["sinks"][0]["name"] == "file"


def test_metrics_are_prometheus_text(api: TestClient, console: Console) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    console.fleet.reports['odd"\\\n'] = camera('odd"\\\n', frame_age_s=None)
    answer = api.get(f"{API}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert api.get("/metrics").text.startswith("# HELP vigie_console_")
    families = {f.name: f for f in text_string_to_metric_families(answer.text)}
    frames = families["vigie_console_camera_frames"].samples
    shed = [s for s in frames if s.labels == {"camera": 'odd"\\\n', "outcome": "shed"}]
    assert [s.value for s in shed] == [60]
    ages = families["vigie_console_camera_frame_age_seconds"].samples
    assert {s.labels["camera"] for s in ages} == {"gate", "stage"}  # unknown is no zero
    assert families["vigie_console_replicas"].samples[0].value == 2


def test_health_tells_whether_the_site_answers(
    api: TestClient, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.get(f"{API}/health/live").json() == {"status": "ok"}
    assert api.get(f"{API}/health/ready").json() == {"status": "ok"}

    async def silent() -> None:
        raise UnreachableError("the reader fleet does not answer; it restarts by itself")

    monkeypatch.setattr(console.fleet, "report", silent)
    for path in ("health/ready", "fleet", "metrics"):
        answer = api.get(f"{API}/{path}")
        assert problem(answer, 503).startswith("the reader fleet does not answer")
        assert answer.headers["retry-after"] == "5"
    assert api.get(f"{API}/health/live").status_code == 200


def test_a_full_disk_is_told_and_nothing_is_shown_or_changed_without_a_journal(
    api: TestClient, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: str) -> None:
        raise StoreError("/secret/place: no space left on device")

    monkeypatch.setattr(console.desk, "note", full)
    console.fleet.previews["gate"] = b"jpeg"
    told = situation()
    console.desk.tell(told)
    said = f"{API}/situations/{quote(told.event_id)}/acknowledgements"
    for answer in (
        api.get(f"{API}/cameras/gate/preview.jpg"),
        api.get(f"{API}/cameras/gate/preview.jpg"),
        api.post(f"{API}/cameras/gate/pause"),
        api.delete(f"{API}/cameras/gate"),
        api.post(said, json={"verdict": "confirmed"}),
    ):
        assert "is its disk full" in problem(answer, 503)
        assert "secret" not in answer.text
    assert console.fleet.reports["gate"].idle_reason is None
    assert console.desk.kept[told.event_id].acknowledgements == ()


def test_what_breaks_inside_tells_nothing_outside(
    api: TestClient, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("rtsp://admin:hunter2@10.0.0.8")

    monkeypatch.setattr(console.fleet, "cameras", broken)
    answer = api.get(f"{API}/cameras")
    assert problem(answer, 500) == "the server failed; its log tells more"
    assert "hunter2" not in answer.text


def test_addresses_that_are_not_there_are_problems_too(api: TestClient) -> None:
    assert "no such address" in problem(api.get("/api/v1/nothing"), 404)
    wrong = api.put(f"{API}/cameras")
    assert problem(wrong, 405) == "PUT is not possible here; possible: GET, POST"
    assert wrong.headers["allow"] == "GET, POST"
    assert api.put(f"{API}/cameras/gate").headers["allow"] == "DELETE, GET"
    assert "no " in problem(api.get("/page/../app.py"), 404)
    assert "no " in problem(api.get("/page/%2e%2e%2fapp.py"), 404)


def test_every_answer_forbids_what_a_browser_must_not_do(api: TestClient) -> None:
    for path in ("/", f"{API}/cameras", f"{API}/nothing", f"{API}/health/live"):
        headers = api.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] in ("no-store", "no-cache")


def test_the_page_needs_nothing_from_outside(api: TestClient) -> None:
    import re

    page = api.get("/")
    assert page.status_code == 200
    folder = Path(__file__).parents[2] / "ray_app/console/page"
    for asset in folder.iterdir():
        answer = api.get(f"/page/{asset.name}")
        assert answer.content == asset.read_bytes()
        text = asset.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|\bimport\s*\(", text), asset.name
        assert not re.search(r"\son\w+=|style=|innerHTML|eval\(", text), asset.name


def test_roles_of_a_machine_of_ones_own(tmp_path: Path) -> None:
    console = make_console(tmp_path)
    api = TestClient(console.app, base_url="http://127.0.0.1")
    session = api.get(f"{API}/session").json()
    assert (session["person"], session["role"]) == ("local", Role.OPERATOR)
    assert session["needs_key"] is False
    assert problem(api.post(f"{API}/cameras", content="id: x"), 403) == (
        "local is operator; this needs admin"
    )


def test_the_page_has_the_colours_of_the_report(api: TestClient) -> None:
    import re

    from ray_app.report.words import COLOURS, OTHER_COLOUR

    style = api.get("/page/cards.css").text
    pairs = dict(re.findall(r'\[data-kind="(\w+)"\] \{ --kind: (#\w+); \}', style))
    assert pairs == {kind: colour for kind, colour in COLOURS.items() if kind != "flow"}
    assert f"[data-kind] {{ --kind: {OTHER_COLOUR}; }}" in style


def test_a_moment_of_the_programme_is_told_moved_and_taken_back(
    api: TestClient, console: Console
) -> None:
    (before,) = api.get(f"{API}/moments").json()["moments"]
    assert (before["name"], before["real_at"]) == ("kick_off", None)
    late = api.put(f"{API}/moments/kick_off", json={"at": "2026-11-25T21:10:00+01:00"}).json()
    assert late["planned_at"] == "2026-11-25T21:00:00Z"
    assert late["real_at"] == "2026-11-25T20:10:00Z"
    assert console.fleet.told == {"kick_off": 1_795_637_400.0}
    now = api.put(f"{API}/moments/kick_off", json={}).json()
    assert now["real_at"] not in (None, late["real_at"])
    assert api.delete(f"{API}/moments/kick_off").status_code == 204
    assert console.fleet.told == {}
    journal = [detail for kind, _, detail in console.desk.journal if kind == "change"]
    assert journal[0] == "moment kick_off is at 2026-11-25T20:10:00+00:00"
    assert journal[-1] == "moment kick_off is as planned again"


def test_a_moment_nobody_planned_or_without_its_offset_is_refused(
    api: TestClient, console: Console
) -> None:
    told = problem(api.put(f"{API}/moments/encore", json={}), 404)
    assert told == "unknown moment 'encore'; known: kick_off"
    problem(api.put(f"{API}/moments/kick_off", json={"at": "2026-11-25T21:10:00"}), 422)
    console.fleet.planned.clear()
    assert "has no programme" in problem(api.delete(f"{API}/moments/kick_off"), 404)
    assert console.desk.journal == []
