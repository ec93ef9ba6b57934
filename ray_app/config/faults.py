"""What is wrong in a site file, and where."""

from dataclasses import dataclass

from ray_app.domain.errors import ConfigError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend.

    Attributes:
        file: Path of the site file, as it was given.
        line: From 1; None when the file could not be read at all.
        column: From 1.
        path: Keys from the top, as cameras.1.url; "" for the file itself.
        problem: What is wrong and what would be right.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    problem: str

    def __str__(self) -> str:
        """Reads as compilers write, so that editors can jump to the place."""
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.path}: {self.problem}" if self.path else f"{place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """A problem at a key, before its place in the file is looked up.

    Attributes:
        path: Keys from the top of the file.
        problem: What is wrong and what would be right.
        rests_on: Parts of the file the problem was concluded from; when one of them is itself
            at fault, the problem may be its echo and is not told.
    """

    path: KeyPath
    problem: str
    rests_on: tuple[KeyPath, ...] = ()


def faults_error(faults: tuple[Fault, ...]) -> ConfigError:
    """Returns the error that lists every fault, one a line."""
    return ConfigError("\n".join(str(fault) for fault in faults))
