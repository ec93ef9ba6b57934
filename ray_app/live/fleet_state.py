"""What of the fleet outlives its process: origin of the time line, cameras added and paused."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ray_app.domain.errors import StoreError
from ray_app.live.messages import ProgrammeMoment
from ray_app.store.written_aside import cause_of, write_whole

FILE = "fleet.json"


@dataclass(frozen=True, slots=True)
class FleetState:
    """Written at every change.

    Attributes:
        origin_at: Instant of 0 s on every camera's time line, seconds since 1970: a midnight,
            so that a day's events read as times of the day. Never changed: ids of events are
            made from it.
        added: Camera blocks (YAML) added while it ran, by camera id.
        removed: Cameras of the site file that were removed.
        paused: Cameras that are paused.
        moments: When moments of the programme really are, seconds since 1970, by name.
    """

    origin_at: float
    added: Mapping[str, str]
    removed: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    moments: Mapping[str, float] = field(default_factory=dict)


def read_fleet_state(folder: Path, now: float) -> FleetState:
    """Returns what was written; at the very first start, the time line begins this midnight.

    Raises:
        StoreError: The file is there and cannot be read.
    """
    path = folder / FILE
    try:
        told = json.loads(path.read_text("utf-8"))
        return FleetState(
            float(told["origin_at"]),
            dict(told["added"]),
            tuple(told["removed"]),
            tuple(told["paused"]),
            {str(name): float(at) for name, at in told.get("moments", {}).items()},
        )
    except FileNotFoundError:
        midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
        state = FleetState(midnight.replace(microsecond=0).timestamp(), {})
        write_fleet_state(folder, state)
        return state
    except (OSError, ValueError, KeyError, TypeError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else str(error)
        raise StoreError(f"cannot read {path}: {cause}; mend or remove it") from error


def programme_of(policy: Mapping[str, Any], state: FleetState) -> tuple[ProgrammeMoment, ...]:
    """Returns the programme a scaling policy plans with, in order, and its real times.

    Args:
        policy: What `ServePolicy` is built from.
        state: What was told.
    """
    curve = policy["settings"].get("curve") or {}
    zero_s = float(policy["zero_s"])
    moments = [
        ProgrammeMoment(name, zero_s + float(planned_s), state.moments.get(name))
        for name, planned_s in curve.get("moments", {}).items()
    ]
    return tuple(sorted(moments, key=lambda moment: moment.planned_at))


def write_fleet_state(folder: Path, state: FleetState) -> None:
    """Writes it, complete or not at all; raises StoreError."""
    write_whole(folder / FILE, json.dumps(asdict(state), indent=1).encode())
