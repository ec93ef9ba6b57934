"""Changes of situations as server-sent events, resumed where a listener left off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from ray_app.console.gate import Viewer
from ray_app.console.ports import UnreachableError
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import Site, SiteHere
from ray_app.console.situation_model import situation_model
from ray_app.console.situation_routes import MOST_CHANGES
from ray_app.domain.errors import StoreError
from ray_app.domain.situation import Change

BEAT_S = 5.0
"""Silence is never longer: a listener that hears nothing for twice that is cut off."""
LONGEST_S = 3600.0
"""A stream ends by itself after an hour, with an `end` event; listeners resume."""
RETRY_MS = 2000
MOST_LISTENERS = 256
DOCUMENTED = {
    "description": "`situation` events with a change number as id and a situation as data; `hello` "
    "first, a comment and a `beat` event after 5 s of silence, `end` when the server closes.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
routes = APIRouter(prefix="/events", tags=["events"])


@routes.get(
    "",
    summary="Follow situations",
    response_class=StreamingResponse,
    responses={**answers(), 200: DOCUMENTED},
)
async def follow(
    site: SiteHere,
    _: Viewer,
    request: Request,
    last_event_id: Annotated[
        str | None, Header(description="Number of the last change seen; browsers send it.")
    ] = None,
    after: Annotated[
        int | None,
        Query(ge=0, le=MOST_CHANGES, description="The same, for a first connection."),
    ] = None,
) -> StreamingResponse:
    """Every change of every situation, in order, each once; without a number, from now on."""
    if request.app.state.listeners >= MOST_LISTENERS:
        raise ProblemError(503, f"{MOST_LISTENERS} listeners are connected already")
    start = _number_of(last_event_id)
    start = after if start is None else start
    start = await site.desk.last_change() if start is None else start
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    stream = _events(site, request, start)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _events(site: Site, request: Request, start: int) -> AsyncIterator[bytes]:
    last, ends_s = start, site.now_s() + LONGEST_S
    request.app.state.listeners += 1
    try:
        yield format_sse_event(event="hello", data_str=f'{{"after": {last}}}', retry=RETRY_MS)
        while site.now_s() < ends_s and not await request.is_disconnected():
            try:
                changes = await site.desk.changes(last, BEAT_S)
            except (UnreachableError, StoreError):
                yield format_sse_event(event="trouble", data_str='{"detail": "desk restarts"}')
                await asyncio.sleep(1.0)
                continue
            for change in changes:
                last = change.number
                yield _event(change)
            if not changes:
                yield format_sse_event(comment="beat", event="beat", data_str="{}")
        yield format_sse_event(event="end", data_str=f'{{"after": {last}}}')
    finally:
        request.app.state.listeners -= 1


def _event(change: Change) -> bytes:
    data = situation_model(change.situation).model_dump_json()
    return format_sse_event(event="situation", data_str=data, id=str(change.number))


def _number_of(last_event_id: str | None) -> int | None:
    """Returns the number a listener left off at; None when it tells none."""
    if not last_event_id:
        return None
    number = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else -1
    if not 0 <= number <= MOST_CHANGES or len(last_event_id) > 16:
        raise ProblemError(422, "Last-Event-ID is no change number; leave it out to begin at now")
    return number
