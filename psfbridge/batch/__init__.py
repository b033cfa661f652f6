"""Batches of bead images: one PSF per file, a joint PSF and a summary over time."""
