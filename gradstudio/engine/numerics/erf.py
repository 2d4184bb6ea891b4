"""The error function, its complement and its inverse on arrays, to the last bits of float64.

The rational approximations are those of Sun's fdlibm (s_erf.c); the inverse starts from Winitzki's formula ("A handy approximation for the
error function and its inverse", 2008) and takes Halley's steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Coefficients from the highest power down, numerator and denominator, for |x| below 0.84375, below 1.25, below 1/0.35, above.
NEAR = ((-2.37630166566501626084e-05, -5.77027029648944159157e-03, -2.84817495755985104766e-02, -3.25042107247001499370e-01,
         1.28379167095512558561e-01),
        (-3.96022827877536812320e-06, 1.32494738004321644526e-04, 5.08130628187576562776e-03, 6.50222499887672944485e-02,
         3.97917223959155352819e-01, 1.0))
MIDDLE = ((-2.16637559486879084300e-03, 3.54783043256182359371e-02, -1.10894694282396677476e-01, 3.18346619901161753674e-01,
           -3.72207876035701323847e-01, 4.14856118683748331666e-01, -2.36211856075265944077e-03),
          (1.19844998467991074170e-02, 1.36370839120290507362e-02, 1.26171219808761642112e-01, 7.18286544141962662868e-02,
           5.40397917702171048937e-01, 1.06420880400844228286e-01, 1.0))
FAR = ((-9.81432934416914548592e+00, -8.12874355063065934246e+01, -1.84605092906711035994e+02, -1.62396669462573470355e+02,
        -6.23753324503260060396e+01, -1.05586262253232909814e+01, -6.93858572707181764372e-01, -9.86494403484714822705e-03),
       (-6.04244152148580987438e-02, 6.57024977031928170135e+00, 1.08635005541779435134e+02, 4.29008140027567833386e+02,
        6.45387271733267880336e+02, 4.34565877475229228821e+02, 1.37657754143519042600e+02, 1.96512716674392571292e+01, 1.0))
FARTHER = ((-4.83519191608651397019e+02, -1.02509513161107724954e+03, -6.37566443368389627722e+02, -1.60636384855821916062e+02,
            -1.77579549177547519889e+01, -7.99283237680523006574e-01, -9.86494292470009928597e-03),
           (-2.24409524465858183362e+01, 4.74528541206955367215e+02, 2.55305040643316442583e+03, 3.19985821950859553908e+03,
            1.53672958608443695994e+03, 3.25792512996573918826e+02, 3.03380607434824582924e+01, 1.0))
ERX = 8.45062911510467529297e-01  # erf near 1, rounded to float32


def ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], s: Array) -> Array:
    """Return the rational function at s."""
    top, bottom = coefficients
    out: Array = np.polyval(top, s) / np.polyval(bottom, s)
    return out


def exponent(a: Array) -> Array:
    """Return ln(a erfc(a)) + a² + 0.5625 for a >= 1.25."""
    inverse = 1 / np.maximum(a * a, 1)
    return np.where(a < 1 / 0.35, ratio(FAR, inverse), ratio(FARTHER, inverse))


def erf(x: Array) -> Array:
    """Return the error function of each element, in x's dtype; within an ulp of float64."""
    a = np.abs(np.asarray(x, np.float64))
    square = a * a
    near = a + a * ratio(NEAR, square)
    middle = ERX + ratio(MIDDLE, a - 1)
    large = 1 - np.exp(-square - 0.5625 + exponent(a)) / np.maximum(a, 1)
    found = np.select([a < 0.84375, a < 1.25, a < 6], [near, middle, large], np.where(np.isnan(a), a, 1.0))
    return np.asarray(np.copysign(found, x).astype(x.dtype))


def erfc(x: Array) -> Array:
    """Return 1 - erf of each element, in x's dtype; exact to float64 where it is small, too."""
    z = np.asarray(x, np.float64)
    a = np.abs(z)
    near_part = z * ratio(NEAR, np.minimum(a, 1) ** 2)
    near = np.where(z < 0.25, 1 - (z + near_part), 0.5 - (near_part + (z - 0.5)))
    middle = 1 - np.copysign(ERX + ratio(MIDDLE, np.minimum(a, 1.25) - 1), z)
    bound = np.clip(a, 1, 28)
    short = bound.astype(np.float32).astype(np.float64)  # its square is exact
    tail = np.exp(-short * short - 0.5625) * np.exp((short - bound) * (short + bound) + exponent(bound)) / bound
    large = np.where(z < 0, 2 - tail, tail)
    found = np.select([a < 0.84375, a < 1.25, a < 28], [near, middle, large], np.where(np.isnan(a), a, np.where(z < 0, 2.0, 0.0)))
    return np.asarray(found.astype(x.dtype))


def erfinv(y: Array) -> Array:
    """Return what has y as its error function, in y's dtype; infinite at -1 and 1, nan beyond."""
    a = np.abs(np.asarray(y, np.float64))
    rest = 1 - a
    log = np.log(rest * (1 + a))
    t = 2 / (math.pi * 0.147) + log / 2
    x = np.sqrt(-log / 0.147 / (np.sqrt(t * t - log / 0.147) + t))
    for _ in range(3):
        off = np.where(a < 0.5, erf(x) - a, rest - erfc(x))
        step = off * (math.sqrt(math.pi) / 2) * np.exp(x * x)
        x = x - step / (1 + x * step)
    return np.asarray(np.copysign(np.where(a == 1, np.inf, x), y).astype(y.dtype))
