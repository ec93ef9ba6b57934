"""The pictures of the worst minutes, with the places watched drawn over them."""

from base64 import b64encode
from dataclasses import dataclass

from markupsafe import Markup

from ray_app.domain.place import Outline
from ray_app.report.data import ReportData, Still
from ray_app.report.episodes import Episode
from ray_app.report.moments import MomentWords
from ray_app.report.words import colour_of, listed, title_of

MOST_STILL_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class StillPart:
    """One picture: its caption, and what it shows for who cannot see it."""

    source: str
    caption: str
    described: str
    overlay: Markup


def still_parts(
    data: ReportData, episodes: tuple[Episode, ...], words: MomentWords
) -> list[StillPart]:
    """Returns the stills in their order, as many as a page may carry."""
    cameras = {camera.id: camera for camera in data.cameras}
    parts, carried = [], 0
    for still in data.stills:
        carried += len(still.jpeg)
        if carried > MOST_STILL_BYTES:
            break
        shown = _shown(still, episodes)
        told = listed(tuple(dict.fromkeys(f"{title_of(e.situation)}, {e.place}" for e in shown)))
        when = f"camera {still.camera_id}, {words.tell(cameras[still.camera_id], still.time_s)}"
        parts.append(
            StillPart(
                source="data:image/jpeg;base64," + b64encode(still.jpeg).decode("ascii"),
                caption=f"{told}: {when}" if told else when,
                described=f"Picture of {when}, made coarse so that nobody can be recognised.",
                overlay=_overlay(still, shown),
            )
        )
    return parts


def _shown(still: Still, episodes: tuple[Episode, ...]) -> list[Episode]:
    return [
        e
        for e in episodes
        if e.camera_id == still.camera_id
        and e.started_s <= still.time_s <= (float("inf") if e.ended_s is None else e.ended_s)
    ]


def _overlay(still: Still, shown: list[Episode]) -> Markup:
    """Returns the outlines of the places signalled, each in the colour of its situation."""
    situations = {e.place: e.situation for e in shown}
    drawn = [
        _outline(outline, colour_of(situations[outline.name]))
        for outline in still.outlines
        if outline.name in situations
    ]
    if not drawn:
        return Markup("")
    return Markup('<svg viewBox="0 0 {} {}" aria-hidden="true" class="overlay">{}</svg>').format(
        *still.size_px, Markup("").join(drawn)
    )


def _outline(outline: Outline, colour: str) -> Markup:
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in outline.points_px)
    # White below, so that it stands out on any picture.
    below = Markup('<polygon points="{}" class="halo"/>').format(points)
    return below + Markup('<polygon points="{}" stroke="{}"/>').format(points, colour)
