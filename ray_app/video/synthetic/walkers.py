"""People who walk through a place, by the pedestrian simulator JuPedSim.

The model is the collision-free speed model (Tordeux, Chraibi & Seyfried 2016) in the version
JuPedSim calls V2.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import jupedsim
import numpy as np
import shapely
from numpy.typing import NDArray

from ray_app.domain.geometry import Points

FloatArray = NDArray[np.float64]
STEP_S = 0.02
BODY_RADIUS_M = 0.2
WAYPOINT_RADIUS_M, HALT_RADIUS_M = 0.6, 0.9
STANDING_M_S = 0.001
HURRIED_GAP_S = 0.25
"""Who runs from something follows closely; walkers keep 1 s, by JuPedSim's default."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A pause on the way.

    Attributes:
        stop: Which of the group's stops, from 0.
        seconds: How long.
    """

    stop: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Collapse:
    """Somebody stops where they are, falls, and stays down.

    Attributes:
        at_s: When.
    """

    at_s: float


@dataclass(frozen=True, slots=True)
class Hurry:
    """The moment from which whoever is in a place, or comes there, goes faster.

    Attributes:
        from_s: When.
        speed_m_s: The new speed.
        place_m: Where: x1, y1, x2, y2.
    """

    from_s: float
    speed_m_s: float
    place_m: tuple[float, float, float, float]

    def moves(self, xy_m: tuple[float, float], time_s: float) -> bool:
        """Returns whether somebody there hurries now."""
        x1, y1, x2, y2 = self.place_m
        return time_s >= self.from_s and x1 <= xy_m[0] <= x2 and y1 <= xy_m[1] <= y2


@dataclass(frozen=True, slots=True)
class Group:
    """People with one way to go.

    Attributes:
        name: Tells who they are in the truth.
        count: How many.
        first_s: When the first appears; 0 or less places all of them at the start.
        spacing_s: Mean time between two arrivals; 0 lets all appear at once.
        spawn_m: Where they appear: x1, y1, x2, y2.
        stops_m: Points they pass on the way.
        exit_m: Where they leave: x1, y1, x2, y2.
        speed_m_s: Mean of their free walking speed (Weidmann 1993 finds 1.34).
        speed_spread_m_s: Standard deviation of that.
        halt: A pause at one of the stops.
        hurry: When they begin to run, if they do.
        collapse: When they fall, if they do.
    """

    name: str
    count: int
    first_s: float
    spacing_s: float
    spawn_m: tuple[float, float, float, float]
    exit_m: tuple[float, float, float, float]
    stops_m: tuple[tuple[float, float], ...] = ()
    speed_m_s: float = 1.3
    speed_spread_m_s: float = 0.18
    halt: Halt | None = None
    hurry: Hurry | None = None
    collapse: Collapse | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """Where one person was.

    Attributes:
        person_id: From 0, in the order of appearance.
        group: Name of the person's group.
        first_frame: Frame of the first place.
        xy_m: Place at every frame from then on, shape (frames, 2).
    """

    person_id: int
    group: str
    first_frame: int
    xy_m: FloatArray


@dataclass(slots=True)
class _Agent:
    """A person while the simulation runs."""

    group: Group
    speed_m_s: float
    first_frame: int
    places: list[tuple[float, float]] = field(default_factory=list)
    halts_from_s: float | None = None
    halted: bool = False


def simulate(
    area_m: Points,
    obstacles_m: tuple[Points, ...],
    groups: tuple[Group, ...],
    seconds: float,
    rate_hz: float,
    seed: int,
) -> tuple[Track, ...]:
    """Returns everybody's way, sampled at rate_hz; the same seed gives the same ways."""
    rng = np.random.default_rng(seed)
    walkable = shapely.Polygon(area_m)
    for obstacle in obstacles_m:
        walkable = walkable.difference(shapely.Polygon(obstacle))
    world = _World(walkable, groups)
    queue = _arrivals(groups, rng)
    steps_per_frame = round(1 / rate_hz / STEP_S)
    frames = round(seconds * rate_hz)
    for frame in range(frames):
        queue = world.admit(queue, frame, frame / rate_hz, rng)
        world.record(frame / rate_hz)
        world.advance(steps_per_frame)
    return world.tracks()


