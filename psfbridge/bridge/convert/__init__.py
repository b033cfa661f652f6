"""Images, calibrations and selections between ImageJ and NumPy."""
