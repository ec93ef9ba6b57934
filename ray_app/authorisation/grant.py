"""What the authorisation of an event covers."""

from datetime import datetime

from ray_app.domain.geometry import Points
from ray_app.domain.settings import settings


@settings
class AuthorisationSettings:
    """The authorisation, as data. Whatever it does not name does not run.

    Attributes:
        purpose: Why, in a sentence that may be published.
        situations: Names of the situations that may be signalled.
        cameras: Ids of the cameras that may be analysed.
        start: Not before; with a time zone.
        end: Not after; at most 31 days after start (law of 2023-380, art. 10 VII).
        perimeter_m: Polygon on the site outside which nothing is reported; None means
            the whole view of the listed cameras.
    """

    purpose: str
    situations: tuple[str, ...]
    cameras: tuple[str, ...]
    start: datetime
    end: datetime
    perimeter_m: Points | None = None
