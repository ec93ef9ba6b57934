"""An event file loads, or every fault is told at its place."""

from pathlib import Path

import pytest

from ray_app.config.event_file import event_faults, load_event
from ray_app.domain.errors import ConfigError
from ray_app.simulator.load_trace import plan_curve

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "configs" / "events").glob("*.yaml"))


def changed(path: Path, *swaps: tuple[str, str]) -> list[str]:
    text = path.read_text("utf-8")
    for old, new in swaps:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return [str(fault).removeprefix(f"{path}:") for fault in event_faults(path)]


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_the_events_we_ship_are_good_and_name_their_sources(path: Path) -> None:
    event = load_event(path)
    assert event.sources
    curve = plan_curve(event)
    assert curve.offered_per_s.max() > 1.5 * curve.offered_per_s.min()
    # A quarter of the quota is left at the planned peak.
    needed = curve.offered_per_s.max() / event.service.work_per_s
    assert needed < 0.75 * event.machines.max_gpus


def test_four_kinds_of_events_are_shipped() -> None:
    stems = {path.stem for path in EVENTS}
    assert stems == {"stadium_match", "concert", "fan_zone_drones", "marathon"}


def test_a_good_file_has_no_fault(event_file: Path) -> None:
    assert event_faults(event_file) == ()
    assert load_event(event_file).zones[0].counted


def test_every_fault_is_told_at_once_with_line_and_column(event_file: Path) -> None:
    told = changed(
        event_file,
        ("attendance: 30000", "attendance: -5"),
        ("moment: kick_off", "moment: kickoff"),
        ("crowd: inside", "crowd: insidee"),
        ("cameras: 240", "camras: 240"),
        ("fps: [1, 5]", "fps: [5, 1]"),
        ("gpus: 2", "gpus: many"),
    )
    text = event_file.read_text("utf-8").splitlines()
    for words in (
        "attendance: -5 is out of range",
        "arrivals.moment: unknown name 'kickoff'; did you mean 'kick_off'?",
        "zones.0.camras: unknown key; did you mean 'cameras'?",
        "zones.1.fps: [5.0, 1.0] is no range",
        "machines.nodes.0.gpus: expected a whole number",
    ):
        fault = next((one for one in told if words in one), None)
        assert fault is not None, (words, told)
        line = int(fault.split(":")[0])
        assert words.split(":")[0].split(".")[-1].rstrip("0123456789") in text[line - 1]
    assert len(told) >= 5


def test_names_nothing_has_are_told_with_the_like(event_file: Path) -> None:
    told = changed(event_file, ("crowd: inside", "crowd: insidee"))
    assert told == [
        "20:23: zones.1.follows.0.crowd: unknown name 'insidee'; did you mean 'inside'?"
    ]


def test_a_deadline_no_batch_can_meet_is_told(event_file: Path) -> None:
    told = changed(event_file, ("from_min: -30", "from_min: -30\ndeadline_s: 0.03"))
    assert len(told) == 1
    assert "less than a full batch takes" in told[0]


def test_a_moment_given_twice_is_told(event_file: Path) -> None:
    again = "  - {name: kick_off, at_min: 0, delay_sd_min: 2}"
    told = changed(event_file, (again, f"{again}\n{again}"))
    assert told == ["7:12: programme.1.name: 'kick_off' is given twice; rename one"]


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_event(tmp_path / "none.yaml")


def test_text_that_is_no_event_names_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- a\n- b\n", "utf-8")
    with pytest.raises(ConfigError, match="begins with `event:`"):
        load_event(path)
