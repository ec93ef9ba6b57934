"""What a reader of footage hands over: pictures in time order, and what it lost between them."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Loss:
    """A stretch of footage that could not be seen; half open, [start_s, end_s).

    Attributes:
        start_s: Seconds; of the file from a reader, of the camera's time line from a clip.
        end_s: Same; infinite when nothing whole follows in the file.
        cause: Why, for a person.
    """

    start_s: float
    end_s: float
    cause: str

    def within(self, start_s: float, end_s: float) -> "Loss | None":
        """Returns the part inside [start_s, end_s), or None."""
        start, end = max(self.start_s, start_s), min(self.end_s, end_s)
        return replace(self, start_s=start, end_s=end) if start < end else None


class Picture(Protocol):
    """One decoded picture that has not been converted yet."""

    @property
    def time_s(self) -> float:
        """Seconds since the file's first instant."""
        ...

    @property
    def lasts_s(self) -> float:
        """How long the file says it is shown, seconds."""
        ...

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height, rotation applied."""
        ...

    def pixels(self) -> NDArray[np.uint8]:
        """Returns RGB at the analysed size, rotation applied, shape (height, width, 3)."""
        ...


class PictureReader(Protocol):
    """Reads one file. Not shared between threads."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how this file is read."""
        ...

    def pictures(self, from_s: float) -> Generator[Picture | Loss]:
        """Yields every picture from the last one at or before from_s on, in time order.

        May begin earlier than that. A loss stands between the pictures around it. Every
        picture is whole: those a broken packet may have touched are within a loss.

        Raises:
            FootageError: The file cannot be opened, or reading it fails for good.
        """
        ...


def joined(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    """Returns losses in order, with touching ones of one cause made one.

    Segments of a clip each report their share of a loss; this puts it together again.
    """
    out: list[Loss] = []
    for loss in sorted(losses, key=lambda item: (item.start_s, item.end_s)):
        if out and out[-1].cause == loss.cause and loss.start_s <= out[-1].end_s + 1e-6:
            out[-1] = replace(out[-1], end_s=max(out[-1].end_s, loss.end_s))
        else:
            out.append(loss)
    return tuple(out)
