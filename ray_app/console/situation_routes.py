"""Situations: listed, shown, acknowledged by a person."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ray_app.console.gate import Operator, Viewer
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import Site, SiteHere
from ray_app.console.situation_model import (
    AcknowledgementAsked,
    SituationModel,
    SituationPage,
    situation_model,
)
from ray_app.domain.event import Phase
from ray_app.domain.situation import Situation, Verdict

EventId = Annotated[
    str,
    Path(
        description="Id of the situation, slashes and all.",
        examples=["gate/crowd_density/queue/12.500"],
        max_length=400,
    ),
]
NEVER_OPENED = (Phase.CANDIDATE, Phase.LAPSED)
MOST_CHANGES = 2**53 - 1
routes = APIRouter(prefix="/situations", tags=["situations"])


@routes.get("", summary="List situations", responses=answers())
async def list_situations(
    site: SiteHere,
    _: Viewer,
    phase: Annotated[Phase | None, Query(description="Only those in this phase.")] = None,
    camera_id: Annotated[
        str | None, Query(description="Only those of this camera.", max_length=64)
    ] = None,
    since_change: Annotated[
        int,
        Query(ge=0, le=MOST_CHANGES, description="Only those changed after this change number."),
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 200,
) -> SituationPage:
    """Situations as they stand, newest change first."""
    last_change = await site.desk.last_change()
    found = await site.desk.situations(since_change, limit, phase, camera_id)
    models = [situation_model(each) for each in found]
    return SituationPage(situations=models, last_change=last_change)


@routes.get("/{event_id:path}", summary="Show one situation", responses=answers(404))
async def show_situation(site: SiteHere, viewer: Viewer, event_id: EventId) -> SituationModel:
    """One situation as it stands. Looking at one is noted in the journal."""
    situation = await known_situation(site, event_id)
    await site.note_view(viewer, f"situation {situation.event_id}")
    return situation_model(situation)


@routes.post(
    "/{event_id:path}/acknowledgements",
    summary="Acknowledge a situation",
    responses=answers(404, 409),
)
async def acknowledge(
    site: SiteHere, operator: Operator, event_id: EventId, asked: AcknowledgementAsked
) -> SituationModel:
    """Keeps what a person says of a situation: confirmed, dismissed with a reason, doubt lifted.

    The last one stands. The engine only signals: nothing else follows from it.
    """
    situation = await known_situation(site, event_id)
    reason = " ".join(asked.reason.split())
    if asked.verdict is Verdict.DISMISSED and not reason:
        raise ProblemError(422, "a dismissal needs a reason, as 'stage smoke'")
    if situation.phase in NEVER_OPENED:
        raise ProblemError(409, f"it never opened: its phase is {situation.phase}")
    last = situation.acknowledgements[-1] if situation.acknowledgements else None
    if last and (last.verdict, last.person, last.reason) == (asked.verdict, operator.name, reason):
        return situation_model(situation)  # a retry: it was kept the first time
    said = f"{event_id}: {asked.verdict}" + (f", {reason}" if reason else "")
    await site.desk.note("acknowledgement", operator.name, said)
    try:
        kept = await site.desk.acknowledge(event_id, asked.verdict, operator.name, reason)
    except ValueError as error:
        raise ProblemError(409, (str(error).splitlines() or ["refused"])[0]) from None
    return situation_model(kept)


async def known_situation(site: Site, event_id: str) -> Situation:
    """Returns a situation. Raises ProblemError 404."""
    situation = await site.desk.situation(event_id)
    if situation is None:
        raise ProblemError(404, f"unknown situation {event_id[:200]!r}")
    return situation
