"""Writes the report: one page that needs nothing but itself."""

from pathlib import Path

from ray_app.report import page_parts
from ray_app.report.data import ReportData
from ray_app.report.episodes import moments_to_show, whole_episodes
from ray_app.report.footage_parts import authorised, clock_rows, footage_notes
from ray_app.report.html import environment, write_html
from ray_app.report.moments import moment_words
from ray_app.report.site_map import draw_map
from ray_app.report.still_parts import still_parts
from ray_app.report.timeline_figure import draw_timeline, share_time
from ray_app.report.unseen import unseen_rows, unseen_s
from ray_app.report.words import duration, listed, plural, title_of

TEMPLATE = "report.html.j2"
MOST_UNSEEN_ROWS = 100


def write_report(data: ReportData, path: Path) -> None:
    """Writes the page at path, whole or not at all.

    Raises:
        StoreError: The page cannot be written there.
    """
    write_html(path, render_report(data))


def render_report(data: ReportData) -> str:
    """Returns the page as HTML."""
    rates_hz = {camera.id: camera.rate_hz for camera in data.cameras}
    episodes = whole_episodes(data.events, data.curves, rates_hz)
    words, shared = moment_words(data.cameras, data.time_zone), share_time(data)
    unseen = unseen_rows(data, words)
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            data=data,
            headline=page_parts.headline(data, episodes),
            time_span=page_parts.time_span(data, words),
            found=len(episodes),
            seen=duration(page_parts.seen_s(data)),
            unseen_total=duration(unseen_s(data)),
            timeline=draw_timeline(data, episodes, shared, words),
            is_clock=shared.is_clock,
            rows=page_parts.episode_rows(data, episodes, words, shared),
            curves=[
                (camera, page_parts.curve_parts(data, episodes, camera)) for camera in data.cameras
            ],
            site_map=draw_map(data, episodes),
            unplaced=listed(tuple(c.id for c in data.cameras if c.position_m is None)),
            places=page_parts.place_rows(data),
            stills=still_parts(data, episodes, words),
            stills_missing=max(0, len(moments_to_show(episodes)) - len(data.stills)),
            unseen=unseen[:MOST_UNSEEN_ROWS],
            unseen_more=max(0, len(unseen) - MOST_UNSEEN_ROWS),
            clocks=clock_rows(data, words),
            footage_notes=footage_notes(data, words),
            authorised=None if data.authorisation is None else authorised(data),
            unwatched=listed(tuple(c.id for c in data.cameras if not c.watched)),
            plural=plural,
            title_of=title_of,
        )
    )
