"""Going on where a platform fails for a while: how often, how long, and when to stop."""
