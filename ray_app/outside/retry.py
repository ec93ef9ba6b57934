"""When to try again after a stream failed, or somebody who takes situations did."""

from collections.abc import Callable
from dataclasses import dataclass

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class RetrySettings:
    """How fast a lost stream or receiver is tried again.

    Attributes:
        first_s: Longest wait before the first new try; doubled at every further one.
        most_s: Longest wait of all.
        refused_s: Wait after the credentials were refused: cameras lock out who insists.
        healthy_s: Who ran well for so long has earlier failures forgotten.
    """

    first_s: float = 0.4
    most_s: float = 30.0
    refused_s: float = 300.0
    healthy_s: float = 10.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("first_s", self.first_s, 0, 60),
            between("most_s", self.most_s, self.first_s, 3600),
            between("refused_s", self.refused_s, 1, 86400),
            between("healthy_s", self.healthy_s, 0, 3600),
        )


@dataclass(slots=True)
class Retries:
    """The waits of one stream or receiver: exponential with full jitter.

    Full jitter (Brooker 2015, "Exponential backoff and jitter") spreads the cameras of a switch
    that came back over the whole wait; a fixed share of jitter lets them come in waves.

    Args:
        settings: How fast.
        draw: Returns numbers evenly spread over [0, 1).
    """

    settings: RetrySettings
    draw: Callable[[], float]
    failures: int = 0

    def next_s(self, lasted_s: float, *, refused: bool = False) -> float:
        """Returns how long to wait, given how long all went well before it failed."""
        if lasted_s >= self.settings.healthy_s:
            self.failures = 0
        if refused:
            return self.settings.refused_s * (0.5 + 0.5 * self.draw())
        longest_s = min(self.settings.most_s, self.settings.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return longest_s * self.draw()
