"""Events as a table and as lines of JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from ray_app.domain.event import Event, Phase, Why
from ray_app.outside.plain_json import finite
from ray_app.store.parquet import read_parquet, write_parquet
from ray_app.store.written_aside import write_whole

MEASURES = pa.map_(pa.string(), pa.float64())
WHY = pa.struct(
    [
        ("unit", pa.string()),
        ("open_at", pa.float64()),
        ("close_at", pa.float64()),
        ("duration_s", pa.float64()),
        ("peak", pa.float64()),
        ("frames", pa.list_(pa.int64())),
        ("measures", MEASURES),
        ("ended_by", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("camera_id", pa.string()),
        ("situation", pa.string()),
        ("place", pa.string()),
        ("phase", pa.string()),
        ("started_s", pa.float64()),
        ("time_s", pa.float64()),
        ("level", pa.float64()),
        ("sigma", pa.float64()),
        ("why", WHY),
    ]
)


def write_events(out_dir: Path, events: Sequence[Event]) -> None:
    """Writes `events.parquet` and `events.ndjson` in the order given; raises StoreError."""
    rows = [_to_row(event) for event in events]
    write_parquet(out_dir / "events.parquet", pa.Table.from_pylist(rows, schema=SCHEMA))
    lines = "".join(f"{_json_line(row)}\n" for row in rows)
    write_whole(out_dir / "events.ndjson", lines.encode())


def read_events(out_dir: Path) -> tuple[Event, ...]:
    """Returns the events as written; raises StoreError when there are none to read."""
    rows = read_parquet(out_dir / "events.parquet", SCHEMA).to_pylist()
    return tuple(_from_row(row) for row in rows)


def _to_row(event: Event) -> dict[str, Any]:
    why = event.why
    return {
        "event_id": event.event_id,
        "camera_id": event.camera_id,
        "situation": event.situation,
        "place": event.place,
        "phase": str(event.phase),
        "started_s": event.started_s,
        "time_s": event.time_s,
        "level": event.level,
        "sigma": event.sigma,
        "why": {
            "unit": why.unit,
            "open_at": why.open_at,
            "close_at": why.close_at,
            "duration_s": why.duration_s,
            "peak": why.peak,
            "frames": list(why.frames),
            "measures": list(why.measures),
            "ended_by": why.ended_by,
        },
    }


def _from_row(row: dict[str, Any]) -> Event:
    why = dict(row["why"])
    why["frames"], why["measures"] = tuple(why["frames"]), tuple(why["measures"])
    names = ("camera_id", "situation", "place")
    times = ("started_s", "time_s", "level", "sigma")
    return Event(
        **{name: row[name] for name in names + times},
        phase=Phase(row["phase"]),
        why=Why(**why),
    )


def _json_line(row: dict[str, Any]) -> str:
    why = row["why"] | {"measures": dict(row["why"]["measures"])}
    return json.dumps(finite(row | {"why": why}), ensure_ascii=False, allow_nan=False)
