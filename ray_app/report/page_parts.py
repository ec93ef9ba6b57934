"""What the template prints: sentences, rows and figures, all computed before."""

from base64 import b64encode
from dataclasses import dataclass

from markupsafe import Markup

from ray_app.report.curve_figure import LEFT_PX, RIGHT_PX, draw_curve
from ray_app.report.data import CameraFacts, Curve, Place, ReportData, Still
from ray_app.report.episodes import Episode, worst_first
from ray_app.report.time_axis import TimeAxis, covered, unseen_spans
from ray_app.report.words import (
    colour_of,
    duration,
    level_words,
    meaning_of,
    moment,
    number,
    plural,
    title_of,
    unit_of,
    why,
)

MOST_ROWS = 200
MOST_STILL_BYTES = 4_000_000
POINTS_IN_ALL = 60_000
MOST_POINTS_A_CURVE = 700


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One line of the table of situations."""

    title: str
    colour: str
    camera: str
    place: str
    start: str
    end: str
    lasted: str
    peak: str
    peak_at: str
    open_at: str
    why: str
    frames: str


@dataclass(frozen=True, slots=True)
class CurvePart:
    """One curve with its caption."""

    title: str
    meaning: str
    unit: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class StillPart:
    """One picture with its caption."""

    source: str
    caption: str


@dataclass(frozen=True, slots=True)
class UnseenRow:
    """One stretch in which nothing was analysed."""

    camera: str
    start: str
    end: str
    lasted: str
    cause: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place on the map."""

    name: str
    peaks: tuple[str, ...]


def episode_rows(
    data: ReportData, episodes: tuple[Episode, ...], offsets_s: dict[str, float]
) -> list[EpisodeRow]:
    """Returns the worst situations, in order of the time all cameras share."""
    cameras = {camera.id: camera for camera in data.cameras}
    kept = worst_first(episodes)[:MOST_ROWS]
    kept.sort(key=lambda e: (e.started_s + offsets_s[e.camera_id], e.event_id))
    return [_row(e, cameras[e.camera_id], data.time_zone) for e in kept]


def _row(episode: Episode, camera: CameraFacts, zone: str) -> EpisodeRow:
    end_s = episode.ended_s
    return EpisodeRow(
        title=title_of(episode.situation),
        colour=colour_of(episode.situation),
        camera=episode.camera_id,
        place=episode.place,
        start=moment(camera, episode.started_s, zone),
        end="still open" if end_s is None else moment(camera, end_s, zone),
        lasted="" if end_s is None else duration(end_s - episode.started_s),
        peak=level_words(episode.peak, episode.peak_sigma, episode.unit),
        peak_at=moment(camera, episode.peak_s, zone),
        open_at=level_words(episode.open_at, None, episode.unit),
        why=why(episode),
        frames=", ".join(map(str, episode.frames)),
    )


def headline(data: ReportData, episodes: tuple[Episode, ...]) -> str:
    """Returns what happened, in a sentence or two."""
    if not episodes:
        return "No situation was signalled in the footage that could be analysed."
    worst = worst_first(episodes)[0]
    camera = next(camera for camera in data.cameras if camera.id == worst.camera_id)
    peak = level_words(worst.peak, worst.peak_sigma, worst.unit)
    found = plural(len(episodes), "situation was signalled", "situations were signalled")
    return (
        f"{found}. Most serious: {title_of(worst.situation).lower()} at {worst.place} "
        f"(camera {worst.camera_id}), {peak} at {moment(camera, worst.peak_s, data.time_zone)}; "
        f"the alarm level is {number(worst.open_at)}."
    )


def seen_s(data: ReportData) -> float:
    """Returns seconds of footage analysed, all cameras together."""
    return sum(end - start for camera in data.cameras for start, end in camera.seen)


