"""Draws when each camera signalled what, one lane for each situation, on one axis of time."""

from dataclasses import dataclass

from markupsafe import Markup

from ray_app.report.data import CameraFacts, LostSpan, ReportData, Span
from ray_app.report.episodes import Episode
from ray_app.report.moments import MomentWords
from ray_app.report.svg import group, joined, rect, stroke, svg, text
from ray_app.report.time_axis import TimeAxis, covered
from ray_app.report.unseen import unseen_spans
from ray_app.report.words import colour_of, is_unfinished, level_words, title_of

WIDTH_PX = 1000
LEFT_PX, RIGHT_PX = 236, 965
CAMERA_PX, LANE_PX, GAP_PX = 18, 20, 8
LEAST_BAR_PX = 3.0
TOP_PX = 6
MOST_QUIET_LANES = 24  # with more lanes, cameras that signalled nothing show their footage only
LETTER_PX = 6.4
LONGEST_LABEL = 34
Lane = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SharedTime:
    """One axis for all cameras.

    Attributes:
        offsets_s: Added to a camera's time, by camera id.
    """

    axis: TimeAxis
    offsets_s: dict[str, float]

    @property
    def is_clock(self) -> bool:
        """Whether the axis tells time of day; else each camera counts from its own start."""
        return self.axis.origin is not None


def share_time(data: ReportData) -> SharedTime:
    """Returns an axis over all footage: clock time when every camera's start is known."""
    origins = {c.id: c.origin for c in data.cameras if c.origin is not None}
    first = min(origins.values()) if len(origins) == len(data.cameras) and origins else None
    offsets_s = {
        c.id: (c.origin - first).total_seconds() if first and c.origin else 0.0
        for c in data.cameras
    }
    spans = [(c.id, span) for c in data.cameras if (span := covered(c)) is not None]
    start_s = min((span[0] + offsets_s[i] for i, span in spans), default=0.0)
    end_s = max((span[1] + offsets_s[i] for i, span in spans), default=1.0)
    end_s = max(end_s, start_s + 1.0)
    axis = TimeAxis(first, data.time_zone, start_s, end_s, LEFT_PX, RIGHT_PX)
    return SharedTime(axis, offsets_s)


def draw_timeline(
    data: ReportData, episodes: tuple[Episode, ...], shared: SharedTime, words: MomentWords
) -> Markup:
    """Returns the figure."""
    lanes = {camera.id: _lanes(camera, episodes) for camera in data.cameras}
    is_long = sum(map(len, lanes.values())) > MOST_QUIET_LANES
    loud = {episode.camera_id for episode in episodes}
    y, rows = float(TOP_PX), []
    for camera in data.cameras:
        rows.append(_camera_row(camera, shared, y))
        y += CAMERA_PX + 3
        for lane in () if is_long and camera.id not in loud else lanes[camera.id]:
            mine = [e for e in episodes if _lane_of(e, camera.id) == lane]
            rows.append(_lane(lane, mine, camera, shared, words, y))
            if lane in _unmeasured(data, camera):
                rows.append(text(LEFT_PX + 6, y + 14, "not measured, see below", "lane"))
            y += LANE_PX
        y += GAP_PX
    ticks = [_tick(x, label, y) for x, label in shared.axis.ticks()]
    return svg(WIDTH_PX, y + 24, [*ticks, *rows], "Timeline of situations, camera by camera")


def _lanes(camera: CameraFacts, episodes: tuple[Episode, ...]) -> list[Lane]:
    """Returns the situation and place of every lane: what was looked for, or signalled."""
    signalled = [lane for e in episodes if (lane := _lane_of(e, camera.id)) is not None]
    return list(dict.fromkeys([*camera.watched, *signalled]))


def _unmeasured(data: ReportData, camera: CameraFacts) -> set[Lane]:
    """Returns the lanes never measured: a quiet lane must not be taken for a quiet place."""
    measured = {(c.situation, c.place) for c in data.curves if c.camera_id == camera.id}
    return set(camera.watched) - measured


def _lane_of(episode: Episode, camera_id: str) -> Lane | None:
    if episode.camera_id != camera_id:
        return None
    return episode.situation, episode.place


def _camera_row(camera: CameraFacts, shared: SharedTime, y: float) -> Markup:
    label = camera.id if len(camera.id) <= 24 else f"{camera.id[:23]}…"
    seen = [_footage(span, camera, shared, y) for span in camera.seen]
    unseen = [_footage(span, camera, shared, y) for span in unseen_spans(camera)]
    return joined([text(0, y + 13, label, "camera"), group("seen", seen), group("unseen", unseen)])


def _footage(span: LostSpan | Span, camera: CameraFacts, shared: SharedTime, y: float) -> Markup:
    start_s, end_s = (span.start_s, span.end_s) if isinstance(span, LostSpan) else span
    offset_s = shared.offsets_s[camera.id]
    left, right = shared.axis.x(start_s + offset_s), shared.axis.x(end_s + offset_s)
    return rect(left, y + 4, right, y + 14)


def _lane(
    lane: Lane,
    episodes: list[Episode],
    camera: CameraFacts,
    shared: SharedTime,
    words: MomentWords,
    y: float,
) -> Markup:
    label = f"{title_of(lane[0])}: {lane[1]}"
    label = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    return joined(
        [
            text(12, y + 14, label, "lane"),
            stroke(f"M{LEFT_PX} {y + LANE_PX / 2:.1f}H{RIGHT_PX}", "base"),
            *(_bar(episode, camera, shared, words, y) for episode in episodes),
        ]
    )


def _bar(
    episode: Episode, camera: CameraFacts, shared: SharedTime, words: MomentWords, y: float
) -> Markup:
    offset_s = shared.offsets_s[camera.id]
    end_s = shared.axis.end_s if episode.ended_s is None else episode.ended_s + offset_s
    left, right = shared.axis.x(episode.started_s + offset_s), shared.axis.x(end_s)
    right = max(right, left + LEAST_BAR_PX)
    peak = level_words(episode.peak, episode.peak_sigma, episode.unit)
    colour = colour_of(episode.situation)
    told = f"{title_of(episode.situation)}, {episode.place}: "
    told += f"{words.tell(camera, episode.started_s)}, {peak}"
    bar = Markup(
        '<rect x="{:.1f}" y="{:.0f}" width="{:.1f}" height="16" rx="2" fill="{}" class="bar">'
        "<title>{}</title></rect>"
    ).format(left, y + 2, right - left, colour, told)
    if is_unfinished(episode):
        bar += Markup('<path d="M{:.1f} {:.0f}l7 8l-7 8Z" fill="{}"/>').format(right, y + 2, colour)
    if right - left < LETTER_PX * len(peak) + 12:
        return bar
    ink = "on-dark" if _is_dark(colour) else "on-light"
    return bar + text(left + 6, y + 14, peak, f"peak {ink}")


def _is_dark(colour: str) -> bool:
    """Returns whether white stands out better on a colour than black (WCAG 2.2, 1.4.3)."""
    shares = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (luminance + 0.05) ** 2 < 1.05 * 0.05


def _tick(x: float, label: str, bottom: float) -> Markup:
    line = stroke(f"M{x:.1f} {TOP_PX}V{bottom:.0f}", "grid")
    return line + text(x, bottom + 15, label, "tick mid")