class _World:
    """JuPedSim with our groups in it."""

    def __init__(self, walkable: shapely.Polygon, groups: tuple[Group, ...]) -> None:
        self._simulation = jupedsim.Simulation(
            model=jupedsim.CollisionFreeSpeedModelV2(),
            geometry=walkable,
            dt=STEP_S,
            trajectory_writer=None,
        )
        self._journeys = {group.name: self._journey(group) for group in groups}
        self._agents: dict[int, _Agent] = {}

    def admit(
        self,
        queue: list[tuple[float, Group]],
        frame: int,
        time_s: float,
        rng: np.random.Generator,
    ) -> list[tuple[float, Group]]:
        """Lets in whoever is due and finds room; returns those who wait."""
        waiting = []
        for due_s, group in queue:
            if due_s > time_s or not self._enter(group, frame, rng):
                waiting.append((due_s, group))
        return waiting

    def record(self, time_s: float) -> None:
        """Notes where everybody is, and lets people halt and go on."""
        for body in self._simulation.agents():
            agent = self._agents[body.id]
            agent.places.append((body.position[0], body.position[1]))
            if agent.group.halt is not None:
                self._halt(body, agent, agent.group.halt, time_s)
            hurry = agent.group.hurry
            if hurry is not None and hurry.moves(agent.places[-1], time_s):
                body.model.desired_speed = hurry.speed_m_s
                body.model.time_gap = HURRIED_GAP_S
            collapse = agent.group.collapse
            if collapse is not None and time_s >= collapse.at_s:
                body.model.desired_speed = STANDING_M_S

    def advance(self, steps: int) -> None:
        """Moves the crowd on by steps of STEP_S."""
        self._simulation.iterate(steps)

    def tracks(self) -> tuple[Track, ...]:
        """Returns what was recorded of those seen for at least two frames."""
        seen = [agent for agent in self._agents.values() if len(agent.places) > 1]
        return tuple(
            Track(number, agent.group.name, agent.first_frame, np.array(agent.places))
            for number, agent in enumerate(seen)
        )

    def _journey(self, group: Group) -> tuple[int, int]:
        stages = [
            self._simulation.add_waypoint_stage(stop, WAYPOINT_RADIUS_M) for stop in group.stops_m
        ]
        stages.append(self._simulation.add_exit_stage(_corners(group.exit_m)))
        journey = jupedsim.JourneyDescription(stages)
        for here, after in pairwise(stages):
            way = jupedsim.Transition.create_fixed_transition(after)
            journey.set_transition_for_stage(here, way)
        return self._simulation.add_journey(journey), stages[0]

    def _enter(self, group: Group, frame: int, rng: np.random.Generator) -> bool:
        journey, stage = self._journeys[group.name]
        spread = rng.normal(group.speed_m_s, group.speed_spread_m_s)
        speed = float(np.clip(spread, 0.5 * group.speed_m_s, 2.2))
        x1, y1, x2, y2 = group.spawn_m
        for _ in range(20):
            place = float(rng.uniform(x1, x2)), float(rng.uniform(y1, y2))
            if any(True for _ in self._simulation.agents_in_range(place, 2.5 * BODY_RADIUS_M)):
                continue
            number = self._simulation.add_agent(
                jupedsim.CollisionFreeSpeedModelV2AgentParameters(
                    position=place,
                    desired_speed=speed,
                    radius=BODY_RADIUS_M,
                    journey_id=journey,
                    stage_id=stage,
                )
            )
            self._agents[number] = _Agent(group, speed, frame)
            return True
        return False

    def _halt(self, body: "jupedsim.Agent", agent: _Agent, halt: Halt, time_s: float) -> None:
        stop = agent.group.stops_m[halt.stop]
        if agent.halts_from_s is None:
            gap = np.hypot(body.position[0] - stop[0], body.position[1] - stop[1])
            if gap < HALT_RADIUS_M:
                agent.halts_from_s = time_s
                body.model.desired_speed = STANDING_M_S
        elif not agent.halted and time_s >= agent.halts_from_s + halt.seconds:
            agent.halted = True
            body.model.desired_speed = agent.speed_m_s


def _arrivals(groups: tuple[Group, ...], rng: np.random.Generator) -> list[tuple[float, Group]]:
    """When each person of each group is due, earliest first."""
    due = []
    for group in groups:
        gaps = rng.exponential(group.spacing_s, group.count) if group.spacing_s else 0.0
        times = group.first_s + np.cumsum(np.full(group.count, 0.0) + gaps)
        due += [(float(time), group) for time in times]
    return sorted(due, key=lambda pair: pair[0])


def _corners(box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    x1, y1, x2, y2 = box
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
