"""A solve looks at the beads that tell most, within the voxels that it may keep."""

from math import prod

import numpy as np
import pytest

from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.beads import Bead, Beads
from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.joint.bead_budget.choice import choose_beads
from psfbridge.distillation.joint.bead_state import observe
from psfbridge.imaging.image import Image
from psfbridge.imaging.noise import Noise

BOX = (9, 21, 21)


def field(*beads, shape=(30, 400, 400)):
    """An empty image with beads at given rows and columns, all in its middle plane."""
    table = [
        Bead("a", k, 15.0, y, x, light, 10.0, snr, status=status, reason=reason)
        for k, (y, x, light, snr, status, reason) in enumerate(beads)
    ]
    image = Image(np.ones(shape, "uint16"), (0.2, 0.1, 0.1))
    return FoundBeads(image, Beads(table), Noise(0, 1, 1), BeadScale((4, 3, 3)), 65535.0)


def used(y, x, snr=50.0, light=1000.0):
    return y, x, light, snr, "used", ""


def in_the_way(y, x, light=1000.0):
    return y, x, light, 50.0, "rejected", "too large"


def members(found, count=100, most=1e9):
    chosen = choose_beads([found], BOX, count, most)
    return chosen if chosen is None else sorted(k for _, k in chosen)


def test_a_small_field_is_looked_at_as_a_whole():
    found = field(used(50, 50), used(90, 90), in_the_way(200, 200))
    assert members(found) is None


def test_beads_with_more_signal_over_noise_come_first():
    found = field(used(50, 50, 20), used(50, 120, 90), used(120, 50, 60))
    assert members(found, 1) == [1]
    assert members(found, 2) == [1, 2]


def test_every_part_of_the_field_has_its_turn():
    bright = [used(20 + 30 * k, 30, 90) for k in range(4)]
    found = field(*bright, used(350, 350, 10))
    assert 4 in members(found, 2)


def test_what_is_in_a_beads_way_is_looked_at_too():
    found = field(used(50, 50), in_the_way(50, 60), in_the_way(300, 300), used(390, 390, 5))
    assert members(found, 1) == [0, 1]


def test_what_is_faint_or_far_off_is_not():
    found = field(used(50, 50), in_the_way(50, 56, 20), in_the_way(50, 69, 500), used(9, 9, 5))
    assert members(found, 1) == [0]


def test_a_bead_in_a_crowd_comes_later():
    crowd = [in_the_way(50 + dy, 50 + dx) for dy in (-8, 8) for dx in (-8, 8)]
    found = field(used(50, 50, 60), *crowd, used(50, 120, 50))
    assert members(found, 1) == [5]


@pytest.mark.parametrize("boxes", [1, 3, 7])
def test_the_boxes_never_hold_more_voxels_than_allowed(boxes):
    beads = [used(30 + 40 * i, 30 + 40 * j) for i in range(9) for j in range(9)]
    beads += [in_the_way(y + 8, x) for y, x, *_ in beads]
    chosen = choose_beads([field(*beads)], BOX, 100, boxes * prod(BOX))
    assert 1 <= len(chosen) <= boxes


def test_voxels_around_what_is_not_looked_at_are_not_used():
    found = field(used(50, 50), in_the_way(50, 58, 10), used(200, 200))
    (state,) = observe([found], BOX, {(0, 0)})
    assert not state.seen.usable[4, 10, 18]
    assert state.seen.usable[4, 10, 10]
    assert state.seen.usable[4, 10, 2]
    assert all(one.seen.usable.all() for one in observe([found], BOX))
