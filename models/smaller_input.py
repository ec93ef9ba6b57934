"""The networks of a camera at a smaller input, for when capacity is short."""

from dataclasses import replace

from models.settings import NetworkSettings

MULTIPLE_PX, LEAST_PX = 32, 64
"""Inputs are padded to a multiple of 32 anyway; below 64 nothing is seen."""


def at_share(networks: NetworkSettings, share: float, tiles: int | None = None) -> NetworkSettings:
    """Returns the networks with inputs of a share of their usual side, and with fewer tiles.

    The object finder and the fire finder shrink. The head counter keeps its size, because a count
    too low is what a crowd must not get (docs/performance.md), and so does a detector of your own,
    whose file may take one size only. What is told of the picture itself stays as it is.

    Args:
        networks: At their usual size.
        share: Of the longer side, 0 to 1; rounded to a multiple of 32 pixels.
        tiles: Most tiles along a side; None leaves them.
    """
    objects, fire = networks.objects, networks.fire
    if tiles is not None:
        objects = replace(objects, tiles=min(tiles, objects.tiles))
    if shrinks_objects(networks):
        objects = replace(objects, input_px=_reduced(objects.input_px, share))
    if fire is not None:
        fire = replace(fire, input_px=_reduced(fire.input_px, share))
    return replace(networks, objects=objects, fire=fire)


def shrinks_objects(networks: NetworkSettings) -> bool:
    """Returns whether the object finder can be run at a smaller input."""
    return networks.objects.onnx is None


def _reduced(input_px: int, share: float) -> int:
    return min(input_px, max(LEAST_PX, MULTIPLE_PX * round(input_px * share / MULTIPLE_PX)))
