"""Situations as the API tells them."""

from urllib.parse import quote

from pydantic import BaseModel, Field

from ray_app.console.meaning import Severity, known_to_fail, severity_of
from ray_app.domain.event import Event, Phase
from ray_app.domain.situation import Acknowledgement, EvidenceFile, Situation, Verdict
from ray_app.report.words import level_words, meaning_of, number, title_of

PREFIX = "/api/v1"


class EvidenceModel(BaseModel):
    """One file that shows a situation; people were pixelated before it was written."""

    name: str
    kind: str = Field(description="still or clip.", examples=["still"])
    sha256: str = Field(description="Of the whole file, hexadecimal.")
    url: str = Field(description="Where it is had.")


class AcknowledgementModel(BaseModel):
    """What a person said."""

    verdict: Verdict
    person: str = Field(description="Name of the key that was used.")
    reason: str
    at: float = Field(description="Seconds since 1970.")


class SituationModel(BaseModel):
    """A situation as it stands."""

    id: str = Field(description="Same id live and in batch.")
    camera_id: str
    situation: str = Field(description="Kind, as crowd_density.", examples=["crowd_density"])
    title: str = Field(description="Kind in words.", examples=["Crowd density"])
    meaning: str = Field(description="What the level counts.")
    place: str = Field(description='Zone or line; "view" for the whole picture.')
    phase: Phase
    severity: Severity
    started_at: float = Field(description="First crossing of open_at, seconds since 1970.")
    opened_at: float | None = Field(description="Seconds since 1970; null for a candidate.")
    at: float = Field(description="Frame of the newest step, seconds since 1970.")
    level: float = Field(description="At the newest step, in `unit`.")
    sigma: float | None = Field(description="One standard deviation of level; null: not known.")
    unit: str
    open_at: float = Field(description="Level at which it opens.")
    close_at: float = Field(description="Level below which it closes.")
    peak: float = Field(description="Strongest level so far.")
    duration_s: float = Field(description="From started_at to the newest step.")
    measures: dict[str, float] = Field(description="Further numbers, units in their names.")
    level_words: str = Field(description="Level with its uncertainty, in plain words.")
    alarm_words: str = Field(description="Alarm level and peak, in plain words.")
    known_to_fail: str = Field(description="What is known to set it off wrongly, or be missed.")
    ended_by: str | None = Field(description="level or footage; null while it is on.")
    evidence: list[EvidenceModel]
    acknowledgement: AcknowledgementModel | None = Field(description="The one that stands.")
    acknowledgements: list[AcknowledgementModel] = Field(description="All, oldest first.")
    versions: dict[str, str] = Field(description="Models and calibration behind it.")


class SituationPage(BaseModel):
    """Situations, newest change first."""

    situations: list[SituationModel]
    last_change: int = Field(
        description="Number of the newest change when this was read; events after it are new."
    )


class AcknowledgementAsked(BaseModel):
    """What a person says of a situation."""

    model_config = {"extra": "forbid"}
    verdict: Verdict = Field(description="A dismissal needs a reason.")
    reason: str = Field(default="", max_length=500, examples=["stage smoke"])


def situation_model(situation: Situation) -> SituationModel:
    """Returns a situation as the API tells it."""
    signal, event = situation.latest, situation.latest.event
    said = [_acknowledgement_model(each) for each in situation.acknowledgements]
    return SituationModel(
        id=situation.event_id,
        camera_id=event.camera_id,
        situation=event.situation,
        title=title_of(event.situation),
        meaning=meaning_of(event.situation),
        place=event.place,
        phase=event.phase,
        severity=severity_of(event, situation.peak),
        started_at=signal.taken_at - (event.time_s - event.started_s),
        opened_at=situation.opened_at,
        at=signal.taken_at,
        level=event.level,
        sigma=event.sigma,
        unit=event.why.unit,
        open_at=event.why.open_at,
        close_at=event.why.close_at,
        peak=situation.peak,
        duration_s=event.why.duration_s,
        measures=dict(event.why.measures),
        level_words=level_words(event.level, event.sigma, event.why.unit),
        alarm_words=_alarm_words(event, situation.peak),
        known_to_fail=known_to_fail(event.situation),
        ended_by=event.why.ended_by,
        evidence=[_evidence_model(situation.event_id, file) for file in situation.evidence],
        acknowledgement=said[-1] if said else None,
        acknowledgements=said,
        versions=dict(signal.versions),
    )


def _alarm_words(event: Event, peak: float) -> str:
    alarm = f"alarm from {number(event.why.open_at)}"
    return alarm if peak <= event.level else f"{alarm}, peak {number(peak)}"


def _evidence_model(event_id: str, file: EvidenceFile) -> EvidenceModel:
    url = f"{PREFIX}/evidence/{quote(event_id, safe='/')}/{quote(file.name, safe='')}"
    return EvidenceModel(name=file.name, kind=file.kind, sha256=file.sha256, url=url)


def _acknowledgement_model(said: Acknowledgement) -> AcknowledgementModel:
    return AcknowledgementModel(
        verdict=said.verdict, person=said.person, reason=said.reason, at=said.at
    )
