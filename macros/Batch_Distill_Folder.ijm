// Batch_Distill_Folder.ijm: a PSF from every TIFF in a folder, and a table of their widths.
//
// Needs    a folder of bead stacks with their voxel sizes;
//          as argument the folder, and after a | options of "Distill PSF...", if you like.
// Gives    in the folder PSFs inside it: "PSF of ..." for each stack, and widths.csv.
//          A stack that cannot be distilled stops the macro with the reason.
// Example  psfbridge macro Batch_Distill_Folder.ijm "/data/beads/|bead_diameter=0.1"

parts = split(getArgument() + "|", "|");
if (getArgument() == "")
	folder = getDirectory("Folder of bead stacks");
else
	folder = parts[0];
options = "";
if (parts.length > 1)
	options = parts[1];
if (!endsWith(folder, File.separator))
	folder = folder + File.separator;

out = folder + "PSFs" + File.separator;
File.makeDirectory(out);
table = "image,beads_used,fwhm_x_um,fwhm_y_um,fwhm_z_um\n";
done = 0;
run("PSF Bridge Extensions");
files = getFileList(folder);
for (i = 0; i < files.length; i++) {
	if (!endsWith(files[i], ".tif"))
		continue;
	open(folder + files[i]);
	stack = getImageID();
	psf = "";
	Ext.psfDistill(psf, options);
	table = table + files[i] + "," + Ext.psfGet("beads_used") + "," + Ext.psfGet("fwhm_x_um") + ","
		+ Ext.psfGet("fwhm_y_um") + "," + Ext.psfGet("fwhm_z_um") + "\n";
	saveAs("Tiff", out + psf);
	close();
	selectImage(stack);
	close();
	done++;
}
File.saveString(table, out + "widths.csv");
return "" + done + " PSFs in " + out;
