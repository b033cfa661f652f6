"""Images: reading, writing, voxel sizes and noise."""
