"""One way of writing Parquet: zstd, the same bytes for the same rows."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.domain.errors import StoreError
from ray_app.store.written_aside import cause_of, write_whole


def write_parquet(path: Path, table: pa.Table, split_floats: tuple[str, ...] = ()) -> None:
    """Writes the table, complete or not at all.

    Args:
        path: Where to.
        table: Of any size that fits in memory.
        split_floats: Float leaves, as `detections.list.element.x1`, stored as split bytes:
            a fifth smaller for numbers that never repeat.

    Raises:
        StoreError: The disk is full, or the folder cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=3,
        use_dictionary=["camera_id"],
        column_encoding=dict.fromkeys(split_floats, "BYTE_STREAM_SPLIT") or None,
    )
    write_whole(path, sink.getvalue().to_pybytes())


def read_parquet(path: Path, schema: pa.Schema, columns: tuple[str, ...] | None = None) -> pa.Table:
    """Returns the table of a file written with schema; columns None reads all of them.

    Raises:
        StoreError: The file is missing, unreadable or holds something else.
    """
    try:
        with pq.ParquetFile(path) as file:
            written = file.schema_arrow
            table = file.read(columns and list(columns))
    except FileNotFoundError:
        raise StoreError(f"{path} is missing: {path.parent} holds no finished results") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {cause_of(error)}") from error
    except pa.ArrowInvalid as error:
        raise StoreError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    if not written.equals(schema):
        raise StoreError(f"{path} was not written by this version of vigie")
    return table
