"""What the console asks of a live site: the reader fleet and the situation desk, as protocols."""

from typing import Protocol

from ray_app.domain.errors import VigieError
from ray_app.domain.situation import Change, SinkReport, Situation, Verdict
from ray_app.live.messages import CameraReport, FleetReport, ProgrammeMoment


class UnreachableError(VigieError):
    """An actor of the live site does not answer; it restarts by itself."""


class Fleet(Protocol):
    """Reads the cameras."""

    async def cameras(self) -> tuple[CameraReport, ...]:
        """Returns how every camera is doing."""
        ...

    async def report(self) -> FleetReport:
        """Returns the load and the capacity of the whole site."""
        ...

    async def add(self, camera_yaml: str) -> str:
        """Adds a camera, returns its id. Raises ConfigError, or ValueError for an id in use."""
        ...

    async def remove(self, camera_id: str) -> None:
        """Stops a camera and forgets it. Raises KeyError."""
        ...

    async def pause(self, camera_id: str) -> None:
        """Stops reading a camera. Raises KeyError."""
        ...

    async def resume(self, camera_id: str) -> None:
        """Reads a camera again. Raises KeyError."""
        ...

    async def moments(self) -> tuple[ProgrammeMoment, ...]:
        """Returns the programme the scaling policy plans with; empty where it has none."""
        ...

    async def tell_moment(self, name: str, real_at: float | None) -> None:
        """Notes when a moment really is; None takes it back. Raises KeyError."""
        ...

    async def preview(self, camera_id: str) -> bytes | None:
        """Returns the newest analysed picture, people pixelated, as JPEG. Raises KeyError."""
        ...


class Desk(Protocol):
    """Owns the situations, their evidence and the journal."""

    async def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        ...

    async def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        ...

    async def acknowledge(
        self, event_id: str, verdict: Verdict, person: str, reason: str
    ) -> Situation:
        """Keeps what a person said. Raises ValueError with one clear line."""
        ...

    async def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        """Returns the changes after a number, waiting up to wait_s for the first."""
        ...

    async def last_change(self) -> int:
        """Returns the number of the newest change; 0 before the first."""
        ...

    async def note(self, kind: str, person: str, detail: str) -> None:
        """Writes one entry of the journal."""
        ...

    async def sinks(self) -> tuple[SinkReport, ...]:
        """Returns how every sink is doing."""
        ...
