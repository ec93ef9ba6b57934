"""A frame on its way from a camera to the analysis."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from models.settings import NetworkSettings
from ray_app.domain.frame import Frame, FrameKey
from ray_app.domain.observation import DronePose, Observation
from ray_app.live.messages import Outcome


@dataclass(frozen=True, slots=True)
class DueFrame:
    """A frame that should be looked at.

    Attributes:
        taken_at: When it was taken, seconds since 1970.
        picture: Makes the picture, at the analysed size; called at most once.
        pose: Of a drone; None for others.
        may_be_late: Whether it is worth less as it grows older.
    """

    key: FrameKey
    taken_at: float
    picture: Callable[[], Frame]
    pose: DronePose | None = None
    may_be_late: bool = True


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a frame.

    Attributes:
        frame: Its picture, black outside the perimeter; None when none was made.
        seen: What the networks saw; only of an analysed one.
        reduced: The networks that looked at it, where their input was smaller than usual.
    """

    due: DueFrame
    outcome: Outcome
    frame: Frame | None = None
    seen: Observation | None = None
    reduced: NetworkSettings | None = None


@dataclass(slots=True)
class InOrder:
    """Gives answers back in the order of the frames, however they come: for one camera."""

    _waiting: "OrderedDict[int, Decided | None]" = field(default_factory=OrderedDict)

    def expect(self, due: DueFrame) -> None:
        """Notes that a frame is under way."""
        self._waiting[due.key.index] = None

    def put(self, decided: Decided) -> Iterator[Decided]:
        """Takes an answer; yields all that have nothing undecided before them."""
        self._waiting[decided.due.key.index] = decided
        while self._waiting:
            index, first = next(iter(self._waiting.items()))
            if first is None:
                return
            del self._waiting[index]
            yield first

    def __len__(self) -> int:
        return len(self._waiting)
