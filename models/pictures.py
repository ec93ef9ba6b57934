"""Reads picture files: any kind and colour, turned upright, or one clear line."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import FootageError

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Returns a picture, RGB, uint8, shape (height, width, 3), turned as its EXIF data says.

    Grey, 16-bit, CMYK and transparent pictures become RGB; transparency is ignored.

    Raises:
        FootageError: It is missing, no picture, cut short, or has more than 2^30 pixels.
    """
    try:
        written = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise FootageError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        found = cv2.imdecode(written, cv2.IMREAD_COLOR) if len(written) else None
    except cv2.error as error:
        raise FootageError(f"{path}: larger than can be read ({error.err})") from error
    if found is None:
        raise FootageError(f"{path}: not a readable picture, or cut short")
    return np.ascontiguousarray(found[:, :, ::-1], np.uint8)


def picture_files(folder: Path) -> list[Path]:
    """Returns the picture files at any depth below a folder, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )
