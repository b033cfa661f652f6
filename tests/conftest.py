"""What many tests share: simulated fields with known truth."""

from __future__ import annotations

import pytest
from x_display import display  # noqa: F401 - a fixture

from psfbridge.simulation.scene import Scene
from psfbridge.simulation.simulate import Simulation, simulate

#: No tests of their own, and some need parts that are not everywhere.
collect_ignore_glob = ["bench/*", "support/*", "bridge/jvm/inside_*.py", "bridge/jvm/fiji_*.py"]


@pytest.fixture(scope="session")
def small_field() -> Simulation:
    """Nine bright beads of 100 nm, coma and astigmatism, nothing dirty."""
    return simulate(
        Scene(
            beads=9,
            shape=(31, 112, 112),
            photons=(60e3, 150e3),
            coma=0.05,
            astigmatism=0.05,
            min_distance_um=2.2,
            psf_um=(5.0, 4.4, 4.4),
            seed=11,
        )
    )


@pytest.fixture(scope="session")
def dirty_field() -> Simulation:
    """Beads among hot pixels, doublets, beads across the border and saturation."""
    return simulate(
        Scene(
            beads=16,
            doublets=3,
            border_beads=3,
            hot_pixels=25,
            saturation=900,
            shape=(31, 160, 160),
            photons=(20e3, 90e3),
            min_distance_um=2.0,
            psf_um=(5.0, 4.4, 4.4),
            seed=5,
        )
    )
