"""Bags people leave behind, as meshes standing at the origin."""

from ray_app.video.synthetic.mesh import Mesh, box, join, loft
from ray_app.video.synthetic.people_mesh import Part


def suitcase_mesh() -> Mesh:
    """Returns a ribbed cabin case of .66 m with its handle drawn out and four wheels."""
    meshes = [
        box((-0.12, -0.21, 0.06), (0.12, 0.21, 0.66), Part.CASE),
        box((-0.128, -0.17, 0.10), (0.128, 0.17, 0.62), Part.CASE),
        box((-0.02, -0.152, 0.985), (0.02, 0.152, 1.015), Part.DARK),
    ]
    rods = [box((-0.02, y - 0.012, 0.66), (0.02, y + 0.012, 1.0), Part.DARK) for y in (-0.14, 0.14)]
    wheels = [
        box((x - 0.02, y - 0.02, 0), (x + 0.02, y + 0.02, 0.07), Part.DARK)
        for x in (-0.09, 0.09)
        for y in (-0.17, 0.17)
    ]
    return join(meshes + rods + wheels)


def rucksack_mesh() -> Mesh:
    """Returns a soft rucksack of .5 m with a front pocket."""
    body = loft(
        [
            (0, 0, 0.0, 0.04, 0.08),
            (0, 0, 0.02, 0.13, 0.17),
            (0, 0, 0.15, 0.15, 0.185),
            (0, 0, 0.32, 0.13, 0.17),
            (-0.01, 0, 0.43, 0.09, 0.13),
            (-0.02, 0, 0.48, 0.03, 0.06),
        ],
        16,
        Part.SOFT_BAG,
    )
    pocket = loft(
        [
            (0.12, 0, 0.04, 0.02, 0.06),
            (0.14, 0, 0.06, 0.06, 0.12),
            (0.14, 0, 0.17, 0.06, 0.125),
            (0.12, 0, 0.24, 0.02, 0.08),
        ],
        12,
        Part.SOFT_BAG,
    )
    return join([body, pocket])
