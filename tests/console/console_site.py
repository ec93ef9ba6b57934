"""A console on fakes, called in the process or served at 127.0.0.1."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from console_fakes import FakeDesk, FakeFleet, camera
from fastapi import FastAPI

from ray_app.config.api_settings import ApiSettings
from ray_app.console.app import build_app
from ray_app.console.caller import Role
from ray_app.console.gate import Gate
from ray_app.console.key_book import KeyBook
from ray_app.console.key_file import add_key
from ray_app.console.keys import new_key
from ray_app.console.sessions import Sessions
from ray_app.console.site import Site

MADE = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Console:
    """A console and what it works on."""

    app: FastAPI
    fleet: FakeFleet
    desk: FakeDesk
    keys: dict[Role, str]
    evidence: Path


def make_console(
    folder: Path, settings: ApiSettings | None = None, *, with_keys: bool = False
) -> Console:
    """Returns a console with two cameras and an empty desk."""
    settings = settings or ApiSettings()
    keys: dict[Role, str] = {}
    path = folder / "keys.yaml" if with_keys else None
    for role in Role if path else ():
        keys[role], kept = new_key(f"Desk {role}", role, MADE)
        add_key(folder / "keys.yaml", kept)
    fleet = FakeFleet({name: camera(name) for name in ("gate", "stage")})
    desk, evidence = FakeDesk(), folder / "evidence"
    evidence.mkdir(exist_ok=True)
    site = Site("Fête", False, settings, evidence, fleet, desk)
    sessions = Sessions(b"s" * 32, settings.session_hours * 3600)
    gate = Gate(KeyBook(path), sessions, Role(settings.loopback_role))
    return Console(build_app(site, gate), fleet, desk, keys, evidence)


@contextlib.contextmanager
def served(app: FastAPI, listener: socket.socket | None = None) -> Iterator[str]:
    """Serves an app, at a free port of 127.0.0.1 if none is given; yields its address."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=1, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


def wait_until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    """Waits for a condition."""
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)
