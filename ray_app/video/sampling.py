"""The one sampling rule: at grid time k / rate_hz, the last picture at or before it."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pyarrow.fs
from numpy.typing import NDArray

from ray_app.domain.frame import Frame, FrameKey
from ray_app.video.clip import Clip
from ray_app.video.decord_reader import open_reader
from ray_app.video.pictures import Loss, Picture, joined

STAMP_TOLERANCE_S = 0.001  # Matroska rounds time stamps to whole milliseconds
LONGEST_HOLD_S = 2.0  # an older picture does not stand for the present
LONGEST_HOLD_AT_END_S = 0.5  # containers state ends that sound and rounding push out


class ClipReader:
    """Yields the frames of one clip at some indexes of its camera's sampling grid.

    Every index of the clip is either yielded or lies in a loss, and the frames are the same
    ones wherever reading began. Memory does not grow with the length of the file.

    Args:
        clip: The file and its place on the time line.
        first_index: First index of the grid wanted.
        end_index: Index after the last one wanted.
        rate_hz: Rate of the grid.
        width_px: Width of the analysed picture; None keeps the source's. Never enlarges.
        reader: "pyav" or "decord".
        filesystem: Serves the clip's address; None finds out from the address.
    """

    def __init__(
        self,
        clip: Clip,
        first_index: int,
        end_index: int,
        rate_hz: float,
        width_px: int | None,
        reader: str = "pyav",
        filesystem: pyarrow.fs.FileSystem | None = None,
    ) -> None:
        own = clip.indexes(rate_hz)
        self._clip = clip
        self._rate_hz = rate_hz
        self._wanted = range(max(first_index, own.start), min(end_index, own.stop))
        self._reader = open_reader(reader, clip, width_px, filesystem)
        self._next = self._wanted.start
        self._losses: list[Loss] = []

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What could not be seen between the first and the end index, once frames() is done.

        In seconds of the camera's time line; joined() puts losses cut by segments together.
        """
        return joined(self._losses)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how the file was read."""
        return self._reader.notes

    def frames(self) -> Iterator[Frame]:
        """Yields frames in the order of the grid.

        Raises:
            FootageError: The file cannot be opened, or reading it fails for good.
        """
        self._losses.clear()
        self._next = self._wanted.start
        if not self._wanted:
            return
        held: Picture | None = None
        with closing(self._reader.pictures(self._file_s(self._next))) as items:
            for item in items:
                if isinstance(item, Loss):
                    yield from self._shown(held, item.start_s)
                    self._lose(item)
                    held, reached_s = None, item.end_s
                else:
                    if item.time_s > self._due_s:
                        yield from self._shown(held, item.time_s)
                    held, reached_s = item, item.time_s
                # Not before the end index: a loss after the last frame is this segment's, too.
                if self._next >= self._wanted.stop and reached_s > self._due_s:
                    return
        yield from self._shown_at_end(held)

    def _shown(self, held: Picture | None, until_s: float) -> Iterator[Frame]:
        """Yields the frames due before a time of the file: all show the picture held."""
        if held is None:
            self._lose(Loss(self._file_s(self._next), until_s, "no picture yet"))
            return
        shown_until_s = min(until_s, held.time_s + LONGEST_HOLD_S)
        pixels: NDArray[np.uint8] | None = None
        while self._next < self._wanted.stop and self._due_s < shown_until_s:
            pixels = held.pixels() if pixels is None else pixels
            key = FrameKey(
                self._clip.camera_id, self._next, self._clip.stretch, self._next / self._rate_hz
            )
            yield Frame(key, pixels, held.source_size_px)
            self._next += 1
        if shown_until_s < until_s:
            self._lose(Loss(shown_until_s, until_s, f"no picture for over {LONGEST_HOLD_S:g} s"))

    def _shown_at_end(self, held: Picture | None) -> Iterator[Frame]:
        """Yields the frames due between the last picture and the clip's end."""
        end_s = self._clip.file_time_s(self._clip.end_s)
        if held is None:
            self._lose(Loss(self._file_s(self._next), end_s, "no picture to the end"))
            return
        ends_s = held.time_s + held.lasts_s
        if end_s - ends_s <= LONGEST_HOLD_AT_END_S:
            yield from self._shown(held, end_s + STAMP_TOLERANCE_S)
            return
        yield from self._shown(held, ends_s)
        self._lose(Loss(ends_s, end_s, "ends before its stated end"))

    def _lose(self, loss: Loss) -> None:
        """Notes the wanted part of a loss, given in the file's time, and passes over it."""
        own = self._clip.indexes(self._rate_hz)
        clip, wanted = self._clip, self._wanted
        start_s = clip.start_s if wanted.start == own.start else wanted.start / self._rate_hz
        end_s = clip.end_s if wanted.stop == own.stop else wanted.stop / self._rate_hz
        on_line = Loss(clip.line_time_s(loss.start_s), clip.line_time_s(loss.end_s), loss.cause)
        seen_here = on_line.within(start_s, end_s)
        if seen_here is not None:
            self._losses.append(seen_here)
        while self._next < wanted.stop and self._due_s < loss.end_s:
            self._next += 1

    @property
    def _due_s(self) -> float:
        """Latest time of the file a picture of the next frame may have."""
        return self._file_s(self._next) + STAMP_TOLERANCE_S

    def _file_s(self, index: int) -> float:
        return self._clip.file_time_s(index / self._rate_hz)
