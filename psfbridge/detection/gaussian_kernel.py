"""The compiled Levenberg-Marquardt fit of Gaussians.

A Gaussian is a product of one along each axis. So the sums of the normal equations over a row
along x are sums of its weights times ``e**m * u**n``, ``u`` the distance in standard deviations and
``e`` the Gaussian there; the rest is the same for the whole row.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from psfbridge.numerics.levenberg_marquardt import has_settled, is_better, next_damping

__all__ = ["settle_fits"]

_PARAMETERS = 8
# Which power of the row's own factors each parameter has: 1, e, e u, e u².
_KIND = np.array([0, 1, 1, 1, 2, 1, 1, 3])


@njit(cache=True, nogil=True)
def settle_fits(counts, inside, at, limits, noise, rule):  # type: ignore[no-untyped-def]
    """Fit each bead; `at` holds the parameters b, a, z, y, x, ln σz, ln σy, ln σx, and is changed.

    Parameters
    ----------
    counts, inside : array
        Counts, and which of them count; the arrays have axes (bead, z, y, x).
    at : array of float64
        The start; the array has shape (beads, 8), positions from the box's centre in voxels.
    limits : array of float64
        Half sizes of the box along z, y, x, then the least and the largest ln σ of each axis.
    noise : tuple of float
        Offset, gain and square of the read noise, in counts; the share of the light that counts
        as error.
    rule : Rule
        When to stop, and how steps are damped.
    """
    normal = np.empty((_PARAMETERS, _PARAMETERS))
    pull = np.empty(_PARAMETERS)
    step = np.empty(_PARAMETERS)
    trial = np.empty(_PARAMETERS)
    weight = np.empty(counts.shape[1:])
    for k in range(len(counts)):
        damping = rule.damping
        for _ in range(rule.steps):
            cost = _linearised(counts[k], inside[k], at[k], noise, weight, (normal, pull))
            better = False
            for _ in range(rule.trials):
                _solved(normal, pull, damping, step)
                for i in range(_PARAMETERS):
                    trial[i] = at[k, i] + step[i]
                _limit(trial, limits)
                after = _cost(counts[k], trial, weight)
                better = is_better(cost, after)
                damping = next_damping(damping, better, rule)
                if better:
                    break
            if not better:
                break
            at[k] = trial
            if has_settled(cost, after, rule):
                break


@njit(cache=True, nogil=True)
def _axis(length, at, log_sigma):  # type: ignore[no-untyped-def]
    """Distance from the centre in standard deviations, and the Gaussian; 0 and 1 in one plane."""
    u = np.zeros(length)
    if length > 1:
        for i in range(length):
            u[i] = (i - length // 2 - at) * np.exp(-log_sigma)
    return u, np.exp(-0.5 * u * u)


@njit(cache=True, nogil=True, fastmath=True)
def _linearised(counts, inside, at, noise, weight, equations):  # type: ignore[no-untyped-def]
    """Fill weights, normal matrix and right side; return the weighted sum of squares."""
    planes, rows, columns = counts.shape
    uz, ez = _axis(planes, at[2], at[5])
    uy, ey = _axis(rows, at[3], at[6])
    along_x = _axis(columns, at[4], at[7])
    narrow_z, narrow_y, narrow_x = np.exp(-at[5]), np.exp(-at[6]), np.exp(-at[7])
    normal, pull = equations
    normal[:] = 0
    pull[:] = 0
    cost = 0.0
    sums, sides, factor = np.empty((4, 4)), np.empty(4), np.empty(_PARAMETERS)
    for z in range(planes):
        for y in range(rows):
            flat = ez[z] * ey[y]
            light = at[1] * flat
            _weigh_row(inside[z, y], at[0], light, along_x, noise, weight[z, y])
            cost += _row_sums(counts[z, y], weight[z, y], (at[0], light), along_x, sums, sides)
            factor[0], factor[1] = 1.0, flat
            factor[2] = light * uz[z] * narrow_z
            factor[3] = light * uy[y] * narrow_y
            factor[4] = light * narrow_x
            factor[5] = light * uz[z] * uz[z]
            factor[6] = light * uy[y] * uy[y]
            factor[7] = light
            for i in range(_PARAMETERS):
                pull[i] += factor[i] * sides[_KIND[i]]
                for j in range(i + 1):
                    normal[i, j] += factor[i] * factor[j] * sums[_KIND[i], _KIND[j]]
    return cost


@njit(cache=True, nogil=True, fastmath=True)
def _weigh_row(inside, base, light, along_x, noise, weight):  # type: ignore[no-untyped-def]
    """Fill the inverse variances of a row by its model."""
    offset, gain, read, model_error = noise
    e = along_x[1]
    for x in range(len(weight)):
        own = light * e[x]
        spread = gain * max(base + own - offset, 0.0) + read
        spread += (model_error * max(own, 0.0)) ** 2
        weight[x] = inside[x] / max(spread, 1e-12)


@njit(cache=True, nogil=True, fastmath=True)
def _row_sums(counts, weight, model, along_x, sums, sides):  # type: ignore[no-untyped-def]
    """Fill a row's sums of weights, and of weighted residuals; return that of their squares."""
    base, light = model
    u, e = along_x
    s00 = s01 = s02 = s03 = s11 = s12 = s22 = s23 = s33 = 0.0
    r0 = r1 = r2 = r3 = cost = 0.0
    for x in range(len(counts)):
        w, ux = weight[x], u[x]
        we = w * e[x]
        w_ee = we * e[x]
        uu = ux * ux
        s00 += w
        s01 += we
        s02 += we * ux
        s03 += we * uu
        s11 += w_ee
        s12 += w_ee * ux
        s22 += w_ee * uu
        s23 += w_ee * uu * ux
        s33 += w_ee * uu * uu
        residual = counts[x] - base - light * e[x]
        cost += w * residual * residual
        r0 += w * residual
        r1 += we * residual
        r2 += we * residual * ux
        r3 += we * residual * uu
    sums[0] = (s00, s01, s02, s03)
    sums[1] = (s01, s11, s12, s22)
    sums[2] = (s02, s12, s22, s23)
    sums[3] = (s03, s22, s23, s33)
    sides[:] = (r0, r1, r2, r3)
    return cost


