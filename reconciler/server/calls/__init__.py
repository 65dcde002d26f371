"""One request: who asks, for what, under which conditions, and how it is refused."""
