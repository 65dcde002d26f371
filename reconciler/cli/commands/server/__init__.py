"""Commands of the state server."""
