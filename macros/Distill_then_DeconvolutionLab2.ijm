// Distil the PSF from a bead stack and deconvolve another image with it in DeconvolutionLab2.
//
// Needs: the PSF Bridge commands; the plug-in DeconvolutionLab2; both images open, the bead stack
//        active.
// Gives: the PSF as "PSF of <beads>", and DeconvolutionLab2's result, "Final Display of RL", active.
// Takes: the title of the image to deconvolve.
//
// Example: runMacro("Distill_then_DeconvolutionLab2.ijm", "cells.tif");

iterations = 50;
mostSeconds = 3600;

image = getArgument();
if (image == "")
	exit("Distill_then_DeconvolutionLab2: no image was named. Give its title as the argument.");

need("DeconvolutionLab2 Run", "Put DeconvolutionLab_2.jar into its plugins folder.");

run("Distill PSF...");
psf = getTitle();

// Titles with spaces would end DeconvolutionLab2's option.
selectImage(psf);
rename("distilled-PSF");
selectImage(image);
rename("to-deconvolve");
before = nImages;
run("DeconvolutionLab2 Run", " -image platform to-deconvolve -psf platform distilled-PSF -algorithm RL " + iterations);
// It returns at once and works on; its result is a new window.
for (seconds = 0; nImages == before; seconds += 0.1) {
	if (seconds > mostSeconds)
		exit("Distill_then_DeconvolutionLab2: no result within " + mostSeconds + " s. See DeconvolutionLab2's own window, or raise mostSeconds.");
	wait(100);
}
result = getTitle();
selectImage("to-deconvolve");
rename(image);
selectImage("distilled-PSF");
rename(psf);
selectImage(result);

function need(command, advice) {
	// Looked for before the PSF is distilled: that takes a while.
	List.setCommands;
	if (List.get(command) == "")
		exit("Distill_then_DeconvolutionLab2: this ImageJ has no command " + command + ". " + advice);
}
