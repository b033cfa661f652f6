"""Distilling the PSF from detected beads."""
