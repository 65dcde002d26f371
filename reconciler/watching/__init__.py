"""A reconciler that stays: what it does next and when, what lasts, and what it remembers."""
