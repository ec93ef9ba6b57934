"""Keeps the memory that a worker asks for again a moment later."""

import ctypes
import sys

# Parameters of mallopt(3), from glibc's malloc.h; the mmap threshold may be 32 MiB at most.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
LARGEST_KEPT_BYTES = 32 * 2**20
FREE_KEPT_BYTES = 512 * 2**20


def keep_freed_memory() -> bool:
    """Tells glibc's allocator to keep freed blocks for this process instead of unmapping them.

    Pictures and activations of the same few megabytes come and go with every batch; glibc would
    return each to the kernel, and pay page faults to have it back: 7 % of the processor time of
    decoding 1080p and running a detector (docs/performance.md). At most half a gigabyte lies
    free.

    Returns:
        False where the C library has no such switch; nothing is changed then.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    kept = mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES) == 1
    return bool(mallopt(M_TRIM_THRESHOLD, FREE_KEPT_BYTES) == 1 and kept)
