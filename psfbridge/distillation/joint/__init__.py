"""The joint fit of PSF, bead positions, intensities and background."""
