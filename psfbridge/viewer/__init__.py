"""The plug-in of napari: PSF files, sample beads, a panel that distils, and a view of results."""
