"""Reads footage with decord where decord is right, with PyAV elsewhere."""

import logging
from bisect import bisect_left
from collections.abc import Generator
from contextlib import closing
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

SAME_INSTANT_S = 1e-6

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
    """A picture PyAV found whole, whose pixels decord decodes when asked."""

    __slots__ = ("_number", "_reader", "_witness")

    def __init__(self, reader: "DecordReader", number: int, witness: Picture) -> None:
        self._reader = reader
        self._number = number
        self._witness = witness

    @property
    def time_s(self) -> float:
        """Seconds since the file's first instant."""
        return self._witness.time_s

    @property
    def lasts_s(self) -> float:
        """How long the file says it is shown, seconds."""
        return self._witness.lasts_s

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height, rotation applied."""
        return self._witness.source_size_px

    def pixels(self) -> NDArray[np.uint8]:
        """Returns RGB at the analysed size, rotation applied, shape (height, width, 3)."""
        return self._reader.decode(self._number, self._witness)


class DecordReader:
    """Reads one local file that `index_for_decord` found sound, by one decode thread.

    decord paints over damage inside a packet without a word, so PyAV decodes the same pictures
    beside it, strictly and without conversion: a site that asks for decord pays for decoding
    twice. From the first damage on, and wherever decord fails, PyAV's pictures are taken: both
    give the same pixels.

    Args:
        clip: The file and what is known of it.
        width_px: Width of the analysed picture; None keeps the source's.
        index: Of the same file.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, clip: Clip, width_px: int | None, index: DecordIndex) -> None:
        self._clip = clip
        self._index = index
        self._witness = PyavReader(clip, width_px)
        self._conversion = Conversion(clip, width_px)
        self._file: Any = None
        import decord  # half a second, and only sites that ask for it need it

        self._decord: Any = decord

    def pictures(self, from_s: float) -> Generator[Picture | Loss]:
        """Yields every picture from the last one at or before from_s on; see PictureReader."""
        self._open()
        try:
            with closing(self._witness.pictures(from_s)) as items:
                for item in items:
                    if isinstance(item, Loss):
                        self._file = None
                        yield item
                    else:
                        yield self._by_decord(item)
        finally:
            self._file = None

    def decode(self, number: int, witness: Picture) -> NDArray[np.uint8]:
        """Returns the pixels of picture `number`, counted in the order shown.

        Raises:
            FootageError: decord's picture is not of the size the file says.
        """
        if self._file is None:
            return witness.pixels()
        try:
            whole = self._file.get_batch([number]).asnumpy()[0]
        except self._decord.DECORDError as error:
            # Its thread decodes ahead, so it may fail before the damage is reached.
            _log.info(f"{shown(self._clip.url)}: PyAV goes on: {one_line(error)}")
            self._file = None
            return witness.pixels()
        if whole.shape[1::-1] != self._clip.size_px:
            height, width = whole.shape[:2]
            raise FootageError(
                f"{shown(self._clip.url)}: decord gives {width}x{height} pixels, the file says "
                f"{self._clip.size_px[0]}x{self._clip.size_px[1]}; use reader: pyav"
            )
        return self._conversion.shrunk(av.VideoFrame.from_ndarray(whole, format="rgb24"))

    def _by_decord(self, witness: Picture) -> Picture:
        number = bisect_left(self._index.times_s, witness.time_s - SAME_INSTANT_S)
        is_indexed = (
            number < len(self._index.times_s)
            and abs(self._index.times_s[number] - witness.time_s) < SAME_INSTANT_S
        )
        return DecordPicture(self, number, witness) if is_indexed else witness

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
