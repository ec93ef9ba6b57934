import argparse

import pytest

from models.training.arguments import add_schedule, as_schedule
from ray_app.domain.errors import ConfigError

USUAL = (("near", 0.6), ("far", 0.3), ("empty", 0.1))


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_schedule(parser, peak_rate=1e-3, backbone_rate=0.5, crop_px=128, batch=3)
    return parser.parse_args(["--out", "w.safetensors", *words])


def test_a_schedule_is_what_was_asked_for_and_the_usual_where_nothing_was():
    schedule = as_schedule(parse("--budget-s", "60", "--seed", "4"), USUAL, ("near", "far"), 2)
    assert (schedule.budget_s, schedule.seed, schedule.validations) == (60, 4, 2)
    assert (schedule.peak_rate, schedule.backbone_rate, schedule.batch) == (1e-3, 0.5, 3)
    assert schedule.shares == (("near", 0.6), ("far", 0.3))
    assert schedule.until_s == 60
    assert as_schedule(parse("--stop-s", "9"), USUAL, ("near", "far"), 2).until_s == 9
    assert parse().crop_px == 128


def test_a_share_is_changed_by_name_and_a_name_that_does_not_exist_is_told():
    there = ("near", "far", "empty")
    asked = parse("--share", "far=0.5", "empty=0", "--batch", "8")
    schedule = as_schedule(asked, USUAL, there, 2)
    assert schedule.shares == (("near", 0.6), ("far", 0.5), ("empty", 0.0))
    assert schedule.batch == 8
    with pytest.raises(ConfigError, match="fare: no such set; there are near, far, empty"):
        as_schedule(parse("--share", "fare=0.5"), USUAL, there, 2)
    with pytest.raises(ConfigError, match="far: this set is left out"):
        as_schedule(parse("--share", "far=0.5"), USUAL, ("near", "empty"), 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--crop-px", "500"), "500 is no multiple of 64"),
        (("--stop-s", "0"), "0: give seconds above 0"),
        (("--budget-s", "soon"), "soon: give seconds above 0"),
        (("--crop-px", "0"), "0 is no multiple of 64"),
        (("--share", "far"), "write it as far_smoke=0.2"),
        (("--share", "far=-1"), "write it as far_smoke=0.2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_fix(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        parse(*words)
    assert told in capsys.readouterr().err
