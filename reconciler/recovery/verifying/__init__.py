"""Comparing what is with what was: what differs, what it means, and what nobody can say."""
