"""Simulated bead fields with known truth."""
