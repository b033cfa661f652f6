"""Figures, report pages and the napari view."""
