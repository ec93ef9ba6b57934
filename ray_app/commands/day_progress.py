"""How running simulations look in a terminal, and in a log."""

from types import TracebackType

from rich.console import Console
from rich.progress import Progress


class DayProgress:
    """A bar on a terminal; a line every fifth of the days elsewhere. Writes to standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("playing days", total=None)
        self._said_fifth = 0

    def __enter__(self) -> "DayProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Shows how many days are played."""
        self._bar.update(self._task, completed=done, total=total)
        fifth = 5 * done // total
        if not self._console.is_terminal and fifth != self._said_fifth:
            self._said_fifth = fifth
            self._console.print(f"days played: {done} of {total}", highlight=False)
