"""Signing in on the live page."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from ray_app.console.caller import Caller, Role
from ray_app.console.gate import Gate, Viewer, gate_of
from ray_app.console.keys import caller_of
from ray_app.console.limits import Attempts
from ray_app.console.problems import ProblemError, answers
from ray_app.console.sessions import COOKIE
from ray_app.console.site import SiteHere

routes = APIRouter(prefix="/session", tags=["session"])
SessionCookie = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]


class SignIn(BaseModel):
    """A key, once; a cookie stands for it from then on."""

    model_config = {"extra": "forbid"}
    key: str = Field(min_length=1, max_length=200, json_schema_extra={"format": "password"})


class Session(BaseModel):
    """Who is signed in, and where."""

    person: str = Field(description="Name of the key.")
    role: Role
    csrf_token: str | None = Field(description="For X-CSRF-Token; null where no cookie is used.")
    needs_key: bool = Field(description="False on a machine of one's own without keys.")
    site: str = Field(description="Name of the site.")
    is_authorised: bool = Field(description="False: a test, not to be used on a real event.")
    preview_hz: float = Field(description="Most previews to ask for per second and camera.")


@routes.get("", summary="Tell who is signed in", responses=answers())
async def show_session(
    site: SiteHere, viewer: Viewer, request: Request, cookie: SessionCookie = None
) -> Session:
    """Who calls and what they may do, with the token that changes need."""
    return _session(site, viewer, gate_of(request), cookie)


@routes.post("", summary="Sign in", responses=answers(409, 429))
async def sign_in(site: SiteHere, asked: SignIn, request: Request, response: Response) -> Session:
    """Takes a key, sets a cookie that scripts cannot read and other sites cannot use."""
    gate, address = gate_of(request), request.client.host if request.client else "unknown"
    if gate.book.is_open:
        raise ProblemError(409, "this site has no keys; nobody needs to sign in")
    attempts: Attempts = request.app.state.attempts
    if (wait_s := attempts.wait_s(address, site.now_s())) > 0:
        retry = {"Retry-After": str(int(wait_s) + 1)}
        raise ProblemError(429, "too many sign-ins; wait a minute", headers=retry)
    try:
        key = gate.key_of(asked.key)
    except ProblemError:
        await site.desk.note("key use", "unknown", f"sign-in refused, from {address}")
        raise
    await site.desk.note("key use", key.name, f"signed in, from {address}")
    cookie = gate.sessions.cookie_for(key, gate.now_s())
    _set_cookie(request, response, cookie, int(gate.sessions.length_s))
    return _session(site, caller_of(key), gate, cookie)


@routes.delete("", status_code=204, summary="Sign out", responses=answers())
async def sign_out(site: SiteHere, viewer: Viewer, request: Request, response: Response) -> None:
    """Takes the cookie back; the journal keeps when."""
    await site.desk.note("key use", viewer.name, "signed out")
    _set_cookie(request, response, "", 0)


def _session(site: SiteHere, caller: Caller, gate: Gate, cookie: str | None) -> Session:
    token = None
    if cookie is not None and not gate.book.is_open:
        token = gate.sessions.csrf_token(cookie, gate.session_key(cookie))
    return Session(
        person=caller.name,
        role=caller.role,
        csrf_token=token,
        needs_key=not gate.book.is_open,
        site=site.name,
        is_authorised=site.is_authorised,
        preview_hz=site.settings.preview_hz,
    )


def _set_cookie(request: Request, response: Response, value: str, max_age_s: int) -> None:
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    response.set_cookie(
        COOKIE,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=scheme == "https",
    )
