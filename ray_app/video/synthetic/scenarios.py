"""The scenarios there are, by name."""

from collections.abc import Callable
from dataclasses import replace

from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.errors import VigieError
from ray_app.situations.abandoned_object import AbandonedObjectSettings
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.crowd_movement import CrowdMovementSettings
from ray_app.situations.fire_smoke import FireSmokeSettings
from ray_app.situations.person_down import PersonDownSettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.synthetic import event_ground
from ray_app.video.synthetic.scenario import BagPlan, CameraPlan, FirePlan, Scenario, Watch
from ray_app.video.synthetic.walkers import Collapse, Group, Halt, Hurry

DENSITY = Watch(
    CrowdDensitySettings(zone="gate_queue"),
    HysteresisSettings(open_at=1.5, close_at=1.1, hold_s=1.0, release_s=4.0),
)
BOTTLENECK = Watch(
    BottleneckSettings(line="gate", queue_zone="gate_queue", window_s=10.0, min_people=12),
    # Above where the queue lingers as the surge arrives: its start is then a definite moment.
    HysteresisSettings(open_at=18.0, close_at=12.0, hold_s=1.0, release_s=4.0),
)
COUNTERFLOW = Watch(
    CounterflowSettings(zone="corridor", direction_m=(1.0, 0.0)),
    HysteresisSettings(open_at=3.0, close_at=2.0, hold_s=1.0, release_s=2.0),
)
CLOSED_AREA = Watch(
    RestrictedAreaSettings(zone="closed_area", margin_m=0.3),
    HysteresisSettings(open_at=1.0, close_at=0.5, hold_s=1.0, release_s=2.0),
)
FIRE = Watch(
    FireSmokeSettings(), HysteresisSettings(open_at=0.5, close_at=0.3, hold_s=2.0, release_s=10.0)
)
LEFT = Watch(
    AbandonedObjectSettings(),
    HysteresisSettings(open_at=10.0, close_at=1.0, hold_s=0.0, release_s=30.0),
)
DOWN = Watch(
    PersonDownSettings(),
    HysteresisSettings(open_at=5.0, close_at=1.0, hold_s=0.0, release_s=30.0),
)
RUSH = Watch(
    CrowdMovementSettings(zone="square"),
    HysteresisSettings(open_at=1.0, close_at=0.7, hold_s=0.6, release_s=10.0),
)
FLIGHT = Hurry(32.0, 2.6, (3.0, -9.0, 28.0, 3.4))
"""Everybody on the square runs from the fire; those who leave the gate join them."""
TO_GATE = ((-1.2, 0.0), (1.2, 0.0))
WEST, EAST = (-27.0, -7.0, -14.0, 8.0), (26.0, -8.0, 27.5, 3.0)
CORRIDOR_WEST, CORRIDOR_EAST = (-27.0, -15.3, -10.0, -11.8), (25.0, -15.5, 27.5, -11.5)


def event_gate(seconds: float) -> Scenario:
    """An evening at the gate when everything goes wrong, planned for 45 s."""
    crowd = (
        replace(_strollers("first", 16, -1.0, 0.0, (-18.0, -6.0, -2.0, 7.0)), hurry=FLIGHT),
        replace(_strollers("early", 14, 0.0, 0.9, WEST), hurry=FLIGHT),
        Group("surge", 84, 5.0, 0.09, (-20.0, -8.0, -8.0, 9.0), EAST, TO_GATE, 1.45, hurry=FLIGHT),
        Group("corridor first", 9, -1.0, 0.0, (-13.0, -15.3, 12.0, -11.8), CORRIDOR_EAST),
        Group("corridor", 30, -1.0, 1.4, CORRIDOR_WEST, CORRIDOR_EAST, ((0.0, -13.5),)),
        Group(
            "against",
            9,
            15.0,
            0.25,
            (14.5, -15.3, 19.0, -11.8),
            (-27.5, -15.5, -25, -11.5),
            ((0.0, -13.6),),
            1.5,
            0.1,
        ),
        Group("square", 14, -1.0, 0.0, (3.0, -6.0, 20.0, 2.0), EAST, speed_m_s=0.2, hurry=FLIGHT),
        Group(
            "intruder",
            1,
            11.0,
            0.0,
            (4.0, 0.5, 6.0, 2.0),
            EAST,
            ((8.6, 2.7), (8.9, 4.4), (10.8, 5.6), (8.9, 4.4), (8.9, 2.7)),
            1.3,
            0.0,
            Halt(2, 12.0),
        ),
        Group(
            "faints",
            1,
            -1.0,
            0.0,
            (6.0, -2.6, 6.6, -2.2),
            EAST,
            speed_m_s=0.7,
            speed_spread_m_s=0.0,
            collapse=Collapse(9.0),
        ),
        Group(
            "carrier",
            1,
            2.0,
            0.0,
            (4.0, -2.0, 5.0, -1.0),
            EAST,
            ((4.5, 6.2),),
            1.2,
            0.0,
            Halt(0, 2.5),
        ),
    )
    return _scenario(
        "event_gate",
        seconds,
        crowd,
        (
            event_ground.gate_camera((DENSITY, BOTTLENECK)),
            event_ground.corridor_camera((COUNTERFLOW,), (34.6, 44.0)),
            event_ground.square_camera((CLOSED_AREA, FIRE, LEFT, RUSH, DOWN)),
            event_ground.drone((DENSITY,), seconds),
        ),
        BagPlan("carrier"),
        FirePlan((16.8, 8.6, 0.0), 22.0),
    )


