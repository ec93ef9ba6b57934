"""What a site file says of watching live: streams, detectors, readers, scaling."""

from datetime import datetime
from itertools import pairwise

from ray_app.alerts.settings import AlertsSettings
from ray_app.config.api_settings import ApiSettings
from ray_app.domain.ranges import KeyFault, above, between, one_of, refuse_faults
from ray_app.domain.settings import settings
from ray_app.outside.retry import RetrySettings
from ray_app.scaling.policy_kinds import POLICIES
from ray_app.store.situation_settings import EventStoreSettings
from ray_app.video.evidence.settings import EvidenceSettings
from ray_app.video.live.address import AllowedStreams
from ray_app.video.live.stream_settings import StreamSettings

DEAREST = 0.75
"""A smaller input that costs more than this is no step."""
VALUES = ("best_effort", "normal", "critical")
"""Classes of cameras, the first gives up frames first."""


@settings
class StreamConfig:
    """Where a camera is read live, and what its frames are worth.

    Attributes:
        address: As `rtsp://user:${CAM_PASSWORD}@host/path`; secrets by reference only.
        value: "critical", "normal" or "best_effort": who keeps frames when capacity is short.
        floor_hz: Least analysed rate that still watches over the camera, kept as long as can be.
        every_frame: Takes a file as a back-fill does, every frame of the grid, waiting where a
            live stream would drop.
        reading: How the stream is read.
        retry: How fast a lost stream is tried again.
    """

    address: str
    value: str = "normal"
    floor_hz: float = 0.5
    every_frame: bool = False
    reading: StreamSettings = StreamSettings()
    retry: RetrySettings = RetrySettings()

    def __post_init__(self) -> None:
        refuse_faults(
            None if self.address.strip() else ("address", "is empty; as rtsp://host/path"),
            one_of("value", self.value, VALUES),
            between("floor_hz", self.floor_hz, 0, 60),
            self._not_a_file(),
        )

    def _not_a_file(self) -> KeyFault | None:
        if not self.every_frame or self.address.startswith("file://"):
            return None
        return "every_frame", "only a file waits; give a file:// address or leave it out"


@settings
class DetectorsConfig:
    """The detector replicas.

    Attributes:
        min_replicas: Never fewer.
        max_replicas: Never more.
        num_cpus: Processor cores of each.
        num_gpus: GPUs of each, a share is allowed; 0 computes on processors.
        max_in_flight_stacks: Stacks a reader may have under way at once.
        stack_size: Most frames in one call.
        deadline_s: A frame older than this is not worth looking at any more.
        timeout_s: A call that takes longer is given up.
    """

    min_replicas: int = 1
    max_replicas: int = 4
    num_cpus: float = 1.0
    num_gpus: float = 0.0
    max_in_flight_stacks: int = 2
    stack_size: int = 8
    deadline_s: float = 1.0
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        refuse_faults(
            between("min_replicas", self.min_replicas, 1, 10_000),
            between("max_replicas", self.max_replicas, self.min_replicas, 10_000),
            above("num_cpus", self.num_cpus, 0, 256),
            between("num_gpus", self.num_gpus, 0, 64),
            between("max_in_flight_stacks", self.max_in_flight_stacks, 1, 64),
            between("stack_size", self.stack_size, 1, 256),
            above("deadline_s", self.deadline_s, 0, 600),
            above("timeout_s", self.timeout_s, 0, 600),
        )


@settings
class SmallerInput:
    """A size of the networks' inputs for when capacity is short.

    Attributes:
        share: Of the usual longer side, rounded to a multiple of 32 pixels; 1 leaves it.
        cost: Time of a frame looked at so over one of the usual size, the head counter left out,
            as measured on the site's machines (`python -m benchmarks.smaller_inputs`).
        tiles: Most tiles along a side of a camera that has more, counted besides; None leaves them.
    """

    share: float = 1.0
    cost: float = 1.0
    tiles: int | None = None

    def __post_init__(self) -> None:
        same = ("share", "changes nothing; give a share below 1, or fewer tiles")
        too_dear = (
            "cost",
            f"{self.cost:g} saves less than a quarter, too little for what is not seen any more; "
            "give a smaller share, measured, or leave it out",
        )
        refuse_faults(
            between("share", self.share, 0.1, 1),
            between("tiles", self.tiles, 1, 5),
            above("cost", self.cost, 0, 1),
            same if self.share == 1 and self.tiles is None else None,
            too_dear if DEAREST < self.cost <= 1 and self.share < 1 else None,
        )


