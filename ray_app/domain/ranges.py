"""Range checks that settings run on themselves: all faults of a leaf at once, each at its key."""

from collections.abc import Sequence

KeyFault = tuple[str, str]


class SettingsError(ValueError):
    """Settings hold values that cannot be used.

    Attributes:
        faults: Pairs of key and what is wrong with its value and what would be right.
    """

    def __init__(self, faults: Sequence[KeyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in self.faults))


def refuse_faults(*checks: KeyFault | None) -> None:
    """Raises SettingsError with every check that found a fault."""
    found = [check for check in checks if check is not None]
    if found:
        raise SettingsError(found)


def between(key: str, value: float | None, low: float, high: float) -> KeyFault | None:
    """Returns a fault when value lies outside [low, high]; None (unknown) is in range."""
    if value is None or low <= value <= high:
        return None
    return key, f"{value:g} is out of range; give {low:g} to {high:g}"


def above(key: str, value: float | None, low: float, high: float) -> KeyFault | None:
    """Returns a fault when value lies outside (low, high]; None (unknown) is in range."""
    if value is None or low < value <= high:
        return None
    return key, f"{value:g} is out of range; give more than {low:g} and at most {high:g}"


def one_of(key: str, value: str | None, known: Sequence[str]) -> KeyFault | None:
    """Returns a fault when value is not among the known words; None (unknown) is."""
    if value is None or value in known:
        return None
    return key, f"unknown value {value!r}; known: {', '.join(known)}"


def picture_size(key: str, size_px: tuple[int, int]) -> KeyFault | None:
    """Returns a fault when width or height of a picture cannot be."""
    if all(16 <= side <= 32768 for side in size_px):
        return None
    return key, f"{list(size_px)} is no picture size; give [width, height], as [1920, 1080]"
