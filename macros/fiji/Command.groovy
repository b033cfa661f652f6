// COMMAND: psfbridge's command in a Fiji that was started by itself.
//
// Needs    what `psfbridge install-fiji` put into this Fiji.
// Gives    the command's dialog, and what docs/macros.md says of it.
// Example  Plugins > PSF Bridge > COMMAND

import ij.IJ

// Without a window ImageJ may not know its folder; whatever started it has said so.
def homes = [System.getProperty("imagej.dir"), System.getProperty("ij.dir"), IJ.getDirectory("imagej")]
def folder = homes.findAll().collect { new File(it, "macros/PSF_Bridge") }.find { it.directory }
def shell = new GroovyShell(this.class.classLoader, new Binding(folder: folder.path))
shell.evaluate(new File(folder, "PSF_Bridge.groovy")).fromMenu("COMMAND")
