"""Where each person is in the picture, and how much of them shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.mesh import Mesh
from ray_app.video.synthetic.people_mesh import Part
from ray_app.video.synthetic.posture import HIDDEN_PARTS, Postures, body_points
from ray_app.video.synthetic.view import NEAR_M, View

FloatArray = NDArray[np.float64]
HEAD_PARTS = (Part.HEAD, Part.HAT)


@dataclass(frozen=True, slots=True)
class SeenPeople:
    """n people as one camera sees them, pixels of the picture.

    Attributes:
        heads_px: Centre of each head, shape (n, 2).
        feet_px: Ground point under the hips, shape (n, 2).
        boxes_px: Whole body, hidden parts too: x1, y1, x2, y2, shape (n, 4).
        visible: Share of the body that shows, shape (n,).
        head_visible: Share of the camera's side of the head that shows, shape (n,).
        before_lens: Whether the whole body is before the lens, shape (n,).
    """

    heads_px: FloatArray
    feet_px: FloatArray
    boxes_px: FloatArray
    visible: FloatArray
    head_visible: FloatArray
    before_lens: NDArray[np.bool_]


def see_people(view: View, mesh: Mesh, people: Postures, owners: NDArray[np.int32]) -> SeenPeople:
    """Returns what shows of whom.

    A vertex shows when its pixel, or one beside it, belongs to its own person. Of the head,
    half the vertices face away from the camera but project inside its outline, so both shares
    count all vertices and are 1 for a person nobody covers.

    Args:
        view: The camera.
        mesh: The mesh the people were drawn with, or a sample of its vertices.
        people: In the order of the rows that were drawn.
        owners: From `Renderer.draw`.
    """
    points = body_points(mesh, people)
    pixels, depth = view.project(points)
    width = owners.shape[1]
    grid = np.nan_to_num(pixels * (width / view.size_px[0])).clip(-9, 1e6).astype(np.int64)
    shows = _own_pixel(grid, owners)
    worn = _worn(mesh, people)
    head = np.isin(mesh.parts, HEAD_PARTS)
    centre, _ = view.project(points[:, mesh.parts == Part.HEAD].mean(axis=1))
    ground = np.concatenate([people.xy_m, np.zeros((len(people), 1))], axis=1)
    return SeenPeople(
        heads_px=centre,
        feet_px=view.project(ground)[0],
        boxes_px=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1),
        visible=_share(shows, worn),
        head_visible=_share(shows, worn & head),
        before_lens=np.asarray((depth > NEAR_M).all(axis=1)),
    )


def _own_pixel(grid: NDArray[np.int64], owners: NDArray[np.int32]) -> NDArray[np.bool_]:
    height, width = owners.shape
    x, y = grid[..., 0], grid[..., 1]
    own = np.arange(1, len(grid) + 1)[:, None]
    hit = np.zeros(x.shape, np.bool_)
    for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        hit |= owners[(y + dy).clip(0, height - 1), (x + dx).clip(0, width - 1)] == own
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return np.asarray(hit & inside)


def _worn(mesh: Mesh, people: Postures) -> NDArray[np.bool_]:
    worn = np.ones((len(people), len(mesh.parts)), np.bool_)
    for flag, part, _ in HIDDEN_PARTS:
        worn[np.ix_((people.wear.flags & flag) == 0, mesh.parts == part)] = False
    return worn


def _share(shows: NDArray[np.bool_], counted: NDArray[np.bool_]) -> FloatArray:
    return np.asarray((shows & counted).sum(axis=1) / np.maximum(1, counted.sum(axis=1)))
