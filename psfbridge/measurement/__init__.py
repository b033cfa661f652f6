"""Measurement of PSFs and beads: widths, shape and verdict."""
