"""Whether the event plan, live, has the pool up before the planned peak, as simulated.

    python -m benchmarks.plan_live [--minutes 10] [--json FILE] [--figure FILE.png]

`vigie live` on a cluster of pretended GPU nodes: Ray's real node autoscaler, real Serve, readers,
fleet, desk and console; only the networks are a stand-in, which takes a GPU's time and no
processor. Cameras are switched on and off as the crowd comes and goes (a drawn film). Then the
simulator plays the same day, and the same day without a plan.
"""

import argparse
import json
import logging
import math
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from benchmarks.plan_live_day import (
    BOOT_S,
    IDLE_S,
    MOST_REPLICAS,
    WORK_PER_S,
    LiveDay,
    names,
    write_event,
    write_site,
)
from ray_app.outside.free_port import free_port
from ray_app.planning.fake_cluster import FakeCluster, NodeKind

if TYPE_CHECKING:
    from ray_app.simulator.event_profile import EventProfile
    from ray_app.simulator.simulation import Day

NEAR_PEAK = 0.98
POLICY = "event_plan"


@dataclass(frozen=True)
class Seen:
    """What was there at one time: seconds of the event's clock."""

    at_s: float
    offered_per_s: float
    running: int
    starting: int
    nodes: int


def main() -> None:
    """Runs the day live and simulated, prints who was up when, and draws it."""
    options = _options()
    node = NodeKind("gpu", cpus=1, gpus=1, most=MOST_REPLICAS, boot_s=BOOT_S)
    with (
        tempfile.TemporaryDirectory(prefix="plan-") as place,
        FakeCluster(node, head_cpus=6, idle_s=IDLE_S) as cluster,
    ):
        os.environ.update(cluster.driver_environment)  # before anything imports ray
        from ray_app.config.event_file import load_event
        from ray_app.simulator.scenario import SCENARIOS
        from ray_app.simulator.simulation import draw_day

        event = Path(place) / "event.yaml"
        write_event(event, options.minutes)
        profile = load_event(event)
        day = draw_day(profile, "as_planned", SCENARIOS["as_planned"], seed=1)
        seen = _live(profile, day, Path(place), cluster.address, options.starts_s)
    result = _compared(profile, day, seen)
    Console().print_json(json.dumps(result["summary"]))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), "utf-8")
    if options.figure:
        from benchmarks.plan_live_figure import draw

        draw(result, options.figure)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="length of the programme, 2 at least"
    )
    parser.add_argument("--starts-s", type=float, default=90.0, help="how long a site may start")
    parser.add_argument("--json", type=Path, help="also write everything there")
    parser.add_argument("--figure", type=Path, help="draw it there, as PNG")
    return parser.parse_args()


def _live(
    profile: "EventProfile", day: "Day", folder: Path, address: str, starts_s: float
) -> list[Seen]:
    """Runs `vigie live` through the day; returns what was seen every second."""
    import ray_app.live.app as live_app
    from benchmarks.timed_network import build_slow
    from ray_app.commands.live import Request, watch
    from ray_app.live.fleet_state import read_fleet_state, write_fleet_state

    trace = day.trace
    start_at = time.time() + starts_s
    live_day = LiveDay(folder, start_at - trace.start_s, free_port())
    site = write_site(live_day, POLICY, _settings(profile), trace.seconds + 2 * starts_s)
    on = _on(day)
    (folder / "live").mkdir()
    state = read_fleet_state(folder / "live", time.time())
    write_fleet_state(folder / "live", replace(state, paused=tuple(names()[on[0] :])))
    live_app.start_detectors = partial(live_app.start_detectors, build=build_slow)
    logging.disable(logging.WARNING)
    seen: list[Seen] = []
    failed: list[BaseException] = []
    hand = threading.Thread(target=_switch, args=(on, start_at, trace.start_s, seen, failed))
    hand.start()
    watch(Request(site, address), Console(stderr=True))
    hand.join()
    if failed:
        raise failed[0]
    return seen


def _switch(
    on: list[int], start_at: float, start_s: float, seen: list[Seen], failed: list[BaseException]
) -> None:
    """Switches cameras as the crowd comes and goes, looks on, and ends the watch like Ctrl-C."""
    import ray

    try:
        fleet = _fleet(start_at)
        now_on = on[0]
        for second, wanted in enumerate(on):
            time.sleep(max(0.0, start_at + second - time.time()))
            calls = [fleet.resume.remote(name) for name in names()[now_on:wanted]]
            calls += [fleet.pause.remote(name) for name in names()[wanted:now_on]]
            ray.get(calls)
            now_on = wanted
            seen.append(_look(fleet, time.time() - start_at + start_s))
    except BaseException as error:  # noqa: BLE001  told by the main thread
        failed.append(error)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)  # as Ctrl-C, which jobs in the background ignore


def _fleet(start_at: float) -> Any:  # noqa: ANN401  an actor's handle
    """Returns the fleet once the day begins; it had to start before."""
    import ray

    from ray_app.live.messages import FLEET, NAMESPACE

    fleet = None
    while time.time() < start_at:
        if fleet is None and ray.is_initialized():
            with suppress(ValueError):
                fleet = ray.get_actor(FLEET, namespace=NAMESPACE)
        time.sleep(0.2)
    if fleet is None:
        raise TimeoutError("the site does not start in time; give a longer --starts-s")
    return fleet


