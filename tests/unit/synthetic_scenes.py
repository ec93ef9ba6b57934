"""Small scenes for the tests of rendered footage."""

import pytest

from ray_app.domain.errors import VigieError
from ray_app.domain.geometry import Points
from ray_app.domain.place import GroundZone
from ray_app.video.synthetic.gl import open_context
from ray_app.video.synthetic.scenario import CameraPlan, Scenario, Waypoint
from ray_app.video.synthetic.scene import Scenery
from ray_app.video.synthetic.walkers import Group

SIZE_PX = (64, 36)
FIELD: Points = ((-10, -10), (10, -10), (10, 10), (-10, 10))


def can_draw() -> bool:
    try:
        open_context().release()
    except VigieError:
        return False
    return True


needs_opengl = pytest.mark.skipif(not can_draw(), reason="no EGL on this machine")


def small_scenario(*groups: Group, seconds: float = 3.0) -> Scenario:
    camera = CameraPlan("mast", (Waypoint(0, (0, -9, 5), (0, 0, 0.8)),), 60.0)
    return Scenario(
        name="small",
        site="field",
        seconds=seconds,
        scenery=Scenery(),
        area_m=FIELD,
        obstacles_m=(),
        groups=groups,
        cameras=(camera,),
        zones=(GroundZone("middle", ((-2, -2), (2, -2), (2, 2), (-2, 2))),),
    )


def one_walker(speed_m_s: float = 1.0) -> Group:
    return Group("one", 1, -1.0, 0.0, (-4.1, -0.1, -4, 0.1), (8, -2, 9, 2), (), speed_m_s, 0.0)
