"""Checks of a solved PSF: uniformity across the field, and physical plausibility."""
