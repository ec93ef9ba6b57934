"""The fleet and the desk as Ray actors, called by name."""

import asyncio
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError, RayTaskError

from ray_app.console.ports import UnreachableError
from ray_app.domain.situation import Change, SinkReport, Situation, Verdict
from ray_app.live.messages import (
    DESK,
    FLEET,
    NAMESPACE,
    CameraReport,
    FleetReport,
    ProgrammeMoment,
)

PATIENCE_S = 5.0
"""An actor that does not answer within this is taken for one that restarts."""
ADDING_S = 30.0
"""To add a camera its host is looked up."""


class _Actor:
    """One named actor; found again when it was replaced."""

    def __init__(self, name: str, title: str) -> None:
        self._name, self._title = name, title
        self._handle: ActorHandle | None = None

    async def call(self, method: str, *words: object, patience_s: float = PATIENCE_S) -> Any:  # noqa: ANN401
        """Returns what the actor answers.

        Raises what it raises, by itself and not in Ray's wrapping, which prints stacks.

        Raises:
            UnreachableError: It does not answer.
        """
        try:
            handle = self._handle or await asyncio.to_thread(
                ray.get_actor, self._name, namespace=NAMESPACE
            )
            self._handle = handle
            answer = getattr(handle, method).remote(*words)
            return await asyncio.wait_for(answer, patience_s)
        except RayTaskError as error:
            raise error.cause from None
        except (RayError, TimeoutError, ValueError):  # ValueError: no actor of this name
            self._handle = None
            raise UnreachableError(
                f"the {self._title} does not answer; it restarts by itself, try again"
            ) from None


class RayFleet:
    """The reader fleet of the site that runs on this Ray."""

    def __init__(self) -> None:
        self._actor = _Actor(FLEET, "reader fleet")

    async def cameras(self) -> tuple[CameraReport, ...]:
        """Returns how every camera is doing."""
        cameras: tuple[CameraReport, ...] = await self._actor.call("cameras")
        return cameras

    async def report(self) -> FleetReport:
        """Returns the load and the capacity of the whole site."""
        report: FleetReport = await self._actor.call("report")
        return report

    async def add(self, camera_yaml: str) -> str:
        """Adds a camera, returns its id."""
        return str(await self._actor.call("add", camera_yaml, patience_s=ADDING_S))

    async def remove(self, camera_id: str) -> None:
        """Stops a camera and forgets it."""
        await self._actor.call("remove", camera_id)

    async def pause(self, camera_id: str) -> None:
        """Stops reading a camera."""
        await self._actor.call("pause", camera_id)

    async def resume(self, camera_id: str) -> None:
        """Reads a camera again."""
        await self._actor.call("resume", camera_id)

    async def moments(self) -> tuple[ProgrammeMoment, ...]:
        """Returns the programme the scaling policy plans with."""
        moments: tuple[ProgrammeMoment, ...] = await self._actor.call("moments")
        return moments

    async def tell_moment(self, name: str, real_at: float | None) -> None:
        """Notes when a moment really is."""
        await self._actor.call("tell_moment", name, real_at)

    async def preview(self, camera_id: str) -> bytes | None:
        """Returns the newest analysed picture, people pixelated."""
        picture: bytes | None = await self._actor.call("preview", camera_id)
        return picture


class RayDesk:
    """The situation desk of the site that runs on this Ray."""

    def __init__(self) -> None:
        self._actor = _Actor(DESK, "situation desk")

    async def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        found: tuple[Situation, ...] = await self._actor.call(
            "situations", since_change, limit, phase, camera_id
        )
        return found

    async def situation(self, event_id: str) -> Situation | None:
        """Returns one situation."""
        found: Situation | None = await self._actor.call("situation", event_id)
        return found

    async def acknowledge(
        self, event_id: str, verdict: Verdict, person: str, reason: str
    ) -> Situation:
        """Keeps what a person said."""
        kept: Situation = await self._actor.call("acknowledge", event_id, verdict, person, reason)
        return kept

    async def changes(self, after: int, wait_s: float) -> tuple[Change, ...]:
        """Returns the changes after a number."""
        changes: tuple[Change, ...] = await self._actor.call(
            "changes", after, wait_s, patience_s=PATIENCE_S + wait_s
        )
        return changes

    async def last_change(self) -> int:
        """Returns the number of the newest change."""
        return int(await self._actor.call("last_change"))

    async def note(self, kind: str, person: str, detail: str) -> None:
        """Writes one entry of the journal."""
        await self._actor.call("note", kind, person, detail)

    async def sinks(self) -> tuple[SinkReport, ...]:
        """Returns how every sink is doing."""
        sinks: tuple[SinkReport, ...] = await self._actor.call("sinks")
        return sinks
