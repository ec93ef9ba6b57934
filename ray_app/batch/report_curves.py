"""Reads the curves of a report from the table of readings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ray_app.analysis.camera_health import CameraHealth
from ray_app.config.schema import SiteConfig
from ray_app.config.summary import summarise
from ray_app.report.data import Curve
from ray_app.store.parquet import read_parquet
from ray_app.store.readings import SCHEMA, readings_file

HEALTH = CameraHealth.name
COLUMNS = ("camera_id", "situation", "unit", "place", "time_s", "level", "sigma")
Key = tuple[str, str, str]


def read_curves(results: Path, site: SiteConfig) -> Iterator[Curve]:
    """Yields one curve per camera, situation and place, in the order of the file.

    A bottleneck gives two: the seconds to clear, and the flow against what the passage carries. A
    fault that a camera never had gives none.
    """
    table = read_parquet(readings_file(results), SCHEMA, COLUMNS)
    alarms = {
        (camera.id, watch.situation, watch.place): (watch.open_at, watch.close_at)
        for camera in summarise(site).cameras
        for watch in camera.watches
    }
    for camera in site.cameras:
        for fault in camera.health.faults:
            alarm = camera.health.alarm
            alarms[camera.id, HEALTH, fault] = (alarm.open_at, alarm.close_at)
    capacities = {
        (camera.id, watch.settings.line): watch.settings.capacity_per_m_s
        for camera in site.cameras
        for watch in camera.situations.bottleneck
    }
    keys = table.group_by(["camera_id", "situation", "place"], use_threads=False)
    for row in keys.aggregate([]).to_pylist():
        key = (row["camera_id"], row["situation"], row["place"])
        part = _rows_of(table, key)
        if key[1] != HEALTH or pc.max(part["level"]).as_py() > 0:
            yield _curve(key, part, alarms.get(key, (None, None)))
        if (key[0], key[2]) in capacities and key[1] == "bottleneck":
            yield _flow(key, results, capacities[key[0], key[2]])


def _rows_of(table: pa.Table, key: Key) -> pa.Table:
    camera_id, situation, place = (
        pc.equal(table[name], value)
        for name, value in zip(("camera_id", "situation", "place"), key, strict=True)
    )
    return table.filter(pc.and_(camera_id, pc.and_(situation, place)))


def _curve(key: Key, rows: pa.Table, alarm: tuple[float | None, float | None]) -> Curve:
    return Curve(
        *key,
        unit=rows["unit"][0].as_py(),
        time_s=rows["time_s"].to_numpy(),
        level=rows["level"].to_numpy(),
        sigma=pc.fill_null(rows["sigma"], float("nan")).to_numpy(),
        open_at=alarm[0],
        close_at=alarm[1],
    )


def _flow(key: Key, results: Path, capacity_per_m_s: float) -> Curve:
    # Measures are the bulk of the table: only these rows of them are read.
    names = ("camera_id", "situation", "place")
    wanted = [(name, "==", value) for name, value in zip(names, key, strict=True)]
    rows = pq.read_table(readings_file(results), columns=["time_s", "measures"], filters=wanted)
    flow = pc.map_lookup(rows["measures"], "flow_per_m_s", "first")
    known = rows.append_column("flow", flow).filter(pc.is_valid(flow))
    return Curve(
        key[0],
        "flow",
        key[2],
        unit="people/(m s)",
        time_s=known["time_s"].to_numpy(),
        level=known["flow"].to_numpy(),
        sigma=np.full(len(known), np.nan),
        reference=(capacity_per_m_s, "capacity"),
    )
