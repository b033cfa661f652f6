// Distill_and_Deconvolve.ijm: the PSF of a bead stack, and another image deconvolved with it.
//
// Needs    two files: beads and the image to sharpen, taken on the same microscope;
//          as argument both paths with a | between them.
// Gives    the PSF, and the deconvolved image as the active one.
// Example  psfbridge macro Distill_and_Deconvolve.ijm "beads.tif|cells.tif"

parts = split(getArgument() + "|", "|");
if (getArgument() == "") {
	beads = File.openDialog("Stack of beads");
	cells = File.openDialog("Image to deconvolve");
} else {
	beads = parts[0];
	cells = parts[1];
}
run("PSF Bridge Extensions");
open(beads);
psf = "";
Ext.psfDistill(psf);

open(cells);
sharp = "";
Ext.psfDeconvolve(sharp, "psf=[" + psf + "] iterations=50");
return sharp;
