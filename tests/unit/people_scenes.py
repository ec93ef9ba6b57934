"""Scenes of people standing at given places, for tests of situations and of the analyzer."""

import numpy as np

from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import CrowdMap, Detections, Label, Observation, Tracks
from ray_app.domain.scene import GroundCrowd, GroundPoints, Scene

PX_PER_M = 50.0
SIZE_PX = (1000, 1000)


class PlanView:
    """A camera straight above: 50 px a metre, y down, metre (0, 0) at the lower left corner."""

    def __init__(self, sigma_m=0.0):
        self.sigma_m = sigma_m

    def feet_to_ground(self, points_px):
        xy = np.stack([points_px[:, 0], SIZE_PX[1] - points_px[:, 1]], axis=1) / PX_PER_M
        return GroundPoints(xy, np.full(len(xy), self.sigma_m))

    heads_to_ground = feet_to_ground

    def sight_at(self, points_px, height_m):
        return self.feet_to_ground(points_px).xy_m  # lines of sight are plumb

    def ground_to_px(self, points_m):
        x, y = (np.asarray(points_m, np.float64) * PX_PER_M).T
        return np.stack([x, SIZE_PX[1] - y], axis=1)


def boxes_at(places_m):
    """Boxes of 0.4 x 1 m (20 x 50 px) whose feet are at places_m."""
    feet = PlanView().ground_to_px(np.asarray(places_m, np.float64).reshape(-1, 2))
    corners = np.concatenate([feet - np.array([10, 50]), feet + np.array([10, 0])], axis=1)
    return corners.astype(np.float32)


def observation_at(places_m, index=0, rate_hz=5.0, stretch=0, label=Label.PERSON, time_s=None):
    """What a perfect detector sees of people at places_m."""
    corners = boxes_at(places_m)
    n = len(corners)
    found = Detections(corners, np.full(n, 0.9, np.float32), np.full(n, label, np.int16))
    key = FrameKey("cam", index, stretch, index / rate_hz if time_s is None else time_s)
    return Observation(key, SIZE_PX, found)


def scene_at(places_m, index=0, rate_hz=5.0, ids=None, sigma_m=0.0, label=Label.PERSON, age_s=9.0):
    """A tracked scene of people at places_m; row i has number i unless ids says other."""
    observation = observation_at(places_m, index, rate_hz, label=label)
    n = len(observation.detections)
    numbers = np.arange(n) if ids is None else np.asarray(ids)
    tracks = Tracks(
        numbers.astype(np.int64),
        observation.detections.boxes_px,
        observation.detections.labels,
        np.full(n, age_s, np.float32),
    )
    xy = np.asarray(places_m, np.float64).reshape(-1, 2)
    feet = GroundPoints(xy, np.full(n, sigma_m))
    return Scene(observation, tracks, feet, None, PlanView(sigma_m))


def uncalibrated(scene):
    return Scene(scene.observation, scene.tracks, None, None)


def with_crowd_map(scene, heads, cell_m=1.0):
    """The scene with a crowd map, rows from the top of the picture, heads per cell."""
    heads = np.asarray(heads, np.float32)
    crowd = CrowdMap(heads, cell_m * PX_PER_M)
    seen = scene.observation
    rows, columns = np.nonzero(heads)
    px = (np.stack([columns, rows], axis=1) + 0.5) * crowd.cell_px
    places = PlanView().feet_to_ground(px)
    observation = Observation(seen.key, seen.source_size_px, seen.detections, crowd)
    on_ground = GroundCrowd(places, heads[rows, columns].astype(np.float64))
    return Scene(observation, scene.tracks, scene.feet, on_ground, scene.projection)


def levels(readings):
    return [reading.level for reading in readings]
