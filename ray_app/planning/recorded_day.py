"""What a recorded day tells a planner: frames that were due and people seen, second by second."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ray_app.config.live_schema import VALUES, StreamConfig
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import ConfigError, StoreError
from ray_app.domain.observation import Label, Observation
from ray_app.domain.people import map_share
from ray_app.live.frame_ledger import FRAMES
from ray_app.live.messages import Outcome
from ray_app.live.stack import tiles_of
from ray_app.simulator.crowd import FloatArray
from ray_app.store.observations import read_camera
from ray_app.store.parquet import read_parquet
from ray_app.store.run_record import RunRecord, read_run

LONGEST_S = 48 * 3600
OFFERED = tuple(str(one) for one in (Outcome.ANALYSED, Outcome.SHED, Outcome.LATE, Outcome.LOST))


@dataclass(frozen=True, slots=True, eq=False)
class RecordedCamera:
    """One camera on a recorded day; all arrays have one value per second of the day.

    Attributes:
        camera_id: As in the site file.
        tiles: Network inputs of one frame.
        rate_hz: Frames due per second while it sends.
        floor_hz: Least rate that still watches.
        priority: 0 gives up frames first, 2 last.
        frames_per_s: Frames that were due and of which there was a picture, shed ones included.
        people: Seen in its view; the last count goes on where nothing was analysed.
    """

    camera_id: str
    tiles: float
    rate_hz: float
    floor_hz: float
    priority: int
    frames_per_s: FloatArray
    people: FloatArray


def run_of_day(folder: Path) -> RunRecord:
    """Returns the record of a recorded day; raises StoreError naming a folder that holds one."""
    try:
        return read_run(folder)
    except StoreError as error:
        inside = sorted(folder.glob("ledger/*/run.json")) + sorted(folder.glob("*/run.json"))
        hint = f"; perhaps you mean {inside[-1].parent}" if inside else ""
        raise StoreError(f"{error}{hint}") from error


def read_day(folder: Path, site: SiteConfig | None) -> tuple[RecordedCamera, ...]:
    """Returns the cameras of a day that `vigie live` or `vigie backfill` recorded.

    Args:
        folder: A ledger of `vigie live` (`ledger/RUN`), or the folder of a back-fill.
        site: The site file it was recorded with; None when there was none.

    Raises:
        StoreError: The folder is no recorded day, or a file of it cannot be read.
        ConfigError: It holds no frame, or its cameras cannot be put on one clock.
    """
    run = run_of_day(folder)
    known = {camera.id: camera for camera in site.cameras} if site is not None else {}
    origins = _origins(folder, run)
    told = {
        camera.camera_id: _Told(folder, camera.camera_id, origins[camera.camera_id])
        for camera in run.cameras
    }
    told = {name: one for name, one in told.items() if len(one.due_s)}
    if not told:
        raise ConfigError(f"{folder}: no frame was recorded; take a folder with observations")
    start_s = min(float(np.floor(one.due_s.min())) for one in told.values())
    seconds = int(max(one.due_s.max() for one in told.values()) - start_s) + 1
    if seconds > LONGEST_S:
        raise ConfigError(
            f"{folder}: spans {seconds / 3600:.0f} h; a day is at most {LONGEST_S // 3600} h: "
            "give the cameras' files a common clock (starts_at in the site file)"
        )
    return tuple(
        _camera(name, one, known.get(name), start_s, seconds) for name, one in sorted(told.items())
    )


def _origins(folder: Path, run: RunRecord) -> dict[str, float]:
    """Returns when 0 s of every camera's time line was; all 0 when nobody knows any."""
    known = [camera.origin is not None for camera in run.cameras]
    if not any(known):
        return {camera.camera_id: 0.0 for camera in run.cameras}
    if not all(known):
        lost = next(camera.camera_id for camera in run.cameras if camera.origin is None)
        raise ConfigError(
            f"{folder}: nobody knows when the footage of camera {lost} began, of others it is "
            "known; record it again with starts_at for it in the site file"
        )
    return {c.camera_id: datetime.fromisoformat(str(c.origin)).timestamp() for c in run.cameras}


class _Told:
    """What the files tell of one camera.

    Attributes:
        due_s: When frames were due, seconds of the common clock.
        seen_s: When frames were analysed.
        people: Seen in them.
    """

    def __init__(self, folder: Path, camera_id: str, origin_s: float) -> None:
        seen = [(origin_s + one.key.time_s, _people(one)) for one in read_camera(folder, camera_id)]
        self.seen_s = np.array([time_s for time_s, _ in seen], np.float64)
        self.people = np.array([people for _, people in seen], np.float64)
        ledger = list(_ledger_times(folder, camera_id))
        due_s = np.concatenate(ledger) if ledger else np.zeros(0)
        self.due_s = origin_s + due_s if len(due_s) else self.seen_s


def _ledger_times(folder: Path, camera_id: str) -> Iterator[FloatArray]:
    """Yields when frames were due that had a picture, file by file of a frame ledger."""
    for path in sorted((folder / "frames" / f"camera={quote(camera_id, safe='')}").glob("*")):
        table = read_parquet(path, FRAMES, ("time_s", "outcome"))
        is_offered = np.isin(np.array(table["outcome"].to_pylist(), dtype=str), OFFERED)
        yield np.array(table["time_s"].to_pylist(), np.float64)[is_offered]


def _people(seen: Observation) -> float:
    """Returns how many people a frame shows: boxes and crowd map joined as the product joins."""
    boxes = float((seen.detections.labels == Label.PERSON).sum())
    if seen.crowd is None:
        return boxes
    share = map_share(seen.crowd)
    return share * seen.crowd.count + (1.0 - share) * boxes


def _camera(
    name: str, told: _Told, config: CameraConfig | None, start_s: float, seconds: int
) -> RecordedCamera:
    frames = np.bincount((told.due_s - start_s).astype(np.int64), minlength=seconds)
    # A camera of a folder without a site file: what its busiest seconds show, one input each.
    rate_hz = float(np.quantile(frames[frames > 0], 0.9))
    tiles, stream = 1.0, StreamConfig(address="file:///recorded")
    if config is not None:
        rate_hz, tiles = config.reading.rate_hz, float(tiles_of(config.networks))
        stream = config.stream or stream
    return RecordedCamera(
        camera_id=name,
        tiles=tiles,
        rate_hz=rate_hz,
        floor_hz=min(stream.floor_hz, rate_hz),
        priority=VALUES.index(stream.value),
        frames_per_s=frames.astype(np.float64),
        people=_by_second(told, start_s, seconds),
    )


def _by_second(told: _Told, start_s: float, seconds: int) -> FloatArray:
    """Returns the mean count of every second; between two the last goes on, before any 0."""
    at = (told.seen_s - start_s).astype(np.int64)
    number = np.bincount(at, minlength=seconds)
    total = np.bincount(at, weights=told.people, minlength=seconds)
    last = np.maximum.accumulate(np.where(number > 0, np.arange(seconds), -1))
    mean = total / np.maximum(number, 1)
    return np.where(last >= 0, mean[np.maximum(last, 0)], 0.0)
