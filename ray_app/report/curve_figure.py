"""Draws the level of one situation over time: its band, its alarm levels, what was not seen."""

import math

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from ray_app.report.data import CameraFacts, Curve
from ray_app.report.episodes import Episode
from ray_app.report.svg import group, path_through, rect, stroke, svg, text
from ray_app.report.thinning import thin
from ray_app.report.time_axis import TimeAxis
from ray_app.report.unseen import unseen_spans
from ray_app.report.words import colour_of, number, title_of, unit_of

WIDTH_PX, HEIGHT_PX = 1000, 190
USUAL_PERCENT = 98
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 56, 924, 14, 160


def draw_curve(
    curve: Curve, camera: CameraFacts, episodes: list[Episode], axis: TimeAxis, points: int
) -> Markup:
    """Returns the figure.

    Args:
        curve: What is drawn.
        camera: Whose unseen time is greyed.
        episodes: Situations of this curve, shaded.
        axis: Between LEFT_PX and RIGHT_PX.
        points: The curve is thinned to this many pairs of least and greatest level.
    """
    top = _top_level(curve)
    colour = colour_of(curve.situation)
    unseen = [(span.start_s, span.end_s) for span in unseen_spans(camera)]
    parts = [
        group("unseen", [_column(axis, start, end) for start, end in unseen]),
        _tinted("shade", colour, [_episode(axis, episode) for episode in episodes]),
        *_level_grid(top),
        *_time_ticks(axis),
        *(_piece(piece, axis, top, colour) for piece in thin(curve, points)),
        *_alarm_levels(curve, top),
        *_outside(curve, axis, top),
    ]
    return svg(WIDTH_PX, HEIGHT_PX, parts, _described(curve))


def _described(curve: Curve) -> str:
    told = f"{title_of(curve.situation)} at {curve.place} over time, in {unit_of(curve.unit)}"
    if len(curve.level):
        told += f"; from {number(float(curve.level.min()))} to {number(float(curve.level.max()))}"
    return told if curve.open_at is None else f"{told}; alarm level {number(curve.open_at)}"


def _y(level: float, top: float) -> float:
    return BOTTOM_PX - min(1.04, max(0.0, level / top)) * (BOTTOM_PX - TOP_PX)


def _top_level(curve: Curve) -> float:
    alarm = 1.15 * (curve.open_at or (curve.reference[0] if curve.reference else 0.0))
    if not len(curve.level):
        return max(alarm, 1.0)
    # One wild level or sigma must not flatten the curve: it leaves the figure, and is told.
    usual = float(np.percentile(curve.level, USUAL_PERCENT))
    highest = min(float(curve.level.max()), max(3 * usual, 2 * alarm))
    band = float((curve.level + np.nan_to_num(curve.sigma, nan=0.0)).max())
    return max(min(band, 1.6 * highest), 1.1 * highest, alarm) or 1.0


def _column(axis: TimeAxis, start_s: float, end_s: float) -> Markup:
    return rect(axis.x(start_s), TOP_PX, axis.x(end_s), BOTTOM_PX)


def _episode(axis: TimeAxis, episode: Episode) -> Markup:
    end_s = axis.end_s if episode.ended_s is None else episode.ended_s
    return _column(axis, episode.started_s, end_s)


def _tinted(style: str, colour: str, parts: list[Markup]) -> Markup:
    return Markup('<g fill="{}" stroke="{}">{}</g>').format(colour, colour, group(style, parts))


def _level_grid(top: float) -> list[Markup]:
    parts = []
    for level in _round_levels(top):
        y = _y(level, top)
        parts.append(stroke(f"M{LEFT_PX} {y:.1f}H{RIGHT_PX}", "grid"))
        parts.append(text(LEFT_PX - 6, y + 4, number(level), "tick end"))
    return parts


def _round_levels(top: float) -> list[float]:
    rough = top / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    return [step * k for k in range(int(top / step) + 1)]


def _time_ticks(axis: TimeAxis) -> list[Markup]:
    parts = []
    for x, label in axis.ticks():
        parts.append(stroke(f"M{x:.1f} {BOTTOM_PX}v5", "grid"))
        parts.append(text(x, BOTTOM_PX + 18, label, "tick mid"))
    return parts


def _piece(columns: NDArray[np.float64], axis: TimeAxis, top: float, colour: str) -> Markup:
    xs = [axis.x(time_s) for time_s in columns[:, 0]]
    twice = [x for x in xs for _ in range(2)]
    line = path_through(twice, [_y(level, top) for level in columns[:, 1:3].reshape(-1)])
    head = path_through(xs, [_y(level, top) for level in columns[:, 4]])
    foot = path_through(xs[::-1], [_y(level, top) for level in columns[::-1, 3]])
    band = stroke(f"{head}L{foot[1:]}Z", "band")
    return _tinted("curve-line", colour, [band, stroke(line, "level")])


def _alarm_levels(curve: Curve, top: float) -> list[Markup]:
    if curve.reference is not None:
        level, word = curve.reference
        y = _y(level, top)
        return [_alarm_level(y, y + 4, f"{word} {number(level)}", "alarm ends")]
    if curve.open_at is None:
        return []
    open_y = _y(curve.open_at, top)
    parts = [_alarm_level(open_y, open_y + 4, f"on {number(curve.open_at)}", "alarm")]
    if curve.close_at is not None:
        y = _y(curve.close_at, top)
        word = f"off {number(curve.close_at)}"
        parts.append(_alarm_level(y, max(y + 4, open_y + 17), word, "alarm ends"))
    return parts


def _alarm_level(y: float, label_y: float, words: str, style: str) -> Markup:
    line = stroke(f"M{LEFT_PX} {y:.1f}H{RIGHT_PX}", style)
    return line + text(RIGHT_PX + 6, label_y, words, "tick")


def _outside(curve: Curve, axis: TimeAxis, top: float) -> list[Markup]:
    """Tells the greatest level where it leaves the figure."""
    if not len(curve.level) or float(curve.level.max()) <= 1.04 * top:
        return []
    at = int(curve.level.argmax())
    x = axis.x(float(curve.time_s[at]))
    side = "end" if x > WIDTH_PX / 2 else "start"
    away = -6 if side == "end" else 6
    told = f"\u2191 {number(float(curve.level[at]))}"
    return [text(x + away, TOP_PX + 10, told, f"outside {side}")]
