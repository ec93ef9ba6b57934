"""The names a site file may use for networks, and what each builds."""

from collections.abc import Callable

from models.crowd_canvas import LONGEST_SIDE_PX
from models.crowd_counter import build_crowd_counter
from models.fire_smoke_detector import build_fire_smoke_detector
from models.object_detector import build_nanodet_g
from models.observer import Observer
from models.onnx_detector import build_onnx_detector
from models.settings import NetworkSettings
from models.views import needed_side_px
from ray_app.domain.errors import ConfigError
from ray_app.domain.protocols import Detector, FireFinder, HeadCounter, ObjectFinder

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
    return Observer(
        build_object_finder(settings),
        build_head_counter(settings),
        build_fire_finder(settings),
        settings.grid,
    )


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


def build_fire_finder(settings: NetworkSettings) -> FireFinder | None:
    """Returns the fire finder, or None when the settings leave it out; raises likewise."""
    return None if settings.fire is None else build_fire_smoke_detector(settings)


def needed_width_px(settings: NetworkSettings) -> int:
    """Returns how wide pictures must be for every network to see all it can use."""
    sides = [needed_side_px(settings.objects.input_px, settings.objects.tiles)]
    if settings.crowd is not None:
        sides.append(LONGEST_SIDE_PX)
    if settings.fire is not None:
        sides.append(settings.fire.input_px)
    if settings.grid is not None:
        sides.append(settings.grid.width_px)
    return max(sides)
