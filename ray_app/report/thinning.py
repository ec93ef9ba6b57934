"""Thins a long curve so that no peak is lost: least and greatest level of each bucket stay."""

import numpy as np
from numpy.typing import NDArray

from ray_app.report.data import Curve


def thin(curve: Curve, most_rows: int) -> list[NDArray[np.float64]]:
    """Returns the unbroken pieces of a curve.

    Args:
        curve: Broken wherever its time jumps by more than 1 s and three periods.
        most_rows: Rows of all pieces together, but for one more a piece.

    Returns:
        Arrays of shape (n, 5): time, least level, greatest level, foot and head of the band.
    """
    if not len(curve.time_s):
        return []
    sigma = np.nan_to_num(curve.sigma, nan=0.0)
    level = curve.level
    columns = np.stack([curve.time_s, level, level, level - sigma, level + sigma], axis=1)
    steps_s = np.diff(curve.time_s)
    pause_s = max(1.0, 3 * float(np.median(steps_s))) if len(steps_s) else 1.0
    pieces = np.split(columns, np.flatnonzero(steps_s > pause_s) + 1)
    rows_a_bucket = -(-len(columns) // most_rows)
    return [_bucketed(piece, rows_a_bucket) for piece in pieces]


def _bucketed(piece: NDArray[np.float64], rows_a_bucket: int) -> NDArray[np.float64]:
    if rows_a_bucket == 1:
        return piece
    starts = np.arange(0, len(piece), rows_a_bucket)
    return np.stack(
        [
            piece[starts, 0],
            np.minimum.reduceat(piece[:, 1], starts),
            np.maximum.reduceat(piece[:, 2], starts),
            np.minimum.reduceat(piece[:, 3], starts),
            np.maximum.reduceat(piece[:, 4], starts),
        ],
        axis=1,
    )
