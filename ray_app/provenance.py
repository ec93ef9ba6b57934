"""What results rest on: versions, weights, the perimeter, the site file."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from models.settings import NetworkSettings
from models.weights import list_weights
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.schema import CameraConfig
from ray_app.domain.errors import WeightsError

PACKAGES = ("vigie", "ray", "torch", "av", "numpy", "pyarrow")


def package_versions() -> tuple[tuple[str, str], ...]:
    """Returns (name, version) of the packages that results depend on."""
    return tuple((name, version(name)) for name in PACKAGES)


def hash_of(text: str | None) -> str | None:
    """Returns the sha256 of a text's UTF-8 bytes; None of None."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def perimeter_seen(
    camera: CameraConfig, authorisation: AuthorisationSettings | None
) -> tuple[tuple[str, str], ...]:
    """Returns what decides which pixels a camera's networks may see, as settings in JSON.

    Empty without a perimeter: the whole picture is seen whatever the calibration.
    """
    if authorisation is None or authorisation.perimeter_m is None:
        return ()
    calibration = None if camera.calibration is None else asdict(camera.calibration)
    return (
        ("perimeter.polygon_m", json.dumps(authorisation.perimeter_m)),
        ("perimeter.calibration", json.dumps(calibration, sort_keys=True)),
    )


def weights_of(networks: NetworkSettings) -> tuple[tuple[str, str], ...]:
    """Returns (name, sha256) of the weights that networks load; raises WeightsError."""
    names = {networks.objects.name}
    if networks.crowd is not None:
        names.add(networks.crowd.name)
    if networks.fire is not None:
        names.add(networks.fire.name)
    pairs = [(entry.name, entry.sha256) for entry in list_weights() if entry.name in names]
    if networks.objects.onnx is not None:
        file = Path(networks.objects.onnx.file)
        try:
            pairs.append((file.name, hashlib.sha256(file.read_bytes()).hexdigest()))
        except OSError as error:
            raise WeightsError(f"{file}: cannot be read ({error.strerror})") from error
    return tuple(pairs)
