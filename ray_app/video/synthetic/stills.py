"""Training stills: drawn crowds with the exact place of every visible head.

    python -m ray_app.video.synthetic.stills --out DIR --count N --seed S

writes DIR/00000.jpg ... and DIR/points.json {image: [[x, y], ...]}, pixels. Picture k depends on
the seed and k alone, so a longer run begins with the pictures of a shorter one.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import VigieError
from ray_app.video.synthetic.lens import Lens, LensSettings
from ray_app.video.synthetic.light import find_light
from ray_app.video.synthetic.placements import keep_clear, place_people, pose_people
from ray_app.video.synthetic.random_views import Draw, draw_picture
from ray_app.video.synthetic.renderer import Renderer
from ray_app.video.synthetic.scene import Scenery
from ray_app.video.synthetic.seen import see_people
from ray_app.video.synthetic.things import only_people

LEAST_HEAD_SHARE = 0.3
"""Heads that show less are not marked: annotators mark heads that are partly covered."""
JPEG_QUALITY = 90


class StillMaker:
    """Draws stills; keeps one renderer for each picture size."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._renderers: dict[tuple[int, int], Renderer] = {}

    def make(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Returns still `number`, RGB uint8, and its head centres, pixels, shape (n, 2)."""
        rng = np.random.default_rng((self._seed, number))
        draw = draw_picture(rng)
        placed = place_people(rng, draw.patches, draw.most)
        people = pose_people(rng, *keep_clear(*placed, draw.scenery.blocks), draw.bustle)
        renderer = self._renderer(draw)
        picture, owners = renderer.draw(draw.view, only_people(people.instances()))
        seen = see_people(draw.view, renderer.person, people, owners)
        width, height = draw.view.size_px
        x, y = seen.heads_px.T
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        marked = inside & seen.before_lens & (seen.head_visible > LEAST_HEAD_SHARE)
        lens = LensSettings(
            blur_px=float(rng.uniform(0.3, 1.0)),
            noise=find_light(draw.light).noise * float(rng.uniform(0.3, 1.5)),
            vignette=float(rng.uniform(0, 0.25)),
            rain=draw.wetness > 0,
        )
        spoiled = Lens(draw.view.size_px, lens, seed=number).spoil(picture, 0)
        return spoiled, seen.heads_px[marked]

    def _renderer(self, draw: Draw) -> Renderer:
        size, light = draw.view.size_px, find_light(draw.light)
        if size not in self._renderers:
            self._renderers[size] = Renderer(size, Scenery(), light)
        self._renderers[size].dress_scene(draw.scenery, light, draw.wetness)
        return self._renderers[size]


def write_stills(out_dir: Path, count: int, seed: int) -> Path:
    """Writes count stills and points.json into out_dir; returns the path of points.json."""
    out_dir.mkdir(parents=True, exist_ok=True)
    maker = StillMaker(seed)
    points: dict[str, list[list[float]]] = {}
    for number in range(count):
        picture, heads = maker.make(number)
        name = f"{number:05d}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        cv2.imwrite(str(out_dir / name), picture[..., ::-1], quality)
        points[name] = heads.round(2).tolist()
    target = out_dir / "points.json"
    aside = out_dir / "points.json.part"
    aside.write_text(json.dumps(points), "utf-8")
    aside.rename(target)
    return target


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        write_stills(arguments.out, arguments.count, arguments.seed)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
