"""Draws the site from above: zones, lines, cameras with their view, where it was worst."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ray_app.domain.geometry import Points
from ray_app.report.data import CameraFacts, Place, ReportData
from ray_app.report.episodes import Episode, worst_first
from ray_app.report.svg import joined, stroke, svg, text
from ray_app.report.words import colour_of

WIDTH_PX, MOST_HEIGHT_PX, EDGE_PX = 640.0, 620.0, 34.0
LEAST_GRID_PX = 60.0
SCALE_BARS_M = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_ARROW = Markup(
    '<defs><marker id="arrow" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" '
    'markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6Z" class="arrow"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class MapScale:
    """Metres to the figure; y grows upwards on the site and downwards in the figure."""

    left_m: float
    top_m: float
    px_per_m: float
    height_px: float

    def at(self, point_m: tuple[float, float]) -> tuple[float, float]:
        """Returns x, y in the figure."""
        return (
            EDGE_PX + (point_m[0] - self.left_m) * self.px_per_m,
            EDGE_PX + (self.top_m - point_m[1]) * self.px_per_m,
        )


def draw_map(data: ReportData, episodes: tuple[Episode, ...]) -> Markup | None:
    """Returns the figure; None when no place of the site is known in metres."""
    scale = _fit(data)
    if scale is None:
        return None
    worst = {e.place: e for e in reversed(worst_first(episodes))}
    parts = [_grid(scale), *(_view(c, scale) for c in data.cameras if c.view_m)]
    if data.perimeter_m:
        parts.append(_polygon(data.perimeter_m, scale, "perimeter"))
    parts += [_place(i, p, worst.get(p.name), scale) for i, p in enumerate(data.places, 1)]
    parts += [_camera(c, c.position_m, scale) for c in data.cameras if c.position_m]
    # Numbers last, so that no zone hides the number of another.
    parts += [_number(i, p, scale) for i, p in enumerate(data.places, 1)]
    parts += [_scale_bar(scale), _ARROW]
    return svg(WIDTH_PX, scale.height_px, parts, "Map of the site from above, in metres")


def _fit(data: ReportData) -> MapScale | None:
    kept = [point for place in data.places for point in place.points_m]
    if not kept:
        return None
    kept += [camera.position_m for camera in data.cameras if camera.position_m]
    xs, ys = [x for x, _ in kept], [y for _, y in kept]
    # A view reaches to the horizon: it is drawn as far as the places and a margin go.
    margin_m = max(1.0, 0.08 * max(max(xs) - min(xs), max(ys) - min(ys)))
    width_m = max(xs) - min(xs) + 2 * margin_m
    height_m = max(ys) - min(ys) + 2 * margin_m
    px_per_m = min((WIDTH_PX - 2 * EDGE_PX) / width_m, (MOST_HEIGHT_PX - 2 * EDGE_PX) / height_m)
    spare_m = ((WIDTH_PX - 2 * EDGE_PX) / px_per_m - width_m) / 2
    height_px = height_m * px_per_m + 2 * EDGE_PX
    return MapScale(min(xs) - margin_m - spare_m, max(ys) + margin_m, px_per_m, height_px)


def _points(points_m: Points, scale: MapScale) -> str:
    return " ".join("{:.1f},{:.1f}".format(*scale.at(point)) for point in points_m)


def _polygon(points_m: Points, scale: MapScale, style: str) -> Markup:
    return Markup('<polygon class="{}" points="{}"/>').format(style, _points(points_m, scale))


def _grid(scale: MapScale) -> Markup:
    """Returns lines at round metres with their coordinates, so that places can be looked up."""
    step_m = next((m for m in SCALE_BARS_M if m * scale.px_per_m >= LEAST_GRID_PX), 1000)
    parts = []
    for x_m in _round(scale.left_m, (WIDTH_PX - 2 * EDGE_PX) / scale.px_per_m, step_m):
        x, _ = scale.at((x_m, 0.0))
        parts.append(stroke(f"M{x:.1f} 0V{scale.height_px:.0f}", "grid"))
        parts.append(text(x + 3, 11, f"{x_m:g}", "coordinate"))
    length_m = (scale.height_px - 2 * EDGE_PX) / scale.px_per_m
    for y_m in _round(scale.top_m - length_m, length_m, step_m):
        _, y = scale.at((0.0, y_m))
        parts.append(stroke(f"M0 {y:.1f}H{WIDTH_PX:.0f}", "grid"))
        parts.append(text(3, y - 3, f"{y_m:g}", "coordinate"))
    return joined(parts)


def _round(first_m: float, length_m: float, step_m: float) -> list[float]:
    start = math.ceil(first_m / step_m)
    return [step_m * k for k in range(start, math.floor((first_m + length_m) / step_m) + 1)]


def _view(camera: CameraFacts, scale: MapScale) -> Markup:
    outline = _polygon(camera.view_m or (), scale, "view")
    if camera.position_m is None or not camera.view_m:
        return outline
    # A line from the camera to the near edge of its ground tells whose ground it is.
    near = sorted(camera.view_m, key=lambda p: math.dist(p, camera.position_m or p))[:2]
    (x1, y1), (x2, y2) = scale.at(camera.position_m), scale.at(_mean(near))
    return outline + stroke(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", "sight")


def _mean(points_m: Sequence[tuple[float, float]]) -> tuple[float, float]:
    n = len(points_m)
    return sum(x for x, _ in points_m) / n, sum(y for _, y in points_m) / n


def _place(index: int, place: Place, worst: Episode | None, scale: MapScale) -> Markup:
    colour = colour_of(worst.situation) if worst else "#6b7680"
    if len(place.points_m) == 2:
        return _passage(place, colour, scale)
    return Markup(
        '<polygon points="{}" fill="{}" fill-opacity="{}" stroke="{}" stroke-width="1.5">'
        "<title>{}. {}</title></polygon>"
    ).format(
        _points(place.points_m, scale), colour, 0.35 if worst else 0.1, colour, index, place.name
    )


def _passage(place: Place, colour: str, scale: MapScale) -> Markup:
    (x1, y1), (x2, y2) = (scale.at(point) for point in place.points_m)
    length = max(1e-6, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    # Left of start -> end is the way out; in the figure y points down.
    out_x, out_y = (y2 - y1) / length * 16, -(x2 - x1) / length * 16
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    return Markup(
        '<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" stroke-width="4"/>'
        '<path d="M{:.1f} {:.1f}l{:.1f} {:.1f}" stroke="{}" stroke-width="1.5" '
        'marker-end="url(#arrow)"/>'
    ).format(x1, y1, x2, y2, colour, middle_x, middle_y, out_x, out_y, colour)


def _number(index: int, place: Place, scale: MapScale) -> Markup:
    # The number of a line stands at its start: its middle shows the way out.
    points_m = place.points_m[:1] if len(place.points_m) == 2 else place.points_m
    x = sum(scale.at(point)[0] for point in points_m) / len(points_m)
    y = sum(scale.at(point)[1] for point in points_m) / len(points_m)
    return Markup(
        '<circle cx="{:.1f}" cy="{:.1f}" r="10" class="badge"/>'
        '<text x="{:.1f}" y="{:.1f}" class="badge-text">{}</text>'
        '<text x="{:.1f}" y="{:.1f}" class="place {}">{}</text>'
    ).format(x, y, x, y + 4, index, *_beside(x, y), place.name)


def _beside(x: float, y: float) -> tuple[float, float, str]:
    """Returns where a name stands beside its number: to the left where the right edge is near."""
    return (x - 14, y + 4, "end") if x > 0.7 * WIDTH_PX else (x + 14, y + 4, "start")


def _camera(camera: CameraFacts, position_m: tuple[float, float], scale: MapScale) -> Markup:
    x, y = scale.at(position_m)
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="11" height="11" class="camera-mark"/>'
        '<text x="{:.1f}" y="{:.1f}" class="camera">{}</text>'
    ).format(x - 5.5, y - 5.5, x + 9, y + 4, camera.id)


def _scale_bar(scale: MapScale) -> Markup:
    metres = max((m for m in SCALE_BARS_M if m * scale.px_per_m <= 140), default=0.5)
    y, end = scale.height_px - 12, EDGE_PX + metres * scale.px_per_m
    bar = stroke(f"M{EDGE_PX:.1f} {y:.1f}H{end:.1f}", "scale")
    return bar + text(end + 8, y + 4, f"{metres:g} m", "tick")
