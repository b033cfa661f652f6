// Distil the PSF from a bead stack and deconvolve another image with it in DeconvolutionLab2.
//
// Needs: the PSF Bridge commands; the plug-in DeconvolutionLab2; both images open, the bead stack
//        active.
// Gives: the PSF as "PSF of <beads>", and DeconvolutionLab2's result.
// Takes: the title of the image to deconvolve.
//
// Example: runMacro("Distill_then_DeconvolutionLab2.ijm", "cells.tif");

iterations = 50;

image = getArgument();
if (image == "")
	exit("Distill_then_DeconvolutionLab2: no image was named. Give its title as the argument.");

run("Distill PSF...");
psf = getTitle();

// Titles with spaces would end DeconvolutionLab2's option.
selectImage(psf);
rename("distilled-PSF");
selectImage(image);
rename("to-deconvolve");
run("DeconvolutionLab2 Run", "-image platform to-deconvolve -psf platform distilled-PSF -algorithm RL " + iterations);
selectImage("to-deconvolve");
rename(image);
selectImage("distilled-PSF");
rename(psf);
