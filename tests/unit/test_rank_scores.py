"""Ranks of certainties, scenes counted once, and intervals."""

from collections import Counter

import cv2
import numpy as np
import pytest

from models.evaluate_fire import evaluate_fire
from models.rank_scores import auroc, rank_intervals, rank_scores, recall_at, scene_weights
from models.scenes import scene_numbers, small_copy
from ray_app.domain.observation import FireMap


def test_auroc_is_the_chance_of_the_right_order():
    with_it, without = np.array([0.9, 0.4, 0.4]), np.array([0.1, 0.4])
    pairs = [(a > b) + 0.5 * (a == b) for a in with_it for b in without]
    assert auroc(with_it, without) == pytest.approx(np.mean(pairs))


def test_recall_is_taken_where_false_alarms_are_few_enough():
    calm = np.arange(100) / 100
    recall, threshold = recall_at(np.array([0.985, 0.975, 0.5]), calm, 0.01)
    assert (calm > threshold).mean() == pytest.approx(0.01)
    assert (recall, threshold) == (pytest.approx(1 / 3), 0.98)
    assert recall_at(np.array([2.0]), np.array([0.3, 0.2]), 0.01) == (1.0, 0.3)


def test_a_weight_of_three_is_as_good_as_three_pictures():
    rng = np.random.default_rng(1)
    with_it, without = rng.random(20) + 0.2, rng.random(30)
    weight_with, weight_without = rng.integers(1, 4, 20), rng.integers(1, 4, 30)
    weighted = rank_scores(
        with_it, without, weight_with.astype(float), weight_without.astype(float)
    )
    repeated = rank_scores(np.repeat(with_it, weight_with), np.repeat(without, weight_without))
    assert weighted.auroc == pytest.approx(repeated.auroc)
    assert weighted.recall_at_5 == pytest.approx(repeated.recall_at_5)
    assert weighted.threshold_at_5 == repeated.threshold_at_5


def test_every_scene_counts_once():
    weights = scene_weights(np.array([4, 4, 4, 9, 2, 2]))
    totals = Counter()
    for scene, weight in zip([4, 4, 4, 9, 2, 2], weights, strict=True):
        totals[scene] += weight
    assert totals == pytest.approx({4: 1.0, 9: 1.0, 2: 1.0})


def test_frames_of_few_films_tell_less_than_as_many_pictures():
    rng = np.random.default_rng(2)
    fires, calm = np.repeat(rng.normal(1, 1, 12), 10), np.repeat(rng.normal(0, 1, 12), 10)
    films, alone = np.repeat(np.arange(12), 10), np.arange(120)
    by_film = rank_intervals(fires, films, calm, films)
    by_picture = rank_intervals(fires, alone, calm, alone)
    assert by_film.auroc[0] < auroc(fires, calm) < by_film.auroc[1]
    assert np.diff(by_film.auroc)[0] > 2 * np.diff(by_picture.auroc)[0]
    assert np.diff(by_film.recall_at_5)[0] > np.diff(by_picture.recall_at_5)[0]


def test_intervals_are_the_same_every_time():
    fires, calm, alone = np.linspace(0.3, 1, 15), np.linspace(0, 0.7, 15), np.arange(15)
    assert rank_intervals(fires, alone, calm, alone) == rank_intervals(fires, alone, calm, alone)


def test_no_pictures_are_no_scenes():
    assert len(scene_numbers([])) == 0


def test_black_pictures_are_alike_to_nothing_and_stop_nothing():
    copies = [small_copy(np.zeros((8, 8, 3), np.uint8)) for _ in range(2)]
    assert scene_numbers(copies).tolist() == [0, 1]


class _Bright:
    """Tells brightness as flame."""

    def look(self, batch):
        value = int(batch.pixels.mean())
        return [FireMap(np.full((4, 4), value, np.uint8), np.zeros((4, 4), np.uint8), 16.0)]


def test_the_report_counts_scenes_and_weighs_them(tmp_path):
    rng = np.random.default_rng(5)
    films = [rng.integers(0, 60, (64, 64, 3)) for _ in range(4)]
    # the first calm film is bright, and has six frames; the first fire is dark
    brightness = {True: (30, 150, 160), False: (120, 10)}
    frames = {True: (1, 1, 1), False: (6, 2)}
    pictures = []
    for burns in (True, False):
        for film, (light, count) in enumerate(zip(brightness[burns], frames[burns], strict=True)):
            for frame in range(count):
                path = tmp_path / f"{burns}{film}{frame}.png"
                cv2.imwrite(str(path), (films[film] + light).clip(0, 255).astype(np.uint8))
                pictures.append((path, burns))
    report = evaluate_fire(_Bright(), pictures, skip=lambda fault: pytest.fail(str(fault)))
    assert (report.burning, report.burning_scenes) == (3, 3)
    assert (report.calm, report.calm_scenes) == (8, 2)
    assert report.auroc == pytest.approx((2 / 8 + 2) / 3)
    assert report.auroc_by_scene == pytest.approx((1 / 2 + 2) / 3)
    assert report.auroc_interval[0] <= report.auroc <= report.auroc_interval[1]
