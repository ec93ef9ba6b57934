"""What the fleet and its readers tell each other."""

from dataclasses import dataclass
from pathlib import Path

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.live_schema import LiveConfig, SmallerInput
from ray_app.config.schema import CameraConfig
from ray_app.domain.event import Event
from ray_app.live.messages import CameraReport
from ray_app.live.stack import SiteLoad
from ray_app.store.segments import SegmentRecord
from ray_app.video.evidence.settings import EvidenceSettings

NO_LOAD = SiteLoad()


@dataclass(frozen=True, slots=True)
class EvidencePlan:
    """Where pictures of situations go and how many."""

    settings: EvidenceSettings
    folder: Path


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """What a reader is told when it is started.

    Attributes:
        name: Of the reader.
        live: What the site says of watching live.
        origin_at: Instant of index 0 of every camera's grid, seconds since 1970.
        ledger: Folder of the frame ledger.
        evidence: How pictures of situations are kept.
    """

    name: str
    live: LiveConfig
    origin_at: float
    ledger: Path
    evidence: EvidencePlan


@dataclass(frozen=True, slots=True)
class CameraLease:
    """The right to read one camera.

    Attributes:
        camera: As in the site file; it has a stream.
        width_px: Width of the analysed picture.
        authorisation: Of the site; None leaves nothing out.
        next_index: First index of the grid that may be given out.
        next_stretch: First number of a stretch that may be given out.
        is_paused: Whether its stream stays closed.
    """

    camera: CameraConfig
    width_px: int
    authorisation: AuthorisationSettings | None
    next_index: int = 0
    next_stretch: int = 0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What the fleet tells a reader, some twice a second.

    Attributes:
        shares: Share of its frames each camera keeps, by camera; 1 where none is named.
        in_flight: Stacks that may be under way at once.
        load: Passed on to the replicas.
        inputs: Cameras that look at a smaller input, and which; the others at the usual one.
        segments_kept: Number of the reader's segments that the fleet has listed.
    """

    shares: tuple[tuple[str, float], ...] = ()
    in_flight: int = 2
    load: SiteLoad = NO_LOAD
    segments_kept: int = 0
    inputs: tuple[tuple[str, SmallerInput], ...] = ()


@dataclass(frozen=True, slots=True)
class CameraPosition:
    """Where a camera stands, so that another reader can go on from there.

    Attributes:
        under_way: Newest step of every situation that is a candidate or open.
        offered_per_s: Frames due per second.
        work: Tiles of one frame at the usual input.
        rank: Higher keeps frames longer.
        floor_share: Least share of its frames that still watches over it.
        counts: People by zone in its newest frame.
        has_ended: A file came to its end and everything of it is analysed.
        input_costs: Work of a frame at every allowed input size over the usual one, 1.0 first.
    """

    camera_id: str
    next_index: int
    next_stretch: int
    under_way: tuple[Event, ...]
    offered_per_s: float
    work: int
    rank: int
    floor_share: float
    counts: tuple[tuple[str, float], ...] = ()
    has_ended: bool = False
    input_costs: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """How one reader is doing.

    Attributes:
        name: Of the reader.
        process: Its process id: another one means it was started anew and holds no camera.
        cameras: How its cameras are doing.
        positions: Where they stand.
        segments: Pieces of the frame ledger it has written, from `segments_kept` on.
        late: Frames too late, or replaced by newer ones while they waited, since the report
            before.
        stacks: Stacks answered since the report before.
        work: Tiles computed for it since the report before, padding included, smaller ones at
            their cost.
        busy_s: Seconds the replicas spent on them.
        signals_waiting: Steps of situations the desk has not taken yet.
        signals_lost: Steps thrown away because too many waited.
    """

    name: str
    process: int
    cameras: tuple[CameraReport, ...]
    positions: tuple[CameraPosition, ...]
    segments: tuple[SegmentRecord, ...]
    late: int
    stacks: int
    work: float
    busy_s: float
    signals_waiting: int
    signals_lost: int