def time_span(data: ReportData) -> str:
    """Returns from when to when the footage lasts, where that can be said."""
    whole = [(c, span) for c in data.cameras if (span := covered(c)) is not None]
    if not whole:
        return "no footage could be analysed"
    known = [(c, span) for c, span in whole if c.origin is not None]
    if len(known) < len(whole):
        longest_s = max(end for _, (_, end) in whole)
        return (
            f"{duration(longest_s)} of footage; the time of day is not known for every camera, "
            "so times are told as h:mm:ss from the start of that camera's footage"
        )
    first = min(known, key=lambda k: k[0].origin.timestamp() + k[1][0] if k[0].origin else 0.0)
    last = max(known, key=lambda k: k[0].origin.timestamp() + k[1][1] if k[0].origin else 0.0)
    start = moment(first[0], first[1][0], data.time_zone)
    year = f" {first[0].origin.year}" if first[0].origin else ""
    return f"{start} to {moment(last[0], last[1][1], data.time_zone)}{year} ({data.time_zone})"


def curve_parts(
    data: ReportData, episodes: tuple[Episode, ...], camera: CameraFacts
) -> list[CurvePart]:
    """Returns the curves of one camera."""
    whole = covered(camera)
    if whole is None:
        return []
    end_s = max(whole[1], whole[0] + 1.0)
    axis = TimeAxis(camera.origin, data.time_zone, whole[0], end_s, LEFT_PX, RIGHT_PX)
    points = max(60, min(MOST_POINTS_A_CURVE, POINTS_IN_ALL // max(1, len(data.curves))))
    return [
        CurvePart(
            title=f"{title_of(curve.situation)}: {curve.place}",
            meaning=meaning_of(curve.situation),
            unit=unit_of(curve.unit),
            figure=draw_curve(curve, camera, _of_curve(curve, episodes), axis, points),
        )
        for curve in data.curves
        if curve.camera_id == camera.id
    ]


def _of_curve(curve: Curve, episodes: tuple[Episode, ...]) -> list[Episode]:
    wanted = (curve.camera_id, curve.situation, curve.place)
    return [e for e in episodes if (e.camera_id, e.situation, e.place) == wanted]


def still_parts(data: ReportData, episodes: tuple[Episode, ...]) -> list[StillPart]:
    """Returns the stills in their order, as many as a page may carry."""
    cameras = {camera.id: camera for camera in data.cameras}
    parts, carried = [], 0
    for still in data.stills:
        carried += len(still.jpeg)
        if carried > MOST_STILL_BYTES:
            break
        source = "data:image/jpeg;base64," + b64encode(still.jpeg).decode("ascii")
        when = moment(cameras[still.camera_id], still.time_s, data.time_zone)
        parts.append(StillPart(source, f"{still.camera_id}, {when}{_shown(still, episodes)}"))
    return parts


def _shown(still: Still, episodes: tuple[Episode, ...]) -> str:
    shown = [
        f"{title_of(e.situation).lower()} at {e.place}"
        for e in episodes
        if e.camera_id == still.camera_id
        and e.started_s <= still.time_s <= (float("inf") if e.ended_s is None else e.ended_s)
    ]
    return ": " + ", ".join(dict.fromkeys(shown)) if shown else ""


def unseen_rows(data: ReportData) -> list[UnseenRow]:
    """Returns every stretch of time in which a camera's footage was not analysed."""
    rows = []
    for camera in data.cameras:
        causes = {(lost.start_s, lost.end_s): lost.cause for lost in camera.lost}
        for start_s, end_s in unseen_spans(camera):
            cause = causes.get((start_s, end_s), "no footage between two files")
            rows.append(
                UnseenRow(
                    camera.id,
                    moment(camera, start_s, data.time_zone),
                    moment(camera, end_s, data.time_zone),
                    duration(end_s - start_s),
                    cause,
                )
            )
    return rows


def place_rows(data: ReportData) -> list[PlaceRow]:
    """Returns the places of the map with the highest level of each situation there."""
    return [PlaceRow(place.name, _peaks(data, place)) for place in data.places]


def _peaks(data: ReportData, place: Place) -> tuple[str, ...]:
    return tuple(
        _peak_words(curve)
        for curve in data.curves
        if curve.place == place.name and len(curve.level)
    )


def _peak_words(curve: Curve) -> str:
    peak = level_words(float(curve.level.max()), None, curve.unit)
    alarm = "" if curve.open_at is None else f" (alarm level {number(curve.open_at)})"
    return f"{title_of(curve.situation)}: at most {peak}{alarm}"


def unseen_s(data: ReportData) -> float:
    """Returns seconds between the first and last picture of each camera that were not analysed."""
    return sum(end - start for camera in data.cameras for start, end in unseen_spans(camera))
