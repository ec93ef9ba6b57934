"""From footage to segments: what there is to decode, and what will not be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from models.settings import NetworkSettings
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.authorised_time import cut_by_authorisation
from ray_app.batch.segment import Fingerprint, Segment, identify
from ray_app.batch.segment_worker import told
from ray_app.domain.errors import FootageError
from ray_app.store.segments import GridSpan, SegmentRecord, SegmentStatus
from ray_app.video.archive import FileFacts, probe
from ray_app.video.clip import Clip
from ray_app.video.filesystem import file_system, is_local, local_path, shown
from ray_app.video.reading import ReadingSettings
from ray_app.video.start_time import StartRule, find_starts
from ray_app.video.timeline import Timeline, lay_out

# A file without time stamps is read from its beginning for every segment of it: few and long ones
# cost less, at some 2 MB of observations per minute.
LONGEST_UNCUT_S = 600.0


@dataclass(frozen=True, slots=True)
class CameraSource:
    """One camera's footage and how to look at it.

    Attributes:
        urls: Its files, in any order.
        width_px: Width of the analysed picture.
        weights: (file, sha256) of its networks' weights.
        start_rule: How absolute starts are found; None takes the containers' word.
        perimeter: What decides which pixels may be seen, (setting, JSON); empty when all may.
        telemetry: (url of a file, url of the telemetry beside it) pairs; drones only.
        notes: What a person should know of it, as what its telemetry lacks.
    """

    camera_id: str
    urls: tuple[str, ...]
    reading: ReadingSettings
    width_px: int
    networks: NetworkSettings
    weights: tuple[tuple[str, str], ...] = ()
    perimeter: tuple[tuple[str, str], ...] = ()
    start_rule: StartRule | None = None
    telemetry: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraFootage:
    """One camera's files on its time line."""

    source: CameraSource
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class Manifest:
    """All the work of a back-fill.

    Attributes:
        segments: To be decoded, in the order workers should take them.
        listed: Already decided: files that cannot be read, footage not authorised.
    """

    segment_s: float
    cameras: tuple[CameraFootage, ...]
    segments: tuple[Segment, ...]
    listed: tuple[SegmentRecord, ...]


def make_manifest(
    sources: Sequence[CameraSource],
    segment_s: float,
    authorisation: AuthorisationSettings | None = None,
) -> Manifest:
    """Probes every file, lays it on its camera's time line and cuts it into segments.

    A file that cannot be read is listed as failed, footage outside the authorisation as
    refused; neither stops the others.

    Args:
        sources: One per camera.
        segment_s: Longest segment, seconds of footage. Results do not depend on it.
        authorisation: None leaves nothing out.
    """
    cameras: list[CameraFootage] = []
    segments: list[Segment] = []
    listed: list[SegmentRecord] = []
    for source in sources:
        facts, unreadable = _probe_all(source)
        timeline = lay_out(source.camera_id, facts, source.start_rule, source.reading.frame_rate_hz)
        cameras.append(CameraFootage(source, timeline))
        listed.extend(unreadable)
        for segment, reason in _cut_camera(source, timeline, facts, segment_s, authorisation):
            if reason is None:
                segments.append(segment)
            else:
                listed.append(segment.record(SegmentStatus.REFUSED, reason))
    return Manifest(segment_s, tuple(cameras), interleave(segments), tuple(listed))


def interleave(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Returns segments in turn from every file, longest file first: workers share no file."""
    files: dict[str, list[Segment]] = {}
    for segment in segments:
        files.setdefault(segment.clip.url, []).append(segment)
    longest_first = sorted(
        files.values(), key=lambda file: -sum(segment.span.footage_s for segment in file)
    )
    rounds = zip_longest(*longest_first)
    return tuple(segment for turn in rounds for segment in turn if segment is not None)


def cut(indexes: range, segment_s: float, rate_hz: float) -> Iterator[range]:
    """Yields runs of grid indexes of equal length, none longer than segment_s or one frame."""
    most = max(1, int(segment_s * rate_hz + 1e-6))
    parts = -(-len(indexes) // most)
    for part in range(parts):
        yield indexes[part * len(indexes) // parts : (part + 1) * len(indexes) // parts]


def _probe_all(source: CameraSource) -> tuple[list[FileFacts], list[SegmentRecord]]:
    readable: list[FileFacts] = []
    unreadable: list[SegmentRecord] = []
    for url in source.urls:
        try:
            readable.append(_probe(url))
        except FootageError as error:
            unreadable.append(
                SegmentRecord(
                    segment_id=f"unreadable-{file_name(url)}",
                    camera_id=source.camera_id,
                    url=shown(url),
                    span=None,
                    status=SegmentStatus.FAILED,
                    reason=told(error),
                )
            )
    return readable, unreadable


def _probe(url: str) -> FileFacts:
    facts = probe(url)
    if facts.duration_s is None:
        raise FootageError(f"{shown(url)}: its length cannot be told")
    return facts


def _dated(facts: Sequence[FileFacts], rule: StartRule) -> set[str]:
    """Returns the files of which somebody can say when they were filmed."""
    by_name = sorted(facts, key=lambda each: each.url)
    starts, _ = find_starts(by_name, rule)
    return {each.url for each, start in zip(by_name, starts, strict=True) if start is not None}


def _cut_camera(
    source: CameraSource,
    timeline: Timeline,
    facts: Sequence[FileFacts],
    segment_s: float,
    authorisation: AuthorisationSettings | None,
) -> Iterator[tuple[Segment, str | None]]:
    """Yields every segment of a camera with the reason to refuse it, None for most."""
    rate_hz = source.reading.rate_hz
    sizes = {each.url: each.size_bytes for each in facts}
    dated = _dated(facts, source.start_rule or StartRule())
    for clip in timeline.clips:
        fingerprint = _fingerprint(source, clip, sizes[clip.url])
        origin = timeline.origin if clip.url in dated else None
        parts = cut_by_authorisation(
            source.camera_id, clip.indexes(rate_hz), rate_hz, origin, authorisation
        )
        for indexes, reason in parts:
            whole = reason is not None or not clip.has_time_stamps
            longest_s = max(segment_s, LONGEST_UNCUT_S) if whole else segment_s
            for part in cut(indexes, longest_s, rate_hz):
                span = GridSpan(part.start, part.stop, rate_hz, clip.stretch)
                yield _segment(source, clip, fingerprint, span, origin), reason


def _segment(
    source: CameraSource,
    clip: Clip,
    fingerprint: Fingerprint,
    span: GridSpan,
    origin: datetime | None,
) -> Segment:
    settings = (*source.weights, *source.perimeter)
    name = identify(clip, fingerprint, span, source.reading, source.networks, settings)
    return Segment(name, clip, span, source.reading, source.width_px, source.networks, origin)


def _fingerprint(source: CameraSource, clip: Clip, size_bytes: int) -> Fingerprint:
    beside = dict(source.telemetry).get(clip.url)
    telemetry = None if beside is None else f"{file_name(beside)} {_size_bytes(beside)}"
    return Fingerprint(file_name(clip.url), size_bytes, telemetry)


def file_name(url: str) -> str:
    """Returns the name of a file without folders, user, password and query."""
    return shown(url).rpartition("/")[2]


def _size_bytes(url: str) -> int:
    if is_local(url):
        return local_path(url).stat().st_size
    filesystem, path = file_system(url)
    return int(filesystem.get_file_info(path).size)
