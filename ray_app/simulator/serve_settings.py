"""A policy as it is deployed in Serve: whose function, with which knobs, on which data path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ray_app.scaling.serve_policy import SERVE_NEUTRAL


class DataPath(StrEnum):
    """What happens to frames that cannot be analysed at once."""

    FIFO = "fifo"  # Serve's default: they wait without bound
    DROP_STALE = "drop_stale"  # those that would be late are dropped before they cost work
    SHED = "shed"  # and the shedding rule takes frames from the least important first


@dataclass(frozen=True, slots=True)
class ServedPolicy:
    """One way of scaling, as Serve is told.

    Attributes:
        name: For tables.
        function: Import path `module:name` of a policy class or function; None is Ray's own.
        kwargs: JSON handed to a policy class.
        knobs: Fields of Serve's AutoscalingConfig.
        path: What happens to frames that have to wait.
        oracle_lead_s: Set for the clairvoyant reference alone, which is no policy one can have:
            it knows the real load so many seconds ahead.
        oracle_utilisation: Utilisation the clairvoyant plans with.
    """

    name: str
    function: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    knobs: Mapping[str, float] = field(default_factory=dict)
    path: DataPath = DataPath.FIFO
    oracle_lead_s: float | None = None
    oracle_utilisation: float = 0.97


OUR_CLASS = "ray_app.scaling.serve_policy:ServePolicy"
NEUTRAL: Mapping[str, float] = SERVE_NEUTRAL
