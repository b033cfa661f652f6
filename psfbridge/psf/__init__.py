"""The PSF and the field-dependent PSF: their form and their files."""
