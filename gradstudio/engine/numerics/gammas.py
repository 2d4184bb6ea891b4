"""The gamma function's logarithm and its derivatives on arrays, in float64: lgamma, digamma, polygamma.

lgamma: the approximations of Sun's fdlibm (e_lgamma_r.c), piece by piece. digamma and polygamma: the recurrence up to 10, the asymptotic
series there (Abramowitz and Stegun 6.3.18 and 6.4.11), the reflection formulas left of 0 (6.3.7 and 6.4.7).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Coefficients from the lowest power up. y: distance from 2, from the minimum of lgamma, from 1, from the integer below.
NEAR_TWO = (7.72156649015328655494e-02, 3.22467033424113591611e-01, 6.73523010531292681824e-02, 2.05808084325167332806e-02,
            7.38555086081402883957e-03, 2.89051383673415629091e-03, 1.19270763183362067845e-03, 5.10069792153511336608e-04,
            2.20862790713908385557e-04, 1.08011567247583939954e-04, 2.52144565451257326939e-05, 4.48640949618915160150e-05)
LOWEST_AT, LOWEST, LOWEST_TAIL = 1.46163214496836224576e+00, -1.21486290535849611461e-01, -3.63867699703950536541e-18
NEAR_LOWEST = (4.83836122723810047042e-01, -1.47587722994593911752e-01, 6.46249402391333854778e-02, -3.27885410759859649565e-02,
               1.79706750811820387126e-02, -1.03142241298341437450e-02, 6.10053870246291332635e-03, -3.68452016781138256760e-03,
               2.25964780900612472250e-03, -1.40346469989232843813e-03, 8.81081882437654011382e-04, -5.38595305356740546715e-04,
               3.15632070903625950361e-04, -3.12754168375120860518e-04, 3.35529192635519073543e-04)
NEAR_ONE = ((-7.72156649015328655494e-02, 6.32827064025093366517e-01, 1.45492250137234768737e+00, 9.77717527963372745603e-01,
             2.28963728064692451092e-01, 1.33810918536787660377e-02),
            (1.0, 2.45597793713041134822e+00, 2.12848976379893395361e+00, 7.69285150456672783825e-01, 1.04222645593369134254e-01,
             3.21709242282423911810e-03))
BETWEEN = ((-7.72156649015328655494e-02, 2.14982415960608852501e-01, 3.25778796408930981787e-01, 1.46350472652464452805e-01,
            2.66422703033638609560e-02, 1.84028451407337715652e-03, 3.19475326584100867617e-05),
           (1.0, 1.39200533467621045958e+00, 7.21935547567138069525e-01, 1.71933865632803078993e-01, 1.86459191715652901344e-02,
            7.77942496381893596434e-04, 7.32668430744625636189e-06))
STIRLING = (8.33333333333329678849e-02, -2.77777777728775536470e-03, 7.93650558643019558500e-04, -5.95187557450339963135e-04,
            8.36339918996282139126e-04, -1.63092934096575273989e-03)
HALF_LOG_TAU_LESS_HALF = 4.18938533204672725052e-01
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, ...
FAR = 10.0  # from here on the asymptotic series hold


def polynomial(coefficients: tuple[float, ...], y: Array) -> Array:
    """Return the polynomial at y; coefficients from the lowest power up."""
    out: Array = np.polyval(coefficients[::-1], y)
    return out


def log_gamma_small(x: Array) -> Array:
    """Return lgamma of 0 <= x < 2."""
    low = x < 0.9
    base = np.where(low, x + 1, x)  # lgamma(x) = lgamma(x + 1) - ln x
    two, one, least = 2 - base, base - 1, base - LOWEST_AT
    near_two = two * polynomial(NEAR_TWO, two) - two / 2
    near_one = one * polynomial(NEAR_ONE[0], one) / polynomial(NEAR_ONE[1], one) - one / 2
    near_lowest = LOWEST + (least * least * polynomial(NEAR_LOWEST, least) - LOWEST_TAIL)
    at_two, at_one = base >= 1.7316, base < 1.23164
    return np.where(at_two, near_two, np.where(at_one, near_one, near_lowest)) + 0.0 - np.log(np.where(low, x, 1))


def log_gamma_middle(x: Array) -> Array:
    """Return lgamma of 2 <= x < 8: the rational function of what is over the integer, and the factors down to 2."""
    whole = np.floor(x)
    y = x - whole
    product = np.ones_like(y)
    for k in range(2, 7):
        product = np.where(whole > k, product * (y + k), product)
    out: Array = y / 2 + y * polynomial(BETWEEN[0], y) / polynomial(BETWEEN[1], y) + np.log(product)
    return out


def log_gamma_large(x: Array) -> Array:
    """Return lgamma of x >= 8, by Stirling's formula."""
    inverse = 1 / x
    out: Array = (x - 0.5) * (np.log(x) - 1) + (HALF_LOG_TAU_LESS_HALF + inverse * polynomial(STIRLING, inverse * inverse))
    return out


