"""Draws one camera of a scenario into a video file, with the truth of every frame."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
from av.video.frame import PictureType
from numpy.typing import NDArray

from ray_app.video.synthetic.bag import BagWay
from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.fire import Fire
from ray_app.video.synthetic.lens import Lens, LensSettings
from ray_app.video.synthetic.light import Light
from ray_app.video.synthetic.renderer import Renderer
from ray_app.video.synthetic.scenario import CameraPlan, Scenario
from ray_app.video.synthetic.seen import SeenPeople, see_people
from ray_app.video.synthetic.things import Things, only_people
from ray_app.video.synthetic.view import View

MARGIN = 0.35
"""People this share of the picture outside it are drawn too: their shadows may fall inside."""
X264 = (("preset", "veryfast"), ("crf", "23"), ("threads", "1"), ("x264-params", "mbtree=0"))
"""mbtree is off because it reads past small pictures: the same input then gave two outputs."""
STEADY_X264 = (*X264[:-1], ("x264-params", "mbtree=0:qcomp=1"))
"""A constant quantiser: the same picture again has the same data, as when a camera hangs."""
SEEN_COLUMNS = (
    "frame",
    "person_id",
    "x_m",
    "y_m",
    "head_x_px",
    "head_y_px",
    "feet_x_px",
    "feet_y_px",
    "x1_px",
    "y1_px",
    "x2_px",
    "y2_px",
    "visible",
    "head_visible",
)


@dataclass(frozen=True, slots=True)
class FootageJob:
    """All one camera's footage follows from.

    Attributes:
        size_px: Width and height.
        seed: Of noise and flames.
        light: The light.
        rainy: Whether it rains.
        started_at: Written into the file as its creation time.
        bag: The bag's way, if any.
    """

    scenario: Scenario
    camera: CameraPlan
    cast: Cast
    bag: BagWay | None
    size_px: tuple[int, int]
    seed: int
    light: Light
    rainy: bool
    started_at: datetime


def draw_footage(job: FootageJob, target: Path, on_frame: Callable[[], None]) -> pa.Table:
    """Writes the video to target; returns who is seen where, a row per person and frame.

    While a camera's picture is frozen it has no rows: it shows nobody as they are.
    """
    light = job.light
    renderer = Renderer(job.size_px, job.scenario.scenery, light, float(job.rainy))
    lens = Lens(job.size_px, LensSettings(noise=light.noise, rain=job.rainy), job.seed)
    fire = Fire(job.scenario.fire, job.seed) if job.scenario.fire else None
    columns: list[NDArray[np.float64]] = []
    picture = np.zeros((job.size_px[1], job.size_px[0], 3), np.uint8)
    coding = X264 if job.camera.freezes_s is None else STEADY_X264
    with VideoWriter(target, job.size_px, job.cast.rate_hz, job.started_at, coding) as writer:
        for frame in range(job.cast.frames):
            time_s = frame / job.cast.rate_hz
            if fire is not None:
                fire.step(time_s, 1 / job.cast.rate_hz)
            frozen = _is_frozen(job.camera, time_s)
            if not frozen:
                picture, rows = _draw_frame(job, renderer, fire, frame)
                picture = lens.spoil(picture, frame)
                columns.append(rows)
            writer.write(picture, again=frozen)
            on_frame()
    renderer.close()
    return _table(job.camera.camera_id, job.cast.rate_hz, columns)


class VideoWriter:
    """Writes H.264 in an mp4; the same pictures give the same bytes."""

    def __init__(
        self,
        target: Path,
        size_px: tuple[int, int],
        rate_hz: float,
        started_at: datetime,
        coding: tuple[tuple[str, str], ...] = X264,
    ) -> None:
        self._container = av.open(str(target), "w", format="mp4", options={"movflags": "faststart"})
        self._container.metadata["creation_time"] = started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        rate = Fraction(rate_hz).limit_denominator(1001)
        self._stream = self._container.add_stream("libx264", rate=rate, options=dict(coding))
        self._stream.width, self._stream.height = size_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = max(1, round(5 * rate_hz))

    def write(self, picture: NDArray[np.uint8], *, again: bool = False) -> None:
        """Appends one picture, RGB uint8.

        The last picture again is coded as a key frame: a camera that hangs sends the same data,
        where a coder would refine a still picture from frame to frame.
        """
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        if again:
            frame.pict_type = PictureType.I
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def _is_frozen(camera: CameraPlan, time_s: float) -> bool:
    return camera.freezes_s is not None and camera.freezes_s[0] <= time_s < camera.freezes_s[1]


def _draw_frame(
    job: FootageJob, renderer: Renderer, fire: Fire | None, frame: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    view = job.camera.view_at(frame / job.cast.rate_hz, job.size_px)
    rows = job.cast.rows_at(frame)
    rows = rows[_is_near_picture(view, job.cast.places_at(frame))]
    people = job.cast.postures.only(rows)
    picture, owners = renderer.draw(view, _things(job, people.instances(), fire, frame))
    seen = see_people(view, renderer.person_sample, people, owners)
    shown = seen.before_lens & (seen.visible > 0)
    values = _seen_values(seen, people.xy_m)
    head = np.full((len(rows), 1), float(frame)), job.cast.person_ids[rows, None]
    return picture, np.concatenate([*head, values], axis=1)[shown]


def _things(job: FootageJob, people: NDArray[np.float32], fire: Fire | None, frame: int) -> Things:
    things = only_people(people)
    bags = things.suitcases if job.bag is None else job.bag.rows_at(frame)
    if fire is None:
        return Things(people, bags, things.rucksacks, things.particles)
    return Things(people, bags, things.rucksacks, fire.particles(), fire.light)


def _is_near_picture(view: View, places_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    points = np.concatenate([places_m, np.full((len(places_m), 1), 0.9)], axis=1)
    pixels, depth = view.project(points)
    share = pixels / view.size_px
    inside = ((share > -MARGIN) & (share < 1 + MARGIN)).all(axis=1)
    return np.asarray(inside & (depth > 0.5))


def _seen_values(seen: SeenPeople, places_m: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.stack([seen.visible, seen.head_visible], axis=1)
    parts = [places_m, seen.heads_px, seen.feet_px, seen.boxes_px, shares]
    return np.concatenate(parts, axis=1)


def _table(camera_id: str, rate_hz: float, columns: list[NDArray[np.float64]]) -> pa.Table:
    values = np.concatenate([np.zeros((0, len(SEEN_COLUMNS))), *columns])
    count = len(values)
    table = {
        "camera_id": pa.array([camera_id] * count, pa.string()).dictionary_encode(),
        "time_s": values[:, 0] / rate_hz,
        "frame": values[:, 0].astype(np.int32),
        "person_id": values[:, 1].astype(np.int32),
    }
    for k, name in enumerate(SEEN_COLUMNS[2:], start=2):
        table[name] = values[:, k].astype(np.float32)
    return pa.table(table)
