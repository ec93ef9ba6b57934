"""A file taken as a back-fill takes it: the same clips, the same grid, every frame."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from glob import has_magic
from pathlib import Path

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.authorisation.limits import refusals
from ray_app.domain.errors import FootageError
from ray_app.domain.frame import Frame
from ray_app.video.archive import probe
from ray_app.video.clip import Clip
from ray_app.video.reading import ReadingSettings
from ray_app.video.sampling import ClipReader
from ray_app.video.start_time import StartRule, find_starts
from ray_app.video.timeline import lay_out


class Footage:
    """The frames of one camera's files on its time line, in order.

    Args:
        camera_id: Whose they are.
        place: Path of a file, or a pattern with * that several match.
        rule: How their starts are found.
        reading: Rate and reader, as for a back-fill.
        width_px: Width of the analysed picture.
        authorisation: Frames not filmed inside its window are not opened; None takes all.

    Raises:
        FootageError: No file, or one that cannot be read.
    """

    def __init__(
        self,
        camera_id: str,
        place: str,
        rule: StartRule,
        reading: ReadingSettings,
        width_px: int,
        authorisation: AuthorisationSettings | None,
    ) -> None:
        urls = _files(place)
        if not urls:
            raise FootageError(f"{place}: no file matches")
        facts = [probe(url) for url in urls]
        timeline = lay_out(camera_id, facts, rule, reading.frame_rate_hz)
        by_name = sorted(facts, key=lambda each: each.url)
        starts, _ = find_starts(by_name, rule)
        dated = {f.url for f, start in zip(by_name, starts, strict=True) if start is not None}
        self.clips = timeline.clips
        self.origin = timeline.origin
        self._dated, self._camera_id = dated, camera_id
        self._reading, self._width_px, self._authorisation = reading, width_px, authorisation

    def frames(self) -> Iterator[tuple[Clip, Frame]]:
        """Yields every frame with the clip it comes from; raises FootageError."""
        rate_hz = self._reading.rate_hz
        for clip in self.clips:
            indexes = [k for k in clip.indexes(rate_hz) if self._is_granted(clip, k / rate_hz)]
            if not indexes:
                continue
            reader = ClipReader(
                clip, indexes[0], indexes[-1] + 1, rate_hz, self._width_px, self._reading.reader
            )
            for frame in reader.frames():
                yield clip, frame

    def frames_due(self) -> int:
        """Returns how many instants of the grid there are to look at."""
        rate_hz = self._reading.rate_hz
        return sum(
            self._is_granted(clip, k / rate_hz)
            for clip in self.clips
            for k in clip.indexes(rate_hz)
        )

    def _is_granted(self, clip: Clip, time_s: float) -> bool:
        if self._authorisation is None:
            return True
        origin = self.origin if clip.url in self._dated else None
        at: datetime | None = None if origin is None else origin + timedelta(seconds=time_s)
        return not refusals(self._authorisation, self._camera_id, (), at, at)


def _files(place: str) -> list[str]:
    path = Path(place)
    if not has_magic(path.name):
        return [place]
    return sorted(str(found) for found in path.parent.glob(path.name))
