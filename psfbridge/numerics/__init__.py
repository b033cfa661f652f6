"""Numerical tools without microscopy: Fourier series, least squares, robust statistics."""
