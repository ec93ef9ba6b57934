"""What carries messages to one receiver, and what it may say when it cannot."""

from typing import Protocol

from ray_app.alerts.message import Message
from ray_app.domain.errors import VigieError


class TryLaterError(VigieError):
    """The receiver did not take the message now; the text shows no secret.

    Attributes:
        after_s: How long it asked to be left alone; None when it did not say.
        is_refusal: Whether it refused the credentials: it is not asked again soon.
    """

    def __init__(
        self, text: str, after_s: float | None = None, *, is_refusal: bool = False
    ) -> None:
        self.after_s, self.is_refusal = after_s, is_refusal
        super().__init__(text)


class NeverError(VigieError):
    """The receiver will never take this message; the text shows no secret."""


class Sink(Protocol):
    """Carries messages to one receiver. Called by one thread."""

    @property
    def name(self) -> str:
        """Unique among the sinks of a site."""
        ...

    @property
    def kind(self) -> str:
        """Such as "webhook"."""
        ...

    @property
    def dropped(self) -> int:
        """Messages it took and deleted since by a bound on disk."""
        ...

    def deliver(self, message: Message) -> None:
        """Returns once the receiver has the message for good; may send it twice.

        Raises:
            TryLaterError: Not now; the same message is tried again.
            NeverError: Not ever; it becomes a dead letter.
        """
        ...

    def close(self) -> None:
        """Lets go of the receiver."""
        ...
