"""Which beads, and how many, the joint solve uses: as many as lower the error, within a memory."""
