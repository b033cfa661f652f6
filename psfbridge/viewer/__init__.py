"""The napari plug-in: PSF files, sample data, a distillation panel and display of results."""
