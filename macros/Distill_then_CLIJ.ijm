// Distil the PSF from a bead stack and deconvolve another image with it in CLIJ2-fft.
//
// Needs: the PSF Bridge commands; Fiji with the update sites "clij", "clij2" and
//        "clijx-assistant-extensions"; both images open, the bead stack active.
// Gives: the PSF as "PSF of <beads>", and the image deconvolved, "<image> deconvolved".
// Takes: the title of the image to deconvolve, or nothing where it is the only other image.
//
// Example: runMacro("Distill_then_CLIJ.ijm", "cells.tif");
//
// The PSF goes to CLIJ2-fft as it is: odd, centred, of sum 1, its outermost planes zero.

iterations = 50;
regularization = 0;   // total variation; 0.002 is a usual one
openEdges = 1;        // 1: light may come from beyond the image

beads = getTitle();
image = imageToDeconvolve(beads, getArgument());

run("Distill PSF...");
psf = getTitle();

run("CLIJ2 Macro Extensions", "cl_device=");
Ext.CLIJ2_push(image);
Ext.CLIJ2_push(psf);
deconvolved = image + " deconvolved";
Ext.CLIJx_deconvolveRichardsonLucyFFT(image, psf, deconvolved, iterations, regularization, openEdges);
Ext.CLIJ2_pull(deconvolved);
Ext.CLIJ2_clear();
selectImage(deconvolved);
copyScale(image, deconvolved);

function imageToDeconvolve(beads, title) {
	if (title != "") return title;
	if (nImages != 2)
		exit("Distill_then_CLIJ: " + nImages + " images are open. Open the beads and the image to deconvolve, or name it.");
	titles = getList("image.titles");
	if (titles[0] == beads) return titles[1];
	return titles[0];
}

function copyScale(from, to) {
	selectImage(from);
	getVoxelSize(width, height, depth, unit);
	selectImage(to);
	setVoxelSize(width, height, depth, unit);
	resetMinAndMax();
}
