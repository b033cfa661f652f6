"""Many bead images at once: one PSF a file, one joint PSF, a table over time."""
