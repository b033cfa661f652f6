"""Distillation of the PSF from detected beads."""
