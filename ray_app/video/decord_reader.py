"""Reads footage with decord where decord is right, with PyAV elsewhere."""

import pyarrow.fs

from ray_app.video.clip import Clip
from ray_app.video.pictures import PictureReader
from ray_app.video.pyav_reader import PyavReader


def open_reader(
    name: str, clip: Clip, width_px: int | None, filesystem: pyarrow.fs.FileSystem | None = None
) -> PictureReader:
    """Returns the reader of that name for a clip.

    Raises:
        ValueError: There is no reader of that name.
    """
    if name != "pyav":
        raise ValueError(f"unknown reader {name!r}; known: pyav, decord")
    return PyavReader(clip, width_px, filesystem)
