// Distil the PSF from a bead stack and deconvolve another image with it in CLIJ2-fft.
//
// Needs: the PSF Bridge commands; Fiji with the update sites "clij", "clij2" and
//        "clijx-assistant-extensions"; both images open, the bead stack active.
// Gives: the PSF as "PSF of <beads>", and the image deconvolved, "<image> deconvolved".
// Takes: the title of the image to deconvolve, or nothing where it is the only other image.
//
// Example: runMacro("Distill_then_CLIJ.ijm", "cells.tif");
//
// On some devices, PoCL among them, this plug-in does not give the same image twice: the result is
// looked at. run("Deconvolve with PSF...", "psf=... engine=clij-java") does the same by the same
// plug-in, after it has tried the device.
// The PSF goes to CLIJ2-fft as it is: odd, centred, of sum 1, its outermost planes zero.

iterations = 50;
regularization = 0;   // total variation; 0.002 is a usual one
openEdges = 1;        // 1: light may come from beyond the image

need("CLIJ2 Macro Extensions", "Help > Update... > Manage Update Sites: clij, clij2 and clijx-assistant-extensions.");

beads = getTitle();
image = imageToDeconvolve(beads, getArgument());

run("Distill PSF...");
psf = getTitle();

run("CLIJ2 Macro Extensions", "cl_device=");
Ext.CLIJ2_push(image);
Ext.CLIJ2_push(psf);
deconvolved = image + " deconvolved";
Ext.CLIJx_deconvolveRLTVFFT(image, psf, deconvolved, iterations, regularization, openEdges);
Ext.CLIJ2_pull(deconvolved);
Ext.CLIJ2_clear();
selectImage(deconvolved);
needImage(deconvolved);
copyScale(image, deconvolved);

function imageToDeconvolve(beads, title) {
	if (title != "") return title;
	if (nImages != 2)
		exit("Distill_then_CLIJ: " + nImages + " images are open. Open the beads and the image to deconvolve, or name it.");
	titles = getList("image.titles");
	if (titles[0] == beads) return titles[1];
	return titles[0];
}

function need(command, advice) {
	// Looked for before the PSF is distilled: that takes a while.
	List.setCommands;
	if (List.get(command) == "")
		exit("Distill_then_CLIJ: this ImageJ has no command " + command + ". " + advice);
}

function needImage(title) {
	Stack.getStatistics(count, mean, least, most, deviation);
	if (isNaN(mean) || most <= 0)
		exit("Distill_then_CLIJ: the device gave no image, but values from " + least + " to " + most + ". Use Deconvolve with PSF..., engine=clij-java or engine=cpu.");
}

function copyScale(from, to) {
	selectImage(from);
	getVoxelSize(width, height, depth, unit);
	selectImage(to);
	setVoxelSize(width, height, depth, unit);
	resetMinAndMax();
}
