"""Examples at the end of each command's help."""

from __future__ import annotations

__all__ = ["EXAMPLES"]

#: By command: what people type most, with a word on each.
EXAMPLES = {
    "distill": (
        ("the PSF of a bead stack, and the report", "distill beads.tif -o psf.tif "
         "--bead-diameter-um 0.1 --report report"),
        ("with known optics, a PDF, and exit status 1 if out of tolerance", "distill beads.tif "
         "-o psf.tif --na 1.4 --wavelength-um 0.52 --refractive-index 1.518 --pdf report.pdf "
         "--fail-on tolerance"),
        ("one PSF for each channel, and the shifts", "distill beads.tif -o psfs.tif "
         "--channel all --report report"),
    ),
    "beads": (("find and judge beads", "beads beads.tif --csv beads.csv --picture beads.png"),),
    "measure": (("widths of a PSF or of beads", "measure psf.tif --json psf.json"),),
    "deconvolve": (("deconvolve an image", "deconvolve cells.tif --psf psf.tif -o sharp.tif"),),
    "check": (
        ("yes or no, with a figure", "check psf.tif beads.tif --picture check.png"),
        ("exit status 1 if the PSF is more than 5 % off", "check psf.tif beads.tif "
         "--fail-over 5"),
    ),
    "simulate": (
        ("a bead field with known ground truth", "simulate -o field --beads 30"),
        ("a named scene with some options changed", "simulate -o comatic --scene dim --coma 0.1"),
    ),
    "batch": (("a folder of stacks, with reports and a history", "batch 'beads/*.tif' -o psfs "
    "--reports --history objective.sqlite"),),
    "trend": (("how the widths have changed", "trend objective.sqlite --picture trend.png"),),
    "preset": (
        ("save an objective as a preset", "preset save '63x oil' --na 1.4 --wavelength-um 0.52 "
         "--refractive-index 1.518"),
        ("the same from the metadata of an image file", "preset save '63x oil' --from beads.nd2"),
        ("use it", "distill beads.tif -o psf.tif --preset '63x oil'"),
    ),
    "demo": (("the whole workflow on simulated beads", "demo"),),
    "resample": (("for a camera with a different pixel size", "resample psf.tif -o other.tif "
                  "--voxel-um 0.15 0.08 0.08"),),
    "convert": (
        ("the format that cudaDecon expects", "convert psf.tif -o cuda.tif --form "
        "even,uint16,peak"),
        ("a PSF from another program, in psfbridge's format", "convert foreign.tif -o psf.tif "
         "--psf-background auto"),
    ),
    "macro": (
        ("run a macro on an image, without a window", "macro my.ijm --image beads.tif"),
        ("in your own Fiji, with its window open", "macro my.ijm --imagej ~/Fiji.app --gui"),
    ),
    "fiji": (
        ("a plain ImageJ with the commands under Plugins > PSF Bridge", "fiji"),
        ("your own Fiji", "fiji ~/Fiji.app"),
    ),
    "install-fiji": (
        ("add the plug-in to an existing Fiji", "install-fiji ~/Fiji.app"),
        ("and remove it again", "install-fiji ~/Fiji.app --remove"),
        ("a file for a Fiji on another computer", "install-fiji psfbridge.zip"),
    ),
    "doctor": (("what works on this computer, and how to fix what does not", "doctor"),),
    "completion": (
        ("for bash; open a new terminal afterwards", "completion bash "
         "> ~/.local/share/bash-completion/completions/psfbridge"),
    ),
}  # fmt: skip
