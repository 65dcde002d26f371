"""Changes -> ordered operations, digest, JSON."""
