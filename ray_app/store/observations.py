"""One file of observations per segment of footage: complete or absent."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.domain.errors import StoreError
from ray_app.domain.observation import Observation
from ray_app.store.observation_columns import SCHEMA, from_table, to_table
from ray_app.store.parquet import read_parquet, write_parquet
from ray_app.store.segments import LostFootage, SegmentStatus, read_segments
from ray_app.store.written_aside import cause_of

LOSSES = b"vigie.losses"
SPLIT_FLOATS = (
    *(f"detections.list.element.{name}" for name in ("x1", "y1", "x2", "y2", "score")),
    *(f"heads.list.element.{name}" for name in ("x", "y", "score")),
    "crowd_heads.list.element",
)


def segment_file(out_dir: Path, camera_id: str, segment_id: str) -> Path:
    """Returns where the observations of one segment lie, or will lie."""
    camera = quote(camera_id, safe="")
    return out_dir / "observations" / f"camera={camera}" / f"segment={segment_id}.parquet"


def write_segment(
    path: Path, observations: Sequence[Observation], losses: Sequence[LostFootage] = ()
) -> None:
    """Writes one segment, complete or not at all; same observations, same bytes.

    Args:
        path: From `segment_file`.
        observations: In the order of the camera; may be none.
        losses: What could not be decoded, kept in the file so that a rerun knows it too.

    Raises:
        StoreError: The disk is full, or the folder cannot be written.
    """
    text = json.dumps([asdict(loss) for loss in losses], sort_keys=True)
    table = to_table(observations).replace_schema_metadata({LOSSES: text.encode()})
    write_parquet(path, table, SPLIT_FLOATS)


def read_segment(path: Path) -> Iterator[Observation]:
    """Yields the observations of one file bit by bit as written; raises StoreError."""
    yield from from_table(read_parquet(path, SCHEMA))


def count_frames(path: Path, indexes: range) -> int:
    """Returns how many frames of a file have their grid index in indexes; raises StoreError."""
    column = read_parquet(path, SCHEMA, ("index",))["index"].to_pylist()
    return sum(index in indexes for index in column)


def read_facts(path: Path) -> tuple[int, tuple[LostFootage, ...]]:
    """Returns how many frames a segment's file holds and what was lost; reads no frame.

    Raises:
        StoreError: The file is missing or unreadable.
    """
    try:
        footer = pq.read_metadata(path)
        losses = json.loads(footer.metadata[LOSSES])
    except OSError as error:
        raise StoreError(f"cannot read {path}: {cause_of(error)}") from error
    except (pa.ArrowInvalid, KeyError, TypeError) as error:
        raise StoreError(f"{path} is not a file of observations; remove it") from error
    return footer.num_rows, tuple(LostFootage(**loss) for loss in losses)


def read_camera(out_dir: Path, camera_id: str) -> Iterator[Observation]:
    """Yields one camera's observations in order, one segment in memory at a time.

    Only segments that the folder's list says are done are read, whatever else lies there.

    Raises:
        StoreError: The list or a file of observations is missing or unreadable.
    """
    for record in read_segments(out_dir):
        if record.camera_id == camera_id and record.status is SegmentStatus.DONE:
            yield from read_segment(segment_file(out_dir, camera_id, record.segment_id))
