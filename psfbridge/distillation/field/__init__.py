"""A PSF that changes over the field of view and with depth."""
