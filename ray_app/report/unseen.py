"""What of a camera's time was not analysed, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ray_app.report.data import CameraFacts, LostSpan, ReportData
from ray_app.report.moments import MomentWords
from ray_app.report.time_axis import covered
from ray_app.report.words import duration

BETWEEN_FILES = "no footage between two files"
NOT_ANALYSED = "not analysed"
SHORTEST_S = 1e-6


@dataclass(frozen=True, slots=True)
class UnseenRow:
    """One stretch in which nothing was analysed."""

    camera: str
    start: str
    end: str
    lasted: str
    cause: str


def unseen_spans(camera: CameraFacts) -> list[LostSpan]:
    """Returns the stretches between the first and last second in which nothing was analysed.

    A stretch inside a file that could not be decoded counts even where its segment was done.
    """
    out: list[LostSpan] = []
    for start_s, end_s, cause in _steps(camera):
        if out and out[-1].cause == cause and start_s - out[-1].end_s < SHORTEST_S:
            out[-1] = LostSpan(out[-1].start_s, end_s, cause)
        else:
            out.append(LostSpan(start_s, end_s, cause))
    return out


def unseen_s(data: ReportData) -> float:
    """Returns seconds between the first and last picture of each camera that were not analysed."""
    spans = (span for camera in data.cameras for span in unseen_spans(camera))
    return sum(span.end_s - span.start_s for span in spans)


def unseen_rows(data: ReportData, words: MomentWords) -> list[UnseenRow]:
    """Returns every stretch of time in which a camera's footage was not analysed."""
    return [
        UnseenRow(
            camera.id,
            words.tell(camera, span.start_s),
            words.tell(camera, span.end_s),
            duration(span.end_s - span.start_s),
            span.cause,
        )
        for camera in data.cameras
        for span in unseen_spans(camera)
    ]


def _steps(camera: CameraFacts) -> Iterator[tuple[float, float, str]]:
    """Yields the unseen steps between all instants at which something begins or ends."""
    whole = covered(camera)
    if whole is None:
        return
    turns = sorted([(whole[0], 0, "", ""), (whole[1], 0, "", ""), *_turns(camera)])
    active: Counter[tuple[str, str]] = Counter()
    for (time_s, change, kind, cause), following in pairwise(turns):
        active[kind, cause] += change
        until_s = following[0]
        if until_s - time_s < SHORTEST_S:
            continue
        on = [key for key, count in active.items() if count > 0]
        lost = sorted(told for what, told in on if what == "lost")
        if lost:
            yield time_s, until_s, lost[0]
        elif ("seen", "") not in on:
            yield time_s, until_s, BETWEEN_FILES if ("gap", "") in on else NOT_ANALYSED


def _turns(camera: CameraFacts) -> Iterator[tuple[float, int, str, str]]:
    spans = [(start_s, end_s, "seen", "") for start_s, end_s in camera.seen]
    spans += [(start_s, end_s, "gap", "") for start_s, end_s in camera.gaps]
    spans += [(lost.start_s, lost.end_s, "lost", lost.cause) for lost in camera.lost]
    for start_s, end_s, kind, cause in spans:
        yield start_s, 1, kind, cause
        yield end_s, -1, kind, cause
