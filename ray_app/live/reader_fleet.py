"""The actor that knows every camera of the site: the fleet's loop, and what others ask of it."""

import logging
import threading
import time
from dataclasses import replace
from typing import Any

from ray_app.config.camera_block import read_camera
from ray_app.config.live_schema import LiveConfig
from ray_app.live.fleet_loop import FleetLoop, FleetStart, width_of
from ray_app.live.fleet_state import programme_of, read_fleet_state, write_fleet_state
from ray_app.live.messages import CameraReport, FleetReport, ProgrammeMoment
from ray_app.live.metrics import FleetMeter
from ray_app.live.replica_count import running_replicas
from ray_app.live.scaling_adapter import WarmNodes
from ray_app.scaling.backfill_slots import EventSignal

LOG = logging.getLogger(__name__)
TICK_S, SLOW_TICK_S = 0.5, 2.0
ANSWERS_S = 0.4


class ReaderFleet:
    """Answers at once from what the loop knows; changes are written before they are made."""

    def __init__(self, start: FleetStart) -> None:
        self._start = start
        self._state = read_fleet_state(start.folder, time.time())
        self._lock = threading.RLock()
        self._loop = FleetLoop(start, self._state)
        live = start.site.live or LiveConfig()
        self._warm = WarmNodes(start.policy, live.detectors)
        self._meter = FleetMeter()
        self._busy_s = 0.0
        self._wanted: int | None = None
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="fleet", daemon=True).start()

    def cameras(self) -> tuple[CameraReport, ...]:
        """Returns how every camera is doing."""
        with self._lock:
            return self._loop.book.reports()

    def report(self) -> FleetReport:
        """Returns the site's load and capacity."""
        cameras = self.cameras()
        with self._lock:
            positions = self._loop.positions()
            shares = {p.camera_id: self._loop.shares.get(p.camera_id, 1.0) for p in positions}
            offered = sum(p.offered_per_s for p in positions)
        kept: dict[str, list[float]] = {}
        for camera in cameras:
            if camera.camera_id in shares:
                kept.setdefault(camera.value, []).append(shares[camera.camera_id])
        ages = [camera.age_p95_s for camera in cameras if camera.age_p95_s is not None]
        analysed = sum(camera.rate_hz for camera in cameras)
        return FleetReport(
            offered_per_s=offered,
            analysed_per_s=analysed,
            shed_per_s=max(0.0, offered - analysed),
            replicas=self._loop.replicas,
            replicas_wanted=self._wanted,
            kept_share=tuple((value, sum(each) / len(each)) for value, each in kept.items()),
            readers=len(self._loop.pool.up),
            age_p95_s=max(ages, default=None),
        )

    def event_signal(self, lead_s: float) -> EventSignal:
        """Returns what the event asks for, now and within a lead: a back-fill takes the rest."""
        with self._lock:
            load, replicas = self._loop.load, self._loop.replicas
        return self._warm.signal(load, replicas, lead_s)

    def add(self, camera_yaml: str) -> str:
        """Adds a camera; returns its id.

        Raises:
            ConfigError: The block has faults.
            ValueError: The id is in use.
        """
        camera = read_camera(camera_yaml, self._start.site)
        with self._lock:
            if camera.id in self._loop.book.entries:
                raise ValueError(f"camera {camera.id!r} is there already; remove it first")
            self._keep(
                added={**self._state.added, camera.id: camera_yaml},
                removed=tuple(each for each in self._state.removed if each != camera.id),
            )
            self._loop.book.add(camera, width_of(camera))
        return camera.id

    def remove(self, camera_id: str) -> None:
        """Stops a camera and forgets it; raises KeyError."""
        with self._lock:
            entry = self._loop.book.entry(camera_id)
            added = {k: text for k, text in self._state.added.items() if k != camera_id}
            of_site = any(camera.id == camera_id for camera in self._start.site.cameras)
            removed = (*self._state.removed, camera_id) if of_site else self._state.removed
            self._keep(added=added, removed=removed)
            del self._loop.book.entries[camera_id]
            if entry.reader is not None:
                self._loop.pool.release(entry.reader, (camera_id,))

    def pause(self, camera_id: str) -> None:
        """Closes a camera's stream; raises KeyError."""
        self._pause(camera_id, is_paused=True)

    def resume(self, camera_id: str) -> None:
        """Opens it again; raises KeyError."""
        self._pause(camera_id, is_paused=False)

    def moments(self) -> tuple[ProgrammeMoment, ...]:
        """Returns the programme the scaling policy plans with; empty where it plans with none."""
        return programme_of(self._start.policy, self._state)

    def tell_moment(self, name: str, real_at: float | None) -> None:
        """Notes when a moment really is; None takes it back. Raises KeyError.

        Args:
            name: As in the programme.
            real_at: Seconds since 1970, past or announced.
        """
        if name not in {moment.name for moment in self.moments()}:
            raise KeyError(name)
        with self._lock:
            told = {key: at for key, at in self._state.moments.items() if key != name}
            self._keep(moments=told if real_at is None else {**told, name: real_at})
            self._loop.moments = self._state.moments

    def preview(self, camera_id: str) -> bytes | None:
        """Returns the newest analysed picture, people hidden, as JPEG; raises KeyError."""
        with self._lock:
            reader = self._loop.book.entry(camera_id).reader
        return None if reader is None else self._loop.pool.preview(reader, camera_id, 1.0)

    def has_ended(self) -> bool:
        """Whether there are only files and all came to their end."""
        with self._lock:
            entries = list(self._loop.book.entries.values())
            return bool(entries) and all(e.position and e.position.has_ended for e in entries)

    def stop_all(self) -> None:
        """Closes every stream within two seconds and starts none again."""
        self._stopping.set()
        last = self._loop.pool.stop()
        with self._lock:
            for report in last:
                self._loop.take_report(report)
            for entry in self._loop.book.entries.values():
                self._loop.book.close_account(entry)
            self._loop.list_pieces(at_once=True)
        self._stopped.set()

    def is_stopped(self) -> bool:
        """Whether every stream is closed for good."""
        return self._stopped.is_set()

    def _pause(self, camera_id: str, *, is_paused: bool) -> None:
        with self._lock:
            entry = self._loop.book.entry(camera_id)
            others = tuple(each for each in self._state.paused if each != camera_id)
            self._keep(paused=(*others, camera_id) if is_paused else others)
            entry.is_paused = is_paused
            if entry.reader is not None:
                self._loop.pool.pause(entry.reader, camera_id, is_paused=is_paused)

    def _keep(self, **changes: Any) -> None:  # noqa: ANN401
        self._state = replace(self._state, **changes)
        write_fleet_state(self._start.folder, self._state)

    def _run(self) -> None:
        slow_s = last_s = time.monotonic()
        while not self._stopping.wait(TICK_S):
            now_s = time.monotonic()
            try:
                self._tick(now_s - last_s)
                if now_s - slow_s >= SLOW_TICK_S:
                    slow_s = now_s
                    self._look_around()
            except Exception as error:  # noqa: BLE001  the site must go on
                LOG.warning("fleet: %s: %s", type(error).__name__, error)
            last_s = now_s

    def _tick(self, elapsed_s: float) -> None:
        with self._lock:
            self._loop.start_readers()
            orders = self._loop.orders()
        reports, gone = self._loop.pool.exchange(orders, ANSWERS_S)
        with self._lock:
            if not self._stopping.is_set():
                self._loop.take(reports, gone, elapsed_s)

    def _look_around(self) -> None:
        """Counts replicas, asks for nodes, writes metrics: now and then."""
        loop = self._loop
        replicas = running_replicas()
        if replicas is not None:
            loop.replicas = replicas
        load = loop.load
        wanted = self._warm.decide(
            load.told_at, load.offered_work_per_s, loop.replicas, load.counts, load.moments
        )
        self._wanted = wanted.replicas
        self._warm.ask(wanted.warm_gpus, loop.replicas)
        self._meter.tell_cameras(self.cameras())
        self._meter.tell_fleet(self.report(), loop.signals_waiting, loop.signals_lost)
        self._meter.add_detector_seconds(loop.busy_s - self._busy_s)
        self._busy_s = loop.busy_s
