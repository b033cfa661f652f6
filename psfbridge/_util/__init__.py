"""Small helpers that know nothing of microscopy: validation, files, memory, threads, units."""
