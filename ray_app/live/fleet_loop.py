"""What the fleet does twice a second: hear readers, move cameras, share out the replicas."""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray_app.config.camera_block import read_camera
from ray_app.config.live_schema import LiveConfig, SmallerInput
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import StoreError
from ray_app.live.capacity import (
    Capacity,
    Interval,
    below_the_top,
    measured,
    shares_of,
    step_of,
)
from ray_app.live.fleet_book import CameraEntry, FleetBook, most_cameras
from ray_app.live.fleet_state import FleetState
from ray_app.live.lease import (
    CameraLease,
    CameraPosition,
    EvidencePlan,
    Orders,
    ReaderPlan,
    ReaderReport,
)
from ray_app.live.left_open import close_left_open
from ray_app.live.reader_pool import ReaderPool
from ray_app.live.stack import SiteLoad
from ray_app.scaling.input_steps import InputStep
from ray_app.store.segments import SegmentRecord, read_segments, segments_file, write_segments

LOG = logging.getLogger(__name__)
LIST_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class FleetStart:
    """What the fleet starts from.

    Attributes:
        site: The checked site.
        folder: Of the live site.
        ledger: Folder of this run's frame ledger.
        evidence: How pictures of situations are kept.
        policy: What the scaling policy is built from.
        widths_px: Width of the analysed picture by camera of the site file.
    """

    site: SiteConfig
    folder: Path
    ledger: Path
    evidence: EvidencePlan
    policy: dict[str, Any]
    widths_px: dict[str, int]


