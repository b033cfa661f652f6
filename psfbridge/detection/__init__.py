"""Bead detection: width, candidates, Gaussian fits, and the judging of each bead."""
