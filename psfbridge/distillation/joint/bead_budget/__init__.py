"""The choice of the beads used in the joint fit, within a memory limit."""
