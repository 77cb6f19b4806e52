"""How near one picture comes to another."""

import math
from typing import Any

import numpy as np

Grey = np.ndarray[Any, Any]


def psnr_db(one: Grey, other: Grey) -> float:
    """Peak signal over noise; 99 for pictures that are the same."""
    error = np.square(one.astype(float) - other).mean()
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def ssim(one: Grey, other: Grey) -> float:
    """Structural similarity of two grey pictures, by windows of 8 × 8 pixels, as ffmpeg's filter."""
    rows, columns = (side // 4 for side in one.shape)
    one, other = (each[: 4 * rows, : 4 * columns].astype(float) for each in (one, other))

    def windows(values: Grey) -> Grey:
        sums = values.reshape(rows, 4, columns, 4).sum((1, 3))
        return sums[1:, 1:] + sums[:-1, 1:] + sums[1:, :-1] + sums[:-1, :-1]

    first, second = windows(one), windows(other)
    both, product = windows(one * one + other * other), windows(one * other)
    low, high = (0.01 * 255) ** 2 * 64, (0.03 * 255) ** 2 * 64 * 63
    squares = first * first + second * second
    shared = 64 * product - first * second
    likeness = (2 * first * second + low) * (2 * shared + high)
    return float((likeness / ((squares + low) * (64 * both - squares + high))).mean())
