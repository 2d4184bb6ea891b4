"""Pictures held against one another."""

import numpy as np
from PySide6.QtGui import QImage


def pixels(image: QImage) -> np.ndarray:
    """Red, green and blue, height by width by 3; a copy, because the bits go with the picture."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[:, :, :3].copy()


def differing(one: QImage, other: QImage) -> float:
    """The share of pixels that differ between two pictures of one size."""
    return float((pixels(one) != pixels(other)).any(axis=2).mean())


def farthest(one: QImage, other: QImage) -> int:
    """How far apart two pictures of one size are, at the pixel and in the colour where they are farthest: 0 to 255."""
    return int(np.abs(pixels(one).astype(int) - pixels(other)).max())