def _look(fleet: Any, at_s: float) -> Seen:  # noqa: ANN401
    import ray
    from ray import serve

    app = serve.status().applications.get("detectors")
    states = app.deployments["Detector"].replica_states if app and app.deployments else {}
    return Seen(
        at_s=round(at_s, 1),
        offered_per_s=ray.get(fleet.report.remote()).offered_per_s,
        running=states.get("RUNNING", 0),
        starting=sum(states.get(state, 0) for state in ("STARTING", "UPDATING")),
        nodes=sum(n["Alive"] and n["Resources"].get("GPU", 0) > 0 for n in ray.nodes()),
    )


def _on(day: "Day") -> list[int]:
    """Returns how many cameras send in every second: each sends one frame a second."""
    return [round(float(frames)) for frames in day.trace.frames_per_s.sum(axis=1)]


def _settings(profile: "EventProfile") -> dict[str, Any]:
    """Returns the plan for the site file; what is minutes on a day of hours is seconds here."""
    from ray_app.simulator.line_up import settings_json

    holds = {"margin_s": 8.0, "hold_s": 12.0, "broken_hold_s": 60.0, "shift_sd_s": 20.0}
    return settings_json(POLICY, profile, **holds)


def _compared(profile: "EventProfile", day: "Day", seen: list[Seen]) -> dict[str, Any]:
    """Returns live and simulated side by side, with the plan and without one."""
    from ray_app.simulator.line_up import OFFERED_LOAD, ours
    from ray_app.simulator.load_trace import plan_curve
    from ray_app.simulator.ray_adapter.serve import EPOCH_S
    from ray_app.simulator.serve_settings import NEUTRAL, OUR_CLASS, DataPath, ServedPolicy
    from ray_app.simulator.simulation import Engine, simulate

    kwargs = {"policy": POLICY, "settings": _settings(profile), "zero_s": EPOCH_S}
    planned = ServedPolicy(POLICY, OUR_CLASS, kwargs, NEUTRAL, DataPath.SHED)
    without = ours(OFFERED_LOAD, profile, hold_s=12.0)
    curve = plan_curve(profile)
    sides = {"simulated": simulate(day, planned, Engine.EXACT).series}
    sides["without_plan"] = simulate(day, without, Engine.EXACT).series
    times_s = [float(value) for value in sides["simulated"].time_s]
    plan_s = curve.start_s + curve.step_s * np.arange(len(curve.offered_per_s))
    result: dict[str, Any] = {
        "work_per_s": WORK_PER_S,
        "time_s": times_s,
        "planned_per_s": np.interp(times_s, plan_s, curve.offered_per_s).tolist(),
        "offered_per_s": day.trace.total_per_s.tolist(),
        "live": [asdict(one) for one in seen],
    }
    for name, series in sides.items():
        result[name] = {
            "running": series.running.tolist(),
            "paid_gpus": series.paid_gpus.tolist(),
            "missed_share": float(series.missed.sum() / series.offered.sum()),
        }
    return result | {"summary": _summary(result)}


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """Returns when the pool was up against when the plan has its peaks, on every side."""
    times = np.array(result["time_s"])
    live = result["live"]
    running = {
        "live": (np.array([s["at_s"] for s in live]), np.array([s["running"] for s in live])),
        "simulated": (times, np.array(result["simulated"]["running"])),
        "without_plan": (times, np.array(result["without_plan"]["running"])),
    }
    planned = np.array(result["planned_per_s"])
    offered = (
        np.array([s["at_s"] for s in live]),
        np.array([s["offered_per_s"] for s in live]),
    )
    need = math.ceil(planned.max() / WORK_PER_S)
    peaks = _peaks(times, planned)
    told: dict[str, Any] = {"replicas_at_the_peak": need, "planned_peaks_s": peaks}
    for name, (at_s, count) in running.items():
        told[f"{name}_pool_up_before_peaks_s"] = [
            _before(peak, at_s, count >= need, since)
            for peak, since in zip(peaks, [float(times[0]), *peaks], strict=False)
        ]
    told["offered_needs_it_before_peaks_s"] = [
        _before(peak, offered[0], offered[1] > (need - 1) * WORK_PER_S, since)
        for peak, since in zip(peaks, [float(times[0]), *peaks], strict=False)
    ]
    simulated = np.interp(running["live"][0], times, running["simulated"][1])
    apart = np.abs(running["live"][1] - np.round(simulated))
    return told | {
        "live_within_one_of_simulated": round(float((apart <= 1).mean()), 3),
        "missed_simulated": round(result["simulated"]["missed_share"], 5),
        "missed_without_plan": round(result["without_plan"]["missed_share"], 5),
    }


def _peaks(times: np.ndarray, planned: np.ndarray) -> list[float]:
    """Returns where every hill of the plan first comes near its top."""
    is_high = planned >= NEAR_PEAK * planned.max()
    starts = np.flatnonzero(is_high & ~np.concatenate([[False], is_high[:-1]]))
    return [float(times[start]) for start in starts]


def _before(peak_s: float, at_s: np.ndarray, is_so: np.ndarray, since_s: float) -> float | None:
    """Returns how long before a peak something became so that holds at the peak.

    Negative where it became so only after it; None where it held since before since_s, or never.
    """
    starts = at_s[np.flatnonzero(is_so & ~np.concatenate([[False], is_so[:-1]]))]
    holds = bool(is_so[np.searchsorted(at_s, peak_s, side="right") - 1])
    found = [at for at in starts if (at <= peak_s) == holds and at > since_s]
    if not found:
        return None
    return round(peak_s - float(found[-1] if holds else found[0]), 1)


if __name__ == "__main__":
    main()