def sine_of_pi(x: Array) -> Array:
    """Return sin(pi x), exactly 0 at integers."""
    rest = x - 2 * np.floor(x / 2)
    rest = np.where(rest > 1.5, rest - 2, np.where(rest > 0.5, 1 - rest, rest))
    out: Array = np.sin(np.pi * rest)
    return out


def lgamma(x: Array) -> Array:
    """Return ln |gamma| of each element in x's dtype; infinite at 0, at negative integers and at both infinities."""
    z = np.asarray(x, np.float64)
    a = np.abs(z)
    beyond = np.where(np.isnan(a), a, np.where(np.isinf(a), a, a * (np.log(a) - 1)))
    pieces = [log_gamma_small(a), log_gamma_middle(np.clip(a, 2, 8)), log_gamma_large(np.maximum(a, 8))]
    found = np.select([a < 2, a < 8, a < 1e300], pieces, beyond)
    sine = np.abs(sine_of_pi(z))
    reflected = np.log(np.pi) - np.log(sine * a) - found
    negative = (z < 0) & ~np.isinf(z)
    return np.asarray(np.where(negative, np.where(sine == 0, np.inf, reflected), found).astype(x.dtype))


def digamma(x: Array) -> Array:
    """Return the derivative of lgamma in x's dtype; nan at negative integers, -inf at 0 and inf at -0.0, as PyTorch."""
    z = np.asarray(x, np.float64)
    negative = z < 0
    y = np.where(negative, 1 - z, z)
    y = np.where(np.isfinite(y), y, FAR)
    found = np.zeros_like(y)
    for _ in range(int(FAR)):
        near = y < FAR
        found = np.where(near, found - 1 / y, found)
        y = np.where(near, y + 1, y)
    square = 1 / (y * y)
    series = tuple([b / (2 * n) for n, b in enumerate(BERNOULLI, 1)])
    found += np.log(y) - 0.5 / y - square * polynomial(series, square)
    rest = z - np.trunc(z)
    found = np.where(negative, np.where(rest == 0, np.nan, found - np.pi / np.tan(np.pi * rest)), found)
    found = np.where(z == 0, np.copysign(np.inf, -z), found)
    return np.asarray(np.where(np.isposinf(z) | np.isnan(z), z, found).astype(x.dtype))


def polygamma_positive(n: int, x: Array) -> Array:
    """Return (-1)^(n+1) times the n-th derivative of digamma of x > 0, n >= 1."""
    y, found, factorial = x, np.zeros_like(x), float(math.factorial(n))
    for _ in range(int(FAR) + n):
        near = y < FAR + n
        found = np.where(near, found + factorial / y ** (n + 1), found)
        y = np.where(near, y + 1, y)
    found = found + math.factorial(n - 1) / y ** n + factorial / (2 * y ** (n + 1))
    for k, b in enumerate(BERNOULLI, 1):
        found = found + b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / y ** (2 * k + n)
    return np.where(np.isinf(x), 0.0, found)


def cotangent_derivative(n: int, x: Array) -> Array:
    """Return the n-th derivative of pi cot(pi x): a polynomial in c = cot(pi x), for c' = -pi (1 + c^2)."""
    rest = x - np.rint(x)
    c = 1 / np.tan(np.pi * rest)
    terms = np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):
        terms = -terms.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
    out: Array = np.pi ** (n + 1) * terms(c)
    return out


def polygamma(x: Array, n: int) -> Array:
    """Return the n-th derivative of digamma in x's dtype; infinite at its poles. Raise RuntimeError for a negative n."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return digamma(x)
    z = np.asarray(x, np.float64)
    sign = (-1) ** (n + 1)
    negative = z < 0
    found = polygamma_positive(n, np.where(negative, 1 - z, np.abs(z)))
    reflected = -found - cotangent_derivative(n, np.where(np.isfinite(z), z, 0.5))
    reflected = np.where(np.isinf(z), np.nan, np.where(z == np.rint(z), sign * np.inf, reflected))
    found = np.where(negative, reflected, sign * found)
    return np.asarray(found.astype(x.dtype))
