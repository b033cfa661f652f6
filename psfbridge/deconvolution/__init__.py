"""Deconvolution of images with a PSF, whole or in tiles."""
