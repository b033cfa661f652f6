// PSF_Bridge_AutoRun.ijm: gives Fiji psfbridge's commands whenever it starts.
//
// Needs    what `psfbridge install-fiji` put into this Fiji.
// Gives    the commands in every macro and script. No Python is started before one is used.
// Example  in Fiji's folder macros/AutoRun

run("Start PSF Bridge");
