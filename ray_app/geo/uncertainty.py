"""How far off a place on the ground may be: independent errors, added as variances."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A box's lower edge finds the feet no better than this, one standard deviation.
FEET_SIGMA_PX = 1.5

# Adults of the world stand about 1.71 m (men) and 1.59 m (women) tall, with 0.07 m spread within
# each sex (NCD-RisC, "A century of trends in adult human height", eLife 2016;5:e13410).
HEAD_HEIGHT_M = 1.65
HEAD_HEIGHT_SIGMA_M = 0.10


def worst_axis_sigma(
    shifts_m: Sequence[NDArray[np.float64]] | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Returns the standard deviation along the worst direction, shape (n,).

    Args:
        shifts_m: One array of shape (n, 2) per independent error: how one standard deviation of
            it moves each place, metres. To first order the covariance is the sum of their
            outer products; its largest eigenvalue is the variance along the worst direction.
    """
    stacked = np.asarray(shifts_m, np.float64)
    xx, yy = (stacked[..., 0] ** 2).sum(axis=0), (stacked[..., 1] ** 2).sum(axis=0)
    xy = (stacked[..., 0] * stacked[..., 1]).sum(axis=0)
    largest = (xx + yy) / 2 + np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return np.asarray(np.sqrt(largest), np.float64)
