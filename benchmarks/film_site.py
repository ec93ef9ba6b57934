"""A site whose cameras all show one small drawn film, for benchmarks of the fleet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import av
import numpy as np
import yaml

FILM_HZ = 2


def write_film_site(
    folder: Path,
    title: str,
    cameras: Sequence[str],
    day: datetime,
    length_s: float,
    live: Mapping[str, Mapping[str, object]],
) -> Path:
    """Writes film and site file; returns the site file.

    Args:
        folder: Of both, and of everything the site will write.
        title: Of the site.
        cameras: Their names; each sends one frame a second.
        day: In the middle of the authorised time.
        length_s: Of the film.
        live: What the site says of live; its folder and the streams allowed are added. The
            batches of the cameras' networks are its detectors' stack_size.
    """
    film = folder / "gate.mp4"
    write_film(film, length_s)
    stack = live["detectors"]["stack_size"]
    site = {
        "site": title,
        "authorisation": {
            "purpose": "Benchmark on a drawn film",
            "situations": ["crowd_density"],
            "cameras": list(cameras),
            "start": day - timedelta(days=1),
            "end": day + timedelta(days=1),
        },
        "cameras": [_camera(name, film, stack) for name in cameras],
        "live": {"folder": str(folder / "live"), "allowed": {"schemes": ["file"]}, **live},
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site, sort_keys=False), "utf-8")
    return path


def write_film(path: Path, length_s: float) -> None:
    """Writes a small film in which a block walks; every camera shows it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", FILM_HZ, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for number in range(int(length_s * FILM_HZ)):
            picture = np.full((72, 128, 3), 60, np.uint8)
            picture[30:50, number % 118 : number % 118 + 10] = 220
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _camera(name: str, film: Path, stack: object) -> dict[str, object]:
    return {
        "id": name,
        "footage": [f"{name}*.mp4"],
        "stream": {"address": f"file://{film}"},
        "reading": {"rate_hz": 1},
        "networks": {"batch_size": stack},
    }
