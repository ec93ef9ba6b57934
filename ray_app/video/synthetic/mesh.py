"""Triangle meshes made of lofted rings and boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Ring = tuple[float, float, float, float, float]
"""An ellipse perpendicular to z: centre x, y, z and radii along x and y, metres."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles with a normal, a limb and a part at each corner; counter-clockwise from outside.

    Attributes:
        vertices: x, y, z, normal x, y, z, limb, part; float32, shape (n, 8); metres, z up.
        faces: Rows of vertices, int32, shape (m, 3).
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]

    @property
    def points_m(self) -> FloatArray:
        """Places of the vertices, shape (n, 3)."""
        return self.vertices[:, :3].astype(np.float64)

    @property
    def limbs(self) -> NDArray[np.int64]:
        """Limb number of each vertex, shape (n,)."""
        return self.vertices[:, 6].astype(np.int64)

    @property
    def parts(self) -> NDArray[np.int64]:
        """Part number of each vertex, shape (n,)."""
        return self.vertices[:, 7].astype(np.int64)


def join(meshes: list[Mesh]) -> Mesh:
    """Returns one mesh holding all of meshes."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([m.faces + k for m, k in zip(meshes, starts, strict=True)]).astype(np.int32),
    )


def loft(rings: list[Ring], sides: int, part: int, limb: int = 0) -> Mesh:
    """Returns the skin stretched over rings, each drawn with `sides` corners."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    points = np.concatenate([_ring_points(ring, turn) for ring in rings])
    faces = _loft_faces(len(rings), sides)
    normals = _smooth_normals(points, faces)
    centres = np.repeat(np.array([ring[:3] for ring in rings]), sides, axis=0)
    if ((points - centres) * normals).sum() < 0:
        normals, faces = -normals, np.ascontiguousarray(faces[:, ::-1])
    return Mesh(_with_tags(points, normals, limb, part), faces)


def ball(
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    sides: int,
    part: int,
    limb: int = 0,
) -> Mesh:
    """Returns an ellipsoid of about `sides` corners around."""
    (x, y, z), (rx, ry, rz) = centre, radii
    tilts = np.linspace(-np.pi / 2 + 0.05, np.pi / 2 - 0.05, max(4, round(sides * 0.7)))
    rings = [(x, y, z + rz * np.sin(t), rx * np.cos(t), ry * np.cos(t)) for t in tilts]
    return loft(rings, sides, part, limb)


def box(low: tuple[float, float, float], high: tuple[float, float, float], part: int) -> Mesh:
    """Returns an upright box between two opposite corners."""
    corners, faces = [], []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        for side in (0, 1):
            normal = np.zeros(3)
            normal[axis] = 2 * side - 1
            for first, second in ((0, 0), (1, 0), (1, 1), (0, 1)):
                point = np.zeros(3)
                point[axis] = (low, high)[side][axis]
                point[others[0]] = (low, high)[first][others[0]]
                point[others[1]] = (low, high)[second][others[1]]
                corners.append([*point, *normal, 0, part])
            k = len(corners) - 4
            outward = side == (1 if axis != 1 else 0)
            order = (0, 1, 2, 3) if outward else (0, 3, 2, 1)
            faces += [(k, k + order[1], k + order[2]), (k, k + order[2], k + order[3])]
    return Mesh(np.array(corners, np.float32), np.array(faces, np.int32))


def ground(half_side_m: float, part: int, cells: int = 1) -> Mesh:
    """Returns a flat square around the origin, cut into cells x cells."""
    edge = np.linspace(-half_side_m, half_side_m, cells + 1)
    x, y = (grid.ravel() for grid in np.meshgrid(edge, edge))
    points = np.stack([x, y, np.zeros_like(x)], axis=1)
    up = np.tile([0.0, 0.0, 1.0], (len(x), 1))
    rows = cells + 1
    faces = []
    for k in (r * rows + c for r in range(cells) for c in range(cells)):
        faces += [(k, k + 1, k + rows + 1), (k, k + rows + 1, k + rows)]
    return Mesh(_with_tags(points, up, 0, part), np.array(faces, np.int32))


def _ring_points(ring: Ring, turn: FloatArray) -> FloatArray:
    x, y, z, rx, ry = ring
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn), np.full_like(turn, z)], axis=1)


def _loft_faces(rings: int, sides: int) -> NDArray[np.int32]:
    faces = []
    for ring in range(rings - 1):
        for side in range(sides):
            here, beside = ring * sides + side, ring * sides + (side + 1) % sides
            faces += [(here, beside, beside + sides), (here, beside + sides, here + sides)]
    return np.array(faces, np.int32)


def _smooth_normals(points: FloatArray, faces: NDArray[np.int32]) -> FloatArray:
    first, second, third = (points[faces[:, k]] for k in range(3))
    face_normals = np.cross(second - first, third - first)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, faces[:, k], face_normals)
    return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9))


def _with_tags(
    points: FloatArray, normals: FloatArray, limb: int, part: int
) -> NDArray[np.float32]:
    tags = np.tile([float(limb), float(part)], (len(points), 1))
    return np.concatenate([points, normals, tags], axis=1).astype(np.float32)
