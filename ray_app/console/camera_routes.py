"""Cameras: how they are doing, and who is read at all."""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Path, Request

from ray_app.console.camera_model import CameraAdded, CameraModel, CameraPage, camera_model
from ray_app.console.gate import Admin, Operator, Viewer
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import Site, SiteHere
from ray_app.domain.errors import ConfigError

CameraId = Annotated[str, Path(description="Id of the camera.", examples=["gate"], max_length=64)]
YAML_BODY = {
    "requestBody": {
        "required": True,
        "description": "One camera as in the site file's `cameras`, with a `stream` block.",
        "content": {"application/yaml": {"schema": {"type": "string", "minLength": 1}}},
    }
}
routes = APIRouter(prefix="/cameras", tags=["cameras"])


@routes.get("", summary="List cameras", responses=answers())
async def list_cameras(site: SiteHere, _: Viewer) -> CameraPage:
    """State, frame age and frames by outcome of every camera, in the order of the site file."""
    now_s = site.now_s()
    reports = await site.fleet.cameras()
    return CameraPage(now=now_s, cameras=[camera_model(each, now_s) for each in reports])


@routes.get("/{camera_id}", summary="Show one camera", responses=answers(404))
async def show_camera(site: SiteHere, _: Viewer, camera_id: CameraId) -> CameraModel:
    """State, frame age and frames by outcome of one camera."""
    return await _camera(site, camera_id)


@routes.post(
    "",
    status_code=201,
    summary="Add a camera",
    responses=answers(409),
    openapi_extra=YAML_BODY,
)
async def add_camera(site: SiteHere, admin: Admin, request: Request) -> CameraAdded:
    """Reads a camera that the site file does not list. It is forgotten when the site stops."""
    try:
        text = (await request.body()).decode("utf-8")
    except UnicodeDecodeError:
        raise ProblemError(422, "the body is not UTF-8; send the camera as YAML") from None
    try:
        camera_id = await site.fleet.add(text)
    except ConfigError as error:
        lines = str(error).splitlines() or ["the camera cannot be read"]
        raise ProblemError(422, lines[0], lines) from None
    except ValueError as error:
        raise ProblemError(409, _first_line(error)) from None
    await site.desk.note("change", admin.name, f"camera {camera_id} added")
    return CameraAdded(id=camera_id)


@routes.delete(
    "/{camera_id}", status_code=204, summary="Remove a camera", responses=answers(404, 409)
)
async def remove_camera(site: SiteHere, admin: Admin, camera_id: CameraId) -> None:
    """Stops a camera and forgets it until the site starts again."""
    await _camera(site, camera_id)
    await site.desk.note("change", admin.name, f"camera {camera_id} removed")
    await _done(site.fleet.remove(camera_id))


@routes.post("/{camera_id}/pause", summary="Pause a camera", responses=answers(404, 409))
async def pause_camera(site: SiteHere, operator: Operator, camera_id: CameraId) -> CameraModel:
    """Closes the stream of a camera until it is resumed; nothing is analysed meanwhile."""
    if (await _camera(site, camera_id)).idle_reason == "paused":
        raise ProblemError(409, f"camera {camera_id} is paused already")
    await site.desk.note("change", operator.name, f"camera {camera_id} paused")
    await _done(site.fleet.pause(camera_id))
    return await _camera(site, camera_id)


@routes.post("/{camera_id}/resume", summary="Resume a camera", responses=answers(404, 409))
async def resume_camera(site: SiteHere, operator: Operator, camera_id: CameraId) -> CameraModel:
    """Opens the stream of a paused camera and analyses it again."""
    if (await _camera(site, camera_id)).idle_reason != "paused":
        raise ProblemError(409, f"camera {camera_id} is not paused")
    await site.desk.note("change", operator.name, f"camera {camera_id} resumed")
    await _done(site.fleet.resume(camera_id))
    return await _camera(site, camera_id)


async def _camera(site: Site, camera_id: str) -> CameraModel:
    reports = await site.fleet.cameras()
    found = next((each for each in reports if each.camera_id == camera_id), None)
    if found is None:
        raise unknown_camera(camera_id, [each.camera_id for each in reports])
    return camera_model(found, site.now_s())


async def _done(change: Awaitable[None]) -> None:
    """Waits for a change of a camera; somebody else may have been faster."""
    try:
        await change
    except KeyError as error:
        raise ProblemError(404, str(error.args[0] if error.args else error)) from None
    except ValueError as error:
        raise ProblemError(409, _first_line(error)) from None


def unknown_camera(camera_id: str, known: list[str]) -> ProblemError:
    """Returns the problem of a camera that is not there."""
    return ProblemError(404, f"unknown camera {camera_id!r}; known: {', '.join(known) or 'none'}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
