"""Numerical tools without microscopy: Fourier shifts, resampling, least squares, cut-outs."""
