"""A place for one item that never makes the sender wait."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds the newest item; one that nobody took is replaced and counted.

    A decoder that waited for whoever looks would fall behind the camera for good.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self._put = self._replaced = 0

    def put(self, item: Item) -> Item | None:
        """Leaves an item; returns the one it replaces. Once closed it returns the item itself."""
        with self._changed:
            if self._closed:
                return item
            self._put += 1
            self._replaced += self._item is not None
            replaced, self._item = self._item, item
            self._changed.notify()
            return replaced

    def take(self, wait_s: float) -> Item | None:
        """Returns the item, waiting for one; None when none came in time or after close()."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, wait_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Lets everybody who waits go; what is there may still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def counts(self) -> tuple[int, int]:
        """Items left so far, and how many of them were replaced before anybody took them."""
        with self._changed:
            return self._put, self._replaced
