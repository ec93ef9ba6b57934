import numpy as np
import pytest

from models.candidates import Candidates, intersection_over_union, suppress


def candidates(*rows):
    """Rows of (x1, width, score, label); boxes are 10 high."""
    boxes = np.array([[x, 0, x + w, 10] for x, w, _, _ in rows], np.float32).reshape(-1, 4)
    return Candidates(
        np.zeros(len(rows), np.int64),
        boxes,
        np.array([r[2] for r in rows], np.float32),
        np.array([r[3] for r in rows], np.int16),
    )


def lefts(found):
    return found.boxes_px[:, 0].tolist()


def test_overlap_of_half_shifted_boxes_is_a_third():
    a, b = np.array([[0, 0, 10, 10]], np.float32), np.array([[5, 0, 15, 10]], np.float32)
    assert intersection_over_union(a, b)[0, 0] == pytest.approx(1 / 3)


def test_boxes_without_area_overlap_nothing():
    point = np.array([[5, 5, 5, 5]], np.float32)
    assert intersection_over_union(point, point)[0, 0] == 0


def test_the_better_of_two_overlapping_boxes_stays():
    assert lefts(suppress(candidates((0, 10, 0.5, 0), (1, 10, 0.9, 0)))) == [1]


def test_boxes_of_other_labels_do_not_suppress_each_other():
    assert lefts(suppress(candidates((0, 10, 0.5, 1), (1, 10, 0.9, 0)))) == [1, 0]


def test_a_suppressed_box_suppresses_nothing():
    chain = candidates((0, 10, 0.9, 0), (2, 10, 0.8, 0), (4, 10, 0.7, 0), (6, 10, 0.6, 0))
    assert lefts(suppress(chain)) == [0, 4]


def test_equal_scores_keep_the_first():
    assert lefts(suppress(candidates((1, 10, 0.5, 0), (0, 10, 0.5, 0)))) == [1]


def test_nothing_in_nothing_out():
    assert len(suppress(candidates())) == 0


def test_agrees_with_suppression_written_as_a_loop():
    rng = np.random.default_rng(5)
    rows = [
        (rng.uniform(0, 60), rng.uniform(5, 30), s, rng.integers(0, 3))
        for s in rng.permutation(120) / 120
    ]
    found = candidates(*rows)
    kept = []
    for i in np.argsort(-found.scores):
        rivals = [k for k in kept if found.labels[k] == found.labels[i]]
        overlaps = intersection_over_union(found.boxes_px[[i]], found.boxes_px[rivals])
        if not (overlaps > 0.6).any():
            kept.append(i)
    assert suppress(found).scores.tolist() == found.scores[kept].tolist()
