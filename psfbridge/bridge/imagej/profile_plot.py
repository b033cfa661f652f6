"""Profiles of a PSF in an ImageJ plot window, with the half maximum."""

from __future__ import annotations

from psfbridge.bridge.commands.command_result import Profiles
from psfbridge.bridge.java.find import java_class

__all__ = ["PROFILE_COLOURS", "show_profiles"]

#: By axis; as the marks of beads, told apart by people with any colour vision.
PROFILE_COLOURS = {"x": (0, 114, 178), "y": (0, 158, 115), "z": (213, 94, 0)}


def show_profiles(title: str, profiles: Profiles) -> None:
    """Plot the profiles through the middle of a PSF."""
    import jpype

    doubles = jpype.JArray(jpype.JDouble)
    plot = java_class("ij.gui.Plot")(f"Profiles of {title}", "distance (µm)", "of the maximum")
    colour = java_class("java.awt.Color")
    far = max(max(map(abs, where)) for where, _ in profiles.values())
    plot.setLimits(-far, far, 0, 1.05)
    for axis in sorted(profiles):
        where, share = profiles[axis]
        plot.setColor(colour(*PROFILE_COLOURS[axis]))
        plot.addPoints(doubles(where), doubles(share), plot.LINE)
    plot.setColor(colour.GRAY)
    plot.drawDottedLine(-far, 0.5, far, 0.5, 2)
    plot.setColor(colour.BLACK)
    plot.addLegend("\t".join([*sorted(profiles), ""]).strip())
    plot.show()
