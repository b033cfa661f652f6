"""The user's options bound what a solve costs."""

import pytest

from psfbridge.distillation.joint.bead_budget.budget import SolveBudget
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions


def budget(**options):
    return SolveBudget.of(DistillOptions(**options))


def test_quick_takes_fewer_beads_and_no_more():
    assert budget(quick=True).first_beads < budget().first_beads
    assert budget(quick=True).growth == 1


@pytest.mark.parametrize("options", [{"thorough": True}, {"field": True}])
def test_every_bead_may_be_taken(options):
    assert budget(**options).first_beads > 10**6
    assert budget(**options).most_voxels > budget().most_voxels


def test_memory_bounds_the_voxels():
    few, many = (budget(memory_gib=gib).most_voxels for gib in (1.0, 3.0))
    assert few < budget().most_voxels < many
    assert many * SolveBudget().voxel_bytes < 3.0 * 2**30


def test_thorough_is_not_quick():
    with pytest.raises(OptionError, match="cannot be combined"):
        DistillOptions(quick=True, thorough=True)


@pytest.mark.parametrize("gib", [0, 0.1, -1, "much"])
def test_too_little_memory_is_refused(gib):
    with pytest.raises(OptionError, match="memory_gib"):
        DistillOptions(memory_gib=gib)
