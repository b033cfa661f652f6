"""The command ``Simulate Beads...``: a bead field with known ground truth."""

from __future__ import annotations

from dataclasses import replace

from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome, Picture
from psfbridge.bridge.commands.option_strings import Options, keys_of
from psfbridge.simulation.scene import SCENES, Scene, scene
from psfbridge.simulation.simulate import simulate

__all__ = ["SIMULATE"]

_NAMES = ("beads", "photons", "shape", "voxel_um", "bead_diameter_um", "background", "seed")


def _simulate(call: Call) -> Outcome:
    chosen: Scene = replace(scene(call.texts.get("scene", "bright")), **call.options)
    call.progress("simulating", 0, 1)
    field = simulate(chosen)
    beads = call.free_title("Simulated beads")
    truth = call.free_title("True PSF")
    pictures = [Picture(truth, field.psf.image), Picture(beads, field.image)]
    line = f"Simulate Beads: {field.beads.sentence()}; {truth} is the true PSF"
    return Outcome({"image": beads, "psf": truth}, (line,), pictures)


def _options() -> Options:
    return keys_of(Scene, _NAMES)


SIMULATE = Command(
    _simulate,
    _options,
    ("scene",),
    needs_image=False,
    choices={"scene": tuple(SCENES)},
    asks={"scene": "Scene to start from"},
)
