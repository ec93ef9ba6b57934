"""Training stills of fires that start: drawn places with a flame, its smoke and their boxes.

    python -m ray_app.video.synthetic.fire_stills --out DIR --count N --seed S

writes DIR/images/00000.jpg ... and DIR/labels/00000.txt in YOLO form, class 0 flame, 2 smoke, as
`models.training.fire_data.read_yolo` reads them. Picture k depends on the seed and k alone.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import VigieError
from ray_app.video.synthetic.fire import Fire
from ray_app.video.synthetic.lens import Lens, LensSettings
from ray_app.video.synthetic.light import find_light
from ray_app.video.synthetic.placements import keep_clear, place_people, pose_people
from ray_app.video.synthetic.random_views import draw_picture
from ray_app.video.synthetic.renderer import Renderer
from ray_app.video.synthetic.scenario import FirePlan
from ray_app.video.synthetic.scene import Scenery
from ray_app.video.synthetic.stills import JPEG_QUALITY
from ray_app.video.synthetic.things import Things, only_people

STEP_S = 0.1
FLAME, SMOKE = 0, 2
LEAST_CHANGE = {FLAME: 40, SMOKE: 22}
"""How much a pixel must change, of 255, to be counted as showing it."""
LEAST_PIXELS = 40
MOST_PEOPLE = 60
Picture = NDArray[np.uint8]


class FireStillMaker:
    """Draws burning stills; keeps one renderer for each picture size."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._renderers: dict[tuple[int, int], Renderer] = {}

    def make(self, number: int) -> tuple[Picture, NDArray[np.float64]]:
        """Returns still `number`, RGB uint8, and rows of class, x1, y1, x2, y2 in pixels."""
        rng = np.random.default_rng((self._seed, number))
        draw = draw_picture(rng)
        light = find_light(draw.light)
        size = draw.view.size_px
        if size not in self._renderers:
            self._renderers[size] = Renderer(size, Scenery(), light)
        renderer = self._renderers[size]
        renderer.dress_scene(draw.scenery, light, draw.wetness)
        placed = place_people(rng, draw.patches, MOST_PEOPLE)
        people = pose_people(rng, *keep_clear(*placed, draw.scenery.blocks), draw.bustle)
        calm = only_people(people.instances())
        burning = _kindle(rng, self._seed + number, calm, -draw.view.position_m[1])
        picture, _ = renderer.draw(draw.view, burning)
        before, _ = renderer.draw(draw.view, calm)
        boxes = []
        for kind, colder in ((FLAME, False), (SMOKE, True)):
            only = replace(burning, particles=_only(burning.particles, colder=colder), fire=None)
            boxes += _box(kind, before, renderer.draw(draw.view, only)[0])
        lens = LensSettings(
            blur_px=float(rng.uniform(0.3, 1.0)),
            noise=light.noise * float(rng.uniform(0.3, 1.5)),
            vignette=float(rng.uniform(0, 0.25)),
            rain=draw.wetness > 0,
        )
        spoiled = Lens(size, lens, seed=number).spoil(picture, 0)
        return spoiled, np.array(boxes, np.float64).reshape(-1, 5)


def _kindle(rng: np.random.Generator, seed: int, calm: Things, distance_m: float) -> Things:
    """Returns the place with a fire that has burnt for 2 to 25 s."""
    reach = max(3.0, 0.5 * distance_m)
    x, y = rng.uniform(-0.5, 0.5, 2) * reach
    fire = Fire(FirePlan((float(x), float(y), 0.0), 0.0), seed)
    for k in range(round(float(rng.uniform(2, 25)) / STEP_S)):
        fire.step(k * STEP_S, STEP_S)
    return replace(calm, particles=fire.particles(), fire=fire.light)


def _only(particles: NDArray[np.float32], *, colder: bool) -> NDArray[np.float32]:
    """Returns the particles that are smoke, or those that are flame: flame is red first."""
    cold = particles[:, 4] < 2 * particles[:, 6] + 0.1
    return np.asarray(particles[cold == colder], np.float32)


def _box(kind: int, before: Picture, after: Picture) -> list[tuple[float, ...]]:
    changed = np.abs(after.astype(np.int16) - before).max(axis=2) >= LEAST_CHANGE[kind]
    rows, columns = np.nonzero(changed)
    if len(rows) < LEAST_PIXELS:
        return []
    (x1, x2), (y1, y2) = np.percentile(columns, (1, 99)), np.percentile(rows, (1, 99))
    return [(kind, float(x1), float(y1), float(x2) + 1, float(y2) + 1)]


def write_fire_stills(out_dir: Path, count: int, seed: int) -> None:
    """Writes count stills and their labels into out_dir."""
    for name in ("images", "labels"):
        (out_dir / name).mkdir(parents=True, exist_ok=True)
    maker = FireStillMaker(seed)
    for number in range(count):
        picture, boxes = maker.make(number)
        height, width = picture.shape[:2]
        lines = [
            f"{int(kind)} {(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f} "
            f"{(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}\n"
            for kind, x1, y1, x2, y2 in boxes.tolist()
        ]
        (out_dir / "labels" / f"{number:05d}.txt").write_text("".join(lines), "utf-8")
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        cv2.imwrite(str(out_dir / "images" / f"{number:05d}.jpg"), picture[..., ::-1], quality)


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        write_fire_stills(arguments.out, arguments.count, arguments.seed)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
