"""The PSF and the PSF over the field: their form, their files."""
