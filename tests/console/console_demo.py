"""A site to look at: eight cameras in every state, situations in every phase.

Run it: `python tests/console/console_demo.py PORT`, from tests/console.
"""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import cv2
import numpy as np
from console_fakes import camera, situation
from console_site import Console, make_console
from numpy.typing import NDArray

from ray_app.config.api_settings import ApiSettings
from ray_app.domain.event import Phase
from ray_app.domain.situation import Acknowledgement, EvidenceFile, SinkReport, Situation, Verdict
from ray_app.live.messages import FleetReport, FrameCounts, Outcome
from ray_app.video.live.status import Clock, StreamState

SIZE_PX = (270, 480)


def drawn_view(seed: int, moment: int) -> bytes:
    """Returns a JPEG of a square with blocks that walk, as pixelated people look."""
    random = np.random.default_rng(seed)
    height, width = SIZE_PX
    rows = np.linspace(0, 1, height)[:, None, None]
    ground = np.array([96, 104, 110]) + rows * random.integers(20, 60, 3)
    picture: NDArray[np.uint8] = np.ascontiguousarray(
        np.broadcast_to(ground, (height, width, 3)), np.uint8
    )
    horizon = int(0.3 * height)
    picture[:horizon] = (np.array([196, 184, 170]) - 30 * rows[:horizon]).astype(np.uint8)
    for left in random.integers(0, width, 6):
        tone = tuple(int(c) for c in random.integers(70, 150, 3))
        corner = (int(left) + 70, horizon + 4)
        cv2.rectangle(picture, (int(left), int(random.integers(20, 60))), corner, tone, -1)
    for x, y, *tone in random.integers(
        (0, horizon, 40, 40, 40), (width, height, 200, 200, 200), (40, 5)
    ):
        size = int(4 + 14 * (y - horizon) / height)
        at = int(x + moment * (3 if tone[0] % 2 else -3)) % width
        cv2.rectangle(
            picture, (at, int(y) - 2 * size), (at + size, int(y)), tuple(map(int, tone)), -1
        )
    return cv2.imencode(".jpg", picture)[1].tobytes()


def _counts(*numbers: int) -> FrameCounts:
    return FrameCounts(dict(zip(Outcome, numbers, strict=True)))


def fill_cameras(console: Console) -> None:
    """Gives the fleet a camera in each state."""
    good = _counts(18_420, 0, 12, 2, 4, 2)
    cameras = (
        camera("main_gate", value="critical", rate_hz=4.0, frame_age_s=0.3, counts=good),
        camera("north_stage", value="critical", rate_hz=2.0, frame_age_s=0.6, counts=good),
        camera(
            "food_court",
            counts=_counts(8200, 900, 60, 0, 0, 1),
            rate_hz=1.4,
            frame_age_s=3.1,
            input_work=0.62,
        ),
        camera(
            "car_park", value="best_effort", counts=_counts(3100, 4900, 20, 0, 0, 1), rate_hz=0.5
        ),
        camera(
            "river_walk",
            state=StreamState.STALLED,
            trouble="no picture for 41 s",
            rate_hz=0.0,
            frame_age_s=41.0,
        ),
        camera(
            "backstage",
            state=StreamState.REFUSED,
            trouble="401 Unauthorized",
            rate_hz=0.0,
            frame_age_s=None,
            counts=_counts(0, 0, 0, 0, 7900, 0),
            clock=None,
            source_size_px=None,
        ),
        camera("east_fence", frame_age_s=0.5, clock=Clock.ARRIVAL),  # its picture is frozen
        camera("vip_entrance", state=None, idle_reason="paused", rate_hz=0.0, frame_age_s=310.0),
    )
    console.fleet.reports = {each.camera_id: each for each in cameras}
    console.fleet.load = FleetReport(
        21.5, 18.9, 2.6, 2, 3, (("critical", 1.0), ("normal", 0.93), ("best_effort", 0.41)), 2, 1.3
    )
    console.desk.reports = (
        SinkReport("file", 0, 212, 0, None),
        SinkReport("control_room", 14, 198, 0, "connection refused", "webhook", 0, 95.0),
    )


