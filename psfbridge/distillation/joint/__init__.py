"""The joint solve: PSF, bead positions, intensities and background by turns."""
