"""One small event for all tests of the simulator."""

from pathlib import Path

import pytest

EVENT = """\
event: small match
attendance: 30000
from_min: -30
to_min: 10
programme:
  - {name: kick_off, at_min: 0, delay_sd_min: 2}
arrivals:
  moment: kick_off
  waves: [{share: 1, before_min: 12, spread_min: 4}]
zones:
  - name: gates
    cameras: 240
    follows: [{crowd: arriving}]
    fps: [2, 10]
    priority: 2
    floor_fps: 5
    counted: true
  - name: bowl
    cameras: 160
    follows: [{crowd: inside}]
    fps: [1, 5]
    priority: 0
service: {overhead_s: 0.012, per_tile_s: 0.004, source: test}
machines:
  nodes:
    - name: l4x2
      gpus: 2
      max_nodes: 10
      price_per_h: 2.0
      price_source: test
"""


@pytest.fixture
def event_file(tmp_path: Path) -> Path:
    path = tmp_path / "event.yaml"
    path.write_text(EVENT, "utf-8")
    return path
