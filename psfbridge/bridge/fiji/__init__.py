"""Independently started Fiji: the installer, and the Python worker behind its commands."""
