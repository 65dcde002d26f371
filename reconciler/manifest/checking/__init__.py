"""Whether what was read is a manifest, and what is wrong or odd about it."""
