"""Load of the whole site, its numbers for Prometheus, its health."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from ray_app.console.camera_model import FleetModel, fleet_model
from ray_app.console.gate import Viewer
from ray_app.console.metrics_text import CONTENT_TYPE, metrics_text
from ray_app.console.ports import UnreachableError
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import SiteHere

routes = APIRouter()
TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Samples."}


class Health(BaseModel):
    """Whether the server can be used."""

    status: str = Field(examples=["ok"])


@routes.get("/fleet", tags=["fleet"], summary="Show load and capacity", responses=answers())
async def show_fleet(site: SiteHere, _: Viewer) -> FleetModel:
    """Frames due, analysed and given up; detector replicas; how every sink is doing."""
    return fleet_model(await site.fleet.report(), await site.desk.sinks())


@routes.get(
    "/metrics",
    tags=["fleet"],
    summary="Show metrics",
    response_class=PlainTextResponse,
    responses={**answers(), 200: TEXT},
)
async def show_metrics(site: SiteHere, _: Viewer) -> Response:
    """The state of every camera, sink and of the fleet in Prometheus' text format.

    Ray's own metrics endpoint has the histograms; this one needs no access to Ray.
    """
    text = metrics_text(
        await site.fleet.cameras(),
        await site.fleet.report(),
        await site.desk.sinks(),
        site.now_s(),
    )
    return Response(text, media_type=CONTENT_TYPE)


@routes.get("/health/live", tags=["health"], summary="Tell whether the server runs")
async def live() -> Health:
    """Answers as long as the process does. Needs no key."""
    return Health(status="ok")


@routes.get(
    "/health/ready",
    tags=["health"],
    summary="Tell whether the site answers",
    responses={503: answers()[503]},
)
async def ready(site: SiteHere) -> Health:
    """Answers 200 when both the reader fleet and the situation desk do. Needs no key."""
    try:
        await site.fleet.report()
        await site.desk.last_change()
    except UnreachableError as error:
        raise ProblemError(503, str(error), headers={"Retry-After": "5"}) from None
    return Health(status="ok")
