"""The light of all other beads is known in a bead's box, from however far it comes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from psfbridge.distillation.joint import neighbours
from psfbridge.distillation.joint.bead_state import BeadFit, BeadState, Observation
from psfbridge.distillation.joint.neighbours import far_light, with_far_light, with_neighbours
from psfbridge.distillation.joint.pupil_fit import PupilFit
from psfbridge.distillation.joint.settings import NEIGHBOURS
from psfbridge.imaging.noise import Noise
from psfbridge.numerics.cutouts import central
from psfbridge.optics.propagation import samples_for
from psfbridge.optics.pupil import INDEX, NA, PupilModel

IMAGE, BOX, VOXEL_UM = (20, 60, 60), (9, 15, 15), (0.2, 0.1, 0.1)
BEADS = (((10, 30, 30), 100.0), ((8, 36, 24), 50.0), ((14, 44, 30), 200.0), ((2, 3, 57), 70.0))


@pytest.fixture(scope="module")
def whole():
    """What is seen of a bead in twice the box."""
    grid = np.indices([2 * n - 1 for n in BOX]) - np.reshape([n - 1 for n in BOX], (3, 1, 1, 1))
    return (1 / (1 + np.sum(grid**2, axis=0))).astype(np.float32)


@pytest.fixture(scope="module")
def middle(whole):
    return central(whole.shape, BOX)


def state(number, place, intensity):
    corner = np.array(place) - np.array(BOX) // 2
    none = np.zeros(BOX, np.float32)
    seen = Observation(0, number, none, none == 0, corner, Noise(1, 1, 1))
    return BeadState(seen, BeadFit(np.array(place, float), intensity, 0.0, np.zeros(4)), none, True)


@pytest.mark.parametrize("tile", [8, 256])
def test_each_bead_gets_what_the_others_shine_into_its_box(whole, middle, tile, monkeypatch):
    monkeypatch.setattr(neighbours, "NEIGHBOURS", replace(NEIGHBOURS, tile_voxels=tile))
    beads = [state(k, *bead) for k, bead in enumerate(BEADS)]
    own = [np.float32(one.fit.intensity) * whole[middle] for one in beads]
    far = whole.copy()
    far[middle] = 0
    found = with_far_light(with_neighbours(beads, own, [IMAGE]), far, [IMAGE])
    for k, one in enumerate(found):
        shone = sum(shining(other, whole) for other in beads[:k] + beads[k + 1 :])
        # The box may stick out of the image, where nothing is known of it.
        first = one.seen.corner + BOX
        box = tuple(slice(low, low + n) for low, n in zip(first, BOX, strict=True))
        inside = np.pad(np.ones(IMAGE, bool), [(n, n) for n in BOX])[box]
        np.testing.assert_allclose(one.others, np.where(inside, shone[box], 0), atol=1e-4)


def shining(one, whole):
    """A bead's light in the image and in a margin of a box around it."""
    scene = np.zeros([n + 2 * m for n, m in zip(IMAGE, BOX, strict=True)])
    first = one.fit.position.astype(int) + BOX - np.array(whole.shape) // 2
    at = tuple(slice(low, low + n) for low, n in zip(first, whole.shape, strict=True))
    scene[at] = one.fit.intensity * whole
    return scene


def test_as_much_light_of_a_bead_passes_every_plane_of_a_widefield_microscope():
    box = (21, 41, 41)
    model = PupilModel(box, VOXEL_UM, samples_for(box, VOXEL_UM, 2.7, 2.92), order=4, amplitudes=2)
    values = np.zeros(model.size)
    values[[NA, INDEX]] = 2.4, 2.9
    pupil = PupilFit(model, values, (), 1.0, 0.0)
    far = far_light(pupil, box, VOXEL_UM)
    inner = central(far.shape, box)
    assert not far[inner].any()
    near = pupil.volumes(box)[0]
    whole = far.copy()
    whole[inner] = near
    by_plane = whole.sum(axis=(1, 2))[10:31]
    assert by_plane == pytest.approx(by_plane.mean(), rel=0.05)
    # Without what lies around the box, planes out of focus seem to have less.
    assert near[0].sum() < 0.95 * near[10].sum()
    # Nothing marks where the box ends.
    row = whole[20, 40]
    steps = [abs(b - a) for a, b in pairwise(row[10:30])]
    assert abs(row[20] - row[19]) < 3 * max(steps[:8] + steps[12:])