@njit(cache=True, nogil=True, fastmath=True)
def _cost(counts, at, weight):  # type: ignore[no-untyped-def]
    """Return the sum of squares by the weights of another point."""
    planes, rows, columns = counts.shape
    _, ez = _axis(planes, at[2], at[5])
    _, ey = _axis(rows, at[3], at[6])
    _, ex = _axis(columns, at[4], at[7])
    cost = 0.0
    for z in range(planes):
        for y in range(rows):
            light = at[1] * ez[z] * ey[y]
            for x in range(columns):
                residual = counts[z, y, x] - at[0] - light * ex[x]
                cost += weight[z, y, x] * residual * residual
    return cost


@njit(cache=True, nogil=True)
def _solved(normal, pull, damping, step):  # type: ignore[no-untyped-def]
    """Solve the damped normal equations by Cholesky decomposition of the lower half."""
    lower = np.zeros((_PARAMETERS, _PARAMETERS))
    for i in range(_PARAMETERS):
        for j in range(i + 1):
            total = normal[i, j]
            if i == j:
                total += damping * normal[i, i] + 1e-9
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(total, 1e-12)) if i == j else total / lower[j, j]
    for i in range(_PARAMETERS):
        total = pull[i]
        for k in range(i):
            total -= lower[i, k] * step[k]
        step[i] = total / lower[i, i]
    for i in range(_PARAMETERS - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, _PARAMETERS):
            total -= lower[k, i] * step[k]
        step[i] = total / lower[i, i]


@njit(cache=True, nogil=True)
def _limit(at, limits):  # type: ignore[no-untyped-def]
    if abs(at[1]) < 1e-9:
        at[1] = 1e-9
    for axis in range(3):
        at[2 + axis] = min(max(at[2 + axis], -limits[axis]), limits[axis])
        at[5 + axis] = min(max(at[5 + axis], limits[3 + axis]), limits[6 + axis])
