"""How well a PSF explains beads, and its error against a known truth."""
