"""Figures of a plan: load against capacity, cost against misses, misses by cause."""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ray_app.report.plan_data import DayCurves, FloatArray, PolicyPoint
from ray_app.report.plan_words import percent
from ray_app.report.svg import group, joined, path_through, rect, stroke, svg, text

WIDTH_PX = 1000
LEFT_PX, RIGHT_PX = 62, 984
TOP_PX, BOTTOM_PX, STRIP_TOP_PX, STRIP_BOTTOM_PX, LOAD_HEIGHT_PX = 34, 300, 322, 362, 392
FRONT_HEIGHT_PX, FRONT_BOTTOM_PX = 380, 330
LEAST_SHARE = 1e-6
LOAD, CAPACITY, PAID, PLANNED, MISSED = "#0072b2", "#009e73", "#8a94a0", "#cc79a7", "#d55e00"
CAUSE_COLOURS = {
    "policy": "#d55e00",
    "nodes": "#0072b2",
    "starting": "#56a3d9",
    "quota": "#cc79a7",
    "spot": "#8c7a00",
    "queueing": "#76818b",
}


def draw_load(day: DayCurves) -> Markup:
    """Returns the load of a day against what could be carried, and the misses below it."""
    top = 1.08 * float(max(day.offered.max(), day.capacity.max(), day.planned.max()))
    span = (float(day.minutes[0]), float(day.minutes[-1]))
    parts = [
        *_level_grid(top),
        *_minute_ticks(span, STRIP_BOTTOM_PX),
        _area(day.minutes, np.minimum(day.paid, 1.04 * top), span, top, PAID, "shade-area"),
        _curve(day.minutes, day.planned, span, top, PLANNED, "dashed"),
        _curve(day.minutes, day.capacity, span, top, CAPACITY, "steps"),
        _curve(day.minutes, day.offered, span, top, LOAD, "level"),
        *_moments(day, span),
        *_missed_strip(day, span),
    ]
    told = f"{day.title}: work offered against work that can be carried, tiles per second"
    return svg(WIDTH_PX, LOAD_HEIGHT_PX, parts, told)


def draw_front(policies: Sequence[PolicyPoint], goal: float) -> Markup:
    """Returns cost against misses on a logarithmic axis, with 95 % intervals."""
    highest = max(p.gpu_h.high for p in policies) * 1.06
    lowest = 0.9 * min(p.gpu_h.low for p in policies)
    decades = range(-6, 1)
    parts = []
    for power in decades:
        y = _share_y(10.0**power)
        parts += [
            stroke(f"M{LEFT_PX} {y:.1f}H{RIGHT_PX}", "grid"),
            text(LEFT_PX - 6, y + 4, percent(10.0**power) if power > -6 else "none", "tick end"),
        ]
    step = _round_step((highest - lowest) / 7)
    for hours in np.arange(math.ceil(lowest / step) * step, highest, step):
        x = _hours_x(float(hours), lowest, highest)
        parts.append(text(x, FRONT_BOTTOM_PX + 18, f"{hours:g}", "tick mid"))
    middle = (LEFT_PX + RIGHT_PX) / 2
    parts.append(text(middle, FRONT_BOTTOM_PX + 36, "GPU-hours of the event", "tick mid"))
    y = _share_y(goal)
    parts.append(stroke(f"M{LEFT_PX} {y:.1f}H{RIGHT_PX}", "alarm ends"))
    parts.append(text(RIGHT_PX, y - 5, f"goal {percent(goal)}", "tick end"))
    labels: list[tuple[float, float]] = []
    for point in policies:
        parts.append(_point(point, lowest, highest, labels))
    return svg(WIDTH_PX, FRONT_HEIGHT_PX, parts, "Cost against misses of every policy")


def draw_causes(policies: Sequence[PolicyPoint]) -> Markup:
    """Returns one bar per policy: the share of the work it missed, by cause."""
    totals = [sum(share for _, share in p.causes) for p in policies]
    most = max([*totals, 1e-9])
    row, left = 26, 190
    parts = []
    for index, (point, total) in enumerate(zip(policies, totals, strict=True)):
        top = 6 + index * row
        parts.append(text(left - 8, top + 14, point.name, "tick end"))
        x = float(left)
        for cause, share in point.causes:
            width = share / most * (RIGHT_PX - 90 - left)
            if width > 0.2:
                box = rect(x, top, x + width, top + 18)
                parts.append(_tinted("bar-part", CAUSE_COLOURS[cause], [box]))
            x += width
        parts.append(text(x + 6, top + 14, percent(total), "tick"))
    return svg(WIDTH_PX, 12 + row * len(policies), parts, "Misses of every policy by cause")


def cause_keys() -> list[tuple[str, str, str]]:
    """Returns colour, name and meaning of every cause."""
    meanings = {
        "policy": "nobody had asked for enough replicas",
        "nodes": "replicas waited for a node to boot",
        "starting": "replicas were loading the network",
        "quota": "no more nodes may be rented",
        "spot": "spot nodes had been taken away",
        "queueing": "replicas enough; a backlog was worked off, or chance",
    }
    return [(colour, cause, meanings[cause]) for cause, colour in CAUSE_COLOURS.items()]


def _x(minute: float, span: tuple[float, float]) -> float:
    return LEFT_PX + (minute - span[0]) / (span[1] - span[0]) * (RIGHT_PX - LEFT_PX)


def _y(value: float, top: float) -> float:
    return BOTTOM_PX - min(1.04, max(0.0, value / top)) * (BOTTOM_PX - TOP_PX)


