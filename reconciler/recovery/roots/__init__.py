"""Whether the root of a storage is there, and is the one of the last scan."""
