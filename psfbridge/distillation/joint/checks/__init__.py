"""Checks of a solved PSF: does it hold for the whole field, and can a microscope have it."""
