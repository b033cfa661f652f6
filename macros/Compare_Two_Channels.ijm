// Compare_Two_Channels.ijm: the PSFs of two channels of one hyperstack, side by side.
//
// Needs    an open hyperstack of beads that shine in both channels, with its voxel size;
//          as argument the channels, counted from 1: "1,2" if nothing is given.
// Gives    a PSF for each channel, and their widths in the Log and in the Results table.
// Example  psfbridge macro Compare_Two_Channels.ijm "1,2" --image beads.tif

wanted = getArgument();
if (wanted == "")
	wanted = "1,2";
channels = split(wanted, ",");
stack = getImageID();
title = getTitle();
lines = "";
run("PSF Bridge Extensions");
for (i = 0; i < channels.length; i++) {
	selectImage(stack);
	psf = "";
	Ext.psfDistill(psf, "channel=" + channels[i]);
	rename("PSF of " + title + ", channel " + channels[i]);
	x = 0; y = 0; z = 0;
	Ext.psfMeasure(x, y, z);
	line = "channel " + channels[i] + ": FWHM x " + d2s(x, 3) + ", y " + d2s(y, 3) + ", z "
		+ d2s(z, 3) + " µm";
	print(line);
	lines = lines + line + "; ";
}
return lines;
