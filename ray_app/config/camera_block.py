"""Reads one camera block, as it stands in a site file, for a site that runs."""

import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from ray_app.config.live_checks import live_problems
from ray_app.config.live_schema import LiveConfig
from ray_app.config.load import load_site
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import ConfigError


def read_camera(text: str, site: SiteConfig) -> CameraConfig:
    """Returns the checked camera of a block of YAML.

    Args:
        text: The keys of one camera (`id: ...`, `stream: ...`).
        site: The site it joins: what it allows counts.

    Raises:
        ConfigError: Every fault, one a line.
    """
    try:
        block = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"camera: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(block, dict):
        raise ConfigError("camera: expected the keys of one camera, as `id: gate`")
    allowed = {
        key: list(value) for key, value in asdict((site.live or LiveConfig()).allowed).items()
    }
    whole = {"site": "one camera", "cameras": [block], "live": {"allowed": allowed}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "camera"
        path.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
        try:
            camera = load_site(path).cameras[0]
        except ConfigError as error:
            told = str(error).replace(f"{path}:", "camera, line ").replace("cameras.0.", "")
            raise ConfigError(told) from None
    if camera.stream is None:
        raise ConfigError("camera: no `stream`; give `stream: {address: rtsp://...}`")
    problems = [problem.problem for problem in live_problems(replace(site, cameras=(camera,)))]
    if problems:
        raise ConfigError("; ".join(problems))
    return camera
