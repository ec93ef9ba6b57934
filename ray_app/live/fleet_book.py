"""Which reader reads which camera, and what a camera brought before; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ray_app.config.schema import CameraConfig
from ray_app.live.lease import CameraPosition, ReaderReport
from ray_app.live.messages import CameraReport, FrameCounts, Outcome

EVEN_FOR_S = 10.0
"""So long after the start no reader gets more than its even share of the cameras."""


@dataclass(slots=True)
class CameraEntry:
    """One camera of the site.

    Attributes:
        width_px: Width of the analysed picture.
        reader: Who reads it; None while nobody does.
        position: Where it stood when its reader reported last.
        report: How it was doing then.
        before: Frames counted by readers it had before.
    """

    camera: CameraConfig
    width_px: int
    is_paused: bool = False
    reader: str | None = None
    position: CameraPosition | None = None
    report: CameraReport | None = None
    before: FrameCounts = field(default_factory=FrameCounts)


class FleetBook:
    """Keeps the cameras and who reads them. Not for many threads at once."""

    def __init__(self) -> None:
        self.entries: dict[str, CameraEntry] = {}

    def add(self, camera: CameraConfig, width_px: int, *, is_paused: bool = False) -> None:
        """Takes a camera that nobody reads yet."""
        self.entries[camera.id] = CameraEntry(camera, width_px, is_paused)

    def entry(self, camera_id: str) -> CameraEntry:
        """Returns a camera; raises KeyError with the known ids."""
        if camera_id not in self.entries:
            known = ", ".join(sorted(self.entries)) or "none"
            raise KeyError(f"no camera {camera_id!r}; known: {known}")
        return self.entries[camera_id]

    def unread(self) -> list[CameraEntry]:
        """Returns the cameras nobody reads."""
        return [entry for entry in self.entries.values() if entry.reader is None]

    def read_by(self, reader: str) -> list[CameraEntry]:
        """Returns the cameras of one reader."""
        return [entry for entry in self.entries.values() if entry.reader == reader]

    def assign(self, readers: Sequence[str], cameras_each: int) -> dict[str, list[CameraEntry]]:
        """Gives unread cameras to whoever has fewest; returns who got what.

        A camera whose reader was lost is given away even where all are full: it must not wait
        until the lost one is back.
        """
        load = {reader: len(self.read_by(reader)) for reader in readers}
        given: dict[str, list[CameraEntry]] = {}
        for entry in self.unread():
            was_read = entry.position is not None
            free = [reader for reader in readers if was_read or load[reader] < cameras_each]
            if not free:
                continue
            reader = min(free, key=lambda name: (load[name], name))
            entry.reader = reader
            load[reader] += 1
            given.setdefault(reader, []).append(entry)
        return given

    def lose(self, reader: str) -> list[CameraEntry]:
        """Takes the cameras of a reader that is gone; what it had under way is lost."""
        lost = self.read_by(reader)
        for entry in lost:
            entry.reader = None
            self.close_account(entry)
        return lost

    def take(self, report: ReaderReport) -> None:
        """Notes what a reader says of the cameras it reads."""
        for camera, position in zip(report.cameras, report.positions, strict=True):
            entry = self.entries.get(camera.camera_id)
            if entry is not None and entry.reader == report.name:
                entry.report, entry.position = camera, position

    def close_account(self, entry: CameraEntry) -> None:
        """Adds what the last reader counted to what came before."""
        if entry.report is None:
            return
        told = dict(entry.report.counts.by_outcome)
        told[Outcome.LOST] = told.get(Outcome.LOST, 0) + told.pop(Outcome.IN_FLIGHT, 0)
        now_before = FrameCounts(told, entry.report.counts.reduced)
        entry.before = added([entry.before, now_before])
        no_frames = FrameCounts(dict.fromkeys(Outcome, 0))
        entry.report = replace(entry.report, state=None, counts=no_frames, rate_hz=0.0)

    def reports(self) -> tuple[CameraReport, ...]:
        """Returns how every camera is doing, counted over all its readers."""
        return tuple(
            replace(entry.report, counts=added([entry.before, entry.report.counts]))
            for entry in self.entries.values()
            if entry.report is not None
        )


def most_cameras(cameras_each: int, cameras: int, readers: int, running_s: float) -> int:
    """Returns how many cameras a reader may have; at first no more than its even share.

    Who comes up first would else take all, and all would be lost with it.

    Args:
        cameras_each: Most cameras of a reader, ever.
        cameras: Of the site.
        readers: Started, whether they are up yet or not.
        running_s: Since the start.
    """
    if running_s > EVEN_FOR_S or readers == 0:
        return cameras_each
    return min(cameras_each, -(-cameras // readers))


def added(counts: Iterable[FrameCounts]) -> FrameCounts:
    """Returns the sum."""
    total, reduced = dict.fromkeys(Outcome, 0), 0
    for each in counts:
        reduced += each.reduced
        for outcome, frames in each.by_outcome.items():
            total[outcome] += frames
    return FrameCounts(total, reduced)
