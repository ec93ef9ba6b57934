"""What the tests of a live site share; the footage of the back-fill's tests is used here too."""

import sys
from pathlib import Path

import pytest
import ray

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "batch"))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    from rtsp_cameras import needs_cameras, walking_square

    needs_cameras()
    return walking_square(tmp_path_factory.mktemp("film") / "cam.h264")


@pytest.fixture(scope="module")
def slow_replicas(tmp_path_factory):
    """A Ray whose replicas take as long for a frame as a file says: its path, in seconds."""
    from watching_fleet import slow_squares

    slowness = tmp_path_factory.mktemp("slow") / "seconds"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{HERE}:{HERE.parent / 'batch'}")
        with slow_squares(slowness, tmp_path_factory.mktemp("detectors")):
            yield slowness


@pytest.fixture
def slowness(slow_replicas):
    """Seconds a replica takes for a frame, in a file that a test may write; none at first."""
    slow_replicas.write_text("0.0")
    return slow_replicas


@pytest.fixture
def desk():
    from live_ray import start_desk

    desk = start_desk()
    yield desk
    ray.kill(desk, no_restart=True)
