"""Measurement of PSFs and beads: widths, shape, verdict."""
