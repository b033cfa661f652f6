"""Hypotheses on the microscope that are tested only if the beads suggest them."""
