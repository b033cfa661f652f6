"""How far `check` tells a right PSF from a wrong one: the table behind its limit.

``python tests/bench/wrong_psfs.py [SCENE...] [--seed 0]``

Each simulated scene is drawn twice: the PSF is distilled from the first field, and checked with the
second, which has other beads. A real field is split in two: the left half gives the PSF, the beads
of the right half are held out. Every wrong PSF is the distilled one with one fault: an aberration
is the difference that it makes to the PSF of the scene's own optics; the others are done to the
voxels. A PSF that is shifted is centred first, and leaves nothing: `check` tells it by its peak.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from held_out import DATA
from numpy.typing import NDArray
from scipy import ndimage
from scoring import head, row

import psfbridge as pb
from psfbridge.detection.find import find
from psfbridge.evaluation.check import misfit_of
from psfbridge.evaluation.settings import MISFIT
from psfbridge.imaging.image import Image
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.options import DistillOptions, Optics
from psfbridge.progress import no_progress
from psfbridge.psf.psf import PSF
from psfbridge.simulation.fine_psf import fine_psf
from psfbridge.simulation.microscope import Microscope
from psfbridge.simulation.scene import scene
from psfbridge.simulation.simulate import simulate

Floats = NDArray[np.float64]

#: Aberrations in waves rms; blur in voxels, laterally and along z; floor over the peak.
_COMA = (0.05, 0.12)
_SPHERICAL = (0.05, 0.12)
_BLUR = (0.5, 1.0)
_FLOOR = (0.003, 0.01)


@dataclass(frozen=True)
class Pair:
    """What a PSF is distilled from, what it is checked with, and the optics."""

    name: str
    first: Image
    second: Image
    microscope: Microscope
    diameter_um: float
    truth: PSF | None = None


def pairs(names: list[str], seed: int) -> Iterator[Pair]:
    """Yield the pairs of these names, all by default."""
    if not names or "real" in names:
        whole = pb.read_image(DATA / "sample_zstack.tif")
        left, right = (replace(whole, data=whole.data[:, :, part]) for part in _HALVES)
        optics = Optics(na=0.95, wavelength_um=0.52, refractive_index=1.0)
        yield Pair("real", left, right, Microscope(optics=optics), 0.2)
    for name in ("bright", "confocal-dim", "air"):
        if not names or name in names:
            chosen = replace(scene(name, seed=seed), beads=16, shape=(41, 144, 144))
            first, second = (simulate(replace(chosen, seed=seed + k)) for k in (0, 1))
            yield Pair(
                name, first.image, second.image, chosen.microscope, chosen.bead_diameter_um,
                first.psf,
            )  # fmt: skip


_HALVES = (slice(None, 256), slice(256, None))


def candidates(pair: Pair, own: PSF) -> Iterator[tuple[str, PSF]]:
    """Yield PSFs by what is wrong with them."""
    if pair.truth is not None:
        yield "the truth", pair.truth
    yield "distilled", own
    plain = _ideal(pair.microscope, own)
    for name, amounts in (("coma", _COMA), ("spherical", _SPHERICAL)):
        for waves in amounts:
            before = getattr(pair.microscope, name)
            wrong = replace(pair.microscope, **{name: before + waves})
            yield f"{name} {waves:.2f} waves", _changed(own, _ideal(wrong, own) - plain)
    for sigma in _BLUR:
        for words, axes in (("laterally", (0, sigma, sigma)), ("along z", (sigma, 0, 0))):
            blurred = ndimage.gaussian_filter(np.asarray(own.data, float), axes)
            yield f"blur {sigma:g} voxel {words}", PSF.from_volume(blurred, own.voxel_um)
    for floor in _FLOOR:
        yield f"floor {floor:.1%} of the peak", _changed(own, floor * float(own.data.max()))


def _ideal(microscope: Microscope, like: PSF) -> Floats:
    fine = fine_psf(microscope, like.voxel_um, like.data.shape[0], like.data.shape)
    volume = np.asarray(fine.centred(list(like.data.shape)), float)
    volume = crop_or_pad(volume, like.data.shape, [n // 2 for n in volume.shape])
    return np.asarray(volume / volume.sum())


def _changed(own: PSF, change: Floats | float) -> PSF:
    return PSF.from_volume(np.maximum(own.data + change, 0), own.voxel_um)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(head(["beads", "PSF", "answer", "error", "±", "what differs"]))
    for pair in pairs(args.scenes, args.seed):
        own = pb.distill(pair.first, bead_diameter_um=pair.diameter_um).psf
        found = find(pair.second, DistillOptions(bead_diameter_um=pair.diameter_um), no_progress)
        for words, psf in candidates(pair, own):
            misfit = misfit_of(found, psf, pair.diameter_um)
            answer = "yes" if misfit.error <= MISFIT.most_error else "no"
            print(row([
                pair.name, words, answer, f"{misfit.error:.3f}", f"{misfit.error_se:.3f}",
                ", ".join(misfit.kinds),
            ]), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
