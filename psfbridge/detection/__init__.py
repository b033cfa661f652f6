"""Bead detection: bead width, candidates, Gaussian fits and judging."""
