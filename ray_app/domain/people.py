"""How many people, and where: one rule that joins tracked boxes with the crowd map.

Boxes are right where people stand apart and miss more and more of them where they overlap; a
crowd map is right within a share of the count in crowds and wavers by a person or two in empty
views. Each source is weighted by the inverse of its error variance at the count of people in
the view, so the answer moves smoothly from boxes to map as the view fills.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import Points, inside_polygon
from ray_app.domain.observation import CrowdMap, Label
from ray_app.domain.scene import GroundCrowd, GroundPoints, Scene

# Variance per person of a box detector: recall .92 on PETS 2009 S2.L1 (sparse), and the growth
# and ceiling of its relative error towards crowds (recall .5-.7 in drawn gate jams).
BOX_MISSED_SHARE = 0.1
BOX_ERROR_PER_PERSON = 1 / 60
BOX_ERROR_MOST = 0.5
# How many of the people in a view boxes miss, a share that grows with their number: about one in
# twenty of six (PETS 2009 S2.L1), half of sixty (drawn gate jams).
BOX_MISSED_PER_PERSON = 1 / 120
BOX_MISSED_MOST = 0.5
# Crowd maps: with these two, the interval of 1.645 sigma holds the truth in 90 % of held-out
# pictures and more (ShanghaiTech A .95, B .96).
MAP_ERROR_SHARE = 0.22
MAP_ERROR_FLOOR = 1.5


@dataclass(frozen=True, slots=True)
class PicturePeople:
    """People in the picture, as points that each stand for a number of people.

    Attributes:
        points_px: x, y in source pixels, float64, shape (n, 2): feet of boxes, heads of the map.
        people: Expected people per point, float64, shape (n,).
    """

    points_px: NDArray[np.float64]
    people: NDArray[np.float64]


def box_count_variance(count: float) -> float:
    """Returns the variance of a count of tracked boxes near `count`, people squared."""
    share = min(BOX_MISSED_SHARE + count * BOX_ERROR_PER_PERSON, BOX_ERROR_MOST)
    return BOX_MISSED_SHARE * (count + 1.0) + (share * count) ** 2


def map_count_variance(count: float) -> float:
    """Returns the variance of a crowd map's count near `count`, people squared."""
    return MAP_ERROR_FLOOR**2 + (MAP_ERROR_SHARE * count) ** 2


def map_share(crowd: CrowdMap | None) -> float:
    """Returns the weight of the crowd map, 0 to 1; boxes have the rest. 0 without a map."""
    if crowd is None:
        return 0.0
    boxes, mapped = box_count_variance(crowd.count), map_count_variance(crowd.count)
    return boxes / (boxes + mapped)


def box_weight(crowd: CrowdMap | None) -> float:
    """Returns for how many people each box stands: its share of the count and those it misses.

    Boxes miss more people the fuller a view is, so that their plain number would draw the joined
    count down; how full it is, the map says. Without a map each box is one person.
    """
    if crowd is None:
        return 1.0
    missed = min(BOX_MISSED_PER_PERSON * crowd.count, BOX_MISSED_MOST)
    return (1.0 - map_share(crowd)) / (1.0 - missed)


def count_variance(count: float, share: float) -> float:
    """Returns the variance of a joined count when the map has the weight `share`."""
    boxes, mapped = box_count_variance(count), map_count_variance(count)
    return (1 - share) ** 2 * boxes + share**2 * mapped


def is_person(scene: Scene) -> NDArray[np.bool_]:
    """Returns which tracks are people, bool, shape (n,)."""
    return np.asarray(scene.tracks.labels == Label.PERSON)


def feet_px(boxes_px: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the middle of the lower edge of boxes, shape (n, 2)."""
    boxes = boxes_px.astype(np.float64)
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)


def cell_centres_px(crowd: CrowdMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns centres, shape (n, 2), and heads, shape (n,), of the cells that hold any."""
    rows, columns = np.nonzero(crowd.heads > 0)
    centres = (np.stack([columns, rows], axis=1) + 0.5) * crowd.cell_px
    return np.asarray(centres, np.float64), crowd.heads[rows, columns].astype(np.float64)


def people_in_picture(scene: Scene) -> PicturePeople:
    """Returns everybody in the picture, boxes and map joined."""
    crowd = scene.observation.crowd
    share = map_share(crowd)
    points = feet_px(scene.tracks.boxes_px[is_person(scene)])
    people = np.full(len(points), box_weight(crowd))
    if crowd is not None:
        centres, heads = cell_centres_px(crowd)
        points = np.concatenate([points, centres])
        people = np.concatenate([people, share * heads])
    return PicturePeople(points, people)


def people_on_ground(scene: Scene) -> GroundCrowd | None:
    """Returns everybody on the ground, boxes and map joined; None without calibration."""
    if scene.feet is None:
        return None
    mapped = None if scene.crowd is None else scene.observation.crowd
    share = map_share(mapped)
    standing = is_person(scene)
    xy_m, sigma_m = scene.feet.xy_m[standing], scene.feet.sigma_m[standing]
    people = np.full(len(sigma_m), box_weight(mapped))
    if scene.crowd is not None:
        xy_m = np.concatenate([xy_m, scene.crowd.places.xy_m])
        sigma_m = np.concatenate([sigma_m, scene.crowd.places.sigma_m])
        people = np.concatenate([people, share * scene.crowd.people])
    return GroundCrowd(GroundPoints(xy_m, sigma_m), people)


def count_inside(crowd: GroundCrowd, polygon_m: Points) -> tuple[float, float]:
    """Counts the people on a piece of ground.

    Calibration errors move neighbours together, so the variance is read from sigma points: all
    people shifted by one sigma each way along x and y, or stretched by it from the middle of the
    polygon (a wrong scale), whichever changes the count more.

    Returns:
        People inside, and the variance calibration adds to that number.
    """
    corners = np.asarray(polygon_m, np.float64)
    xy, sigma = crowd.places.xy_m, np.nan_to_num(crowd.places.sigma_m)
    reach = sigma[:, None]
    near = np.all((xy >= corners.min(0) - reach) & (xy <= corners.max(0) + reach), axis=1)
    xy, reach, people = xy[near], reach[near], crowd.people[near]
    count = float(people[inside_polygon(xy, polygon_m)].sum())
    outwards = xy - corners.mean(axis=0)
    outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    spread = []
    for way in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), outwards):
        moved = (inside_polygon(xy + side * reach * way, polygon_m) for side in (-1, 1))
        spread.append(sum((float(people[inside].sum()) - count) ** 2 for inside in moved) / 2)
    return count, max(spread[0] + spread[1], spread[2])
