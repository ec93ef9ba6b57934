"""Finds people, bags and vehicles: views of the frame, a network, the best of its boxes."""

import math
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.candidates import Candidates, concatenate, suppress
from models.grid import boxes_around, grid_cells, read_distances, sigmoid
from models.nanodet import BINS, STRIDES_PX, GroupedNanoDetG
from models.settings import EVERYWHERE, NetworkSettings, ObjectFinderSettings
from models.torch_detector import NetworkRunner, as_tensor, round_up
from models.views import Views, cut_views
from models.weights import load_weights
from ray_app.domain.frame import FrameBatch
from ray_app.domain.observation import Detections, Label

PERSON_CLASSES = (0,)
BAG_CLASSES = (24, 26, 28)  # backpack, handbag, suitcase
VEHICLE_CLASSES = (1, 2, 3, 5, 7)  # bicycle, car, motorcycle, bus, truck
_PADDING_PX = 32
_GLANCE_SCORE = 0.15
"""From this score on something seen in the whole view is worth a look at its tile."""


class BoxNetwork(Protocol):
    """A network that proposes boxes; duplicates are sorted out by the caller."""

    def propose(self, pixels: Tensor, min_score: float) -> Candidates:
        """Returns boxes in pixels of the pictures, uint8 RGB, shape (n, height, width, 3)."""
        ...


class ObjectDetector:
    """An `ObjectFinder` around any network that proposes boxes.

    Args:
        network: Proposes boxes.
        settings: Input size, tiles, least score.
    """

    def __init__(self, network: BoxNetwork, settings: ObjectFinderSettings) -> None:
        self._network = network
        self._settings = settings

    def find(self, batch: FrameBatch) -> list[Detections]:
        """Returns the boxes of each frame in source pixels, best first."""
        settings = self._settings
        if len(batch) == 0:
            return []
        views = cut_views(as_tensor(batch.pixels), settings.input_px, settings.tiles)
        found = self._propose(views)
        height, width = batch.pixels.shape[1:3]
        return [
            _finish(found.only(found.pictures == index), (width, height), source_size)
            for index, source_size in enumerate(batch.source_sizes_px)
        ]

    def _propose(self, views: Views) -> Candidates:
        """Returns boxes in frame pixels, seen in all views or in the whole one and where needed."""
        least = self._settings.min_score
        if self._settings.tiles == 1 or self._settings.tiles_where == EVERYWHERE:
            return views.to_frames(self._network.propose(views.pixels, least))
        whole = views.only(views.view_of == 0)
        glanced = whole.to_frames(self._network.propose(whole.pixels, min(least, _GLANCE_SCORE)))
        needed = views.with_small(glanced.only(glanced.labels != Label.VEHICLE))
        parts = [glanced.only(glanced.scores >= least)]
        if needed.any():
            tiles = views.only(needed)
            parts.append(tiles.to_frames(self._network.propose(tiles.pixels, least)))
        return concatenate(parts)


class NanodetNetwork:
    """NanoDet-g on a torch device.

    Args:
        settings: Device, number type, batch size, compilation.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        groups = (PERSON_CLASSES, BAG_CLASSES, VEHICLE_CLASSES)  # in the order of Label
        network = GroupedNanoDetG(load_weights("nanodet_g"), groups)
        network.fuse()
        self._runner = NetworkRunner(network, settings, _PADDING_PX)

    def propose(self, pixels: Tensor, min_score: float) -> Candidates:
        """Returns boxes in pixels of the pictures, uint8 RGB, shape (n, height, width, 3)."""
        logits, bins = self._runner.run(pixels)
        logits = logits.float()
        # the distances of a few hundred cells are read, not of all: the rest cannot pass
        hits = (logits > math.log(min_score / (1 - min_score))).nonzero()
        picture, cell, group = hits.unbind(1)
        distances = read_distances(_to_numpy(bins[picture, cell].float()).reshape(-1, 4, BINS))
        height, width = (round_up(side, _PADDING_PX) for side in pixels.shape[1:3])
        cells = grid_cells(height, width, STRIDES_PX)[cell.cpu().numpy()]
        return Candidates(
            picture.cpu().numpy(),
            boxes_around(cells, distances),
            sigmoid(_to_numpy(logits[picture, cell, group])),
            group.cpu().numpy().astype(np.int16),
        )


def build_nanodet_g(settings: NetworkSettings) -> ObjectDetector:
    """Returns NanoDet-g with the shipped weights.

    Raises:
        WeightsError: The weights are missing or altered.
        ConfigError: The device or number type cannot be used.
    """
    return ObjectDetector(NanodetNetwork(settings), settings.objects)


def _to_numpy(values: Tensor) -> NDArray[np.float32]:
    return np.asarray(values.to("cpu", torch.float32).numpy(), np.float32)


def _finish(
    found: Candidates, frame_size: tuple[int, int], source_size: tuple[int, int]
) -> Detections:
    """Suppresses duplicates and moves boxes to source pixels, clipped to the picture."""
    scale = np.array(source_size * 2, np.float32) / np.array(frame_size * 2, np.float32)
    limit = np.array(source_size * 2, np.float32)
    kept = suppress(found)
    boxes = np.clip(kept.boxes_px * scale, 0, limit).astype(np.float32)
    seen = np.logical_and.reduce(boxes[:, 2:] > boxes[:, :2], axis=1)
    return Detections(boxes, kept.scores, kept.labels).only(seen)
