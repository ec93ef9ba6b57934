"""The keys as they are now: read again when their file changes. Revoking needs no restart."""

from dataclasses import dataclass, field
from pathlib import Path

from ray_app.console.key_file import read_keys
from ray_app.console.keys import KeyRing


@dataclass(slots=True)
class KeyBook:
    """Reads a file of keys whenever it changes.

    Args:
        path: Of the file; None where nobody needs a key.
    """

    path: Path | None
    _stamp: tuple[int, int, int] | None = None
    _ring: KeyRing = field(default_factory=lambda: KeyRing(()))

    @property
    def is_open(self) -> bool:
        """Whether callers need no key."""
        return self.path is None

    def ring(self) -> KeyRing:
        """Returns the keys. Raises ConfigError; nobody comes in while the file is damaged."""
        if self.path is None:
            return KeyRing(())
        stamp = _stamp_of(self.path)
        if stamp is None or stamp != self._stamp:
            self._ring = read_keys(self.path)
            self._stamp = stamp
        return self._ring


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