class FleetLoop:
    """Leases cameras to readers, moves those of a lost reader, shares out the replicas.

    Not for many threads at once; `pool.exchange` alone may run beside it.
    """

    def __init__(self, start: FleetStart, state: FleetState) -> None:
        self._start = start
        self._live = start.site.live or LiveConfig()
        self._origin_at = state.origin_at
        self.book = FleetBook()
        self.pool = ReaderPool(self._plan, self._live.readers)
        self.replicas = self._live.detectors.min_replicas
        self.load = SiteLoad()
        self.moments = state.moments
        self.shares: dict[str, float] = {}
        self.inputs: dict[str, SmallerInput] = {}
        self.busy_s = 0.0
        self.signals_waiting = self.signals_lost = 0
        self._capacity, self._step = Capacity(), InputStep()
        self._kept: dict[str, int] = {}
        self._may_forget: dict[str, int] = {}
        self._pieces = _listed(start.ledger)  # this fleet may stand in for one that died
        self._listed, self._listed_s = 0, 0.0
        self._begun: set[str] = set()
        self._started_s = time.monotonic()
        for camera in cameras_of(start.site, state):
            width_px = start.widths_px.get(camera.id) or width_of(camera)
            self.book.add(camera, width_px, is_paused=camera.id in state.paused)

    def start_readers(self) -> None:
        """Starts as many readers as the cameras need; two, so that one can stand in at once."""
        cameras = len(self.book.entries)
        needed = -(-cameras // self._live.readers.cameras_each)
        while len(self.pool) < max(needed, min(2, cameras), 1):
            self.pool.start()

    def orders(self) -> dict[str, Orders]:
        """Returns what every reader is to be told now."""
        return {name: self._orders(name) for name in self.pool.names}

    def take(self, reports: dict[str, ReaderReport], gone: list[str], elapsed_s: float) -> None:
        """Notes what readers said, moves cameras, shares out the replicas."""
        for name in gone:
            self._kept.pop(name, None)
            self._may_forget.pop(name, None)
            for entry in self.book.lose(name):
                LOG.warning("camera %s: its reader %s is gone", entry.camera.id, name)
                self._begun.discard(entry.camera.id)
        for name, report in reports.items():
            if name not in gone:
                self._adopt(report)
                self.take_report(report)
        self._measure(list(reports.values()), elapsed_s)
        self._assign()
        self._share_out(elapsed_s)
        self.load = self._site_load()
        self.list_pieces(at_once=False)

    def _share_out(self, elapsed_s: float) -> None:
        """Decides which share of its frames each camera keeps, and at which input size."""
        cameras, costs = self.positions(), self._live.input_costs
        carried_per_s = self._capacity.carried_per_s(self.replicas)
        before = self._step.place
        self._step = step_of(cameras, carried_per_s, self._step, elapsed_s, costs)
        place = self._step.place
        self.shares = shares_of(cameras, carried_per_s, self.shares, elapsed_s, place)
        self.inputs = {}
        if place:
            smaller = self._live.smaller_inputs[place - 1]
            self.inputs = dict.fromkeys(below_the_top(cameras, place), smaller)
        if place != before:
            LOG.warning("input size %d of %d from now on", place + 1, len(costs))

    def _measure(self, reports: list[ReaderReport], elapsed_s: float) -> None:
        busy_s = sum(report.busy_s for report in reports)
        seen = Interval(
            elapsed_s,
            sum(report.stacks for report in reports),
            sum(report.work for report in reports),
            busy_s,
            sum(report.late for report in reports),
        )
        self._capacity = measured(self._capacity, seen, time.monotonic())
        self.busy_s += busy_s
        self.signals_waiting = sum(report.signals_waiting for report in reports)
        self.signals_lost = sum(report.signals_lost for report in reports)

    def take_report(self, report: ReaderReport) -> None:
        """Notes what one reader said of its cameras and its ledger."""
        self.book.take(report)
        self._kept[report.name] = len(report.segments)
        for piece in report.segments:
            self._pieces[piece.camera_id, piece.segment_id] = piece

    def _adopt(self, report: ReaderReport) -> None:
        """Finds cameras that a reader held before the fleet was started anew."""
        for camera in report.cameras:
            entry = self.book.entries.get(camera.camera_id)
            if entry is None or entry.reader not in (None, report.name):
                self.pool.release(report.name, (camera.camera_id,))  # two must never read it
            elif entry.reader is None and entry.camera.id not in self._begun:
                entry.reader = report.name
                self._begun.add(entry.camera.id)

    def _assign(self) -> None:
        most = most_cameras(
            self._live.readers.cameras_each,
            len(self.book.entries),
            len(self.pool),
            time.monotonic() - self._started_s,
        )
        given = self.book.assign(self.pool.up, most)
        for reader, entries in given.items():
            for entry in entries:
                if entry.camera.id not in self._begun:
                    self._begun.add(entry.camera.id)
                    threading.Thread(target=close_left_open, args=(entry,)).start()
            self.pool.lease(reader, tuple(self._lease(entry) for entry in entries))

    def _orders(self, reader: str) -> Orders:
        mine = {entry.camera.id for entry in self.book.read_by(reader)}
        readers = max(1, len(self.pool.up))
        detectors = self._live.detectors
        each = self._capacity.stacks_per_replica(
            detectors.max_in_flight_stacks, detectors.deadline_s
        )
        return Orders(
            shares=tuple((k, share) for k, share in self.shares.items() if k in mine),
            in_flight=max(1, -(-each * self.replicas // readers)),
            load=self.load,
            inputs=tuple((k, smaller) for k, smaller in self.inputs.items() if k in mine),
            segments_kept=self._forgotten(reader),
        )

    def _forgotten(self, reader: str) -> int:
        """Returns how many of the pieces a reader told last it may forget; told once."""
        pieces = self._may_forget.pop(reader, 0)
        if pieces:
            self._kept.pop(reader, None)
        return pieces

    def positions(self) -> list[CameraPosition]:
        """Returns where the cameras stand that are read."""
        entries = self.book.entries.values()
        return [e.position for e in entries if e.position is not None and e.reader is not None]

    def _site_load(self) -> SiteLoad:
        positions = self.positions()
        offered = sum(p.offered_per_s * p.work for p in positions)
        counts = tuple(
            (f"{p.camera_id}/{zone}", people) for p in positions for zone, people in p.counts
        )
        return SiteLoad(time.time(), offered, counts, tuple(self.moments.items()))

    def _lease(self, entry: CameraEntry) -> CameraLease:
        position = entry.position
        return CameraLease(
            camera=entry.camera,
            width_px=entry.width_px,
            authorisation=self._start.site.authorisation,
            next_index=0 if position is None else position.next_index,
            next_stretch=0 if position is None else position.next_stretch,
            is_paused=entry.is_paused,
        )

    def _plan(self, name: str) -> ReaderPlan:
        start = self._start
        return ReaderPlan(name, self._live, self._origin_at, start.ledger, start.evidence)

    def list_pieces(self, *, at_once: bool) -> None:
        """Writes the list of the ledger's pieces, so that it can be replayed at any time.

        Readers forget their pieces once they are listed: what only the fleet knew died with it.
        """
        now_s = time.monotonic()
        if len(self._pieces) != self._listed or not self._listed:
            if not at_once and now_s - self._listed_s < LIST_EVERY_S:
                return
            try:
                write_segments(self._start.ledger, list(self._pieces.values()))
            except StoreError as error:
                LOG.warning("frame ledger: %s", error)
                return
            self._listed, self._listed_s = len(self._pieces), now_s
        self._may_forget = dict(self._kept)


def _listed(ledger: Path) -> dict[tuple[str, str], SegmentRecord]:
    """Returns the pieces of a ledger that were listed before."""
    if not segments_file(ledger).exists():
        return {}
    try:
        return {(piece.camera_id, piece.segment_id): piece for piece in read_segments(ledger)}
    except StoreError as error:
        LOG.warning("frame ledger: earlier pieces are left out of its list: %s", error)
        return {}


def width_of(camera: CameraConfig) -> int:
    """Returns the width of the analysed picture: the same rule as a back-fill's."""
    from models.zoo import needed_width_px  # loads torch, which takes seconds

    return camera.reading.width_px or needed_width_px(camera.networks)


def cameras_of(site: SiteConfig, state: FleetState) -> list[CameraConfig]:
    """Returns the cameras to read: those of the site file with a stream, and those added."""
    own = [c for c in site.cameras if c.stream is not None and c.id not in state.removed]
    return own + [read_camera(text, site) for text in state.added.values()]
