"""What the crowd network is asked to get right."""

import torch
from torch import Tensor
from torch.nn import functional

from models.crowd_network import expected_heads

_PER_CROP = 1 / 50
"""Brings the sums over a crop's cells near 1; the weights below are relative to it."""
_BLOCKS = ((2, 0.5), (4, 0.5), (8, 0.5))
"""Cells per block side, weight: blocks of 16, 32 and 64 pixels."""
_COUNT_WEIGHT = 0.6


def crowd_loss(rate: Tensor, presence: Tensor, heads: Tensor) -> Tensor:
    """Returns the mean loss of a batch.

    Likelihoods alone, and a count term that is quadratic near the truth: their minimum is the
    mean. Absolute differences would pull uncertain heads to the median, that is to zero.

    Args:
        rate: Poisson rate per cell, float32, shape (n, rows, columns).
        presence: Logit of presence per cell, like rate.
        heads: True heads per cell, like rate; rows and columns are multiples of 8.
    """
    expected = expected_heads(rate, presence)
    likelihood = zero_inflated_poisson_nll(rate, presence, heads).sum((1, 2))
    for cells, weight in _BLOCKS:
        likelihood = likelihood + weight * _block_nll(expected, heads, cells)
    return (likelihood * _PER_CROP + _COUNT_WEIGHT * _count_error(expected, heads)).mean()


def zero_inflated_poisson_nll(rate: Tensor, presence: Tensor, heads: Tensor) -> Tensor:
    """Returns minus the log-likelihood of each cell's heads.

    P(0) = 1 - p + p exp(-rate); P(k) = p Poisson(k; rate), p = sigmoid(presence) (Lambert 1992,
    Technometrics 34, "Zero-inflated Poisson regression", eq. 1).
    """
    log_present = functional.logsigmoid(presence)
    log_absent = functional.logsigmoid(-presence)
    some = -log_present + rate - heads * torch.log(rate) + torch.lgamma(heads + 1)
    none = -torch.logaddexp(log_absent, log_present - rate)
    return torch.where(heads > 0, some, none)


def _block_nll(expected: Tensor, heads: Tensor, cells: int) -> Tensor:
    """Returns half the Poisson deviance of counts in square blocks, summed per crop."""
    found, true = _block_sums(expected, cells), _block_sums(heads, cells)
    return (found - true + torch.xlogy(true, true) - true * torch.log(found + 1e-6)).sum((1, 2))


def _block_sums(cells_map: Tensor, cells: int) -> Tensor:
    return functional.avg_pool2d(cells_map[:, None], cells)[:, 0] * cells**2


def _count_error(expected: Tensor, heads: Tensor) -> Tensor:
    """Returns a pseudo-Huber of the count error in units of 15 % of the truth and 1.5 heads."""
    true = heads.sum((1, 2))
    error = (expected.sum((1, 2)) - true) / (0.15 * true + 1.5)
    return torch.sqrt(1 + error**2) - 1
