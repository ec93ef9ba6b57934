"""Puts the API and the live page together."""

from fastapi import APIRouter, Depends, FastAPI

from ray_app.console import (
    camera_routes,
    event_routes,
    evidence_routes,
    fleet_routes,
    moment_routes,
    page_routes,
    preview_routes,
    session_routes,
    situation_routes,
)
from ray_app.console.gate import Gate, refuse_other_sites
from ray_app.console.headers import SafeHeaders
from ray_app.console.limits import Attempts, BodyLimit
from ray_app.console.openapi import describe_truly
from ray_app.console.problems import answer_problems
from ray_app.console.site import Site
from ray_app.console.situation_model import PREFIX

VERSION = "1.0.0"
METRICS = "/metrics"
"""Where Prometheus looks when it is told nothing else; the same as under the API's prefix."""
DESCRIPTION = (
    "Situations of a live site, never people. The engine signals; a person looks and says what "
    "it is. Errors are problem details (RFC 9457). Times are seconds since 1970."
)
TAGS = [
    {"name": "situations", "description": "What was signalled, and what people said of it."},
    {"name": "events", "description": "The same as a stream."},
    {"name": "evidence", "description": "Stills and clips, people pixelated."},
    {"name": "cameras", "description": "How cameras are doing, and which are read."},
    {"name": "previews", "description": "What cameras show, people pixelated."},
    {"name": "fleet", "description": "Load and capacity."},
    {"name": "session", "description": "Signing in on the live page."},
    {"name": "health", "description": "For load balancers."},
]


def build_app(site: Site, gate: Gate) -> FastAPI:
    """Returns the app of a site."""
    app = FastAPI(
        title="Vigie",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages load scripts from other sites
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.site, app.state.gate = site, gate
    app.state.attempts = Attempts(site.settings.logins_per_minute)
    app.state.listeners = app.state.previews = 0
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(refuse_other_sites)])
    for part in (
        situation_routes,
        event_routes,
        evidence_routes,
        preview_routes,
        camera_routes,
        fleet_routes,
        moment_routes,
        session_routes,
    ):
        api.include_router(part.routes)
    app.include_router(api)
    app.include_router(page_routes.routes)
    app.add_api_route(METRICS, fleet_routes.show_metrics, include_in_schema=False)
    answer_problems(app)
    describe_truly(app)
    app.add_middleware(BodyLimit, most_bytes=site.settings.body_kb * 1000)
    app.add_middleware(SafeHeaders)
    return app
