"""Changes of situations as messages: CloudEvents 1.0 in structured JSON.

Fields: CloudEvents 1.0.2, sections "Required attributes" and "Optional attributes"; JSON event
format 1.0.2. The body never depends on when it is sent: every retry sends the same bytes.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ray_app.domain.situation import Acknowledgement, Change, ChangeKind, Situation
from ray_app.outside.plain_json import finite

TYPE = "dev.vigie.situation.{what}.v1"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as every sink sends it.

    Attributes:
        number: Of the change it tells.
        message_id: The same at every retry and after every restart: receivers know it by this.
        camera_id: Whose situation.
        at: When the change was kept, seconds since 1970.
        body: CloudEvent, one line of JSON.
    """

    number: int
    message_id: str
    camera_id: str
    at: float
    body: str


def message_of(change: Change, site: str, phases: Collection[str]) -> Message | None:
    """Returns the message of a change; None for one that is not sent.

    Args:
        change: As the store tells it.
        site: Name of the site.
        phases: Steps that are sent; files and what people said always are.
    """
    what = _what(change)
    if what is None or (change.kind is ChangeKind.STEP and what not in phases):
        return None
    event = change.situation.latest.event
    message_id = _message_id(change)
    told = {
        "specversion": "1.0",
        "id": message_id,
        "source": f"/sites/{quote(site, safe='')}/cameras/{quote(event.camera_id, safe='')}",
        "type": TYPE.format(what=what),
        "subject": event.situation,
        "time": moment(change.situation.latest.taken_at),
        "datacontenttype": "application/json",
        "data": _data(change, site),
    }
    body = json.dumps(finite(told), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Message(change.number, message_id, event.camera_id, change.at, body)


def moment(at: float) -> str:
    """Returns seconds since 1970 as RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _what(change: Change) -> str | None:
    return {
        ChangeKind.STEP: str(change.situation.phase),
        ChangeKind.EVIDENCE: "evidence",
        ChangeKind.ACKNOWLEDGEMENT: "acknowledged",
    }.get(change.kind)


def _message_id(change: Change) -> str:
    situation = change.situation
    told: list[Any] = [situation.event_id, str(change.kind)]
    if change.kind is ChangeKind.STEP:
        told += [str(situation.phase), situation.latest.event.time_s]
    elif change.kind is ChangeKind.EVIDENCE:
        told += [file.name for file in situation.evidence]
    else:
        told += [len(situation.acknowledgements)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _data(change: Change, site: str) -> dict[str, Any]:
    situation = change.situation
    event, why = situation.latest.event, situation.latest.event.why
    said = situation.acknowledgements[-1] if situation.acknowledgements else None
    return {
        "event_id": situation.event_id,
        "site": site,
        "camera_id": event.camera_id,
        "situation": event.situation,
        "place": event.place,
        "phase": str(event.phase),
        "started_at": moment(situation.latest.taken_at - (event.time_s - event.started_s)),
        "opened_at": None if situation.opened_at is None else moment(situation.opened_at),
        "taken_at": moment(situation.latest.taken_at),
        "level": event.level,
        "sigma": event.sigma,
        "unit": why.unit,
        "open_at": why.open_at,
        "close_at": why.close_at,
        "peak": situation.peak,
        "duration_s": why.duration_s,
        "measures": dict(why.measures),
        "ended_by": why.ended_by,
        "evidence": _evidence(situation),
        "acknowledgement": _acknowledgement(said),
        "versions": dict(situation.latest.versions),
    }


def _evidence(situation: Situation) -> list[dict[str, str]]:
    return [{"name": f.name, "kind": f.kind, "sha256": f.sha256} for f in situation.evidence]


def _acknowledgement(said: Acknowledgement | None) -> dict[str, str] | None:
    if said is None:
        return None
    return {
        "verdict": str(said.verdict),
        "person": said.person,
        "reason": said.reason,
        "at": moment(said.at),
    }
