"""What an event file may say: programme, crowd, cameras, doubts, service, machines."""

from ray_app.domain.ranges import KeyFault, above, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.simulator.machines import MachinesSettings
from ray_app.simulator.service import ServiceSettings

ARRIVING, INSIDE, LEAVING = "arriving", "inside", "leaving"


def _word(key: str, name: str) -> KeyFault | None:
    if name.replace("_", "a").isalnum() and len(name) <= 40:
        return None
    return key, f"{name!r} may hold only letters, digits and _, at most 40"


def _pair(key: str, pair: tuple[float, float], low: float, high: float) -> KeyFault | None:
    if low <= pair[0] <= pair[1] <= high:
        return None
    return key, f"{list(pair)} is no range; give [least, most] between {low:g} and {high:g}"


@settings
class Moment:
    """One moment of the programme.

    Attributes:
        name: As `kick_off`; letters, digits and _.
        at_min: When it is planned, minutes on the event's clock.
        delay_sd_min: Standard deviation of its delay against the moment before it, minutes;
            every later moment moves along.
        told: Whether its real time is told to the policy when it comes (a button, a feed).
    """

    name: str
    at_min: float
    delay_sd_min: float = 0.0
    told: bool = True

    def __post_init__(self) -> None:
        refuse_faults(_word("name", self.name), between("delay_sd_min", self.delay_sd_min, 0, 240))


@settings
class Wave:
    """Part of the crowd that arrives around the same time.

    Attributes:
        share: Of all who come, 0 to 1.
        before_min: Mean arrival before the moment, minutes.
        spread_min: Standard deviation of arrivals, minutes.
    """

    share: float
    before_min: float
    spread_min: float

    def __post_init__(self) -> None:
        refuse_faults(
            above("share", self.share, 0, 1), above("spread_min", self.spread_min, 0, 600)
        )


@settings
class Arrivals:
    """How the crowd comes.

    Attributes:
        moment: Moment the arrivals aim at.
        waves: Parts of the crowd; shares add up to 1.
        full_flow_per_min: Share of the crowd per minute at which gates look full.
    """

    moment: str
    waves: tuple[Wave, ...]
    full_flow_per_min: float = 0.033

    def __post_init__(self) -> None:
        total = sum(wave.share for wave in self.waves)
        wrong = ("waves", f"shares add up to {total:g}; give shares that add up to 1")
        refuse_faults(
            None if abs(total - 1) < 1e-6 else wrong,
            above("full_flow_per_min", self.full_flow_per_min, 0, 10),
        )


@settings
class Departures:
    """How the crowd goes: some early, the others by a gamma law of shape 2.

    Attributes:
        moment: Moment at which people leave.
        scale_min: Scale of the gamma law, minutes; half are out after 1.7 scales.
        early_share: Share that leaves before.
        early_before_min: Mean of theirs before the moment, minutes.
        early_spread_min: Spread of theirs, minutes.
        full_flow_per_min: Share of the crowd per minute at which exits look full.
    """

    moment: str
    scale_min: float
    early_share: float = 0.0
    early_before_min: float = 8.0
    early_spread_min: float = 4.0
    full_flow_per_min: float = 0.08

    def __post_init__(self) -> None:
        refuse_faults(
            above("scale_min", self.scale_min, 0, 600),
            between("early_share", self.early_share, 0, 1),
            above("early_spread_min", self.early_spread_min, 0, 600),
            above("full_flow_per_min", self.full_flow_per_min, 0, 10),
        )


@settings
class Gathering:
    """A bump: people gather somewhere and go back (half-time, a passing race, a headliner).

    Attributes:
        name: As `break`; zones follow it by this name.
        moment: Moment it goes with.
        after_min: Its middle after the moment, minutes.
        spread_min: Its standard deviation, minutes.
        share: Of the crowd at its middle, 0 to 1.
        from_inside: Whether the people come from inside, and are missing there meanwhile.
    """

    name: str
    moment: str
    after_min: float
    spread_min: float
    share: float
    from_inside: bool = False

    def __post_init__(self) -> None:
        refuse_faults(
            _word("name", self.name),
            above("spread_min", self.spread_min, 0, 600),
            between("share", self.share, 0, 1),
        )


@settings
class Follow:
    """How much of a crowd movement is seen in a zone.

    Attributes:
        crowd: arriving, inside, leaving, or the name of a gathering.
        weight: Occupancy of the zone (1 is full) per unit of it.
    """

    crowd: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        refuse_faults(between("weight", self.weight, 0, 10))


