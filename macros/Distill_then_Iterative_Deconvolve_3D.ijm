// Distil the PSF from a bead stack and deconvolve another image with it in Iterative Deconvolve 3D.
//
// Needs: the PSF Bridge commands; Bob Dougherty's plug-in Iterative Deconvolve 3D; both images
//        open, the bead stack active.
// Gives: the PSF as "PSF of <beads>", and the image deconvolved, "Deconvolved_N" after N iterations.
// Takes: the title of the image to deconvolve.
//
// Example: runMacro("Distill_then_Iterative_Deconvolve_3D.ijm", "cells.tif");

iterations = 50;

image = getArgument();
if (image == "")
	exit("Distill_then_Iterative_Deconvolve_3D: no image was named. Give its title as the argument.");

need("Iterative Deconvolve 3D", "Put Iterative_Deconvolve_3D.class into its plugins folder.");

run("Distill PSF...");
psf = getTitle();
run("Iterative Deconvolve 3D", "image=[" + image + "] point=[" + psf + "] output=Deconvolved normalize"
	+ " wiener=0.000 low=1 z_direction=1 maximum=" + iterations + " terminate=0.000");

function need(command, advice) {
	// Looked for before the PSF is distilled: that takes a while.
	List.setCommands;
	if (List.get(command) == "")
		exit("Distill_then_Iterative_Deconvolve_3D: this ImageJ has no command " + command + ". " + advice);
}
