"""A good site file, and what is told of its spoilt copies."""

from pathlib import Path

from ray_app.config.faults import Fault
from ray_app.config.load import site_faults

GOOD = """\
site: Harbour festival
cameras:
  - id: gate
    footage: ["gate_*.mp4"]
    start_pattern: gate_%Y%m%d_%H%M%S
    time_zone: Europe/Paris
    reading:
      rate_hz: 5
      reader: pyav
    networks:
      objects:
        name: nanodet_g
        input_px: 416
        tiles: 2
      crowd:
        name: crowd_counter
    calibration:
      homography:
        image_size_px: [1280, 720]
        pairs:
          - {px: [100, 700], m: [0, 0]}
          - {px: [1180, 700], m: [10, 0]}
          - {px: [800, 200], m: [10, 20]}
          - {px: [400, 200], m: [0, 20]}
          - {px: [560, 300], m: [4, 12]}
    zones:
      - name: forecourt
        polygon_m: [[0, 0], [10, 0], [10, 12], [0, 12]]
      - name: passage
        polygon_m: [[2, 12], [8, 12], [8, 20], [2, 20]]
    lines:
      - name: doors
        start_m: [2, 12]
        end_m: [8, 12]
    situations:
      crowd_density:
        - settings: {zone: forecourt, measure: local}
          alarm: {open_at: 4.0, close_at: 3.0, hold_s: 5, release_s: 10}
      bottleneck:
        - settings:
            line: doors
            queue_zone: forecourt
          alarm:
            open_at: 60
            close_at: 40
            hold_s: 10
            release_s: 20
      counterflow:
        - settings: {zone: passage, direction_m: [0, 1]}
          alarm: {open_at: 3, close_at: 1, hold_s: 2, release_s: 5}
  - id: yard
    footage: [yard.mp4]
    started_at: 2024-07-26T18:00:00+02:00
    zones:
      - name: closed
        polygon_px: [[0, 0], [300, 0], [300, 400]]
    situations:
      restricted_area:
        - settings: {zone: closed, vehicles: false}
          alarm: {open_at: 1, close_at: 0.5, hold_s: 1, release_s: 5}
    stream:
      address: rtsp://viewer:${YARD_PASSWORD}@10.0.0.7/main
      value: critical
      floor_hz: 1
      reading: {transport: udp, open_s: 3}
      retry: {first_s: 0.5, refused_s: 60}
live:
  folder: out/live
  allowed: {schemes: [rtsp], hosts: [10.0.0.0/8]}
  detectors: {min_replicas: 1, max_replicas: 3}
  scaling: {policy: offered_load, work_per_s: 15}
  readers: {cameras_each: 8}
authorisation:
  purpose: Safety of the public at the harbour festival
  situations: [crowd_density, bottleneck, counterflow, restricted_area]
  cameras: [gate, yard]
  start: 2024-07-26T12:00:00+02:00
  end: 2024-07-28T03:00:00+02:00
  perimeter_m: [[-50, -50], [50, -50], [50, 50], [-50, 50]]
"""


def faults_of(text: str | bytes, folder: Path) -> tuple[Fault, ...]:
    path = folder / "site.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return site_faults(path)
