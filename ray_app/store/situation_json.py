"""Situations as JSON, for stores and for whoever reads them outside of Python."""

import json
import math
from dataclasses import asdict
from typing import Any

from ray_app.domain.event import Event, Phase, Why
from ray_app.domain.situation import (
    Acknowledgement,
    EvidenceFile,
    Signal,
    Situation,
    Verdict,
)


def situation_text(situation: Situation) -> str:
    """Returns the situation as one line of JSON that `situation_of` reads back exactly."""
    return json.dumps(asdict(situation), ensure_ascii=False, separators=(",", ":"))


def situation_of(text: str) -> Situation:
    """Returns the situation a line of `situation_text` tells."""
    row = json.loads(text)
    return Situation(
        latest=_signal(row["latest"]),
        opened_at=row["opened_at"],
        peak=row["peak"],
        evidence=_evidence(row["evidence"]),
        acknowledgements=tuple(
            Acknowledgement(**said | {"verdict": Verdict(said["verdict"])})
            for said in row["acknowledgements"]
        ),
    )


def signal_text(signal: Signal) -> str:
    """Returns the signal as one line of JSON that `signal_of` reads back exactly."""
    return json.dumps(asdict(signal), ensure_ascii=False, separators=(",", ":"))


def signal_of(text: str) -> Signal:
    """Returns the signal a line of `signal_text` tells."""
    return _signal(json.loads(text))


def finite(value: Any) -> Any:  # noqa: ANN401  JSON values of any shape
    """Returns value with what JSON cannot say (NaN, infinity) as null."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _signal(row: dict[str, Any]) -> Signal:
    return Signal(
        event=_event(row["event"]),
        taken_at=row["taken_at"],
        evidence=_evidence(row["evidence"]),
        versions=tuple((name, version) for name, version in row["versions"]),
    )


def _event(row: dict[str, Any]) -> Event:
    why = dict(row["why"])
    why["frames"] = tuple(why["frames"])
    why["measures"] = tuple((name, value) for name, value in why["measures"])
    return Event(**row | {"phase": Phase(row["phase"]), "why": Why(**why)})


def _evidence(rows: list[dict[str, str]]) -> tuple[EvidenceFile, ...]:
    return tuple(EvidenceFile(**row) for row in rows)
