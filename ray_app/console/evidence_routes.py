"""Evidence: the still and the clip of a situation, people pixelated before they were written."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse

from ray_app.console.gate import Viewer
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import SiteHere
from ray_app.console.situation_routes import EventId, known_situation
from ray_app.domain.situation import EvidenceFile

MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".mp4": "video/mp4",
}
FILE_NOTED_S = 60.0
"""A player asks for a clip in many parts; they are one view."""
BINARY = {"schema": {"type": "string", "format": "binary"}}
routes = APIRouter(prefix="/evidence", tags=["evidence"])


@routes.get(
    "/{event_id:path}/{name}",
    summary="Show a file of evidence",
    response_class=FileResponse,
    responses={
        **answers(404),
        200: {
            "description": "The file; parts of it with the header Range. ETag is its SHA-256.",
            "content": dict.fromkeys(sorted({*MEDIA_TYPES.values()}), BINARY),
        },
        206: {"description": "A part of the file."},
    },
)
async def show_evidence(
    site: SiteHere,
    viewer: Viewer,
    event_id: EventId,
    name: Annotated[str, PathParameter(description="Name in `evidence`.", max_length=255)],
) -> FileResponse:
    """A still or a clip. Every view is noted in the journal."""
    situation = await known_situation(site, event_id)
    listed = next((each for each in situation.evidence if each.name == name), None)
    path = None if listed is None else _inside(site.evidence_folder, listed)
    if listed is None or path is None:
        raise ProblemError(404, f"no evidence {name[:200]!r} of this situation is kept here")
    shown = f"evidence {listed.name} of {situation.event_id}"
    await site.note_view(viewer, shown, FILE_NOTED_S)
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[path.suffix.lower()],
        headers={"ETag": f'"{listed.sha256}"', "Cache-Control": "private, no-store"},
    )


def _inside(folder: Path, listed: EvidenceFile) -> Path | None:
    """Returns the file when it lies in the folder, links followed, and is a picture or a clip."""
    if "\0" in listed.name:
        return None
    root = folder.resolve()
    path = (root / listed.name).resolve()
    if not path.is_relative_to(root) or path.suffix.lower() not in MEDIA_TYPES:
        return None
    return path if path.is_file() else None
