"""The ten-minute event of `plan_live`: its programme, its site file, and what it really does."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.film_site import write_film_site

CAMERAS, WORK_PER_S, STACK, MOST_REPLICAS = 24, 6.0, 2, 5
BOOT_S, IDLE_S = 3.0, 6.0
# As vigie simulate validate measured such a cluster; replicas here load torch, which takes longer.
NODE_S, KEPT_S, REPLICA_S, REPLICA_SPREAD = 6.3, 10.4, 8.0, 0.2

EVENT = """\
event: programme of {minutes:g} minutes
attendance: 5000
from_min: {start:.4f}
to_min: {end:.4f}
programme:
  - {{name: show, at_min: 0, delay_sd_min: {doubt:.4f}}}
  - {{name: finale, at_min: {finale:.4f}, delay_sd_min: {doubt:.4f}}}
arrivals:
  moment: show
  waves: [{{share: 1, before_min: {before:.4f}, spread_min: {spread:.4f}}}]
  full_flow_per_min: {full_arriving:.4f}
departures:
  moment: finale
  scale_min: {leaving:.4f}
  full_flow_per_min: {full_leaving:.4f}
zones:
  - name: gates
    cameras: {cameras}
    follows: [{{crowd: arriving}}, {{crowd: leaving}}]
    fps: [1, 1]
    active: [0.2, 1]
    floor_fps: 0.5
doubts: {{incidents: 0}}
service:
  overhead_s: 0
  per_tile_s: {per_tile:.5f}
  batch_max: {stack}
  start_s: {replica_s}
  start_spread: {replica_spread}
  source: a stand-in that waits
machines:
  idle_s: {kept_s}
  schedule_every_s: 1
  least_billed_s: 0
  nodes:
    - name: gpu
      gpus: 1
      max_nodes: {most}
      price_per_h: 0
      price_source: pretended
      boot: {{median_s: {node_s}, spread: 0.1, failure: 0}}
deadline_s: 2
"""


def write_event(path: Path, minutes: float) -> None:
    """Writes the event file of a programme of so many minutes."""
    part = minutes / 10
    path.write_text(
        EVENT.format(
            minutes=minutes,
            start=-6 * part,
            end=4 * part,
            finale=2.2 * part,
            doubt=0.1 * part,
            before=1.5 * part,
            spread=0.7 * part,
            full_arriving=0.5 / part,
            leaving=0.5 * part,
            full_leaving=0.7 / part,
            cameras=CAMERAS,
            per_tile=1 / WORK_PER_S,
            stack=STACK,
            replica_s=REPLICA_S,
            replica_spread=REPLICA_SPREAD,
            kept_s=KEPT_S,
            most=MOST_REPLICAS,
            node_s=NODE_S,
        ),
        "utf-8",
    )


def names() -> list[str]:
    """Returns the cameras, in the order in which they are switched on."""
    return [f"gate_{number:02d}" for number in range(CAMERAS)]


@dataclass(frozen=True, slots=True)
class LiveDay:
    """Where the day of a live run lies, and when.

    Attributes:
        folder: Of site file, film and everything that is written.
        zero_at: Epoch seconds of the planned zero of the programme.
        port: Of the live page.
    """

    folder: Path
    zero_at: float
    port: int


def write_site(day: LiveDay, policy: str, settings: dict[str, object], length_s: float) -> Path:
    """Writes film, policy settings and site file; returns the site file."""
    (day.folder / "policy.json").write_text(json.dumps(settings), "utf-8")
    zero = datetime.fromtimestamp(day.zero_at, UTC)
    live = {
        "detectors": {
            "max_replicas": MOST_REPLICAS,
            "num_cpus": 0.1,
            "num_gpus": 1,
            "stack_size": STACK,
            "deadline_s": 2,
        },
        "scaling": {
            "policy": policy,
            "work_per_s": WORK_PER_S,
            "settings_file": "policy.json",
            "zero": zero,
        },
        "readers": {"num_cpus": 0.1, "cameras_each": 12, "opening_s": 0},
        "api": {"port": day.port},
    }
    title = "programme of ten minutes"
    return write_film_site(day.folder, title, names(), zero, length_s, live)
