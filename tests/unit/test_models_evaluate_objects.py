import numpy as np
import pytest

from models.detection_scores import average_precision, best_f1, judge, pool
from models.evaluate_objects import CrowdRecall, read_cvml, recalls_by_people
from ray_app.domain.errors import ConfigError


def boxes(*lefts):
    return np.array([[x, 0, x + 10, 20] for x in lefts], np.float32).reshape(-1, 4)


def scores(*values):
    return np.array(values, np.float32)


def test_a_perfect_finder_has_precision_one():
    pooled = pool([judge(boxes(0, 50), scores(0.9, 0.8), boxes(50, 0))])
    assert average_precision(pooled) == 1
    assert best_f1(pooled).f1 == pytest.approx(1)
    assert best_f1(pooled).threshold == pytest.approx(0.8)


def test_a_labelled_box_is_taken_once_by_the_highest_score():
    judged = judge(boxes(0, 1), scores(0.5, 0.9), boxes(0))
    assert judged.scores == pytest.approx([0.9, 0.5])
    assert judged.right.tolist() == [True, False]


def test_a_box_takes_the_best_of_those_left():
    judged = judge(boxes(0, 1), scores(0.9, 0.8), boxes(0, 2))
    assert judged.right.tolist() == [True, True]


def test_overlap_below_a_half_is_wrong():
    assert not judge(boxes(4), scores(0.9), boxes(0)).right.any()
    assert judge(boxes(3), scores(0.9), boxes(0)).right.all()


def test_precision_by_hand():
    # right, wrong, right, with a third never found: precision 1 to recall 1/3, 2/3 to recall 2/3
    pooled = pool([judge(boxes(0, 100, 50), scores(0.9, 0.8, 0.7), boxes(0, 50, 200))])
    assert average_precision(pooled) == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert best_f1(pooled).f1 == pytest.approx(2 / 3)


def test_pictures_are_pooled_by_score_not_averaged():
    right = judge(boxes(0), scores(0.6), boxes(0))
    wrong = judge(boxes(0), scores(0.9), boxes())
    assert average_precision(pool([right, wrong])) == pytest.approx(0.5)


def test_nothing_found_is_zero_and_nothing_labelled_is_unknown():
    assert average_precision(pool([judge(boxes(), scores(), boxes(0))])) == 0
    assert best_f1(pool([judge(boxes(), scores(), boxes(0))])).f1 == 0
    assert np.isnan(average_precision(pool([judge(boxes(0), scores(0.5), boxes())])))


def test_recall_is_split_by_the_people_in_view():
    few = judge(boxes(0, 50), scores(0.9, 0.4), boxes(0, 50))
    many = judge(boxes(0, 50, 900), scores(0.9, 0.8, 0.9), boxes(*range(0, 600, 50)))
    empty = judge(boxes(0), scores(0.9), boxes())
    huge = judge(boxes(0), scores(0.9), boxes(*range(0, 2000, 50)))
    assert list(recalls_by_people([few, many, few, empty, huge], 0.5)) == [
        CrowdRecall(1, 3, 2, 0.5),
        CrowdRecall(11, 20, 1, 2 / 12),
        CrowdRecall(21, None, 1, 1 / 40),
    ]


def test_cvml_is_read_with_empty_frames(tmp_path):
    file = tmp_path / "truth.xml"
    file.write_text(
        '<?xml version="1.0"?><dataset><frame number="0"><objectlist><object id="9">'
        '<box h="20" w="10" xc="15" yc="30"/></object></objectlist></frame>'
        '<frame number="7"><objectlist/></frame></dataset>'
    )
    truth = read_cvml(file)
    assert truth[0].tolist() == [[10, 20, 20, 40]]
    assert truth[7].shape == (0, 4)
    assert set(truth) == {0, 7}


@pytest.mark.parametrize(
    "text",
    ["", "no xml", "<dataset/>", "<frame/>", '<frame number="1"><box h="a" w="1"/></frame>'],
)
def test_what_is_not_cvml_is_refused_by_name(tmp_path, text):
    file = tmp_path / "truth.xml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"truth\.xml: .*CVML"):
        read_cvml(file)


def test_a_missing_truth_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"truth\.xml"):
        read_cvml(tmp_path / "truth.xml")
