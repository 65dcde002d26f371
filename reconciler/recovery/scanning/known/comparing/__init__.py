"""A listing held against what is known: which hashes are kept, and what is read."""
