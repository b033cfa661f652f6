"""Sample data for napari: a simulated field of beads."""

from __future__ import annotations

from dataclasses import replace

from psfbridge.simulation.scene import demo_scene
from psfbridge.simulation.simulate import simulate
from psfbridge.viewer.layers import LayerData, image_layer

__all__ = ["sample_beads"]


def sample_beads() -> list[LayerData]:
    """Return forty beads of 100 nm at NA 1.4, slightly aberrated, as an image in µm."""
    return [image_layer(replace(simulate(demo_scene()).image, name="simulated beads"))]
