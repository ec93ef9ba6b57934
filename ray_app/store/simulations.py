"""Results of simulations: one JSON for people and scripts, Parquet for tables and series."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ray_app.store.parquet import write_parquet
from ray_app.store.written_aside import write_whole

JsonLike = object


def write_json(path: Path, content: JsonLike) -> None:
    """Writes content as JSON, the same bytes for the same content; raises StoreError."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def write_columns(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Writes columns of one length as Parquet, whole or not at all; raises StoreError."""
    write_parquet(path, pa.table({name: pa.array(values) for name, values in columns.items()}))
