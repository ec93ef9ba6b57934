"""How well certainties tell pictures with something from pictures without."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Numbers = NDArray[np.int64]
Interval = tuple[float, float]
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class RankScores:
    """What certainties tell.

    Attributes:
        auroc: Area under the receiver operating characteristic.
        recall_at_1: Share of pictures with it found when 1 % of those without are false alarms.
        threshold_at_1: Certainty above which they count as found.
        recall_at_5: The same with 5 %.
        threshold_at_5: Likewise.
    """

    auroc: float
    recall_at_1: float
    threshold_at_1: float
    recall_at_5: float
    threshold_at_5: float


@dataclass(frozen=True, slots=True)
class RankIntervals:
    """95 % intervals of the same, whole scenes drawn again (bootstrap)."""

    auroc: Interval
    recall_at_1: Interval
    recall_at_5: Interval


@dataclass(frozen=True, slots=True)
class SceneRanks:
    """What certainties tell when pictures of one scene are alike.

    Attributes:
        by_picture: Every picture counted.
        by_scene: Every scene counted once.
        intervals: Of the numbers by picture.
    """

    by_picture: RankScores
    by_scene: RankScores
    intervals: RankIntervals


def rank_scenes(
    with_it: Floats, scenes_with: Numbers, without: Floats, scenes_without: Numbers
) -> SceneRanks:
    """Returns all numbers by picture and by scene.

    Args:
        with_it: Certainties of pictures that show it, shape (n,), n at least 1.
        scenes_with: Number of the scene of each.
        without: Certainties of those that do not.
        scenes_without: Likewise.
    """
    return SceneRanks(
        by_picture=rank_scores(with_it, without),
        by_scene=rank_scores(
            with_it, without, scene_weights(scenes_with), scene_weights(scenes_without)
        ),
        intervals=rank_intervals(with_it, scenes_with, without, scenes_without),
    )


def rank_scores(
    with_it: Floats,
    without: Floats,
    weight_with: Floats | None = None,
    weight_without: Floats | None = None,
) -> RankScores:
    """Returns all numbers.

    Args:
        with_it: Certainties of pictures that show it, shape (n,), n at least 1.
        without: Of those that do not.
        weight_with: How much each counts; None counts all alike.
        weight_without: Likewise.
    """
    weights = weight_with, weight_without
    at_1 = recall_at(with_it, without, 0.01, *weights)
    at_5 = recall_at(with_it, without, 0.05, *weights)
    return RankScores(auroc(with_it, without, *weights), *at_1, *at_5)


def auroc(
    with_it: Floats,
    without: Floats,
    weight_with: Floats | None = None,
    weight_without: Floats | None = None,
) -> float:
    """Returns the chance that a picture with it scores above one without; ties count half.

    The area under the receiver operating characteristic (Hanley and McNeil 1982, Radiology 143).
    Arguments as of `rank_scores`.
    """
    order = np.argsort(without)
    counts = np.concatenate([[0.0], _weights(without, weight_without)[order].cumsum()])
    below = counts[np.searchsorted(without[order], with_it, side="left")]
    not_above = counts[np.searchsorted(without[order], with_it, side="right")]
    return float(np.average((below + not_above) / 2 / counts[-1], weights=weight_with))


def recall_at(
    with_it: Floats,
    without: Floats,
    false_share: float,
    weight_with: Floats | None = None,
    weight_without: Floats | None = None,
) -> tuple[float, float]:
    """Returns (recall, certainty) at the lowest threshold with at most this share of false ones.

    Args:
        with_it: Certainties of pictures that show it.
        without: Of those that do not; below 1 / false_share of them the share is 0.
        false_share: As 0.01.
        weight_with: How much each counts; None counts all alike.
        weight_without: Likewise.
    """
    order = np.argsort(-without)
    weights = _weights(without, weight_without)[order]
    above = weights.cumsum() - weights
    allowed = false_share * weights.sum() + 1e-9
    threshold = float(without[order][np.flatnonzero(above <= allowed)[-1]])
    return float(np.average(with_it > threshold, weights=weight_with)), threshold


def scene_weights(scenes: Numbers) -> Floats:
    """Returns weights with which every scene counts once, however many pictures show it."""
    _, which, counts = np.unique(scenes, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[which])


def rank_intervals(
    with_it: Floats, scenes_with: Numbers, without: Floats, scenes_without: Numbers
) -> RankIntervals:
    """Returns 95 % intervals; whole scenes are drawn again, as frames of one film are alike."""
    rng = np.random.default_rng(0)
    have, lack = _by_scene(with_it, scenes_with), _by_scene(without, scenes_without)
    drawn = [rank_scores(_again(have, rng), _again(lack, rng)) for _ in range(DRAWS)]

    def interval(values: list[float]) -> Interval:
        low, high = np.percentile(values, [2.5, 97.5])
        return float(low), float(high)

    return RankIntervals(
        interval([one.auroc for one in drawn]),
        interval([one.recall_at_1 for one in drawn]),
        interval([one.recall_at_5 for one in drawn]),
    )


def _by_scene(scores: Floats, scenes: Numbers) -> list[Floats]:
    return [scores[scenes == number] for number in np.unique(scenes)]


def _again(scores: list[Floats], rng: np.random.Generator) -> Floats:
    return np.concatenate([scores[k] for k in rng.integers(0, len(scores), len(scores))])


def _weights(scores: Floats, given: Floats | None) -> Floats:
    return np.ones(len(scores)) if given is None else given
