// COMMAND: psfbridge's command in a Fiji that was started by itself.
//
// Needs    what `psfbridge install-fiji` put into this Fiji.
// Gives    the command's dialog, and what docs/macros.md says of it.
// Example  Plugins > PSF Bridge > COMMAND

import ij.IJ

def folder = new File(IJ.getDirectory("imagej"), "macros/PSF_Bridge")
def shell = new GroovyShell(this.class.classLoader, new Binding(folder: folder.path))
shell.evaluate(new File(folder, "PSF_Bridge.groovy")).fromMenu("COMMAND")
