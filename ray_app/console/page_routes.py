"""The live page: static files, no build step, nothing from outside."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from ray_app.console.problems import ProblemError

FOLDER = Path(__file__).parent / "page"
MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
routes = APIRouter(include_in_schema=False)


@routes.get("/")
async def show_page() -> FileResponse:
    """The page itself; it holds no data and needs no key."""
    return _asset("index.html")


@routes.get("/page/{name}")
async def show_asset(name: str) -> FileResponse:
    """A script, style or picture of the page."""
    return _asset(name)


def _asset(name: str) -> FileResponse:
    # Compared with what is there, never joined: no name leads out of the folder.
    known = {path.name: path for path in FOLDER.iterdir() if path.suffix in MEDIA_TYPES}
    if name not in known:
        raise ProblemError(404, f"the page has no {name[:100]!r}")
    path = known[name]
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)
