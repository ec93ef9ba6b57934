"""Keeps off the terminal what Ray says there about itself."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from threading import ExceptHookArgs, Thread
from typing import TextIO

OF_RAY = ("(raylet)", "(autoscaler)")
LISTENERS = ("ray_listen_error_messages", "ray_print_logs")
"""Names of Ray's threads that pass on what its processes say (2.60)."""
# Ray Data's own actor pools set it off in every run (ray issue 57733); nothing can be lost here:
# the arguments live as long as the run.
KNOWN = b"has constructor arguments in the object store and max_restarts > 0"


@contextmanager
def without_ray_noise() -> Iterator[None]:
    """Drops lines of Ray's processes on standard output, which may be JSON, and a false warning.

    The warning is written by Ray's C++ half to file descriptor 2, so that one is filtered. A Ray
    that died (`watched_ray` says so) leaves its listeners with nobody to listen to, and no stack
    trace of theirs is shown.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    forwarder = Thread(target=_forward, args=(reading, kept), daemon=True)
    forwarder.start()
    ours = os.fdopen(os.dup(kept), "w", buffering=1, encoding="utf-8", errors="replace")
    try:
        with (
            ours,
            redirect_stderr(ours),
            redirect_stdout(WithoutRay(sys.stdout)),
            _quiet_listeners(),
        ):
            yield
    finally:
        os.dup2(kept, 2)
        forwarder.join(timeout=1.0)  # a process that lives on may still hold the pipe


@contextmanager
def _quiet_listeners() -> Iterator[None]:
    from ray.exceptions import RayError

    before = threading.excepthook

    def tell(fault: ExceptHookArgs) -> None:
        of_listener = fault.thread is not None and fault.thread.name in LISTENERS
        if not (of_listener and issubclass(fault.exc_type, RayError)):
            before(fault)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = before


def _forward(reading: int, kept: int) -> None:
    with os.fdopen(reading, "rb") as lines:
        for line in lines:
            if KNOWN not in line:
                os.write(kept, line)


class WithoutRay(io.TextIOBase):
    """A text stream that leaves out lines of Ray's processes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._ends = stream, False

    def write(self, text: str) -> int:
        """Passes text on, but for lines of Ray and their ends, which print() writes apart."""
        of_ray = any(name in text for name in OF_RAY) or (self._ends and text == "\n")
        self._ends = of_ray and not text.endswith("\n")
        if not of_ray:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flushes the stream beneath."""
        self._stream.flush()
