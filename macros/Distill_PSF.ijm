// Distill_PSF.ijm: the PSF of the active image of beads, and its widths.
//
// Needs    an open stack of beads with its voxel size (Image > Properties...);
//          as argument, if you like, options of "Distill PSF...".
// Gives    the image "PSF of ...", the table "Beads of ...", the beads marked on the stack,
//          and the widths in the Log.
// Example  psfbridge macro Distill_PSF.ijm "bead_diameter=0.1" --image beads.tif

run("PSF Bridge Extensions");
psf = "";
Ext.psfDistill(psf, getArgument());

x = 0; y = 0; z = 0;
Ext.psfMeasure(x, y, z);
line = psf + ": FWHM x " + d2s(x, 3) + ", y " + d2s(y, 3) + ", z " + d2s(z, 3) + " µm from "
	+ Ext.psfGet("beads_used") + " beads";
print(line);
return line;
