"""Parts of docs/accuracy.md by light and camera height: on drawn stills, where both are known.

Real pictures come without either. Of them only darkness can be told, by their mean grey.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.evaluate_crowd import count_errors
from models.training.fire_data import FirePicture
from ray_app.video.synthetic.fire_stills import write_fire_stills
from ray_app.video.synthetic.random_views import Draw, draw_picture
from ray_app.video.synthetic.stills import write_stills

Told = Mapping[str, Any]
Evaluate = Callable[..., Told]
SEED, STILLS, FIRE_SEED, FIRE_STILLS = 9001, 300, 9002, 240
"""Never used for training: training draws other seeds."""
DARK_GREY = 70.0
"""Mean grey, 0 to 255, below which a picture counts as dark."""
HEIGHTS_M = ((3, 6), (6, 12), (12, 25), (25, 41))
TILTS_DEG = ((0, 30), (30, 60), (60, 91))
LEAST_PICTURES = 8


def drawn_heads(evaluate: Evaluate) -> str:
    """Returns the errors of counts on drawn stills, by light, height and tilt of the camera."""
    with tempfile.TemporaryDirectory() as folder:
        write_stills(Path(folder), STILLS, SEED)
        told = evaluate("crowd", "--images", folder)
    each = sorted(told["each"], key=lambda one: str(one["picture"]))
    rows = []
    for name, chosen in _views([_drawn(SEED, number) for number in range(STILLS)]):
        picked = [one for one, is_in in zip(each, chosen, strict=True) if is_in]
        found = np.array([float(one["found"]) for one in picked])
        errors = asdict(count_errors(found, np.array([float(one["true"]) for one in picked])))
        rows.append(
            f"| {name} | {errors['pictures']} | {errors['heads']:.0f} | {errors['mae']:.1f} "
            f"| {errors['mae'] / max(1e-9, errors['heads']):.0%} | {errors['bias']:+.1f} "
            f"| {errors['covered']:.0%} |"
        )
    return "\n".join(
        [
            "### By light and camera height",
            "",
            f"{STILLS} drawn stills of seed {SEED}, not trained on (`python -m "
            f"ray_app.video.synthetic.stills --count {STILLS} --seed {SEED}`): what drawn people "
            "tell of real ones is little, the differences between rows are what is to be read.",
            "",
            "| drawn stills | number | mean heads | MAE | MAE / heads | bias | in interval |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def drawn_fires(evaluate: Evaluate) -> str:
    """Returns how drawn fires are told from drawn places without fire, by light and height."""
    with tempfile.TemporaryDirectory() as folder:
        burning, calm = Path(folder) / "burning", Path(folder) / "calm"
        write_fire_stills(burning, FIRE_STILLS, FIRE_SEED)
        write_stills(calm, FIRE_STILLS, SEED)
        fires = [
            number
            for number in range(FIRE_STILLS)
            if (burning / "labels" / f"{number:05d}.txt").read_text("utf-8").strip()
        ]
        rows = []
        calm_views = dict(_views([_drawn(SEED, number) for number in range(FIRE_STILLS)]))
        for name, chosen in _views([_drawn(FIRE_SEED, number) for number in range(FIRE_STILLS)]):
            with tempfile.TemporaryDirectory() as place:
                seen = [burning / "images" / f"{n:05d}.jpg" for n in fires if chosen[n]]
                quiet = [calm / f"{n:05d}.jpg" for n in np.flatnonzero(calm_views[name])]
                told = evaluate("fire", "--images", str(_laid_out(seen, quiet, Path(place))))
            rows.append(_fire_row(name, told))
    return "\n".join(_fire_table("drawn stills", rows))


def fires_by_darkness(
    sources: Mapping[str, Sequence[FirePicture]], evaluate: Evaluate
) -> list[str]:
    """Returns a row for the dark and the bright pictures of every source that has enough."""
    rows = []
    for source, pictures in sources.items():
        for name, is_dark in (("dark", True), ("bright", False)):
            picked = [p for p in pictures if (_grey(p) < DARK_GREY) is is_dark]
            burning = [Path(p.name) for p in picked if p.burns]
            calm = [Path(p.name) for p in picked if not p.burns]
            if min(len(burning), len(calm)) < LEAST_PICTURES:
                continue
            with tempfile.TemporaryDirectory() as place:
                told = evaluate("fire", "--images", str(_laid_out(burning, calm, Path(place))))
            rows.append(_fire_row(f"{source}, {name}", told))
    return _fire_table("pictures", rows)


def _fire_table(what: str, rows: Sequence[str]) -> list[str]:
    return [
        f"| {what} | burning | calm | AUROC | recall at 1 % | recall at 5 % |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _fire_row(name: str, told: Told) -> str:
    return (
        f"| {name} | {told['burning']} | {told['calm']} | {told['auroc']:.3f} "
        f"| {told['recall_at_1']:.2f} | {told['recall_at_5']:.2f} |"
    )


def _laid_out(burning: Sequence[Path], calm: Sequence[Path], folder: Path) -> Path:
    for kind, paths in (("fire_images", burning), ("normal_images", calm)):
        (folder / kind).mkdir()
        for number, path in enumerate(paths):
            (folder / kind / f"{number}{path.suffix}").symlink_to(path.resolve())
    return folder


def _grey(picture: FirePicture) -> float:
    return float(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY).mean())


def _drawn(seed: int, number: int) -> Draw:
    """Returns what still `number` was drawn from: both makers of stills begin with this."""
    return draw_picture(np.random.default_rng((seed, number)))


def _views(draws: Sequence[Draw]) -> Iterator[tuple[str, list[bool]]]:
    """Yields each slice's name and which of the stills are in it."""
    yield "all", [True] * len(draws)
    for light in ("day", "overcast", "night"):
        yield light, [draw.light == light for draw in draws]
    yield "in the rain", [draw.wetness > 0 for draw in draws]
    for least, most in HEIGHTS_M:
        inside = [least <= draw.view.position_m[2] < most for draw in draws]
        yield f"camera {least} to {most - (most == 41)} m up", inside
    for least, most in TILTS_DEG:
        inside = [least <= _tilt_deg(draw) < most for draw in draws]
        yield f"looking {least} to {min(most, 90)}° down", inside


def _tilt_deg(draw: Draw) -> float:
    """Returns how far below the horizon the camera looks; it looks at (0, 0, 0)."""
    x, y, z = draw.view.position_m
    return float(np.degrees(np.arctan2(z, np.hypot(x, y))))
