"""What was run: `run.json`, written at the start and again at the end."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ray_app.domain.errors import StoreError
from ray_app.store.written_aside import cause_of, write_whole

FORMAT = 1
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Where one file lies on its camera's time line.

    Attributes:
        file: Its name, without folders.
        start_s: Where its part that counts begins, seconds.
        end_s: Where it ends, seconds.
        starts_at: The same beginning as an instant, ISO 8601 UTC; None when nobody can say.
        clock: Who told when it began: "site file", "file name", "container" or "unknown".
    """

    file: str
    start_s: float
    end_s: float
    starts_at: str | None
    clock: str


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """How one camera was read.

    Attributes:
        origin: Absolute time of 0 s on the camera's time line, ISO 8601 UTC; None if unknown.
        settings: What shapes its observations, as (dotted name, JSON value) pairs.
        gaps: Pauses between its files that break a stretch, (start, end) in seconds.
        overlaps: Time that two of its files cover, (start, end) in seconds; the later is cut.
        notes: What a person should know of its footage.
        files: Its readable files, in time order.
    """

    camera_id: str
    origin: str | None
    settings: Pairs
    gaps: tuple[tuple[float, float], ...] = ()
    overlaps: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[FileRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """Something that could not be measured, and in how many frames."""

    camera_id: str
    situation: str
    place: str
    reason: str
    frames: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the whole run, from `segments.parquet`.

    Attributes:
        footage_s: Seconds of footage analysed, lost stretches included.
        lost_s: Seconds inside analysed segments that could not be decoded.
    """

    segments: int
    done: int
    failed: int
    refused: int
    frames: int
    footage_s: float
    lost_s: float


@dataclass(frozen=True, slots=True)
class Timing:
    """What the last call cost; segments done by earlier calls are not in it.

    Attributes:
        segments: Segments that this call decoded.
        wall_s: Seconds from the first segment's start to the last one's end, Ray's start excluded.
        cpu_s: Processor seconds of all workers inside segments.
        worker_peak_rss_bytes: Largest resident memory of one worker.
    """

    workers: int
    segments: int
    footage_s: float
    wall_s: float
    cpu_s: float
    worker_peak_rss_bytes: int
    ray_start_s: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything needed to know how results came about, and to continue or replay them.

    Attributes:
        site: Name of the site.
        site_text: The site file, whole; None when there was none.
        site_sha256: Hash of the site file's bytes.
        versions: (package, version) pairs.
        weights: (file, sha256) pairs.
        totals: None while running.
        timing: None while running.
        refusals: What could not be measured; empty before the analysis.
        replay_of: Folder whose observations were analysed again; None for a back-fill.
    """

    site: str
    site_text: str | None
    site_sha256: str | None
    segment_s: float
    versions: Pairs
    weights: Pairs
    cameras: tuple[CameraRecord, ...]
    totals: Totals | None = None
    timing: Timing | None = None
    refusals: tuple[RefusalRecord, ...] = ()
    replay_of: str | None = None


def run_file(out_dir: Path) -> Path:
    """Returns where the record lies."""
    return out_dir / "run.json"


def write_run(out_dir: Path, run: RunRecord) -> None:
    """Writes the record; raises StoreError."""
    whole = {"format": FORMAT} | asdict(run)
    whole["versions"], whole["weights"] = dict(run.versions), dict(run.weights)
    whole["cameras"] = {
        camera.camera_id: {
            "origin": camera.origin,
            "settings": {name: json.loads(value) for name, value in camera.settings},
            "gaps": camera.gaps,
            "overlaps": camera.overlaps,
            "notes": camera.notes,
            "files": [asdict(file) for file in camera.files],
        }
        for camera in run.cameras
    }
    text = json.dumps(whole, indent=2, ensure_ascii=False)
    write_whole(run_file(out_dir), f"{text}\n".encode())


def read_run(out_dir: Path) -> RunRecord:
    """Returns the record; raises StoreError when out_dir is not a folder of results."""
    path = run_file(out_dir)
    try:
        whole = json.loads(path.read_text("utf-8"))
        if whole.pop("format") != FORMAT:
            raise StoreError(f"{path} was not written by this version of vigie")
        return _run_of(whole)
    except FileNotFoundError:
        raise StoreError(f"{out_dir} is not a folder of results: it has no run.json") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {cause_of(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is not a record of a run: {error}") from error


def refuse_other_settings(stored: RunRecord, wanted: RunRecord, out_dir: Path) -> None:
    """Returns when results of the two runs may lie in one folder.

    Raises:
        StoreError: They differ in what shapes observations; the message names the first.
    """
    for what, before, now in _comparable(stored, wanted):
        for name in sorted(before.keys() | now.keys()):
            was, is_now = before.get(name, "absent"), now.get(name, "absent")
            if was != is_now:
                raise StoreError(
                    f"{out_dir} was made with {what}{name} = {was}, now it is {is_now}: "
                    "take another --out, or the settings it was made with"
                )


def _comparable(
    stored: RunRecord, wanted: RunRecord
) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Yields what both runs say of the same thing; cameras of one run only do not clash."""
    yield "", {"segment_s": str(stored.segment_s)}, {"segment_s": str(wanted.segment_s)}
    known = {camera.camera_id: camera for camera in stored.cameras}
    for camera in wanted.cameras:
        if camera.camera_id in known:
            before = dict(known[camera.camera_id].settings)
            yield f"camera {camera.camera_id} ", before, dict(camera.settings)


def _run_of(whole: dict[str, Any]) -> RunRecord:
    cameras = tuple(
        CameraRecord(
            camera_id,
            facts["origin"],
            _pairs(facts["settings"]),
            tuple(map(tuple, facts["gaps"])),
            tuple(map(tuple, facts["overlaps"])),
            tuple(facts["notes"]),
            tuple(FileRecord(**file) for file in facts.get("files", ())),
        )
        for camera_id, facts in whole.pop("cameras").items()
    )
    refusals = tuple(RefusalRecord(**row) for row in whole.pop("refusals"))
    totals, timing = whole.pop("totals"), whole.pop("timing")
    versions, weights = (tuple(whole.pop(name).items()) for name in ("versions", "weights"))
    return RunRecord(
        **whole,
        versions=versions,
        weights=weights,
        cameras=cameras,
        refusals=refusals,
        totals=None if totals is None else Totals(**totals),
        timing=None if timing is None else Timing(**timing),
    )


def _pairs(values: dict[str, object]) -> Pairs:
    return tuple((name, json.dumps(value)) for name, value in values.items())


def flat_settings(prefix: str, values: object) -> Pairs:
    """Returns a settings dataclass as pairs, as ("reading.rate_hz", "5.0")."""
    whole: dict[str, Any] = asdict(values)  # type: ignore[call-overload]
    return tuple(_flatten(prefix, whole))


def _flatten(prefix: str, values: dict[str, Any]) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        dotted = f"{prefix}.{name}"
        if isinstance(value, dict):
            found.extend(_flatten(dotted, value))
        else:
            found.append((dotted, json.dumps(value)))
    return found
