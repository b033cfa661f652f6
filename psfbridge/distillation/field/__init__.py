"""PSFs that vary across the field of view and with depth."""
