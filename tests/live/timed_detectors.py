"""The detector replicas of a live site around a stand-in for the networks."""

from benchmarks.timed_network import build_timed
from models.settings import NetworkSettings
from ray_app.live.detector_deployment import Detectors


def detectors(args):
    """Serve's config names it by its import path."""
    return Detectors.bind((NetworkSettings(),), build_timed)
