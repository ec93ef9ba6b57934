"""What the template prints: sentences, rows and figures, all computed before."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from markupsafe import Markup

from ray_app.report.curve_figure import LEFT_PX, RIGHT_PX, draw_curve
from ray_app.report.data import CameraFacts, Curve, Place, ReportData, Span
from ray_app.report.episodes import Episode, worst_first
from ray_app.report.moments import MomentWords, day_words, local_time
from ray_app.report.time_axis import TimeAxis, covered
from ray_app.report.timeline_figure import SharedTime
from ray_app.report.words import (
    colour_of,
    duration,
    how_ended,
    how_sure,
    is_unfinished,
    level_words,
    listed,
    meaning_of,
    number,
    plural,
    title_of,
    unit_of,
)

MOST_ROWS = 200
POINTS_IN_ALL = 60_000
MOST_POINTS_A_CURVE = 700


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One line of the table of situations; also_by names cameras that signalled it too."""

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
    sure: str
    why_sure: str
    ending: str
    also_by: str
    frames: str


@dataclass(frozen=True, slots=True)
class CurvePart:
    """One curve with its caption."""

    title: str
    meaning: str
    unit: str
    band: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place on the map."""

    name: str
    peaks: tuple[str, ...]


def episode_rows(
    data: ReportData,
    episodes: tuple[Episode, ...],
    words: MomentWords,
    shared: SharedTime,
) -> list[EpisodeRow]:
    """Returns the worst situations, in order of the time all cameras share."""
    cameras = {camera.id: camera for camera in data.cameras}
    kept = worst_first(episodes)[:MOST_ROWS]
    offsets_s = shared.offsets_s
    kept.sort(key=lambda e: (e.started_s + offsets_s[e.camera_id], e.event_id))
    # Without a common clock nobody can say that two cameras saw the same.
    others = kept if shared.is_clock else []
    return [
        _row(e, cameras[e.camera_id], words, listed(_also_by(e, others, offsets_s))) for e in kept
    ]


def _row(episode: Episode, camera: CameraFacts, words: MomentWords, also_by: str) -> EpisodeRow:
    end_s = episode.ended_s
    sure, why_sure = how_sure(episode)
    return EpisodeRow(
        title=title_of(episode.situation),
        colour=colour_of(episode.situation),
        camera=episode.camera_id,
        place=episode.place,
        start=words.tell(camera, episode.started_s),
        end="still on" if end_s is None else words.tell(camera, end_s),
        lasted="" if end_s is None else duration(end_s - episode.started_s),
        peak=level_words(episode.peak, episode.peak_sigma, episode.unit),
        peak_at=words.tell(camera, episode.peak_s),
        open_at=level_words(episode.open_at, None, episode.unit),
        sure=sure,
        why_sure=why_sure,
        ending=how_ended(episode),
        also_by=also_by,
        frames=", ".join(map(str, episode.frames)),
    )


def _also_by(
    episode: Episode, others: list[Episode], offsets_s: dict[str, float]
) -> tuple[str, ...]:
    """Returns other cameras that signalled the same in the same place at the same time."""
    start_s, end_s = _shared_span(episode, offsets_s)
    names = []
    for other in others:
        same = (other.situation, other.place) == (episode.situation, episode.place)
        if same and other.camera_id != episode.camera_id:
            other_start_s, other_end_s = _shared_span(other, offsets_s)
            if other_start_s <= end_s and start_s <= other_end_s:
                names.append(other.camera_id)
    return tuple(dict.fromkeys(names))


def _shared_span(episode: Episode, offsets_s: dict[str, float]) -> tuple[float, float]:
    offset_s = offsets_s[episode.camera_id]
    end_s = float("inf") if episode.ended_s is None else episode.ended_s
    return episode.started_s + offset_s, end_s + offset_s


def headline(data: ReportData, episodes: tuple[Episode, ...]) -> str:
    """Returns what happened, in a sentence or two."""
    if data.cameras and not any(camera.watched for camera in data.cameras):
        return "No situation was watched for: people were only counted."
    if not episodes:
        return "No situation was signalled in the footage that could be analysed."
    kinds = dict.fromkeys(title_of(e.situation).lower() for e in worst_first(episodes))
    told = f"{plural(len(episodes), 'signal', 'signals')}: {listed(tuple(kinds))}."
    certainty = Counter(how_sure(e)[0] for e in episodes)
    sure = f"{certainty['clear']} of {len(episodes)} clearly above the alarm level"
    if untold := certainty["not told"]:
        sure += f", {untold} of untold certainty"
    unfinished = sum(is_unfinished(e) for e in episodes)
    end = f"; {unfinished} still on when the footage ended" if unfinished else ""
    return f"{told} {sure}{end}."


def seen_s(data: ReportData) -> float:
    """Returns seconds of footage analysed, all cameras together."""
    return sum(end - start for camera in data.cameras for start, end in camera.seen)


def time_span(data: ReportData, words: MomentWords) -> str:
    """Returns from when to when the footage lasts, where that can be said."""
    whole = [(c, span) for c in data.cameras if (span := covered(c)) is not None]
    if not whole:
        return "no footage could be analysed"
    known = [(c, span) for c, span in whole if c.origin is not None]
    unknown = listed(tuple(c.id for c, _ in whole if c.origin is None))
    if not known:
        longest_s = max(end for _, (_, end) in whole)
        return (
            f"{duration(longest_s)} of footage; the time of day is not known, so times are told "
            "as h:mm:ss from the start of each camera's footage"
        )
    told = _clock_span(known, words)
    if not unknown:
        return told
    return f"{told}; the time of day is not known of {unknown}, told from the start of its footage"


def _clock_span(known: list[tuple[CameraFacts, Span]], words: MomentWords) -> str:
    ends = [(c.origin, s, c) for c, span in known if c.origin is not None for s in span]
    ends.sort(key=lambda end: end[0] + timedelta(seconds=end[1]))
    (origin, first_s, first), (_, last_s, last) = ends[0], ends[-1]
    told = f"{words.tell(first, first_s)} to {words.tell(last, last_s)} ({words.time_zone})"
    if words.only_day is not None:
        return f"{day_words(words.only_day)}, {told}"
    return f"{told}, {local_time(origin, first_s, words.time_zone).year}"


def curve_parts(
    data: ReportData, episodes: tuple[Episode, ...], camera: CameraFacts
) -> list[CurvePart]:
    """Returns the curves of one camera: what can raise an alarm first, plain counts last."""
    whole = covered(camera)
    if whole is None:
        return []
    end_s = max(whole[1], whole[0] + 1.0)
    axis = TimeAxis(camera.origin, data.time_zone, whole[0], end_s, LEFT_PX, RIGHT_PX)
    points = max(60, min(MOST_POINTS_A_CURVE, POINTS_IN_ALL // max(1, len(data.curves))))
    own = sorted(
        (curve for curve in data.curves if curve.camera_id == camera.id),
        key=lambda curve: curve.situation == "people_count",
    )
    return [
        CurvePart(
            title=f"{title_of(curve.situation)}: {_place_words(curve)}",
            meaning=meaning_of(curve.situation),
            unit=unit_of(curve.unit),
            band="" if np.isfinite(curve.sigma).any() else "uncertainty not known",
            figure=draw_curve(curve, camera, _of_curve(curve, episodes), axis, points),
        )
        for curve in own
    ]


def _place_words(curve: Curve) -> str:
    return "whole view" if curve.place == "view" else curve.place


def _of_curve(curve: Curve, episodes: tuple[Episode, ...]) -> list[Episode]:
    wanted = (curve.camera_id, curve.situation, curve.place)
    return [e for e in episodes if (e.camera_id, e.situation, e.place) == wanted]


def place_rows(data: ReportData) -> list[PlaceRow]:
    """Returns the places of the map with the highest level of each situation there."""
    return [PlaceRow(place.name, _peaks(data, place)) for place in data.places]


def _peaks(data: ReportData, place: Place) -> tuple[str, ...]:
    own = [curve for curve in data.curves if curve.place == place.name and len(curve.level)]
    watched = [curve for curve in own if curve.situation != "people_count"]
    return tuple(map(_peak_words, watched or own)) or ("nothing measured here",)


def _peak_words(curve: Curve) -> str:
    peak = level_words(float(curve.level.max()), None, curve.unit)
    alarm = "" if curve.open_at is None else f", alarm level {number(curve.open_at)}"
    return f"{title_of(curve.situation)}: at most {peak} (camera {curve.camera_id}{alarm})"
