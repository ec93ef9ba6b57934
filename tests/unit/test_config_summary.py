"""Every situation a site file may ask for is summed up, and what is odd about it told."""

import pytest

from models.settings import NetworkSettings
from ray_app.config.live_schema import DetectorsConfig, LiveConfig, StreamConfig
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.config.summary import UNITS, summarise
from ray_app.config.watches import SITUATIONS
from ray_app.report.words import COLOURS, MEANINGS, TITLES


def test_every_situation_has_a_unit_and_words() -> None:
    assert set(UNITS) == set(SITUATIONS)
    assert set(SITUATIONS) <= set(TITLES)
    assert set(SITUATIONS) <= set(MEANINGS)
    assert set(SITUATIONS) <= set(COLOURS)


@pytest.mark.parametrize(
    ("device", "num_gpus", "told"),
    [("cpu", 0.5, "is not used; set device: cuda"), ("cuda", 0.0, "set live.detectors.num_gpus")],
)
def test_a_gpu_that_lies_idle_or_is_missing_is_told(
    device: str, num_gpus: float, told: str
) -> None:
    camera = CameraConfig(
        id="gate",
        footage=("gate.mp4",),
        networks=NetworkSettings(device=device),
        stream=StreamConfig(address="rtsp://10.0.0.1/a"),
    )
    for held, is_told in ((num_gpus, True), (0.5 - num_gpus, False)):
        live = LiveConfig(detectors=DetectorsConfig(num_gpus=held))
        site = SiteConfig(site="s", cameras=(camera,), live=live)
        assert (told in summarise(site).cameras[0].networks) is is_told