def quiet_afternoon(seconds: float) -> Scenario:
    """The same place on a calm day: people come and go and nothing happens."""
    arrivals = max(4, round(seconds / 1.6))
    crowd = (
        _strollers("first", 10, -1.0, 0.0, (-18.0, -6.0, -2.0, 7.0)),
        Group("corridor first", 6, -1.0, 0.0, (-13.0, -15.3, 12.0, -11.8), CORRIDOR_EAST),
        _strollers("gate", arrivals, 0.0, 1.6, (-27.0, -7.0, -22.0, 8.0)),
        Group(
            "corridor",
            max(4, round(seconds / 2.2)),
            -1.0,
            2.2,
            (-27.0, -15.3, -22.0, -11.8),
            CORRIDOR_EAST,
            ((0.0, -13.5),),
        ),
        Group("square", 8, -1.0, 0.0, (3.0, -6.0, 20.0, 2.0), EAST, speed_m_s=0.9),
        Group(
            "lost",
            max(1, round(seconds / 60)),
            12.0,
            60.0,
            (14.5, -15.3, 19.0, -11.8),
            (-27.5, -15.5, -25, -11.5),
            ((0.0, -13.6),),
            1.3,
        ),
    )
    return _scenario(
        "quiet_afternoon",
        seconds,
        crowd,
        (
            event_ground.gate_camera((DENSITY, BOTTLENECK)),
            event_ground.corridor_camera((COUNTERFLOW,)),
            event_ground.square_camera((CLOSED_AREA, FIRE, LEFT, RUSH, DOWN)),
            event_ground.drone((DENSITY,), seconds),
        ),
        None,
        None,
    )


SCENARIOS: dict[str, Callable[[float], Scenario]] = {
    "event_gate": event_gate,
    "quiet_afternoon": quiet_afternoon,
}
DEFAULT_SECONDS: dict[str, float] = {"event_gate": 45.0, "quiet_afternoon": 60.0}


def build_scenario(name: str, seconds: float | None = None) -> Scenario:
    """Returns the scenario; raises VigieError naming the known ones, or on a bad length."""
    if name not in SCENARIOS:
        raise VigieError(f"unknown scenario '{name}'; known: {', '.join(SCENARIOS)}")
    length = DEFAULT_SECONDS[name] if seconds is None else seconds
    if not 1 <= length <= 3600:
        raise VigieError(f"a scenario lasts 1 to 3600 seconds, not {length:g}")
    return SCENARIOS[name](length)


def _strollers(
    name: str,
    count: int,
    first_s: float,
    spacing_s: float,
    spawn_m: tuple[float, float, float, float],
) -> Group:
    return Group(name, count, first_s, spacing_s, spawn_m, EAST, TO_GATE)


def _scenario(
    name: str,
    seconds: float,
    groups: tuple[Group, ...],
    cameras: tuple[CameraPlan, ...],
    bag: BagPlan | None,
    fire: FirePlan | None,
) -> Scenario:
    return Scenario(
        name=name,
        site=event_ground.SITE,
        seconds=seconds,
        scenery=event_ground.scenery(),
        area_m=event_ground.AREA_M,
        obstacles_m=event_ground.obstacles(),
        groups=groups,
        cameras=cameras,
        zones=event_ground.ZONES,
        lines=(event_ground.GATE_LINE,),
        bag=bag,
        fire=fire,
    )
