"""Numerical tools without microscopy: Fourier series, least squares, robust scales, cut-outs."""
