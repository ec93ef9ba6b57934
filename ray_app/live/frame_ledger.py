"""Which frames were analysed and what was seen in them: enough to replay the live day.

The ledger is a folder of results as a back-fill leaves it (`vigie replay FOLDER/ledger` runs the
rules on it), and beside it `frames/`, with what became of every frame that was due, and
`smaller_inputs/`, with those of the analysed ones that were not seen at the usual input size.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from models.settings import NetworkSettings
from ray_app.domain.errors import StoreError
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Observation
from ray_app.live.messages import Outcome
from ray_app.store.observations import segment_file, write_segment
from ray_app.store.parquet import write_parquet
from ray_app.store.segments import GridSpan, SegmentRecord, SegmentStatus
from ray_app.store.smaller_inputs import SmallerFrame, write_smaller_inputs

LONGEST_S = 30.0
"""A reader that is killed loses so much of its ledger at most; its signals are out before."""
FRAMES = pa.schema(
    [
        ("camera_id", pa.string()),
        ("index", pa.int64()),
        ("stretch", pa.int32()),
        ("time_s", pa.float64()),
        ("taken_at", pa.float64()),
        ("outcome", pa.string()),
        ("age_s", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class FrameNote:
    """What became of one frame.

    Attributes:
        taken_at: When it was taken, seconds since 1970.
        age_s: How old it was when it was decided.
        reduced: The networks it was seen with, where their input was smaller than usual.
    """

    key: FrameKey
    outcome: Outcome
    taken_at: float
    age_s: float
    reduced: NetworkSettings | None = None


class CameraLedger:
    """Writes one camera's part of the ledger, a file a while. Not for many threads at once.

    Args:
        folder: Of the ledger.
        camera_id: Whose.
        address: Where its stream comes from, without secrets.
        rate_hz: Of its grid.
        origin_at: Instant of index 0, seconds since 1970; None when nobody can say.
    """

    def __init__(
        self, folder: Path, camera_id: str, address: str, rate_hz: float, origin_at: float | None
    ) -> None:
        self._folder, self._camera_id, self._address = folder, camera_id, address
        self._rate_hz, self.origin_at = rate_hz, origin_at
        self._seen: list[Observation] = []
        self._notes: list[FrameNote] = []
        self.trouble: str | None = None

    def note(self, note: FrameNote, seen: Observation | None) -> SegmentRecord | None:
        """Takes what became of a frame, analysed ones in their order.

        Returns:
            The piece that was written because it was full, or None.
        """
        written = self.close() if self._is_full(note.key, seen) else None
        self._notes.append(note)
        if seen is not None:
            self._seen.append(seen)
        return written

    def close(self) -> SegmentRecord | None:
        """Writes what is there; returns its record, or None when no frame was analysed."""
        seen, notes = self._seen, self._notes
        self._seen, self._notes = [], []
        try:
            self._write_notes(notes)
            return self._write_seen(seen) if seen else None
        except StoreError as error:  # a full disk must not stop the watching: it is told
            self.trouble = str(error)
            return None

    def _is_full(self, key: FrameKey, seen: Observation | None) -> bool:
        if self._seen:
            first = self._seen[0].key
            is_other = seen is not None and key.stretch != first.stretch
            return is_other or key.time_s - first.time_s >= LONGEST_S
        return bool(self._notes) and key.time_s - self._notes[0].key.time_s >= 4 * LONGEST_S

    def _write_seen(self, seen: list[Observation]) -> SegmentRecord:
        first, last = seen[0].key, seen[-1].key
        name = f"{first.index:012d}-{last.index:012d}"
        write_segment(segment_file(self._folder, self._camera_id, name), seen)
        starts_at = None
        if self.origin_at is not None:
            starts_at = datetime.fromtimestamp(self.origin_at + first.time_s, UTC).isoformat()
        self.trouble = None
        return SegmentRecord(
            segment_id=name,
            camera_id=self._camera_id,
            url=self._address,
            span=GridSpan(first.index, last.index + 1, self._rate_hz, first.stretch),
            status=SegmentStatus.DONE,
            starts_at=starts_at,
            frames=len(seen),
        )

    def _write_notes(self, notes: list[FrameNote]) -> None:
        if not notes:
            return
        notes = sorted(notes, key=lambda note: note.key.index)
        rows = [
            {
                "camera_id": self._camera_id,
                "index": note.key.index,
                "stretch": note.key.stretch,
                "time_s": note.key.time_s,
                "taken_at": note.taken_at,
                "outcome": str(note.outcome),
                "age_s": note.age_s,
            }
            for note in notes
        ]
        name = f"{notes[0].key.index:012d}.parquet"
        path = self._folder / "frames" / f"camera={quote(self._camera_id, safe='')}" / name
        write_parquet(path, pa.Table.from_pylist(rows, schema=FRAMES))
        smaller = [
            _smaller(note.key.index, note.reduced)
            for note in notes
            if note.outcome is Outcome.ANALYSED and note.reduced is not None
        ]
        write_smaller_inputs(self._folder, self._camera_id, name, smaller)


def _smaller(index: int, networks: NetworkSettings) -> SmallerFrame:
    fire_px = None if networks.fire is None else networks.fire.input_px
    return SmallerFrame(index, networks.objects.input_px, networks.objects.tiles, fire_px)