@settings
class ZoneCameras:
    """Cameras or drones that see the same crowd.

    Attributes:
        name: Of the zone.
        cameras: How many.
        follows: What moves its crowd.
        fps: Frames per second analysed when empty and when full.
        tiles: Network inputs per frame when empty and when full.
        full_fps_at: Occupancy from which the full rate is analysed.
        active: Share of the cameras that send when calm and at the peak (drones take off).
        priority: 0 gives up frames first, 2 last.
        floor_fps: Least frames per second that still watch over it.
        counted: Whether its counts are told to the policy.
    """

    name: str
    cameras: int
    follows: tuple[Follow, ...]
    fps: tuple[float, float]
    tiles: tuple[float, float] = (1.0, 1.0)
    full_fps_at: float = 0.6
    active: tuple[float, float] = (1.0, 1.0)
    priority: int = 1
    floor_fps: float = 1.0
    counted: bool = False

    def __post_init__(self) -> None:
        refuse_faults(
            _word("name", self.name),
            between("cameras", self.cameras, 1, 100_000),
            _pair("fps", self.fps, 0.01, 120),
            _pair("tiles", self.tiles, 0.01, 1000),
            _pair("active", self.active, 0, 1),
            above("full_fps_at", self.full_fps_at, 0, 1),
            between("priority", self.priority, 0, 2),
            between("floor_fps", self.floor_fps, 0, self.fps[1]),
        )


@settings
class Doubts:
    """What the planner does not know, drawn anew for every seed.

    Attributes:
        attendance_sd: Standard deviation of attendance over the expected, as a share.
        noise_sd: Of a zone's occupancy (an Ornstein-Uhlenbeck process), as a share.
        noise_time_s: Its time constant, seconds.
        incidents: Expected number of sudden rises per event.
        incident_rise: Least and most rise of the work during one, as a share.
        incident_min: Least and most duration of one, minutes.
        alarmed_share: Share of the cameras with an open situation at any time.
    """

    attendance_sd: float = 0.12
    noise_sd: float = 0.05
    noise_time_s: float = 90.0
    incidents: float = 0.5
    incident_rise: tuple[float, float] = (0.3, 0.5)
    incident_min: tuple[float, float] = (5.0, 6.0)
    alarmed_share: float = 0.1

    def __post_init__(self) -> None:
        refuse_faults(
            between("attendance_sd", self.attendance_sd, 0, 1),
            between("noise_sd", self.noise_sd, 0, 1),
            above("noise_time_s", self.noise_time_s, 0, 3600),
            between("incidents", self.incidents, 0, 20),
            _pair("incident_rise", self.incident_rise, 0, 10),
            _pair("incident_min", self.incident_min, 0.1, 240),
            between("alarmed_share", self.alarmed_share, 0, 1),
        )


@settings
class EventProfile:
    """One planned event.

    Attributes:
        event: Its name.
        attendance: People expected.
        from_min: Start of the watch on the event's clock, minutes.
        to_min: End of the watch, minutes.
        programme: Its moments, in order.
        arrivals: How the crowd comes.
        departures: How it goes; None when it does not leave within the watch.
        gatherings: Where it gathers meanwhile.
        zones: The cameras and drones.
        doubts: What is not known.
        service: What one replica can do.
        machines: What may be rented.
        deadline_s: A frame analysed later than this after it was taken is missed, seconds.
        sources: Where the numbers come from, in words.
    """

    event: str
    attendance: int
    from_min: float
    to_min: float
    programme: tuple[Moment, ...]
    arrivals: Arrivals
    zones: tuple[ZoneCameras, ...]
    service: ServiceSettings
    machines: MachinesSettings
    departures: Departures | None = None
    gatherings: tuple[Gathering, ...] = ()
    doubts: Doubts = Doubts()
    deadline_s: float = 0.5
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        short = ("to_min", f"{self.to_min:g} is not after from_min {self.from_min:g}")
        times = [moment.at_min for moment in self.programme]
        disorder = ("programme", "is not in the order of time; sort it by at_min")
        refuse_faults(
            between("attendance", self.attendance, 1, 10_000_000),
            short if not self.from_min < self.to_min <= self.from_min + 2880 else None,
            disorder if times != sorted(times) else None,
            ("zones", "is empty; list at least one zone") if not self.zones else None,
            between("deadline_s", self.deadline_s, 0.01, 60),
        )
