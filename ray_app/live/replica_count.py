"""How many detector replicas Serve runs."""

from ray import serve
from ray.exceptions import RayError

DETECTORS, DETECTOR = "detectors", "Detector"
"""Names of the application and its deployment."""


def running_replicas() -> int | None:
    """Returns how many detector replicas run; None when Serve does not say."""
    try:
        application = serve.status().applications.get(DETECTORS)
    except (RayError, RuntimeError, ValueError):
        return None
    if application is None or DETECTOR not in application.deployments:
        return None
    states = application.deployments[DETECTOR].replica_states
    return int(sum(number for state, number in states.items() if str(state) == "RUNNING"))
