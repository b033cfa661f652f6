"""Examples at the end of each command's help."""

from __future__ import annotations

__all__ = ["EXAMPLES"]

#: By command: what people type most, with a word on each.
EXAMPLES = {
    "distill": (
        ("the PSF of a bead stack, and the report", "distill beads.tif -o psf.tif "
         "--bead-diameter-um 0.1 --report report"),
        ("with optics, a PDF, and exit status 1 where out of tolerance", "distill beads.tif "
         "-o psf.tif --na 1.4 --wavelength-um 0.52 --refractive-index 1.518 --pdf report.pdf "
         "--fail-on tolerance"),
        ("one PSF for each channel, and the shifts", "distill beads.tif -o psfs.tif "
         "--channel all --report report"),
    ),
    "beads": (("find and judge beads", "beads beads.tif --csv beads.csv --picture beads.png"),),
    "measure": (("widths of a PSF or of beads", "measure psf.tif --json psf.json"),),
    "deconvolve": (("sharpen an image", "deconvolve cells.tif --psf psf.tif -o sharp.tif"),),
    "check": (
        ("yes or no, and a picture", "check psf.tif beads.tif --picture check.png"),
        ("exit status 1 where the PSF is more than 5 % off", "check psf.tif beads.tif "
         "--fail-over 5"),
    ),
    "simulate": (
        ("a bead field with its truth", "simulate -o field --beads 30"),
        ("a scene with a name, some of it changed", "simulate -o comatic --scene dim --coma 0.1"),
    ),
    "batch": (("a folder, reports and a history", "batch 'beads/*.tif' -o psfs --reports "
               "--history objective.sqlite"),),
    "trend": (("how the widths changed", "trend objective.sqlite --picture trend.png"),),
    "preset": (
        ("keep an objective", "preset save '63x oil' --na 1.4 --wavelength-um 0.52 "
         "--refractive-index 1.518"),
        ("the same from what a microscope's file says", "preset save '63x oil' --from beads.nd2"),
        ("use it", "distill beads.tif -o psf.tif --preset '63x oil'"),
    ),
    "demo": (("the whole job on simulated beads", "demo"),),
    "resample": (("for a camera with other pixels", "resample psf.tif -o other.tif "
                  "--voxel-um 0.15 0.08 0.08"),),
    "convert": (
        ("the form that cudaDecon takes", "convert psf.tif -o cuda.tif --form even,uint16,peak"),
        ("a PSF of another program, in psfbridge's form", "convert foreign.tif -o psf.tif "
         "--psf-background auto"),
    ),
    "macro": (
        ("run a macro on an image, without a window", "macro my.ijm --image beads.tif"),
        ("in a Fiji of yours, its window open", "macro my.ijm --imagej ~/Fiji.app --gui"),
    ),
    "fiji": (
        ("a plain ImageJ with the commands under Plugins > PSF Bridge", "fiji"),
        ("your own Fiji", "fiji ~/Fiji.app"),
    ),
    "install-fiji": (
        ("put the plug-in into a Fiji that is there", "install-fiji ~/Fiji.app"),
        ("and take it out again", "install-fiji ~/Fiji.app --remove"),
        ("a file for a Fiji on another computer", "install-fiji psfbridge.zip"),
    ),
    "doctor": (("what works here, and what to do about the rest", "doctor"),),
    "completion": (
        ("for bash; open a new terminal afterwards", "completion bash "
         "> ~/.local/share/bash-completion/completions/psfbridge"),
    ),
}  # fmt: skip
