"""Simulated bead fields with known ground truth."""
