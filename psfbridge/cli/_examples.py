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
    "check": (("yes or no, and a picture", "check psf.tif beads.tif --picture check.png"),),
    "simulate": (("a bead field with its truth", "simulate -o field --beads 30"),),
    "batch": (("a folder, reports and a history", "batch 'beads/*.tif' -o psfs --reports "
               "--history objective.sqlite"),),
    "trend": (("how the widths changed", "trend objective.sqlite --picture trend.png"),),
    "preset": (("keep an objective", "preset save '63x oil' --na 1.4 --wavelength-um 0.52 "
                "--refractive-index 1.518"),),
    "demo": (("the whole job on simulated beads", "demo"),),
}  # fmt: skip
