"""Evidence on disk: names that come from the event, complete files or none, and their hash."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np

from ray_app.domain.blurred import BlurredPixels
from ray_app.domain.situation import EvidenceFile
from ray_app.video.blur import jpeg_of

SUFFIXES = {"still": ".jpg", "clip": ".mp4"}
TIME_BASE_S = Fraction(1, 1000)
SHOWN_HZ = 5  # told to the encoder; the frames carry their own times
QUALITY_CRF = "28"


def evidence_name(event_id: str, kind: str) -> str:
    """Returns the file's name: the same for every retry, safe in any folder.

    Args:
        event_id: Of the situation; may hold any printable character.
        kind: "still" or "clip".
    """
    told = re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(event_id.split("/")[:2]))[:80]
    mark = hashlib.sha256(event_id.encode()).hexdigest()[:16]
    return f"{told}-{mark}-{kind}{SUFFIXES[kind]}"


def kept_file(folder: Path, event_id: str, kind: str) -> EvidenceFile | None:
    """Returns the file if it was written before; raises OSError."""
    name = evidence_name(event_id, kind)
    if not (folder / name).is_file():
        return None
    with (folder / name).open("rb") as file:
        return EvidenceFile(name, kind, hashlib.file_digest(file, "sha256").hexdigest())


def write_still(folder: Path, event_id: str, picture: BlurredPixels) -> EvidenceFile:
    """Writes a JPEG; raises OSError."""
    return _put(folder, event_id, "still", lambda file: file.write_bytes(jpeg_of(picture)))


def write_clip(
    folder: Path, event_id: str, pictures: Iterable[tuple[float, BlurredPixels]]
) -> EvidenceFile:
    """Writes an H.264 clip; raises OSError, FFmpeg's errors among them.

    Args:
        folder: Made if absent.
        event_id: Of the situation.
        pictures: Times in seconds, rising, and pictures of one size.
    """
    return _put(folder, event_id, "clip", lambda file: _encode(file, pictures))


def _encode(file: Path, pictures: Iterable[tuple[float, BlurredPixels]]) -> None:
    waiting = iter(pictures)
    start_s, first = next(waiting)
    with av.open(str(file), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        # One thread: a clip must not take the processor from the cameras.
        options = {"preset": "veryfast", "crf": QUALITY_CRF, "threads": "1"}
        stream = container.add_stream("libx264", rate=SHOWN_HZ, options=options)
        stream.height, stream.width = _even(first).shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TIME_BASE_S
        for time_s, picture in chain([(start_s, first)], waiting):
            frame = av.VideoFrame.from_ndarray(_even(picture), "rgb24")
            frame.pts, frame.time_base = round((time_s - start_s) / TIME_BASE_S), TIME_BASE_S
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _even(picture: BlurredPixels) -> BlurredPixels:
    """Returns the picture with even sides, as H.264's chroma needs."""
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return BlurredPixels(np.ascontiguousarray(padded))


def _put(folder: Path, event_id: str, kind: str, write: Callable[[Path], object]) -> EvidenceFile:
    name = evidence_name(event_id, kind)
    aside = folder / f".{name}.{os.getpid()}.aside"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(aside)
        with aside.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        aside.replace(folder / name)
    finally:
        with suppress(OSError):
            aside.unlink()
    return EvidenceFile(name, kind, digest)
