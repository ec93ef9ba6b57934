"""What every route works on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from ray_app.config.api_settings import ApiSettings
from ray_app.console.caller import Caller
from ray_app.console.ports import Desk, Fleet

VIEW_NOTED_S = 900.0
"""Who goes on looking at a camera is noted again after a quarter of an hour."""
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Views:
    """Remembers who was noted looking at what, so that two pictures a second are one entry."""

    _noted: dict[tuple[str, str], float] = field(default_factory=dict)

    def is_new(self, person: str, what: str, now_s: float, again_s: float) -> bool:
        """Returns whether this view must be noted, and remembers that it was."""
        if now_s - self._noted.get((person, what), -again_s) < again_s:
            return False
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.clear()
        self._noted[(person, what)] = now_s
        return True

    def forget(self, person: str, what: str) -> None:
        """Takes a view back that could not be noted."""
        self._noted.pop((person, what), None)


@dataclass(frozen=True, slots=True)
class Site:
    """A live site, as the console knows it.

    Attributes:
        name: Of the site file.
        is_authorised: Whether the site file names an authorisation; else the page says test.
        evidence_folder: Where evidence files lie.
        now_s: Returns seconds since 1970.
    """

    name: str
    is_authorised: bool
    settings: ApiSettings
    evidence_folder: Path
    fleet: Fleet
    desk: Desk
    now_s: Callable[[], float] = time.time
    views: Views = field(default_factory=Views)

    async def note_view(self, caller: Caller, what: str, again_s: float = VIEW_NOTED_S) -> None:
        """Writes into the journal that somebody looks at something; nothing is shown before."""
        if self.views.is_new(caller.name, what, self.now_s(), again_s):
            try:
                await self.desk.note("view", caller.name, what)
            except BaseException:
                self.views.forget(caller.name, what)
                raise


def _site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


SiteHere = Annotated[Site, Depends(_site_of)]
