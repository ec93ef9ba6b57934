"""How well certainties tell pictures with something from pictures without."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def auroc(with_it: Floats, without: Floats) -> float:
    """Returns the chance that a picture with it scores above one without; ties count half.

    The area under the receiver operating characteristic (Hanley and McNeil 1982, Radiology 143).

    Args:
        with_it: Certainties of pictures that show it, shape (n,), n at least 1.
        without: Of those that do not.
    """
    order = np.sort(without)
    below = np.searchsorted(order, with_it, side="left")
    not_above = np.searchsorted(order, with_it, side="right")
    return float((below + not_above).mean() / 2 / len(without))


def recall_at(with_it: Floats, without: Floats, false_share: float) -> tuple[float, float]:
    """Returns (recall, certainty) at the lowest threshold with at most this share of false ones.

    Args:
        with_it: Certainties of pictures that show it.
        without: Of those that do not; below 1 / false_share of them the share is 0.
        false_share: As 0.01.
    """
    allowed = int(false_share * len(without))
    threshold = float(np.sort(without)[len(without) - 1 - allowed])
    return float((with_it > threshold).mean()), threshold
