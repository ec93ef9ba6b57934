"""Every reading of every situation, for curves: what was measured where, frame by frame."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.analysis.camera_analyzer import TimedReading
from ray_app.domain.errors import StoreError
from ray_app.domain.event import Reading
from ray_app.store.written_aside import cause_of, written_aside

ROWS_PER_GROUP = 50_000


SCHEMA = pa.schema(
    [
        ("camera_id", pa.string()),
        ("situation", pa.string()),
        ("unit", pa.string()),
        ("place", pa.string()),
        ("index", pa.int64()),
        ("time_s", pa.float64()),
        ("level", pa.float64()),
        ("sigma", pa.float64()),
        ("measures", pa.map_(pa.string(), pa.float64())),
    ]
)


def readings_file(out_dir: Path) -> Path:
    """Returns where the readings lie."""
    return out_dir / "readings.parquet"


def write_readings(out_dir: Path, readings: Iterable[TimedReading]) -> None:
    """Writes readings in the order given, one row group in memory; raises StoreError."""
    with (
        written_aside(readings_file(out_dir)) as file,
        pq.ParquetWriter(file, SCHEMA, compression="zstd", compression_level=3) as writer,
    ):
        ahead = iter(readings)
        while rows := [_to_row(reading) for reading in islice(ahead, ROWS_PER_GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))


def read_readings(out_dir: Path) -> Iterator[TimedReading]:
    """Yields the readings as written, one row group in memory; raises StoreError."""
    path = readings_file(out_dir)
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS_PER_GROUP):
                yield from map(_from_row, batch.to_pylist())
    except FileNotFoundError:
        raise StoreError(f"{path} is missing: {out_dir} holds no finished results") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {cause_of(error)}") from error
    except pa.ArrowInvalid as error:
        raise StoreError(f"cannot read {path}: {str(error).splitlines()[0]}") from error


def _to_row(timed: TimedReading) -> dict[str, Any]:
    reading = timed.reading
    return {
        "camera_id": timed.camera_id,
        "situation": timed.situation,
        "unit": timed.unit,
        "place": reading.place,
        "index": timed.index,
        "time_s": timed.time_s,
        "level": reading.level,
        "sigma": reading.sigma,
        "measures": list(reading.measures),
    }


def _from_row(row: dict[str, Any]) -> TimedReading:
    reading = Reading(row["place"], row["level"], row["sigma"], tuple(row["measures"]))
    names = ("camera_id", "situation", "unit", "time_s", "index")
    return TimedReading(**{name: row[name] for name in names}, reading=reading)
