"""Renders a scenario: footage of every camera, telemetry, truth and a site file.

    python -m ray_app.video.synthetic.film --scenario event_gate --out DIR

writes DIR/cameras/CAMERA.mp4 (and CAMERA.SRT for a drone), DIR/truth, DIR/site.yaml and
DIR/scene.json, which tells how the scene was made. A scene is rendered once and kept in a cache:
$VIGIE_CACHE, or ~/.cache/vigie/scenes.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ray_app.domain.errors import StoreError, VigieError
from ray_app.video.synthetic.light import LIGHTS, WEATHERS
from ray_app.video.synthetic.rendering import Progress, render_scene
from ray_app.video.synthetic.request import SceneRequest, request_scene
from ray_app.video.synthetic.scenarios import SCENARIOS

ASIDE = ".drawing-"
ABANDONED_S = 24 * 3600.0
__all__ = ["SCENARIOS", "cached_scene", "film_scenario"]


def film_scenario(  # noqa: PLR0913  one keyword for each option of the command
    name: str,
    out_dir: Path,
    *,
    seconds: float | None = None,
    seed: int = 1,
    light: str = "day",
    weather: str = "dry",
    rate_hz: float = 10.0,
    workers: int = 1,
    on_progress: Progress | None = None,
) -> Path:
    """Puts a rendered scene into out_dir, from the cache where it is there already.

    Args:
        name: One of `SCENARIOS`.
        out_dir: A new or empty folder; one that holds this very scene is left as it is.
        seconds: Length; None takes the scenario's own.
        seed: Of people, noise and flames.
        light: "day", "overcast" or "night".
        weather: "dry" or "rain".
        rate_hz: Frames per second of the footage: 5, 10, 12.5 or 25.
        workers: Cameras drawn at the same time.
        on_progress: Called with frames done and frames in all; not called on a cached scene.

    Returns:
        out_dir.

    Raises:
        VigieError: Unknown name, bad length, or nothing to draw with (tells what to install).
        StoreError: out_dir holds something else, or cannot be written.
    """
    request = request_scene(name, seconds, seed, light, weather, rate_hz)
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        if _holds(out_dir, request):
            return out_dir
        raise StoreError(f"{out_dir} is not empty: name a new folder, or remove it first")
    scene = cached_scene(request, workers, on_progress)
    try:
        _copy_whole(scene, out_dir)
    except OSError as error:
        raise StoreError(f"cannot write {out_dir}: {error.strerror or error}") from error
    return out_dir


def cached_scene(request: SceneRequest, workers: int, on_progress: Progress | None = None) -> Path:
    """Returns the folder of a scene in the cache, rendering it when it is not there.

    A folder in the cache is complete: it is drawn under another name and renamed.

    Raises:
        StoreError: The cache cannot be written.
    """
    folder = cache_root() / request.folder_name
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder.parent)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=ASIDE) as aside:
            drawn = Path(aside) / "scene"
            drawn.mkdir()
            render_scene(request, drawn, workers, on_progress)
            _rename(drawn, folder)
    except OSError as error:
        problem = error.strerror or str(error)
        raise StoreError(f"cannot write the scene cache {folder.parent}: {problem}") from error
    return folder


def cache_root() -> Path:
    """Returns where rendered scenes are kept."""
    chosen = os.environ.get("VIGIE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "vigie" / "scenes"


def _clear_abandoned(cache: Path) -> None:
    """Removes what drawings killed long ago left behind."""
    for aside in cache.glob(f"{ASIDE}*"):
        with suppress(FileNotFoundError):
            if time.time() - aside.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(aside, ignore_errors=True)


def _holds(folder: Path, request: SceneRequest) -> bool:
    mark = folder / ".scene"
    return mark.is_file() and mark.read_text("utf-8") == request.folder_name


def _copy_whole(scene: Path, out_dir: Path) -> None:
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir.parent, prefix=".copying-") as aside:
        copy = Path(aside) / "scene"
        shutil.copytree(scene, copy)
        (copy / ".scene").write_text(scene.name, "utf-8")
        copy.rename(out_dir)


def _rename(drawn: Path, folder: Path) -> None:
    """Another process may have drawn the same scene meanwhile: then its folder is as good."""
    try:
        drawn.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--light", choices=sorted(LIGHTS), default="day")
    parser.add_argument("--weather", choices=WEATHERS, default="dry")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    try:
        film_scenario(
            asked.scenario,
            asked.out,
            seconds=asked.seconds,
            seed=asked.seed,
            light=asked.light,
            weather=asked.weather,
            workers=asked.workers,
            on_progress=_show,
        )
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _show(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done}/{total} frames" + ("\n" if done == total else ""))


if __name__ == "__main__":
    sys.exit(main())
