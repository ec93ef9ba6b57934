"""Every situation a site file may ask for is summed up."""

from ray_app.config.summary import UNITS
from ray_app.config.watches import SITUATIONS
from ray_app.report.words import COLOURS, MEANINGS, TITLES


def test_every_situation_has_a_unit_and_words() -> None:
    assert set(UNITS) == set(SITUATIONS)
    assert set(SITUATIONS) <= set(TITLES)
    assert set(SITUATIONS) <= set(MEANINGS)
    assert set(SITUATIONS) <= set(COLOURS)
