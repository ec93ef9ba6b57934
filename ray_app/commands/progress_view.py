"""How a running back-fill looks in a terminal, and in a log."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from ray_app.batch.harvest_tally import HarvestTally
from ray_app.batch.progress import Progress as Look


class ProgressView:
    """A bar on a terminal; a line every tenth of the work elsewhere. Writes to standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[told]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("back-fill", told="starting workers")
        self._said_tenth = -1
        self._said_failure: str | None = None
        self._said_yielded = 0

    def __enter__(self) -> "ProgressView":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, look: Look) -> None:
        """Shows one look at the work."""
        if look.last_failure is not None and look.last_failure != self._said_failure:
            self._said_failure = look.last_failure
            self._console.print(f"failed: {look.last_failure}", style="red", markup=False)
        told = _told(look)
        self._bar.update(
            self._task, total=look.footage_total_s, completed=look.footage_done_s, told=told
        )
        if look.harvest is not None and look.harvest.yielded != self._said_yielded:
            self._said_yielded = look.harvest.yielded
            told = f"the event needs slots: {_told_harvest(look.harvest)}"
            self._console.print(told, highlight=False, soft_wrap=True)
        tenth = int(10 * look.footage_done_s / look.footage_total_s) if look.footage_total_s else 0
        if not self._console.is_terminal and tenth != self._said_tenth:
            self._said_tenth = tenth
            line = f"back-fill {tenth * 10:3d} %  {told}"
            self._console.print(line, highlight=False, soft_wrap=True)


def _told(look: Look) -> str:
    parts = [f"{look.segments_done}/{look.segments_total} segments"]
    if look.footage_s_per_s is not None:
        parts.append(f"{look.footage_s_per_s:.1f} footage-s/s")
    if look.left_s is not None:
        parts.append(f"{duration(look.left_s)} left")
    if look.segments_failed:
        parts.append(f"{look.segments_failed} failed")
    if look.harvest is not None:
        parts.append(_told_harvest(look.harvest))
    return ", ".join(parts)


def _told_harvest(tally: HarvestTally) -> str:
    """Returns how a harvest stands."""
    if not tally.borrowed and not tally.yielded:
        return "waits for idle paid slots"
    parts = [f"slots borrowed: {tally.borrowed}, given back to the event: {tally.yielded}"]
    if tally.lost:
        parts.append(f"segments to do again: {tally.lost}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Returns 1:02:03, 2:03 or 3 s."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