def _curve(
    minutes: FloatArray,
    values: FloatArray,
    span: tuple[float, float],
    top: float,
    colour: str,
    style: str,
) -> Markup:
    line = path_through([_x(m, span) for m in minutes], [_y(v, top) for v in values])
    return _tinted("curve-line", colour, [stroke(line, style)])


def _area(
    minutes: FloatArray,
    values: FloatArray,
    span: tuple[float, float],
    top: float,
    colour: str,
    style: str,
) -> Markup:
    line = path_through([_x(m, span) for m in minutes], [_y(v, top) for v in values])
    closed = f"{line}L{RIGHT_PX} {BOTTOM_PX}L{LEFT_PX} {BOTTOM_PX}Z"
    return _tinted("curve-line", colour, [stroke(closed, style)])


def _level_grid(top: float) -> list[Markup]:
    step = _round_step(top / 5)
    parts = []
    for level in np.arange(0, top, step):
        y = _y(float(level), top)
        parts.append(stroke(f"M{LEFT_PX} {y:.1f}H{RIGHT_PX}", "grid"))
        parts.append(text(LEFT_PX - 6, y + 4, f"{level:,.0f}", "tick end"))
    return parts


def _minute_ticks(span: tuple[float, float], y: float) -> list[Markup]:
    step = _round_step((span[1] - span[0]) / 9)
    first = math.ceil(span[0] / step) * step
    parts = []
    for minute in np.arange(first, span[1] + 0.1, step):
        x = _x(float(minute), span)
        parts.append(stroke(f"M{x:.1f} {TOP_PX}V{y:.1f}", "grid"))
        parts.append(text(x, y + 18, f"{minute:+.0f} min", "tick mid"))
    return parts


def _moments(day: DayCurves, span: tuple[float, float]) -> list[Markup]:
    parts, last = [], -1e9
    for name, minute in day.moments:
        if not span[0] <= minute <= span[1]:
            continue
        x = _x(minute, span)
        parts.append(stroke(f"M{x:.1f} {TOP_PX - 6}V{BOTTOM_PX}", "alarm ends"))
        y = TOP_PX - 8 if x - last > 110 else TOP_PX - 20
        side = "end" if x > RIGHT_PX - 60 else "mid"
        parts.append(text(x, y, name.replace("_", " "), f"tick {side}"))
        last = x
    return parts


def _missed_strip(day: DayCurves, span: tuple[float, float]) -> list[Markup]:
    parts = [
        stroke(f"M{LEFT_PX} {STRIP_BOTTOM_PX}H{RIGHT_PX}", "grid"),
        text(LEFT_PX - 6, STRIP_BOTTOM_PX - 12, "missed", "tick end"),
    ]
    high = STRIP_BOTTOM_PX - STRIP_TOP_PX
    half = (day.minutes[1] - day.minutes[0]) / 2
    boxes = [
        rect(
            _x(m - half, span), STRIP_BOTTOM_PX - high * share, _x(m + half, span), STRIP_BOTTOM_PX
        )
        for m, share in zip(day.minutes, day.missed_share, strict=True)
        if share > 1e-4
    ]
    worst = f"worst {percent(float(day.missed_share.max()))}" if boxes else "nothing missed"
    parts.append(_tinted("missed", MISSED, boxes))
    parts.append(text(RIGHT_PX, STRIP_TOP_PX + 4, worst, "tick end"))
    return parts


def _point(
    point: PolicyPoint, lowest: float, highest: float, labels: list[tuple[float, float]]
) -> Markup:
    x, y = _hours_x(point.gpu_h.mean, lowest, highest), _share_y(point.missed.mean)
    left, right = (_hours_x(v, lowest, highest) for v in (point.gpu_h.low, point.gpu_h.high))
    low, high = _share_y(point.missed.low), _share_y(point.missed.high)
    colour = "#76818b" if point.is_reference else CAPACITY if point.is_recommended else LOAD
    bars = stroke(f"M{left:.1f} {y:.1f}H{right:.1f}M{x:.1f} {low:.1f}V{high:.1f}", "interval")
    size = 7 if point.is_recommended else 5
    dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="dot"/>').format(x, y, size)
    side = "end" if x > RIGHT_PX - 170 else "start"
    name = point.name.replace("_", " ")
    name += " (advised)" if point.is_recommended else ""
    name += " (the knee)" if point.is_knee else ""
    at_y = y - 9
    while any(abs(at_y - other_y) < 13 and abs(x - other_x) < 170 for other_x, other_y in labels):
        at_y -= 13
    labels.append((x, at_y))
    words = text(x + (-8 if side == "end" else 8), at_y, name, f"tick {side}")
    return _tinted("curve-line", colour, [bars, dot]) + words


def _hours_x(hours: float, lowest: float, highest: float) -> float:
    return LEFT_PX + (hours - lowest) / (highest - lowest) * (RIGHT_PX - LEFT_PX)


def _share_y(share: float) -> float:
    place = (math.log10(max(share, LEAST_SHARE)) + 6) / 6
    return FRONT_BOTTOM_PX - place * (FRONT_BOTTOM_PX - TOP_PX)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-9)))
    return next(power * m for m in (1, 2, 3, 5, 10) if power * m >= rough * 0.999)


def _tinted(style: str, colour: str, parts: list[Markup]) -> Markup:
    inside = group(style, parts)
    return joined(
        [Markup('<g fill="{}" stroke="{}">').format(colour, colour), inside, Markup("</g>")]
    )
