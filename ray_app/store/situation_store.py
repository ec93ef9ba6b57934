"""What keeps situations: steps, what people said, and every change under its number."""

from collections.abc import Sequence
from typing import Protocol

from ray_app.domain.situation import Acknowledgement, Change, Signal, Situation


class SituationStore(Protocol):
    """Keeps situations. One owner at a time; safe to call from several threads.

    Every method may raise StoreError (disk full, server away); then nothing of the call was
    kept, and the same call may be made again.
    """

    def take(self, signals: Sequence[Signal], at: float) -> int:
        """Keeps steps and files; what is known already changes nothing.

        Args:
            signals: In any order, any of them again.
            at: Now, seconds since 1970.

        Returns:
            How many brought something new; all of them are durable.
        """
        ...

    def situation(self, event_id: str) -> Situation | None:
        """Returns one situation; None where there is none of this id."""
        ...

    def situations(
        self,
        since_change: int = 0,
        limit: int = 200,
        phase: str | None = None,
        camera_id: str | None = None,
    ) -> tuple[Situation, ...]:
        """Returns situations that changed after a change number, newest change first."""
        ...

    def acknowledge(self, said: Acknowledgement) -> Situation:
        """Keeps what a person said; raises ValueError with one clear line."""
        ...

    def changes(self, after: int, limit: int = 200) -> tuple[Change, ...]:
        """Returns the changes after a number, in order."""
        ...

    def last_change(self) -> int:
        """Returns the number of the newest change ever; 0 before the first."""
        ...

    def with_evidence(
        self, before: float, camera_ids: Sequence[str] | None = None
    ) -> tuple[Situation, ...]:
        """Returns situations whose first file was kept before, oldest first.

        Args:
            before: Seconds since 1970.
            camera_ids: Of these cameras; None for all.
        """
        ...

    def forget_evidence(self, event_ids: Sequence[str], at: float) -> None:
        """Notes that the files of these situations were deleted."""
        ...

    def forget_changes(self, before: float) -> int:
        """Deletes changes kept before, and updates of situations that rest since; counts them.

        The latest state of every situation stays, and so does the number of the last change.
        """
        ...

    def forget_situations(self, before: float) -> tuple[str, ...]:
        """Deletes situations whose last step was kept before; returns their ids."""
        ...

    def close(self) -> None:
        """Lets go of the store; another may own it then."""
        ...
