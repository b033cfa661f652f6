"""The table of beads with all values on a common scale, fitted or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from psfbridge.detection.beads import USED, Bead, Beads

__all__ = ["on_one_scale"]


def on_one_scale(found: Beads, solved: Beads) -> Beads:
    """Bring candidates that no method fitted to the scale of those that one did.

    Detection fits a Gaussian to each candidate; a method fits the PSF, whose light reaches
    further, and so gives a used bead another intensity, background and SNR. The rejected keep what
    they had, times the median ratio of the two for the used.

    Parameters
    ----------
    found, solved : Beads
        The same candidates before and after the method; what was fitted has a finite `chi2`.
    """
    pairs = [
        (old, new)
        for old, new in zip(found, solved, strict=True)
        if new.status == USED and np.isfinite(new.chi2)
    ]
    if not pairs:
        return solved
    brighter = _median(pairs, lambda old, new: new.intensity / old.intensity)
    clearer = _median(pairs, lambda old, new: new.snr / old.snr)
    above = _median(pairs, lambda old, new: new.background - old.background)
    return Beads(
        bead
        if np.isfinite(bead.chi2)
        else replace(
            bead,
            intensity=bead.intensity * brighter,
            snr=bead.snr * clearer,
            background=bead.background + above,
        )
        for bead in solved
    )


def _median(pairs: list[tuple[Bead, Bead]], figure: Callable[[Bead, Bead], float]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.array([figure(old, new) for old, new in pairs], float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")
