"""The programme's moments: when kick-off, half-time and the whistle really are."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from ray_app.console.gate import Operator, Viewer
from ray_app.console.problems import ProblemError, answers
from ray_app.console.site import Site, SiteHere
from ray_app.live.messages import ProgrammeMoment

Name = Annotated[
    str, Path(description="As in the programme.", examples=["kick_off"], max_length=64)
]
routes = APIRouter(prefix="/moments", tags=["fleet"])


class MomentModel(BaseModel):
    """A moment of the programme the scaling policy plans with."""

    name: str
    planned_at: datetime
    real_at: datetime | None = Field(description="As somebody told; null while nobody did.")


class MomentPage(BaseModel):
    """The whole programme; empty where the policy plans with none."""

    moments: list[MomentModel]


class MomentTold(BaseModel):
    """When a moment really is."""

    at: AwareDatetime | None = Field(
        default=None,
        description="Past or announced, with its offset from UTC; null or left out is now.",
        examples=["2026-06-20T21:07:00+02:00"],
    )


@routes.get("", summary="List the programme's moments", responses=answers())
async def list_moments(site: SiteHere, _: Viewer) -> MomentPage:
    """Planned and real times of the programme the scaling policy plans with."""
    return MomentPage(moments=[_model(each) for each in await site.fleet.moments()])


@routes.put("/{name}", summary="Tell when a moment really is", responses=answers(404))
async def tell_moment(
    site: SiteHere, operator: Operator, name: Name, told: MomentTold
) -> MomentModel:
    """The policy moves the rest of its plan by it: a late kick-off, a whistle."""
    await _known(site, name)
    at_s = site.now_s() if told.at is None else told.at.timestamp()
    moment = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
    await site.desk.note("change", operator.name, f"moment {name} is at {moment}")
    await site.fleet.tell_moment(name, at_s)
    return _model(await _known(site, name))


@routes.delete(
    "/{name}", status_code=204, summary="Take a moment's real time back", responses=answers(404)
)
async def take_back(site: SiteHere, operator: Operator, name: Name) -> None:
    """The policy goes by the plan again."""
    await _known(site, name)
    await site.desk.note("change", operator.name, f"moment {name} is as planned again")
    await site.fleet.tell_moment(name, None)


async def _known(site: Site, name: str) -> ProgrammeMoment:
    moments = await site.fleet.moments()
    found = next((each for each in moments if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in moments) or "none: the policy has no programme"
        raise ProblemError(404, f"unknown moment {name!r}; known: {known}")
    return found


def _model(moment: ProgrammeMoment) -> MomentModel:
    return MomentModel(
        name=moment.name,
        planned_at=datetime.fromtimestamp(moment.planned_at, UTC),
        real_at=None if moment.real_at is None else datetime.fromtimestamp(moment.real_at, UTC),
    )
