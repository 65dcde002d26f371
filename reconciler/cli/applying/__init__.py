"""An apply as its user sees it: signals, progress, events."""
