"""Which grid instants of a clip the authorisation covers."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.authorisation.limits import refusals
from ray_app.video.clip import first_index_at


def cut_by_authorisation(
    camera_id: str,
    indexes: range,
    rate_hz: float,
    origin: datetime | None,
    grant: AuthorisationSettings | None,
) -> Iterator[tuple[range, str | None]]:
    """Yields runs of indexes with the reason why they may not be analysed, None where they may.

    Args:
        camera_id: Whose footage.
        indexes: Of the clip.
        rate_hz: Of the sampling grid.
        origin: Instant of index 0; None when nobody can say when the clip was filmed.
        grant: The authorisation; None leaves nothing out.
    """
    if grant is None:
        yield indexes, None
        return
    for part in _parts(camera_id, indexes, rate_hz, origin, grant):
        start, end = (_instant(origin, index, rate_hz) for index in (part.start, part[-1]))
        refused = refusals(grant, camera_id, (), start, end)
        yield part, "; ".join(refusal.reason for refusal in refused) or None


def _parts(
    camera_id: str,
    indexes: range,
    rate_hz: float,
    origin: datetime | None,
    grant: AuthorisationSettings,
) -> Iterator[range]:
    """Yields what lies before, inside and after the window, without the empty parts."""
    cuts = [indexes.start, indexes.stop]
    if origin is not None and camera_id in grant.cameras:
        begin = first_index_at((grant.start - origin).total_seconds(), rate_hz)
        end = math.floor((grant.end - origin).total_seconds() * rate_hz + 1e-6) + 1
        cuts += [min(max(cut, indexes.start), indexes.stop) for cut in (begin, end)]
    cuts.sort()
    yield from (range(a, b) for a, b in pairwise(cuts) if a < b)


def _instant(origin: datetime | None, index: int, rate_hz: float) -> datetime | None:
    return None if origin is None else origin + timedelta(seconds=index / rate_hz)
