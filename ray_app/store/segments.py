"""What became of every segment of footage."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ray_app.store.parquet import read_parquet, write_parquet


class SegmentStatus(enum.StrEnum):
    """How a segment ended."""

    DONE = "done"
    FAILED = "failed"  # could not be read or analysed; `reason` says why
    REFUSED = "refused"  # the authorisation does not cover it; never opened


@dataclass(frozen=True, slots=True)
class LostFootage:
    """Seconds of a camera's time line inside a file that could not be decoded."""

    start_s: float
    end_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class GridSpan:
    """A run of grid indexes of one camera.

    Attributes:
        first_index: First index inside.
        end_index: First index after.
        rate_hz: Indexes per second of stream time.
        stretch: Number of the unbroken stretch of footage it lies in.
    """

    first_index: int
    end_index: int
    rate_hz: float
    stretch: int

    @property
    def start_s(self) -> float:
        """Time of the first index on the camera's time line, seconds."""
        return self.first_index / self.rate_hz

    @property
    def end_s(self) -> float:
        """Time of the first index after, seconds."""
        return self.end_index / self.rate_hz

    @property
    def footage_s(self) -> float:
        """Seconds of footage covered."""
        return (self.end_index - self.first_index) / self.rate_hz


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """One segment of footage and what became of it.

    Attributes:
        span: None for a file that could not even be probed.
        reason: Why it failed or was refused, one line; None when done.
        starts_at: Instant the span begins, ISO 8601 UTC; None when nobody can say.
        frames: Frames analysed; None unless done.
        losses: Stretches inside that could not be decoded.
    """

    segment_id: str
    camera_id: str
    url: str
    span: GridSpan | None
    status: SegmentStatus
    reason: str | None = None
    starts_at: str | None = None
    frames: int | None = None
    losses: tuple[LostFootage, ...] = ()


LOSS = pa.struct([("start_s", pa.float64()), ("end_s", pa.float64()), ("cause", pa.string())])
SCHEMA = pa.schema(
    [
        ("segment_id", pa.string()),
        ("camera_id", pa.string()),
        ("url", pa.string()),
        ("first_index", pa.int64()),
        ("end_index", pa.int64()),
        ("rate_hz", pa.float64()),
        ("stretch", pa.int32()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("starts_at", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("frames", pa.int64()),
        ("losses", pa.list_(LOSS)),
    ]
)


def segments_file(out_dir: Path) -> Path:
    """Returns where the list of segments lies."""
    return out_dir / "segments.parquet"


def write_segments(out_dir: Path, records: Sequence[SegmentRecord]) -> None:
    """Writes the list by camera, then time, then file; raises StoreError."""
    ordered = sorted(records, key=_place)
    table = pa.Table.from_pylist([_to_row(record) for record in ordered], schema=SCHEMA)
    write_parquet(segments_file(out_dir), table)


def read_segments(out_dir: Path) -> tuple[SegmentRecord, ...]:
    """Returns the list of segments; raises StoreError when out_dir holds none."""
    rows = read_parquet(segments_file(out_dir), SCHEMA).to_pylist()
    return tuple(_from_row(row) for row in rows)


def _place(record: SegmentRecord) -> tuple[str, int, str]:
    return record.camera_id, record.span.first_index if record.span else -1, record.url


def _to_row(record: SegmentRecord) -> dict[str, object]:
    span = record.span
    return {
        "segment_id": record.segment_id,
        "camera_id": record.camera_id,
        "url": record.url,
        "first_index": span.first_index if span else None,
        "end_index": span.end_index if span else None,
        "rate_hz": span.rate_hz if span else None,
        "stretch": span.stretch if span else None,
        "start_s": span.start_s if span else None,
        "end_s": span.end_s if span else None,
        "starts_at": record.starts_at,
        "status": str(record.status),
        "reason": record.reason,
        "frames": record.frames,
        "losses": [
            {"start_s": loss.start_s, "end_s": loss.end_s, "cause": loss.cause}
            for loss in record.losses
        ],
    }


def _from_row(row: dict[str, Any]) -> SegmentRecord:
    names = ("first_index", "end_index", "rate_hz", "stretch")
    span = None if row["first_index"] is None else GridSpan(*(row[name] for name in names))
    return SegmentRecord(
        segment_id=row["segment_id"],
        camera_id=row["camera_id"],
        url=row["url"],
        span=span,
        status=SegmentStatus(row["status"]),
        reason=row["reason"],
        starts_at=row["starts_at"],
        frames=row["frames"],
        losses=tuple(LostFootage(**loss) for loss in row["losses"]),
    )
