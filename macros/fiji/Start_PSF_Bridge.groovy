// Start_PSF_Bridge.groovy: psfbridge's commands in a Fiji that was started by itself.
//
// Needs    what `psfbridge install-fiji` put into this Fiji.
// Gives    the commands in every macro and script, until Fiji is closed. Fiji runs it when it starts;
//          without a window, write it into the macro.
// Example  run("Start PSF Bridge");

import ij.IJ

def folder = new File(IJ.getDirectory("imagej"), "macros/PSF_Bridge")
def shell = new GroovyShell(this.class.classLoader, new Binding(folder: folder.path))
shell.evaluate(new File(folder, "PSF_Bridge.groovy"))
