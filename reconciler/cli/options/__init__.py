"""What stands on a command line, and what it means."""
