"""What `watch` does: signals, deeds, and whom it tells what."""
