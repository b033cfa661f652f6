// Distill_PSF_Script.groovy: the PSF of the active image, from a Fiji script in Groovy.
//
// Needs    an open stack of beads with its voxel size, and psfbridge's commands in this Fiji:
//          psfbridge install-fiji, psfbridge fiji, or PSF_Bridge_Startup.py.
// Gives    the image "PSF of ...", active; returns its title.
// Example  File > Open... this file, and Run in the Script Editor

#@ ImagePlus imp
#@output String title

import ij.IJ

IJ.run(imp, "Distill PSF...", "method=auto")
title = "PSF of " + imp.getTitle()