def _evidence(console: Console, name: str, seed: int) -> tuple[EvidenceFile, ...]:
    (console.evidence / f"{name}.jpg").write_bytes(drawn_view(seed, 0))
    (console.evidence / f"{name}.mp4").write_bytes(b"")
    still, clip = (
        EvidenceFile(f"{name}.jpg", "still", f"{seed:064d}"),
        EvidenceFile(f"{name}.mp4", "clip", f"{seed:064x}"),
    )
    return still, clip


def fill_desk(console: Console) -> None:
    """Gives the desk six situations, one candidate, and what was looked at before."""
    shown = _evidence
    told = (
        situation("north_stage", "crowd_density", "front_of_stage", level=6.3, sigma=0.4,
                  lasted_s=214, evidence=shown(console, "a", 2)),
        situation("food_court", "fire_smoke", "view", level=0.71, sigma=None, unit="certainty",
                  open_at=0.5, lasted_s=18, evidence=shown(console, "b", 3)),
        situation("main_gate", "bottleneck", "gate_3", level=78.0, sigma=9.0, unit="s",
                  open_at=60.0, lasted_s=132, evidence=shown(console, "c", 1)),
        situation("car_park", "abandoned_object", "view", level=44.0, sigma=None, unit="s alone",
                  open_at=10.0, lasted_s=44),
        situation("east_fence", "camera_health", "frozen", level=38.0, sigma=None,
                  unit="s of fault", open_at=10.0, lasted_s=38),
        situation("main_gate", "counterflow", "corridor", level=4.0, sigma=None, unit="people",
                  open_at=3.0, lasted_s=25, phase=Phase.CLOSED, evidence=shown(console, "d", 1)),
        situation("main_gate", "restricted_area", "service_lane", level=2.0, sigma=None,
                  unit="people and vehicles", open_at=1.0, lasted_s=7, phase=Phase.CANDIDATE),
    )  # fmt: skip
    for each in told:
        console.desk.tell(each)
    answered = situation("north_stage", "restricted_area", "stage_roof", level=1.0, sigma=None,
                         unit="people and vehicles", open_at=1.0, lasted_s=320)  # fmt: skip
    console.desk.tell(_answered(answered, Verdict.CONFIRMED, "rigger without a pass"))
    over = situation("river_walk", "person_down", "view", level=13.0, sigma=None, unit="s down",
                     open_at=10.0, lasted_s=21, phase=Phase.CLOSED)  # fmt: skip
    console.desk.tell(_answered(over, Verdict.DISMISSED, "people sitting on the lawn"))


def _answered(told: Situation, verdict: Verdict, reason: str) -> Situation:
    said = Acknowledgement(told.event_id, verdict, "Desk 2", reason, time.time() - 60)
    return replace(told, acknowledgements=(said,))


def keep_moving(console: Console, stop: threading.Event) -> None:
    """Lets cameras report and pictures move, until told to stop."""
    moment = 0
    while not stop.wait(0.5):
        moment += 1
        for seed, (name, report) in enumerate(list(console.fleet.reports.items()), 1):
            if report.state is StreamState.LIVE:
                console.fleet.reports[name] = replace(report, told_at=time.time())
                if name != "east_fence":
                    console.fleet.previews[name] = drawn_view(seed, moment)


def demo_console(folder: Path) -> Console:
    """Returns the whole site, its pictures still."""
    console = make_console(folder, ApiSettings(preview_hz=2.0))
    fill_cameras(console)
    fill_desk(console)
    seen = [name for name in console.fleet.reports if name != "backstage"]
    console.fleet.previews = {name: drawn_view(seed, 0) for seed, name in enumerate(seen, 1)}
    return console


if __name__ == "__main__":
    import uvicorn

    site, stop = demo_console(Path(mkdtemp())), threading.Event()
    threading.Thread(target=keep_moving, args=(site, stop), daemon=True).start()
    uvicorn.run(site.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", ws="none")
    stop.set()
