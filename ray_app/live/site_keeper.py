"""Keeps a live site there on a cluster where nobody types `vigie live`: a Serve deployment.

Desk and fleet are actors with names that live by themselves; the keeper only sees to it that they
are there. So losing the keeper loses nothing, and a new keeper finds what runs.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError

from ray_app.live.messages import KEEPER_VERSION, NAMESPACE, STOPPED

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SitePart:
    """One named actor of a site.

    Attributes:
        name: In Ray's namespace of live sites.
        start: Starts it, detached from who starts it.
        end: Asks it to end what it does, shortly; then it is killed.
    """

    name: str
    start: Callable[[], object]
    end: Callable[[Any], None]


class SiteKeeper:
    """Starts the parts of a site that are not there, and ends those of another version.

    Args:
        parts: In the order in which they start; they end in the reverse order.
        folder: Of the live site, shared by all nodes.
        version: Changes when the site file does.
    """

    def __init__(self, parts: Sequence[SitePart], folder: Path, version: str) -> None:
        self._parts, self._folder, self._version = tuple(parts), folder, version
        folder.mkdir(parents=True, exist_ok=True)
        self.keep()

    def check_health(self) -> None:
        """Serve calls it every few seconds."""
        self.keep()

    def keep(self) -> None:
        """Makes what runs what should run."""
        if (self._folder / STOPPED).exists():
            self._end()
            (self._folder / KEEPER_VERSION).unlink(missing_ok=True)
            return
        if self._running_version() != self._version:
            self._end()
            (self._folder / KEEPER_VERSION).write_text(self._version, "utf-8")
        for part in self._parts:
            if actor_named(part.name) is None:
                LOG.warning("starts %s", part.name)
                part.start()

    def _running_version(self) -> str | None:
        written = self._folder / KEEPER_VERSION
        return written.read_text("utf-8") if written.exists() else None

    def _end(self) -> None:
        for part in reversed(self._parts):
            if (actor := actor_named(part.name)) is not None:
                LOG.warning("ends %s", part.name)
                end_actor(actor, part.end)


def actor_named(name: str) -> Any | None:  # noqa: ANN401  a handle of Ray's
    """Returns the actor of a live site with that name; None when there is none."""
    try:
        return ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return None


def end_actor(actor: Any, end: Callable[[Any], None]) -> None:  # noqa: ANN401
    """Asks an actor to end what it does and kills it, whether it answered or not."""
    try:
        end(actor)
    except RayError as error:
        LOG.warning("an actor that ends did not answer: %s", type(error).__name__)
    finally:
        ray.kill(actor, no_restart=True)


Keeper = serve.deployment(
    name="SiteKeeper",
    num_replicas=1,
    ray_actor_options={"num_cpus": 0.0},
    health_check_period_s=0.5,
    graceful_shutdown_timeout_s=1.0,
    graceful_shutdown_wait_loop_s=0.1,
)(SiteKeeper)
