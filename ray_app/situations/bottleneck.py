"""A passage that clears too slowly. Unit of level: seconds to clear the queue at its outflow."""

from ray_app.domain.settings import settings


@settings
class BottleneckSettings:
    """How one passage is read.

    Attributes:
        line: Name of the line people pass; its order start->end has the way out on its left.
        queue_zone: Name of the zone before the line where people wait.
        window_s: Time over which flow is averaged.
        capacity_per_m_s: Flow per metre of width the passage can carry, people/(m s).
            Default: Weidmann 1993; SFPE handbook gives 1.3, Green Guide 1.37.
        min_people: Fewer people in the queue zone than this never make a bottleneck.
    """

    line: str
    queue_zone: str
    window_s: float = 15.0
    capacity_per_m_s: float = 1.22
    min_people: float = 4.0
