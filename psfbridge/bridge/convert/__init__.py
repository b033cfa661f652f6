"""Conversion of images, calibrations and selections between ImageJ and NumPy."""
