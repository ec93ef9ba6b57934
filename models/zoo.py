"""The names a site file may use for networks, and what each builds."""

from collections.abc import Callable

from models.crowd_counter import LONGEST_SIDE_PX, build_crowd_counter
from models.object_detector import build_nanodet_g
from models.observer import Observer
from models.onnx_detector import build_onnx_detector
from models.settings import NetworkSettings
from models.views import needed_side_px
from ray_app.domain.errors import ConfigError
from ray_app.domain.protocols import Detector, HeadCounter, ObjectFinder

OBJECT_FINDERS: dict[str, Callable[[NetworkSettings], ObjectFinder]] = {
    "nanodet_g": build_nanodet_g,
    "onnx": build_onnx_detector,
}
HEAD_COUNTERS: dict[str, Callable[[NetworkSettings], HeadCounter]] = {
    "crowd_counter": build_crowd_counter,
}


def build_detector(settings: NetworkSettings) -> Detector:
    """Returns everything a camera's settings ask for, weights loaded.

    Raises:
        ConfigError: Unknown name, or a device or number type this machine does not have.
        WeightsError: Weights missing, altered or of another network.
    """
    return Observer(build_object_finder(settings), build_head_counter(settings))


def build_object_finder(settings: NetworkSettings) -> ObjectFinder:
    """Returns the object finder alone; raises as `build_detector`."""
    name = settings.objects.name
    if name not in OBJECT_FINDERS:
        known = ", ".join(sorted(OBJECT_FINDERS))
        raise ConfigError(f"unknown object finder {name!r}; known: {known}")
    return OBJECT_FINDERS[name](settings)


def build_head_counter(settings: NetworkSettings) -> HeadCounter | None:
    """Returns the head counter, or None when the settings leave it out; raises likewise."""
    if settings.crowd is None:
        return None
    name = settings.crowd.name
    if name not in HEAD_COUNTERS:
        known = ", ".join(sorted(HEAD_COUNTERS))
        raise ConfigError(f"unknown head counter {name!r}; known: {known}")
    return HEAD_COUNTERS[name](settings)


def needed_width_px(settings: NetworkSettings) -> int:
    """Returns how wide pictures must be for every network to see all it can use."""
    objects = needed_side_px(settings.objects.input_px, settings.objects.tiles)
    return objects if settings.crowd is None else max(objects, LONGEST_SIDE_PX)
