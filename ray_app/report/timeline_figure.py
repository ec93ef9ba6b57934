"""Draws when each camera signalled what, one lane for each situation, on one axis of time."""

from dataclasses import dataclass

from markupsafe import Markup

from ray_app.report.data import CameraFacts, ReportData
from ray_app.report.episodes import Episode
from ray_app.report.svg import group, joined, rect, stroke, svg, text
from ray_app.report.time_axis import TimeAxis, covered, unseen_spans
from ray_app.report.words import colour_of, moment, title_of

WIDTH_PX = 1000
LEFT_PX, RIGHT_PX = 190, 965
CAMERA_PX, LANE_PX, GAP_PX = 18, 20, 8
LEAST_BAR_PX = 3.0
TOP_PX = 6


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


def draw_timeline(data: ReportData, episodes: tuple[Episode, ...], shared: SharedTime) -> Markup:
    """Returns the figure."""
    y, rows = float(TOP_PX), []
    for camera in data.cameras:
        rows.append(_camera_row(camera, shared, y))
        y += CAMERA_PX + 3
        for situation in _lanes(data, camera.id):
            mine = [e for e in episodes if e.camera_id == camera.id and e.situation == situation]
            rows.append(_lane(situation, mine, camera, shared, y))
            y += LANE_PX
        y += GAP_PX
    ticks = [_tick(x, label, y) for x, label in shared.axis.ticks()]
    return svg(WIDTH_PX, y + 24, [*ticks, *rows], "Timeline of situations, camera by camera")


def _lanes(data: ReportData, camera_id: str) -> list[str]:
    watched = [curve.situation for curve in data.curves if curve.camera_id == camera_id]
    signalled = [event.situation for event in data.events if event.camera_id == camera_id]
    return list(dict.fromkeys([*watched, *signalled]))


def _camera_row(camera: CameraFacts, shared: SharedTime, y: float) -> Markup:
    label = camera.id if len(camera.id) <= 24 else f"{camera.id[:23]}…"
    seen = [_footage(span, camera, shared, y) for span in camera.seen]
    unseen = [_footage(span, camera, shared, y) for span in unseen_spans(camera)]
    return joined([text(0, y + 13, label, "camera"), group("seen", seen), group("unseen", unseen)])


def _footage(
    span: tuple[float, float], camera: CameraFacts, shared: SharedTime, y: float
) -> Markup:
    left, right = (shared.axis.x(time_s + shared.offsets_s[camera.id]) for time_s in span)
    return rect(left, y + 4, right, y + 14)


def _lane(
    situation: str, episodes: list[Episode], camera: CameraFacts, shared: SharedTime, y: float
) -> Markup:
    count = f" ({len(episodes)})" if episodes else ""
    return joined(
        [
            text(12, y + 14, f"{title_of(situation)}{count}", "lane"),
            stroke(f"M{LEFT_PX} {y + LANE_PX / 2:.1f}H{RIGHT_PX}", "base"),
            *(_bar(episode, camera, shared, y) for episode in episodes),
        ]
    )


def _bar(episode: Episode, camera: CameraFacts, shared: SharedTime, y: float) -> Markup:
    offset_s = shared.offsets_s[camera.id]
    end_s = shared.axis.end_s if episode.ended_s is None else episode.ended_s + offset_s
    left, right = shared.axis.x(episode.started_s + offset_s), shared.axis.x(end_s)
    start = moment(camera, episode.started_s, shared.axis.time_zone)
    told = f"{title_of(episode.situation)}, {episode.place}: {start}"
    return Markup(
        '<rect x="{:.1f}" y="{:.0f}" width="{:.1f}" height="14" rx="2" fill="{}">'
        "<title>{}</title></rect>"
    ).format(left, y + 3, max(LEAST_BAR_PX, right - left), colour_of(episode.situation), told)


def _tick(x: float, label: str, bottom: float) -> Markup:
    line = stroke(f"M{x:.1f} {TOP_PX}V{bottom:.0f}", "grid")
    return line + text(x, bottom + 15, label, "tick mid")
