"""Every reading of every situation, for curves: what was measured where, frame by frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.domain.errors import StoreError
from ray_app.store.written_aside import cause_of, written_aside

ROWS_PER_GROUP = 50_000


@dataclass(frozen=True, slots=True)
class StoredReading:
    """One answer of one situation at one place and instant.

    Attributes:
        index: Grid index of the frame.
        stretch: Number of the unbroken stretch of footage.
        time_s: Seconds on the camera's time line.
        level: In the situation's unit; None when it could not be measured.
        unmeasured: What was missing, for a person; None when it was measured.
    """

    camera_id: str
    situation: str
    place: str
    index: int
    stretch: int
    time_s: float
    level: float | None
    sigma: float | None = None
    measures: tuple[tuple[str, float], ...] = ()
    unmeasured: str | None = None


SCHEMA = pa.schema(
    [
        ("camera_id", pa.string()),
        ("situation", pa.string()),
        ("place", pa.string()),
        ("index", pa.int64()),
        ("stretch", pa.int32()),
        ("time_s", pa.float64()),
        ("level", pa.float64()),
        ("sigma", pa.float64()),
        ("measures", pa.map_(pa.string(), pa.float64())),
        ("unmeasured", pa.string()),
    ]
)


def readings_file(out_dir: Path) -> Path:
    """Returns where the readings lie."""
    return out_dir / "readings.parquet"


def write_readings(out_dir: Path, readings: Iterable[StoredReading]) -> None:
    """Writes readings in the order given, one row group in memory; raises StoreError."""
    with (
        written_aside(readings_file(out_dir)) as file,
        pq.ParquetWriter(file, SCHEMA, compression="zstd", compression_level=3) as writer,
    ):
        ahead = iter(readings)
        while rows := [_to_row(reading) for reading in islice(ahead, ROWS_PER_GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))


def read_readings(out_dir: Path) -> Iterator[StoredReading]:
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


def _to_row(reading: StoredReading) -> dict[str, Any]:
    return {
        "camera_id": reading.camera_id,
        "situation": reading.situation,
        "place": reading.place,
        "index": reading.index,
        "stretch": reading.stretch,
        "time_s": reading.time_s,
        "level": reading.level,
        "sigma": reading.sigma,
        "measures": list(reading.measures),
        "unmeasured": reading.unmeasured,
    }


def _from_row(row: dict[str, Any]) -> StoredReading:
    return StoredReading(**row | {"measures": tuple(row["measures"])})
