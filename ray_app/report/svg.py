"""The few pieces of SVG every figure is made of; all text is escaped."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup


def svg(width_px: float, height_px: float, parts: Iterable[Markup], title: str) -> Markup:
    """Returns a figure that scales with the page; title is read aloud to who cannot see it."""
    # Named twice: browsers show the title, some screen readers only tell the label.
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(width_px, height_px, title, title, joined(parts))


def joined(parts: Iterable[Markup]) -> Markup:
    """Returns parts one after the other."""
    return Markup("").join(parts)


def group(style: str, parts: Iterable[Markup]) -> Markup:
    """Returns parts that share a style of the style sheet."""
    return Markup('<g class="{}">{}</g>').format(style, joined(parts))


def text(x: float, y: float, words: str, style: str) -> Markup:
    """Returns words at x, on the base line y."""
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, style, words)


def rect(left: float, top: float, right: float, bottom: float) -> Markup:
    """Returns a plain rectangle, never too narrow to be seen."""
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        left, top, max(0.8, right - left), bottom - top
    )


def stroke(path: str, style: str) -> Markup:
    """Returns a line along path data, drawn as the style sheet says."""
    return Markup('<path d="{}" class="{}"/>').format(path, style)


def path_through(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Returns path data through points, to a tenth of a pixel, repeated points once."""
    points = [f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True)]
    return "M" + "L".join(p for i, p in enumerate(points) if i == 0 or p != points[i - 1])
