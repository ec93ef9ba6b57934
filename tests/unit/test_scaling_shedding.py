"""Who gives up frames: ranks in order, floors before zero, alarmed cameras last."""

import numpy as np
import pytest

from ray_app.scaling.shedding import Shares, StreamClass, recovered, share_capacity

BOWL, GATES, ALARMED = (
    StreamClass("bowl", 0, 0.2),
    StreamClass("gates", 2, 0.5),
    StreamClass("gates!", 3, 0.5),
)
CLASSES = (BOWL, GATES, ALARMED)


def used(shares: Shares, offered) -> float:
    return sum(kept * work for kept, work in zip(shares.kept, offered, strict=True))


def test_enough_capacity_keeps_all() -> None:
    assert share_capacity(CLASSES, (100, 100, 50), 250) == Shares((1.0, 1.0, 1.0))


def test_the_lowest_rank_gives_first_down_to_its_floor() -> None:
    shares = share_capacity(CLASSES, (100, 100, 50), 200)
    assert shares.kept == pytest.approx((0.5, 1, 1))
    shares = share_capacity(CLASSES, (100, 100, 50), 130)
    assert shares.kept == pytest.approx((0.2, 0.6, 1))


def test_below_all_floors_the_lowest_rank_goes_blind_first() -> None:
    shares = share_capacity(CLASSES, (100, 100, 50), 80)
    assert shares.kept == pytest.approx((0.05, 0.5, 0.5))
    shares = share_capacity(CLASSES, (100, 100, 50), 30)
    assert shares.kept == pytest.approx((0, 0.05, 0.5))


def test_smaller_inputs_come_before_going_below_floors() -> None:
    shares = share_capacity(CLASSES, (100, 100, 50), 80, (1.0, 0.56, 0.25))
    assert shares.input_cost == 0.56
    assert all(k >= c.floor_share - 1e-9 for k, c in zip(shares.kept, CLASSES, strict=True))


def test_what_is_kept_always_fits_and_never_exceeds_all() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        classes = [
            StreamClass(str(k), int(rng.integers(0, 4)), float(rng.uniform(0, 1))) for k in range(5)
        ]
        offered = rng.uniform(0, 100, 5).tolist()
        capacity = float(rng.uniform(0, 400))
        shares = share_capacity(classes, offered, capacity)
        assert all(-1e-9 <= kept <= 1 for kept in shares.kept)
        assert used(shares, offered) <= max(capacity, 0) + 1e-6 or sum(offered) <= capacity
        assert used(shares, offered) >= min(capacity, sum(offered)) - 1e-6


def test_recovery_is_slow_and_giving_up_is_not() -> None:
    low, high = Shares((0.2, 1.0)), Shares((1.0, 1.0))
    assert recovered(low, high, 5.0).kept == pytest.approx((0.3, 1.0))
    assert recovered(high, low, 5.0).kept == (0.2, 1.0)
