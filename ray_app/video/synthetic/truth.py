"""Writes what truly happened: people, density, flow, incidents."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.domain.geometry import polygon_area
from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.incidents import Incident
from ray_app.video.synthetic.levels import count_people, line_crossings, true_levels
from ray_app.video.synthetic.scenario import LevelledSettings, Scenario
from ray_app.video.synthetic.true_density import voronoi_densities

DENSITY_EVERY_S = 0.5


def write_truth(
    folder: Path, scenario: Scenario, cast: Cast, incidents: tuple[Incident, ...]
) -> None:
    """Writes all but `people.parquet`, which the cameras' drawing gives, into folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(positions_table(cast), folder / "positions.parquet")
    pq.write_table(density_table(scenario, cast), folder / "density.parquet")
    pq.write_table(flow_table(scenario, cast), folder / "flow.parquet")
    pq.write_table(levels_table(scenario, cast), folder / "levels.parquet")
    write_incidents(folder / "incidents.json", incidents)


def positions_table(cast: Cast) -> pa.Table:
    """Returns time_s, frame, person_id, x_m, y_m of everybody at every frame."""
    frames = np.repeat(np.arange(cast.frames, dtype=np.int32), np.diff(cast.starts))
    return pa.table(
        {
            "time_s": frames / cast.rate_hz,
            "frame": frames,
            "person_id": cast.person_ids.astype(np.int32),
            "x_m": cast.postures.xy_m[:, 0].astype(np.float32),
            "y_m": cast.postures.xy_m[:, 1].astype(np.float32),
        }
    )


def density_table(scenario: Scenario, cast: Cast) -> pa.Table:
    """Returns zone, time_s, people, people_per_m2 and the same by Voronoi cells, twice a second."""
    step = max(1, round(DENSITY_EVERY_S * cast.rate_hz))
    frames = np.arange(0, cast.frames, step)
    by_cells = voronoi_densities(scenario, cast, frames)
    parts = []
    for zone in scenario.zones:
        people = count_people(cast, zone.polygon_m)[frames]
        columns = {
            "zone": pa.array([zone.name] * len(frames), pa.string()),
            "time_s": frames / cast.rate_hz,
            "people": people.astype(np.int32),
            "people_per_m2": people / polygon_area(zone.polygon_m),
            "voronoi_people_per_m2": by_cells[zone.name],
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def flow_table(scenario: Scenario, cast: Cast) -> pa.Table:
    """Returns line, time_s, person_id and direction (+1 out, -1 back) of every crossing."""
    rows = [
        (line.name, frame / cast.rate_hz, person, way)
        for line in scenario.lines
        for frame, person, way in line_crossings(cast, line)
    ]
    names = [("line", pa.string()), ("time_s", pa.float64())]
    schema = pa.schema([*names, ("person_id", pa.int32()), ("direction", pa.int8())])
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def levels_table(scenario: Scenario, cast: Cast) -> pa.Table:
    """Returns situation, place, time_s and level; null where there is no level yet."""
    times = np.arange(cast.frames) / cast.rate_hz
    parts = []
    for watch in scenario.watches():
        if not isinstance(watch.settings, LevelledSettings):
            continue
        levels = true_levels(scenario, cast, watch.settings)
        columns = {
            "situation": pa.array([watch.situation] * cast.frames, pa.string()),
            "place": pa.array([watch.place] * cast.frames, pa.string()),
            "time_s": times,
            "level": pa.array(levels, pa.float64(), from_pandas=True),
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def write_incidents(path: Path, incidents: tuple[Incident, ...]) -> None:
    """Writes a JSON list, one object per incident, in order of start."""
    rows = [asdict(incident) for incident in incidents]
    path.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
