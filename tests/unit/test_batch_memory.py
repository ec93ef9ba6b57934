"""Freed memory stays with the process, so that the next batch meets no page fault."""

import resource
import subprocess
import sys

import numpy as np
import pytest

from ray_app.batch.memory import keep_freed_memory

ROUNDS = 10
BLOCKS_AT_ONCE = 10
BLOCK_BYTES = 8 * 2**20

COUNT_FAULTS = f"""
import sys
from tests.unit.test_batch_memory import faults_of_rounds
from ray_app.batch.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
faults_of_rounds({ROUNDS})
print(faults_of_rounds({ROUNDS}))
"""


def faults_of_rounds(rounds):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        blocks = [np.ones(BLOCK_BYTES, np.uint8) for _ in range(BLOCKS_AT_ONCE)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def counted(mode):
    done = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS, mode], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a switch of glibc's")
def test_blocks_freed_and_asked_for_again_are_the_same_pages():
    if not keep_freed_memory():
        pytest.skip("not glibc")
    pages = ROUNDS * BLOCKS_AT_ONCE * BLOCK_BYTES / resource.getpagesize()
    assert counted("kept") < pages / 20
