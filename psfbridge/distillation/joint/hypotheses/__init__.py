"""What may be true of a microscope beyond the usual, tried where the beads give reason to."""
