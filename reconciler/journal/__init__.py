"""What each apply did, in a file of JSON lines: nothing depends on it, and it outlives a kill."""