@settings
class ReadersConfig:
    """The processes that read cameras.

    Attributes:
        cameras_each: Most cameras of one reader.
        num_cpus: Processor cores set aside for each.
        opening_s: Pause between the openings of two cameras of one reader.
        silent_s: A reader that has not been heard for so long loses its cameras.
        gather_s: A frame waits at most so long for those of other cameras, to be sent in one call
            with them: alone it costs a call and a padded batch. Never longer than a quarter of
            its interval, or of the deadline.
    """

    cameras_each: int = 16
    num_cpus: float = 0.25
    opening_s: float = 0.2
    silent_s: float = 4.0
    gather_s: float = 0.12

    def __post_init__(self) -> None:
        refuse_faults(
            between("cameras_each", self.cameras_each, 1, 256),
            between("num_cpus", self.num_cpus, 0, 256),
            between("opening_s", self.opening_s, 0, 60),
            between("silent_s", self.silent_s, 1, 60),
            between("gather_s", self.gather_s, 0, 1),
        )


@settings
class ScalingConfig:
    """How many detector replicas are asked for.

    Attributes:
        policy: "offered_load", "forecast", "schedule" or "event_plan".
        work_per_s: Tiles per second of one replica with full batches, as measured on the site's
            machines (`python -m benchmarks.live`).
        utilisation: Share of that which is planned with.
        hold_s: How long a peak is remembered before replicas are given back.
        settings_file: JSON with more settings of the policy, as a plan of the event.
        zero: Planned zero of the event's clock, with a time zone; for policies with a plan.
    """

    policy: str = "offered_load"
    work_per_s: float = 20.0
    utilisation: float = 0.75
    hold_s: float = 120.0
    settings_file: str | None = None
    zero: datetime | None = None

    def __post_init__(self) -> None:
        needs = self.policy in POLICIES and POLICIES[self.policy].needs_plan
        no_zone = ("zero", "has no time zone; as 2024-07-26T18:00:00+02:00")
        no_plan = ("settings_file", f"missing; policy {self.policy!r} needs a plan of the event")
        refuse_faults(
            one_of("policy", self.policy, tuple(POLICIES)),
            above("work_per_s", self.work_per_s, 0, 1e6),
            above("utilisation", self.utilisation, 0, 1),
            between("hold_s", self.hold_s, 0, 3600),
            no_plan if needs and self.settings_file is None else None,
            None if self.zero is None or self.zero.utcoffset() is not None else no_zone,
        )


@settings
class LiveConfig:
    """Watching live. All of it may be left out.

    Attributes:
        folder: Where journal, event store, outboxes, evidence and frame ledger lie.
        allowed: Which streams may be opened at all.
        detectors: The detector replicas.
        scaling: How many of them.
        smaller_inputs: Input sizes to fall back to when cameras are down at their `floor_hz`,
            largest first; cameras of the highest value, and those with an open situation, keep
            the usual one.
        readers: The processes that read cameras.
        api: The HTTP API and the live page.
        alerts: Who is told of situations.
        store: Where situations are kept, and how long everything is.
        evidence: The pictures kept of a situation.
    """

    folder: str = "out/live"
    allowed: AllowedStreams = AllowedStreams()
    detectors: DetectorsConfig = DetectorsConfig()
    scaling: ScalingConfig = ScalingConfig()
    smaller_inputs: tuple[SmallerInput, ...] = ()
    readers: ReadersConfig = ReadersConfig()
    api: ApiSettings = ApiSettings()
    alerts: AlertsSettings = AlertsSettings()
    store: EventStoreSettings = EventStoreSettings()
    evidence: EvidenceSettings = EvidenceSettings()

    def __post_init__(self) -> None:
        sizes = [(one.share, one.cost, one.tiles or 99) for one in self.smaller_inputs]
        falls = all(
            a != b and all(x >= y for x, y in zip(a, b, strict=True)) for a, b in pairwise(sizes)
        )
        disorder = "do not fall; list the largest first, each with less share, cost or tiles"
        refuse_faults(None if falls else ("smaller_inputs", disorder))

    @property
    def input_costs(self) -> tuple[float, ...]:
        """Costs of all input sizes over the usual one's, 1.0 first."""
        return (1.0, *(one.cost for one in self.smaller_inputs))
