"""Physical models: pupil, propagation, aberrations, index mismatch, bead sphere."""
