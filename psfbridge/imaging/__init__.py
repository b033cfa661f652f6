"""Images: reading, writing, voxel sizes, noise."""
