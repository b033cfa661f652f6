"""An ordinary Fiji, started by itself: its installer and the Python worker behind its commands."""
