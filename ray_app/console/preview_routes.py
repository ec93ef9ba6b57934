"""Previews: the newest analysed picture of a camera, people pixelated."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from ray_app.console.camera_routes import CameraId, unknown_camera
from ray_app.console.gate import Viewer
from ray_app.console.ports import UnreachableError
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import Site, SiteHere

BOUNDARY = "vigie-picture"
MOST_STREAMS = 64
"""MJPEG streams one replica serves at once: each holds a connection open."""
JPEG = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
MJPEG = {
    "content": {
        f"multipart/x-mixed-replace; boundary={BOUNDARY}": {
            "schema": {"type": "string", "format": "binary"}
        }
    }
}
routes = APIRouter(prefix="/cameras", tags=["previews"])


@routes.get(
    "/{camera_id}/preview.jpg",
    summary="Show the newest picture",
    response_class=Response,
    responses={
        **answers(404),
        200: {**JPEG, "description": "JPEG, at most 480 pixels wide."},
        204: {"description": "No picture yet, or the camera rests."},
        304: {"description": "The picture is the one of If-None-Match."},
    },
)
async def show_preview(
    site: SiteHere, viewer: Viewer, camera_id: CameraId, request: Request
) -> Response:
    """One pixelated JPEG. Ask again with If-None-Match, at most `preview_hz` times a second."""
    picture = await _picture(site, camera_id)
    if picture is None:
        return Response(status_code=204)
    await site.note_view(viewer, f"preview of camera {camera_id}")
    tag = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/jpeg", headers=headers)


@routes.get(
    "/{camera_id}/preview.mjpeg",
    summary="Follow the newest picture",
    response_class=StreamingResponse,
    responses={**answers(404), 200: {**MJPEG, "description": "MJPEG until either side ends."}},
)
async def follow_preview(
    site: SiteHere, viewer: Viewer, camera_id: CameraId, request: Request
) -> StreamingResponse:
    """Pixelated JPEGs as they come, at most `preview_hz` a second.

    A still picture is not sent again: a stream that falls silent shows an old picture.
    """
    await _picture(site, camera_id)
    if request.app.state.previews >= MOST_STREAMS:
        raise ProblemError(503, f"{MOST_STREAMS} previews are open already; close one")
    await site.note_view(viewer, f"preview of camera {camera_id}")
    media_type = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    return StreamingResponse(_parts(site, camera_id, request), media_type=media_type)


async def _parts(site: Site, camera_id: str, request: Request) -> AsyncIterator[bytes]:
    last: bytes | None = None
    request.app.state.previews += 1
    try:
        while not await request.is_disconnected():
            picture: bytes | None = None
            with suppress(UnreachableError):  # readers restart by themselves
                picture = await site.fleet.preview(camera_id)
            if picture is not None and picture != last:
                last = picture
                yield _part(picture)
            await asyncio.sleep(1.0 / site.settings.preview_hz)
    except KeyError:
        return  # the camera was removed
    finally:
        request.app.state.previews -= 1


def _part(picture: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


async def _picture(site: Site, camera_id: str) -> bytes | None:
    try:
        return await site.fleet.preview(camera_id)
    except KeyError:
        reports = await site.fleet.cameras()
        raise unknown_camera(camera_id, [each.camera_id for each in reports]) from None
