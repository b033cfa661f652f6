"""Changes between planes common to all beads: sample movement and brightness.

Beads at several depths tell it apart from the PSF: in each image plane they see the same change at
another distance from focus. A shift or a fading that is the same from each plane to the next
looks as a PSF that leans, or is brighter on one side, to every bead: that is not found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.joint.bead_state import Floats
from psfbridge.distillation.joint.checks.residuals import Residual
from psfbridge.distillation.joint.checks.settings import PLANE_CHANGES
from psfbridge.distillation.joint.iteration import JointProblem
from psfbridge.imaging.findings import Finding

__all__ = ["PlaneChanges", "plane_changes", "steadied"]

# Of the columns of a residual: the light, and the shifts along y and x.
_TOLD = (0, 2, 3)


@dataclass(frozen=True, eq=False)
class PlaneChanges:
    """Changes between the planes of one image.

    Parameters
    ----------
    light : array
        Of each plane, its light over that of the others, less 1.
    shift : array
        By how many voxels the sample lay too far along y and x; axes (plane, yx).
    """

    light: Floats
    shift: Floats

    @classmethod
    def none_of(cls, planes: int) -> PlaneChanges:
        """Return no changes for a number of planes."""
        return cls(np.zeros(planes), np.zeros((planes, 2)))

    @property
    def none(self) -> bool:
        """Whether nothing changed."""
        return not (self.light.any() or self.shift.any())

    def plus(self, other: PlaneChanges) -> PlaneChanges:
        """Return these changes, and what was found once the light was undone."""
        light = (1 + self.light) * (1 + other.light) - 1
        return PlaneChanges(light, other.shift)

    def findings(self, name: str, voxel_um: Sequence[float]) -> list[Finding]:
        """Return what a user should know."""
        said = []
        if self.shift.any():
            um = self.shift * np.array(voxel_um[1:])
            moved = float(np.hypot(*np.ptp(um, axis=0)))
            step = np.hypot(*np.diff(um, axis=0).T)
            jump = float(step.max()) > PLANE_CHANGES.jump * moved
            at = int(np.argmax(step)) + 1
            how = f", most of it at plane {at}" if jump else ""
            said.append(
                Finding(
                    f"The sample moved by {moved:.3f} µm during the stack {name}{how}: this blurs "
                    "the PSF.",
                    "Let the stage settle, and image faster.",
                )
            )
        if self.light.any():
            said.append(
                Finding(
                    f"The brightness fluctuates by {np.std(self.light):.0%} (rms) from plane to "
                    f"plane in {name}: the planes were normalised.",
                    "Warm up the lamp, and use beads that do not bleach.",
                )
            )
        return said


def plane_changes(problem: JointProblem, told: Sequence[Residual]) -> list[PlaneChanges]:
    """Return the significant changes between planes of each image; otherwise zeros.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    told : sequence of Residual
        What the PSF leaves of beads.
    """
    found = []
    for number, one in enumerate(problem.found):
        mine = [bead for bead in told if bead.state.seen.image == number]
        found.append(_changes(mine, len(one.image.data)))
    return found


def _changes(beads: Sequence[Residual], planes: int) -> PlaneChanges:
    none = PlaneChanges.none_of(planes)
    if len(beads) < PLANE_CHANGES.least_beads or planes < PLANE_CHANGES.least_planes:
        return none
    whole = _Solved.of(beads, planes)
    halves = [_Solved.of(beads[start::2], planes) for start in (0, 1)]
    columns = [
        whole.column(k, halves, effect)
        for k, effect in enumerate((PLANE_CHANGES.light, PLANE_CHANGES.shift, PLANE_CHANGES.shift))
    ]
    return PlaneChanges(columns[0], np.stack(columns[1:], axis=1))


@dataclass(frozen=True, eq=False)
class _Solved:
    """Light and shifts of each plane by least squares, what each bead has of its own let free.

    Parameters
    ----------
    values : array
        The changes without their mean and trend; axes (kind, plane).
    precision : array
        Inverse variance of each, 0 where no bead tells it; the same axes.
    """

    values: Floats
    precision: Floats

    @classmethod
    def of(cls, beads: Sequence[Residual], planes: int) -> _Solved:
        count = len(_TOLD)
        normal = np.zeros((planes, count, planes, count))
        wanted = np.zeros((planes, count))
        power, voxels = 0.0, 0
        for bead in beads:
            _add(bead, normal, wanted)
            power += float((bead.rest**2 * bead.weight).sum())
            voxels += int(np.count_nonzero(bead.weight))
        size = planes * count
        square = normal.reshape(size, size)
        answer = np.linalg.pinv(square, rcond=1e-8, hermitian=True) @ wanted.ravel()
        excess = max(power / max(voxels, 1), 1.0)
        precision = np.diagonal(square).reshape(planes, count).T / excess
        values = answer.reshape(planes, count).T
        return cls(
            np.array([_detrended(*pair) for pair in zip(values, precision, strict=True)]), precision
        )

    def column(self, kind: int, halves: Sequence[_Solved], least: float) -> Floats:
        """Return the changes of one kind, if chance does not explain them, else zeros.

        Both halves of the beads must show them.
        """
        value, weight = self.values[kind], self.precision[kind]
        told = weight > 0
        freedom = int(told.sum()) - 2
        none = np.zeros(len(value))
        if freedom < 1:
            return none
        chi2 = float((value**2 * weight).sum())
        one, other = (half.values[kind] for half in halves)
        both = np.minimum(*(half.precision[kind] for half in halves))
        scale = np.sqrt((one**2 * both).sum() * (other**2 * both).sum())
        agree = float((one * other * both).sum()) / max(float(scale), 1e-300)
        # What is beyond the errors: planes that hardly a bead tells count little.
        rms = float(np.sqrt(max(chi2 - freedom, 0.0) / weight.sum()))
        sure = special.chdtrc(freedom, chi2) < PLANE_CHANGES.chance and agree > PLANE_CHANGES.agree
        if not sure or rms < least:
            return none
        # What of each plane's figure is its error is left out.
        kept = value * np.clip(1 - 1 / np.maximum(rms**2 * weight, 1e-12), 0, 1)
        places = np.arange(len(value))
        return np.asarray(np.interp(places, places[told], kept[told]))


def _add(bead: Residual, normal: Floats, wanted: Floats) -> None:
    """Add a bead's equations for the planes that it sees; its own unknowns are solved out."""
    own, rest = bead.columns, bead.rest * bead.weight
    weighted = own * bead.weight
    each = np.einsum("izyx,jzyx->zij", weighted, own)
    right = np.einsum("izyx,zyx->zi", own, rest)
    told = list(_TOLD)
    inverse = np.linalg.pinv(each.sum(axis=0), hermitian=True)
    cross = each[:, told]
    places = bead.plane + np.arange(len(each))
    seen = (places >= 0) & (places < len(normal))
    places, cross, right = places[seen], cross[seen], right[seen]
    within = each[seen][:, told][:, :, told]
    for z, at in enumerate(places):
        normal[at, :, at, :] += within[z]
    kinds = np.arange(len(told))
    normal[np.ix_(places, kinds, places, kinds)] -= np.einsum(
        "ziq,qr,wjr->ziwj", cross, inverse, cross
    )
    wanted[places] += right[:, told] - cross @ (inverse @ right.sum(axis=0))


def _detrended(value: Floats, weight: Floats) -> Floats:
    """Remove mean and trend; 0 where unknown."""
    if np.count_nonzero(weight) < 3:
        return np.zeros_like(value)
    root = np.sqrt(weight)
    design = np.stack([np.ones(len(value)), np.linspace(-1, 1, len(value))], axis=1)
    answer = np.linalg.lstsq(design * root[:, None], value * root, rcond=None)[0]
    return np.asarray(np.where(weight > 0, value - design @ answer, 0))


def steadied(found: FoundBeads, light: Floats) -> FoundBeads:
    """Return an image and its beads with the brightness of the planes normalised.

    Parameters
    ----------
    found : FoundBeads
        The image, and the beads as they were found.
    light : array
        Of each plane, its light over that of the others, less 1.
    """
    offset = found.noise.offset
    data = np.empty(found.image.data.shape, np.float32)
    for z, plane in enumerate(found.image.data):
        data[z] = offset + (plane.astype(np.float32) - offset) / np.float32(1 + light[z])
    return replace(found, image=replace(found.image, data=data))
