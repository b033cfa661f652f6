"""Evaluation of PSFs: how well they explain beads, and their error relative to a known truth."""
