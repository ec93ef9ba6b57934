"""The last seconds of one camera in memory, and what of them is written when a situation opens."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from ray_app.domain.event import Event, Phase
from ray_app.domain.frame import Frame, FrameKey
from ray_app.domain.observation import Observation
from ray_app.domain.place import Outline
from ray_app.domain.situation import EvidenceFile
from ray_app.video.evidence.files import kept_file, write_clip, write_still
from ray_app.video.evidence.pictures import RememberedFrame, evidence_picture
from ray_app.video.evidence.settings import EvidenceSettings

Finished = tuple[Event, tuple[EvidenceFile, ...]]


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """What became of one camera's evidence so far.

    Attributes:
        stills: Written.
        clips: Written.
        failed: Files that could not be written, or had no frame to show.
        forgotten: Frames dropped before their time because memory_mb was too little.
        trouble: Why the last one failed; None when none did since.
    """

    stills: int = 0
    clips: int = 0
    failed: int = 0
    forgotten: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    event: Event
    stretch: int
    folder: Path


@cache
def clip_writer() -> ThreadPoolExecutor:
    """Returns the process's one thread that encodes clips and gives way to everything else."""
    return ThreadPoolExecutor(1, "evidence", initializer=_give_way)


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)  # of this thread alone


class EvidenceRing:
    """Remembers the newest analysed frames of one camera; writes of them only what is blurred.

    The reader calls `add` for every analysed frame, `write` for every event, and `finish` after
    each frame: it returns the clips that became complete, to be told by the same step again.
    Nothing here raises for a full disk: the situation goes out without its pictures, and
    `report` says so.

    Args:
        settings: How much.
        outlines: Tells where the camera's places lie in a frame (`wiring.build_outlines`).
        clips: Encodes clips beside the analysis; None takes one thread that all cameras of the
            process share.
    """

    def __init__(
        self,
        settings: EvidenceSettings,
        outlines: Callable[[Observation], Sequence[Outline]] = lambda _: (),
        clips: Executor | None = None,
    ) -> None:
        self._settings, self._outlines = settings, outlines
        self._clips = clip_writer() if clips is None else clips
        self._encoding: list[tuple[Event, Future[tuple[EvidenceFile, ...]]]] = []
        self._frames: deque[RememberedFrame] = deque()
        self._planned: dict[str, _Planned] = {}
        self._report = EvidenceReport()
        self._lock = threading.Lock()

    def add(self, frame: Frame, seen: Observation) -> None:
        """Remembers a frame that was analysed, already black outside the perimeter."""
        if not self._settings.keep:
            return
        small = _small(frame.pixels, self._settings.width_px)
        with self._lock:
            self._thin(frame.key)
            self._frames.append(RememberedFrame(frame.key, small, seen))
            self._forget_old(frame.key.time_s)

    def write(self, event: Event, folder: Path) -> tuple[EvidenceFile, ...]:
        """Writes the still of a situation that just opened, and plans its clip.

        Returns:
            The still; nothing for any other step, or when it could not be written.
        """
        if not self._settings.keep or event.phase is not Phase.OPENED:
            return ()
        frames = self._remembered()
        shown = min(frames, key=lambda f: abs(f.key.time_s - event.time_s), default=None)
        if shown is None:
            return self._failed(f"no frame of {event.event_id} is in memory")
        self._planned[event.event_id] = _Planned(event, shown.key.stretch, folder)
        return self._written(event, folder, "still", [shown], frames)

    def finish(self) -> tuple[Finished, ...]:
        """Begins every clip whose seconds after the opening are in memory.

        Returns:
            Clips that are whole on disk since the last call.
        """
        if self._planned:
            frames = self._remembered()
            for plan in [p for p in self._planned.values() if self._is_due(p, frames)]:
                self._encode(plan, frames)
        return self._encoded()

    def finish_all(self) -> tuple[Finished, ...]:
        """Writes every planned clip with what there is and waits for it: the camera stops."""
        frames = self._remembered()
        for plan in list(self._planned.values()):
            self._encode(plan, frames)
        wait([future for _, future in self._encoding])
        return self._encoded()

    def clear(self) -> None:
        """Forgets every frame and every planned clip."""
        with self._lock:
            self._frames.clear()
        self._planned.clear()

    def report(self) -> EvidenceReport:
        """Returns what became of the evidence so far."""
        return self._report

    def _remembered(self) -> list[RememberedFrame]:
        with self._lock:
            return list(self._frames)

    def _thin(self, key: FrameKey) -> None:
        """Drops the newest frame when the next one, key, falls into the same 1 / rate_hz."""
        if self._frames and self._slot(self._frames[-1].key) == self._slot(key):
            self._frames.pop()

    def _slot(self, key: FrameKey) -> tuple[int, int]:
        return key.stretch, int(key.time_s * self._settings.rate_hz + 1e-6)

    def _forget_old(self, now_s: float) -> None:
        oldest_s = now_s - self._settings.before_s - self._settings.after_s - 1.0
        while self._frames[0].key.time_s < oldest_s:
            self._frames.popleft()
        held = sum(f.pixels.nbytes for f in self._frames)
        while held > self._settings.memory_mb * 1e6 and len(self._frames) > 1:
            held -= self._frames.popleft().pixels.nbytes
            self._report = replace(self._report, forgotten=self._report.forgotten + 1)

    def _is_due(self, plan: _Planned, frames: list[RememberedFrame]) -> bool:
        newest = frames[-1].key if frames else None
        return (
            newest is None
            or newest.stretch != plan.stretch
            or newest.time_s >= plan.event.time_s + self._settings.after_s - 1e-6
        )

    def _encode(self, plan: _Planned, frames: list[RememberedFrame]) -> None:
        event = self._planned.pop(plan.event.event_id).event
        shown = self._around(plan, frames)
        work = partial(self._written, event, plan.folder, "clip", shown, frames)
        self._encoding.append((event, self._clips.submit(work)))

    def _encoded(self) -> tuple[Finished, ...]:
        done = [(event, future.result()) for event, future in self._encoding if future.done()]
        self._encoding = [pair for pair in self._encoding if not pair[1].done()]
        return tuple((event, files) for event, files in done if files)

    def _around(self, plan: _Planned, frames: list[RememberedFrame]) -> list[RememberedFrame]:
        first_s = plan.event.time_s - self._settings.before_s - 1e-6
        last_s = plan.event.time_s + self._settings.after_s + 1e-6
        return [
            f for f in frames if f.key.stretch == plan.stretch and first_s <= f.key.time_s <= last_s
        ]

    def _written(
        self,
        event: Event,
        folder: Path,
        kind: str,
        shown: list[RememberedFrame],
        frames: list[RememberedFrame],
    ) -> tuple[EvidenceFile, ...]:
        if not shown:
            return self._failed(f"no frame of {event.event_id} is in memory")
        pictures = (
            (f.key.time_s, evidence_picture(f, frames, self._outlines(f.seen), event))
            for f in shown
        )
        try:
            file = kept_file(folder, event.event_id, kind)
            if file is None and kind == "still":
                file = write_still(folder, event.event_id, next(pictures)[1])
            elif file is None:
                file = write_clip(folder, event.event_id, pictures)
        except (OSError, ValueError, FFmpegError) as error:
            cause = getattr(error, "strerror", None) or str(error).splitlines()[0]
            return self._failed(f"{kind} of {event.event_id} not written: {cause}")
        self._count(kind)
        return (file,)

    def _count(self, kind: str) -> None:
        with self._lock:
            now = self._report
            stills, clips = now.stills + (kind == "still"), now.clips + (kind == "clip")
            self._report = replace(now, stills=stills, clips=clips, trouble=None)

    def _failed(self, trouble: str) -> tuple[EvidenceFile, ...]:
        with self._lock:
            failed = self._report.failed + 1
            self._report = replace(self._report, failed=failed, trouble=trouble)
        return ()


def _small(pixels: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    """Returns a copy, at most width_px wide: the caller's picture may be borrowed memory."""
    height, width = pixels.shape[:2]
    if width <= width_px:
        return pixels.copy()
    size = (width_px, max(1, round(height * width_px / width)))
    small: NDArray[np.uint8] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return small
