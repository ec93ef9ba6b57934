"""Reads footage with decord where decord is right, with PyAV elsewhere."""

import logging
from bisect import bisect_right
from collections.abc import Generator
from typing import Any

import av
import numpy as np
import pyarrow.fs
from numpy.typing import NDArray

from ray_app.domain.errors import FootageError
from ray_app.video.clip import Clip
from ray_app.video.decord_guard import DecordIndex, index_for_decord
from ray_app.video.filesystem import local_path, one_line, shown
from ray_app.video.pictures import Loss, Picture, PictureReader
from ray_app.video.pyav_reader import Conversion, PyavReader

_log = logging.getLogger(__name__)


def open_reader(
    name: str, clip: Clip, width_px: int | None, filesystem: pyarrow.fs.FileSystem | None = None
) -> PictureReader:
    """Returns the reader of that name for a clip; PyAV's where decord would be wrong.

    Raises:
        ValueError: There is no reader of that name.
        FootageError: The file cannot be opened.
    """
    if name == "pyav":
        return PyavReader(clip, width_px, filesystem)
    if name != "decord":
        raise ValueError(f"unknown reader {name!r}; known: pyav, decord")
    index = index_for_decord(clip.url, filesystem)
    if isinstance(index, DecordIndex) and clip.frame_rate_hz is None:
        return DecordReader(clip, width_px, index)
    cause = index if isinstance(index, str) else "its frame rate is corrected"
    note = f"{shown(clip.url)}: read by PyAV, not decord: {cause}"
    _log.info(note)
    return PyavReader(clip, width_px, filesystem, notes=(note,))


class DecordPicture:
    """The place of a picture; decoded only when asked."""

    __slots__ = ("_number", "_reader", "lasts_s", "time_s")

    def __init__(self, reader: "DecordReader", number: int, time_s: float, lasts_s: float) -> None:
        self.time_s = time_s
        self.lasts_s = lasts_s
        self._reader = reader
        self._number = number

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height, rotation applied."""
        return self._reader.source_size_px

    def pixels(self) -> NDArray[np.uint8]:
        """Returns RGB at the analysed size, rotation applied, shape (height, width, 3)."""
        return self._reader.decode(self._number)


class DecordReader:
    """Reads one local file that `index_for_decord` found sound, by one decode thread.

    Damage inside a picture that leaves its packet whole is painted over by decord's decoder and
    not noticed; PyAV is the reader that notices.

    Args:
        clip: The file and what is known of it.
        width_px: Width of the analysed picture; None keeps the source's.
        index: Of the same file.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, clip: Clip, width_px: int | None, index: DecordIndex) -> None:
        self._clip = clip
        self._index = index
        self._conversion = Conversion(clip, width_px)
        self._file: Any = None
        import decord  # half a second, and only sites that ask for it need it

        self._decord: Any = decord

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height, rotation applied."""
        return self._clip.size_px

    def pictures(self, from_s: float) -> Generator[Picture | Loss]:
        """Yields every picture from the last one at or before from_s on; see PictureReader."""
        times_s = self._index.times_s
        self._open()
        try:
            for number in range(max(0, bisect_right(times_s, from_s) - 1), len(times_s)):
                yield DecordPicture(self, number, times_s[number], self._index.lasts_s[number])
        finally:
            self._file = None

    def decode(self, number: int) -> NDArray[np.uint8]:
        """Returns the pixels of picture `number`, counted in the order shown.

        Raises:
            FootageError: decord fails there; PyAV would go on.
        """
        try:
            whole = self._file.get_batch([number]).asnumpy()[0]
        except self._decord.DECORDError as error:
            raise FootageError(
                f"{shown(self._clip.url)}: decord fails at picture {number} "
                f"({one_line(error)}); reader: pyav goes on after damage"
            ) from None
        if whole.shape[1::-1] != self._clip.size_px:
            height, width = whole.shape[:2]
            raise FootageError(
                f"{shown(self._clip.url)}: decord gives {width}x{height} pixels, the file says "
                f"{self._clip.size_px[0]}x{self._clip.size_px[1]}; use reader: pyav"
            )
        return self._conversion.shrunk(av.VideoFrame.from_ndarray(whole, format="rgb24"))

    def _open(self) -> None:
        path = str(local_path(self._clip.url))
        try:
            self._file = self._decord.VideoReader(path, ctx=self._decord.cpu(0), num_threads=1)
        except self._decord.DECORDError as error:
            raise FootageError(
                f"{shown(self._clip.url)}: decord cannot open it ({one_line(error)}); "
                "use reader: pyav"
            ) from None
        found, stated = len(self._file), len(self._index.times_s)
        if found != stated:
            raise FootageError(
                f"{shown(self._clip.url)}: decord counts {found} pictures where the file has "
                f"{stated}; use reader: pyav"
            )
