"""A scan within limits that reads what was proved longest ago: which files, and in which order."""
