"""Footage to measure with: drawn crowds, enlarged to 1080p25 with sensor noise, as H.264."""

from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.film import cache_root, cached_scene
from ray_app.video.synthetic.request import request_scene

SIZE_PX = (1920, 1080)
RATE_HZ = 25
BIT_RATE = 4_000_000
NOISE_SIGMA = 3.0
DRAWN_S = 16.0
CAMERAS = ("gate", "square", "corridor", "drone")
X264 = {"preset": "veryfast", "g": "50", "bf": "2"}


def make_clips(count: int, seconds: float, workers: int) -> tuple[Path, ...]:
    """Returns 1080p25 clips at 4 Mbit/s, made once and kept in the cache of rendered scenes.

    16 s of an evening are drawn at 640x360, enlarged, played again and again, each frame with
    new noise: the noise, not the drawing, makes the coded bits and so the cost of decoding.
    """
    root = cache_root() / "benchmark"
    paths = tuple(root / f"{CAMERAS[k % 4]}-{k}-{seconds:g}s.mp4" for k in range(count))
    missing = [path for path in paths if not path.is_file()]
    if not missing:
        return paths
    request = request_scene("event_gate", DRAWN_S, 1, "day", "dry", float(RATE_HZ))
    scene = cached_scene(request, workers)
    root.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        if path in missing:
            camera = path.name.partition("-")[0]
            _enlarge(scene / "cameras" / f"{camera}.mp4", path, round(seconds * RATE_HZ), number)
    return paths


def _enlarge(source: Path, target: Path, frames: int, seed: int) -> None:
    pictures = [cv2.resize(p, SIZE_PX, interpolation=cv2.INTER_CUBIC) for p in _pictures(source)]
    random = np.random.default_rng(seed)
    grain = random.normal(0, NOISE_SIGMA, (SIZE_PX[1] + 64, SIZE_PX[0] + 64, 3)).astype(np.int16)
    aside = target.with_suffix(".aside.mp4")
    with av.open(str(aside), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options=X264)
        stream.width, stream.height = SIZE_PX
        stream.pix_fmt, stream.bit_rate = "yuv420p", BIT_RATE
        for picture in islice(chain.from_iterable(repeat(pictures)), frames):
            x, y = random.integers(0, 64, 2)
            noise = grain[y : y + SIZE_PX[1], x : x + SIZE_PX[0]]
            noisy = (picture + noise).clip(0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode(None))
    aside.rename(target)


def _pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
