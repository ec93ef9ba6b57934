"""Pictures of the worst moments; people are made unrecognisable before anything is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.blurred import BlurredJpeg
from ray_app.domain.errors import FootageError, StoreError
from ray_app.domain.frame import Frame
from ray_app.domain.observation import Observation
from ray_app.provenance import hash_of, perimeter_seen
from ray_app.report.data import ReportData, Still
from ray_app.report.episodes import Moment, moments_to_show, whole_episodes
from ray_app.store.observations import read_segment, segment_file
from ray_app.store.run_record import read_run
from ray_app.store.segments import SegmentStatus, read_segments, segments_file
from ray_app.video.blur import blurred_still, people_px
from ray_app.video.clip import Clip
from ray_app.video.sampling import ClipReader
from ray_app.wiring import build_mask, build_outlines

STILL_WIDTH_PX = 960


def take_stills(
    results: Path, data: ReportData, clips: Sequence[Clip], site: SiteConfig
) -> tuple[Still, ...]:
    """Returns a still of every moment worth one; those taken earlier are kept in the folder.

    Args:
        results: Of a back-fill, or of a replay of one.
        data: The report without stills.
        clips: Footage that may be opened; without it only stills taken earlier are shown.
        site: Whose zones and lines are outlined.
    """
    cameras = {camera.id: camera for camera in site.cameras}
    rates_hz = {camera.id: camera.rate_hz for camera in data.cameras}
    episodes = whole_episodes(data.events, data.curves, rates_hz)
    replay_of = read_run(results).replay_of
    observed = results if replay_of is None else Path(replay_of)
    source = _Source(observed, clips, site.authorisation)
    taken = (_still(source, cameras[m.camera_id], m) for m in moments_to_show(episodes))
    return tuple(still for still in taken if still is not None)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where stills come from: results with observations, footage, what of it may be shown."""

    observed: Path
    clips: Sequence[Clip]
    authorisation: AuthorisationSettings | None

    def file(self, camera: CameraConfig, moment: Moment) -> Path:
        """Returns where the still is kept: another perimeter, another still."""
        told = perimeter_seen(camera, self.authorisation)
        mark = f"-{hash_of(str(told)):.8}" if told else ""
        name = f"{moment.camera_id}-{moment.index:09d}{mark}.jpg"
        return self.observed / "report" / "stills" / name


def _still(source: _Source, camera: CameraConfig, moment: Moment) -> Still | None:
    file = source.file(camera, moment)
    seen = _observation(source.observed, moment)
    if seen is None:
        return None
    jpeg = BlurredJpeg(file.read_bytes()) if file.is_file() else None
    if jpeg is None:
        frame = _frame(moment, camera.reading.rate_hz, source.clips)
        if frame is None:
            return None
        hide = build_mask(camera, source.authorisation)
        frame = frame if hide is None else hide(frame, seen.pose)
        jpeg = blurred_still(frame.pixels, people_px(seen, frame.pixels.shape))
        _keep(file, jpeg)
    outlines = build_outlines(camera)(seen)
    return Still(moment.camera_id, moment.time_s, jpeg, seen.source_size_px, outlines)


def _keep(file: Path, jpeg: BlurredJpeg) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg)
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror or error}") from error


def _frame(moment: Moment, rate_hz: float, clips: Sequence[Clip]) -> Frame | None:
    for clip in clips:
        if clip.camera_id == moment.camera_id and moment.index in clip.indexes(rate_hz):
            reader = ClipReader(clip, moment.index, moment.index + 1, rate_hz, STILL_WIDTH_PX)
            try:
                return next(iter(reader.frames()), None)
            except FootageError:
                return None
    return None


def _observation(observed: Path, moment: Moment) -> Observation | None:
    if not segments_file(observed).exists():  # a replay whose back-fill was moved or deleted
        return None
    return next(
        (seen for seen in _around(observed, moment) if seen.key.index == moment.index), None
    )


def _around(observed: Path, moment: Moment) -> Iterator[Observation]:
    for record in read_segments(observed):
        span = record.span
        if (
            record.camera_id == moment.camera_id
            and record.status is SegmentStatus.DONE
            and span is not None
            and span.first_index <= moment.index < span.end_index
        ):
            yield from read_segment(segment_file(observed, record.camera_id, record.segment_id))
