"""Lays what one frame told us on the ground."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ray_app.authorisation.mask import kept_pixels
from ray_app.domain.geometry import Points, inside_polygon
from ray_app.domain.observation import Detections, FireMap, Observation, Tracks
from ray_app.domain.people import cell_centres_px, feet_px
from ray_app.domain.protocols import GroundProjection
from ray_app.domain.scene import GroundCrowd, GroundPoints, Scene

# Feet nearer than this to the lower edge of the picture are cut off by it.
EDGE_PX = 2.0
# The middle of a head lies about this share of the body below its top.
HEAD_SHARE = 0.07


def feet_to_ground(
    boxes_px: NDArray[np.float32], size_px: tuple[int, int], projection: GroundProjection
) -> GroundPoints:
    """Returns where boxes stand; those the picture cuts off are brought down from the head."""
    places = projection.feet_to_ground(feet_px(boxes_px))
    cut = boxes_px[:, 3] >= size_px[1] - EDGE_PX
    if not cut.any():
        return places
    boxes = boxes_px[cut].astype(np.float64)
    heads = feet_px(boxes_px[cut])
    heads[:, 1] = boxes[:, 1] + HEAD_SHARE * (boxes[:, 3] - boxes[:, 1])
    from_head = projection.heads_to_ground(heads)
    xy_m, sigma_m = places.xy_m.copy(), places.sigma_m.copy()
    xy_m[cut], sigma_m[cut] = from_head.xy_m, from_head.sigma_m
    return GroundPoints(xy_m, sigma_m)


def crowd_to_ground(observation: Observation, projection: GroundProjection) -> GroundCrowd | None:
    """Returns the crowd map on the ground; None without a crowd map."""
    if observation.crowd is None:
        return None
    centres, heads = cell_centres_px(observation.crowd)
    return GroundCrowd(projection.heads_to_ground(centres), heads)


def within_perimeter(
    observation: Observation, projection: GroundProjection | None, perimeter_m: Points
) -> Observation:
    """Returns the observation without whoever stands outside the perimeter.

    Without a projection nobody can be told to stand inside, so nobody is left.
    """
    detections, crowd = observation.detections, observation.crowd
    if projection is None:
        return replace(observation, detections=Detections.none(), crowd=None, heads=None, fire=None)
    feet = feet_to_ground(detections.boxes_px, observation.source_size_px, projection)
    if crowd is not None:
        heads = crowd.heads.copy()
        rows, columns = np.nonzero(heads > 0)
        places = projection.heads_to_ground(cell_centres_px(crowd)[0])
        outside = ~inside_polygon(places.xy_m, perimeter_m)
        heads[rows[outside], columns[outside]] = 0.0
        crowd = replace(crowd, heads=heads)
    kept = detections.only(inside_polygon(feet.xy_m, perimeter_m))
    fire = None if observation.fire is None else _fire_within(observation, projection, perimeter_m)
    return replace(observation, detections=kept, crowd=crowd, heads=None, fire=fire)


def _fire_within(
    observation: Observation, projection: GroundProjection, perimeter_m: Points
) -> FireMap | None:
    fire = observation.fire
    if fire is None:
        return None
    kept = kept_pixels(projection, perimeter_m, fire.flame.shape, observation.source_size_px)
    return replace(fire, flame=fire.flame * kept, smoke=fire.smoke * kept)


def build_scene(
    observation: Observation,
    tracks: Tracks,
    projection: GroundProjection | None,
    no_ground: str | None = None,
) -> Scene:
    """Returns the scene of one frame; without projection nothing in it is in metres."""
    if projection is None:
        return Scene(observation, tracks, None, None, None, no_ground)
    feet = feet_to_ground(tracks.boxes_px, observation.source_size_px, projection)
    crowd = crowd_to_ground(observation, projection)
    return Scene(observation, tracks, feet, crowd, projection)
