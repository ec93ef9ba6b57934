"""The place both scenarios share: a gate, a corridor beside it and a square behind.

Metres, +x east, +y north. People arrive in the west, pass the gate at (0, 0) or the corridor
in the south, cross the square and leave in the east.
"""

from ray_app.domain.geometry import Points
from ray_app.domain.place import GroundZone, Line
from ray_app.video.synthetic.scenario import CameraPlan, Watch, Waypoint
from ray_app.video.synthetic.scene import Block, Scenery, Surface, bench

SITE = "place-du-marche"
GATE_WIDTH_M = 2.4
AREA_M: Points = ((-28, -17), (28, -17), (28, 13), (-28, 13))
QUEUE = GroundZone("gate_queue", ((-5.5, -2.5), (-0.3, -2.5), (-0.3, 2.5), (-5.5, 2.5)))
CORRIDOR = GroundZone("corridor", ((-6, -15.8), (6, -15.8), (6, -11.2), (-6, -11.2)))
CLOSED_AREA = GroundZone("closed_area", ((8, 3.5), (14, 3.5), (14, 8), (8, 8)))
SQUARE = GroundZone("square", ((5, -1), (8, -2), (16, -2), (17, 0), (17, 3), (5, 3)))
GATE_LINE = Line("gate", (0.0, GATE_WIDTH_M / 2), (0.0, -GATE_WIDTH_M / 2))
ZONES = (QUEUE, CORRIDOR, CLOSED_AREA, SQUARE)
WALLS: tuple[Block, ...] = (
    Block((-0.15, GATE_WIDTH_M / 2, 0), (0.15, 13, 1.1), Surface.BRICK),
    Block((-0.15, -10.9, 0), (0.15, -GATE_WIDTH_M / 2, 1.1), Surface.BRICK),
    Block((-14, -11.1, 0), (14, -10.9, 0.6), Surface.CONCRETE),
    Block((-14, -16.2, 0), (14, -16.0, 0.4), Surface.CONCRETE),
    Block((8, 8, 0), (14, 8.06, 1.0), Surface.FENCE),
    Block((13.94, 3.5, 0), (14, 8, 1.0), Surface.FENCE),
    Block((8, 3.5, 0), (8.06, 8, 1.0), Surface.FENCE),
    Block((9.8, 3.5, 0), (14, 3.56, 0.35), Surface.FENCE),
)


def scenery() -> Scenery:
    """Returns the place."""
    buildings = (
        Block((-40, 15, 0), (40, 27, 12), Surface.FACADE),
        Block((19, 7, 0), (23, 11, 2.6), Surface.CANVAS),
        Block((-20, 13.5, 0), (-14, 13.7, 2.2), Surface.BANNER),
    )
    return Scenery(
        blocks=WALLS + buildings + bench(3, 10) + bench(-9, 11) + bench(16, 11.5),
        lamps_m=((-9, -9.5), (3.5, -9.8), (-3, 9), (19, 2.5), (8, 10), (8.5, -18)),
        trees_m=((-12, 10.5), (5, 12), (-20, 9), (21, -8)),
        lawn_m=(-60, -60, 60, -17.5),
        reach_m=27.0,
    )


def obstacles() -> tuple[Points, ...]:
    """Returns the footprints of the walls, as people walk around them."""
    footprints = []
    for block in WALLS:
        (x1, y1, _), (x2, y2, _) = block.low, block.high
        footprints.append(((x1, y1), (x2, y1), (x2, y2), (x1, y2)))
    return tuple(footprints)


def gate_camera(watches: tuple[Watch, ...]) -> CameraPlan:
    """A mast of 7 m north of the gate that looks down on the queue before it."""
    place = Waypoint(0, (-4.2, 8.9, 7.2), (-2.5, -0.2, 0.4))
    return CameraPlan("gate", (place,), 62.0, watches)


def corridor_camera(
    watches: tuple[Watch, ...], freezes_s: tuple[float, float] | None = None
) -> CameraPlan:
    """A mast of 7.2 m south of the corridor."""
    place = Waypoint(0, (0.0, -22.0, 7.2), (0.0, -13.8, 0.4))
    return CameraPlan("corridor", (place,), 68.0, watches, freezes_s)


def square_camera(watches: tuple[Watch, ...]) -> CameraPlan:
    """A mast of 7 m south of the square that sees the closed area and the stalls."""
    place = Waypoint(0, (8.5, -8.6, 7.0), (11.0, 3.2, 0.6))
    return CameraPlan("square", (place,), 66.0, watches)


def drone(watches: tuple[Watch, ...], seconds: float) -> CameraPlan:
    """A drone that drifts around the gate, 14 to 15 m up."""
    path = (
        Waypoint(0, (-9.5, -8.0, 15.0), (-2.9, -0.3, 0.0)),
        Waypoint(seconds / 2, (-4.0, -10.5, 14.0), (-2.7, -0.2, 0.0)),
        Waypoint(seconds, (3.0, -9.0, 15.0), (-2.9, 0.2, 0.0)),
    )
    return CameraPlan("drone", path, 50.0, watches, tiles=2)
