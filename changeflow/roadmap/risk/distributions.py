"""Three-point estimates as tables of quantiles, so that one draw is one look-up, whatever the distribution."""

import numpy as np
from numpy.typing import NDArray

POINTS = 1025
"""Quantiles of a table, from 0 to 1 inclusive: between them a straight line is close enough."""
Floats = NDArray[np.float64]


def quantiles(low: float, likely: float, high: float, distribution: str) -> Floats:
    """Return the quantiles of a three-point estimate, from its lowest to its highest value.

    `triangular`, or `pert`: a beta distribution over the range with mean (low + 4 likely + high) / 6 (Malcolm et al.,
    1959). An estimate without any range is the same everywhere.
    """
    u = np.linspace(0.0, 1.0, POINTS)
    span = high - low
    if span <= 0:
        return np.full(POINTS, float(likely))
    if distribution == "pert":
        return _pert(low, likely, high, u)
    turn = (likely - low) / span
    rising = low + np.sqrt(u * span * (likely - low))
    falling = high - np.sqrt((1 - u) * span * (high - likely))
    return np.asarray(np.where(u < turn, rising, falling), np.float64)


def _pert(low: float, likely: float, high: float, u: Floats) -> Floats:
    """Turn the distribution function around, which is summed up over a fine grid."""
    alpha = 1 + 4 * (likely - low) / (high - low)
    beta = 1 + 4 * (high - likely) / (high - low)
    x = np.linspace(0.0, 1.0, 20_001)
    density = x ** (alpha - 1) * (1 - x) ** (beta - 1)
    summed = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    values: Floats = low + (high - low) * np.interp(u, summed / summed[-1], x)
    return values
