"""The console as a Serve deployment: a thin shell around the app."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from ray import serve
from ray.serve import Application

from ray_app.config.api_settings import ApiSettings
from ray_app.config.live_schema import LiveConfig
from ray_app.config.load import load_site
from ray_app.console.app import build_app
from ray_app.console.caller import Role
from ray_app.console.gate import Gate
from ray_app.console.key_book import KeyBook
from ray_app.console.key_file import read_keys
from ray_app.console.ray_ports import RayDesk, RayFleet
from ray_app.console.sessions import Sessions
from ray_app.console.site import Site

DEPLOYMENT = "Console"
EVIDENCE = "evidence"
"""Folder of evidence files in the site's live folder."""
# Every stream of events or pictures holds a request open as long as somebody looks; they wait,
# they do not compute, so their number says nothing about load and scales nothing.
MOST_REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class ConsoleStart:
    """What a console starts from; every replica gets the same.

    Attributes:
        site: Name of the site.
        is_authorised: Whether its file names an authorisation.
        api: Its settings.
        keys_path: Of the file of keys; None where nobody needs one.
        evidence_folder: Where evidence lies.
        session_secret: Signs the page's cookies; new at every start of the site.
    """

    site: str
    is_authorised: bool
    api: ApiSettings
    keys_path: Path | None
    evidence_folder: Path
    session_secret: bytes


class _Console:
    """One replica."""

    def __init__(self, start: ConsoleStart) -> None:
        self._start = start

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Serve asks for the app once, in the replica."""
        start, api = self._start, self._start.api
        site = Site(
            start.site, start.is_authorised, api, start.evidence_folder, RayFleet(), RayDesk()
        )
        sessions = Sessions(start.session_secret, api.session_hours * 3600.0)
        return build_app(site, Gate(KeyBook(start.keys_path), sessions, Role(api.loopback_role)))


def console_start(
    site: str, api: ApiSettings, folder: Path, evidence_folder: Path, *, is_authorised: bool
) -> ConsoleStart:
    """Returns what a console starts from.

    Args:
        site: Name of the site.
        api: Its settings.
        folder: Of the site file; keys_file is relative to it.
        evidence_folder: Where evidence lies.
        is_authorised: Whether the site file names an authorisation.

    Raises:
        ConfigError: The file of keys cannot be used.
    """
    keys_path = None if api.keys_file is None else (folder / api.keys_file).resolve()
    if keys_path is not None:
        read_keys(keys_path)  # a fault is told at the start, and not at the first call
    secret = secrets.token_bytes(32)
    return ConsoleStart(site, is_authorised, api, keys_path, evidence_folder, secret)


def console_app(start: ConsoleStart) -> Application:
    """Returns the Serve application; it finds the fleet and the desk by their names."""
    deployment = serve.deployment(
        name=DEPLOYMENT,
        num_replicas=1,
        max_ongoing_requests=MOST_REQUESTS,
        ray_actor_options={"num_cpus": 0.0},  # it waits for others, as a rule
        graceful_shutdown_timeout_s=1.0,  # open streams do not end by themselves
        graceful_shutdown_wait_loop_s=0.1,
    )
    return deployment(serve.ingress()(_Console)).bind(start)


def console(args: dict[str, str]) -> Application:
    """Returns the Serve application of a site file: `args: {site: PATH}` in Serve's config.

    Raises:
        ConfigError: The site file or the file of keys cannot be used.
    """
    path = Path(args["site"])
    site = load_site(path)
    live = site.live or LiveConfig()
    evidence = Path(live.folder).absolute() / EVIDENCE
    authorised = site.authorisation is not None
    return console_app(
        console_start(site.site, live.api, path.parent, evidence, is_authorised=authorised)
    )
